"""A manifest (CSV, TOML) or a folder in, the items of a batch out: what is to be restored, into what, how."""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from restore.batch.shelves import Found, found_in, named_after
from restore.errors import RecipeError, SourceError
from restore.parts import unknown
from restore.restoration import Wish
from restore.written import frame_rate

COLUMNS = ("source", "output", "workflow", "settings", "sensitivity", "masks", "rate")


@dataclass(frozen=True)
class Item:
    """One reel, picture or series."""

    name: str
    """Its output's place in the batch's folder: no two items share it."""
    wish: Wish


def items(place: Path, folder: Path, usual: Wish, album: bool = False) -> tuple[Item, ...]:
    """Return the items that `place` names, with outputs in `folder`; `usual` is what is wished of all of them.

    A manifest's rows may say otherwise. With `album`, pictures are never taken for frames of a series.
    Raises SourceError where nothing is there, RecipeError for a manifest that cannot be read or names an output twice.
    """
    if place.is_dir():
        found = found_in(place, folder, album)
        if not found:
            raise SourceError(f"{place}: no film and no picture in this folder; check the path.")
        made = [_of_folder(one, folder, usual) for one in found]
    elif place.suffix.lower() in (".csv", ".toml") and place.is_file():
        made = [_of_row(row, place, folder, usual) for row in _rows(place)]
    else:
        raise SourceError(f"{place}: neither a folder nor a manifest that is there; a manifest ends in .csv or .toml.")
    twice = [name for name, count in Counter(item.name for item in made).items() if count > 1]
    if twice:
        raise RecipeError(f"{place}: {twice[0]} is the output of two items. Give each its own.")
    return tuple(made)


def _of_folder(found: Found, folder: Path, usual: Wish) -> Item:
    return Item(found.output, replace(usual, source=found.source, output=str(folder / found.output)))


def _rows(manifest: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a manifest, each checked for its names."""
    try:
        if manifest.suffix.lower() == ".csv":
            with open(manifest, newline="", encoding="utf-8-sig") as file:
                rows: list[Mapping[str, Any]] = list(csv.DictReader(file, skipinitialspace=True, strict=True))
        else:
            rows = tomllib.loads(manifest.read_text(encoding="utf-8")).get("item", [])
    except (csv.Error, ValueError) as error:
        raise RecipeError(f"{manifest} cannot be read: {error}. Correct it.") from error
    if not rows:
        raise RecipeError(f"{manifest} names nothing to restore; needed: a column `source` (CSV) or [[item]] (TOML).")
    for number, row in enumerate(rows, 1):
        for column in row:
            if column not in COLUMNS:
                raise RecipeError(unknown(f"{manifest}, item {number}", str(column), list(COLUMNS)))
        if not row.get("source"):
            raise RecipeError(f"{manifest}, item {number} has no source. Give it one, or take it out.")
        yield row


def _of_row(row: Mapping[str, Any], manifest: Path, folder: Path, usual: Wish) -> Item:
    source = str(manifest.parent / str(row["source"]).strip())
    name = str(row.get("output") or "").strip() or named_after(source)
    wish = replace(usual, source=source, output=str(folder / name))
    workflow, sensitivity, masks = (str(row.get(k) or "").strip() for k in ("workflow", "sensitivity", "masks"))
    if workflow.endswith(".toml"):
        workflow = str(manifest.parent / workflow)
    return Item(name, replace(
        wish, workflow=workflow or usual.workflow, sensitivity=sensitivity or usual.sensitivity,
        masks=str(manifest.parent / masks) if masks else usual.masks, rate=_rate(row, manifest) or usual.rate,
        settings=(*usual.settings, *_settings(row.get("settings"))),
    ))


def _settings(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return settings: a list, or text with semicolons between them."""
    pieces = given.split(";") if isinstance(given, str) else given or ()
    return tuple(piece.strip() for piece in pieces if piece.strip())


def _rate(row: Mapping[str, Any], manifest: Path) -> Fraction | None:
    try:
        return frame_rate(str(row["rate"])) if row.get("rate") else None
    except ValueError as error:
        raise RecipeError(f"{manifest}: {error}") from error
