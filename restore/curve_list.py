"""A project in, its curves out as they hold, edits counted, in files that can be edited; and such a file read back."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from restore.curves import NAMES, Curve, of_json, to_json
from restore.edits import Edit, Edits
from restore.errors import MaskError, OutputError
from restore.store import Store
from restore.tracks import linked

PAIRS, LISTS = ("gaps",), ("rows", "columns", "profile")
NUMBERS = ("frame", "left_px", "right_px", "sign", "margin_px", "confidence")


def listed(store: Store, frames: tuple[int, int] | None = None, tracks: Iterable[str] = ()) -> Iterator[Curve]:
    """Yield the curves of a project as they hold, edits counted, frame by frame, with their tracks.

    `frames` is the first and one past the last, None for all; `tracks` those wanted, none for all. Raises MaskError for
    frames the film has not got, StoreError where the curves cannot be read.
    """
    film = store.source.span
    start, stop = frames or (film.start, film.stop)
    if not 0 <= start < stop <= film.stop:
        raise MaskError(f"--frames {start}:{stop} does not fit the film, which has frames 0:{film.stop}. Correct it.")
    wanted = frozenset(tracks)
    for curve in linked(_standing(store), store.source.size[1]):
        if curve.frame >= stop:
            return
        if curve.frame >= start and (not wanted or curve.track in wanted):
            yield curve


def _standing(store: Store) -> Iterator[Curve]:
    """Yield the curves that hold, frame by frame: as found, as redrawn, as decided."""
    edits = Edits(store.folder / "edits")
    redrawn: dict[str, tuple[int, Curve]] = {}
    for edit in edits.all():
        redrawn |= {c.id: (edit.number, c) for c in store.curves.read(edit.number)}
    decided = edits.decided()
    drawn: dict[int, list[Curve]] = {}
    for _, curve in redrawn.values():
        drawn.setdefault(curve.frame, []).append(curve)
    for span in store.grid(store.source.span):
        found: dict[int, list[Curve]] = {}
        for curve in store.curves.read(span):
            found.setdefault(curve.frame, []).append(curve)
        for t in span:
            here = {c.id: c for c in (*found.get(t, ()), *drawn.get(t, ()))}
            yield from (_held(c, redrawn, decided.get(c.id)) for c in here.values())


def _held(curve: Curve, redrawn: Mapping[str, tuple[int, Curve]], edit: Edit | None) -> Curve:
    """Return a curve with what was said of its defect last."""
    number, _ = redrawn.get(curve.id, (0, curve))
    if edit is None or edit.number <= number:
        return curve
    return replace(curve, status="confirmed" if edit.verb == "add" else "rejected")


def export(curves: Iterable[Curve], path: Path) -> int:
    """Write curves into a .csv (RFC 4180) or .jsonl file and return how many; raise OutputError for any other name."""
    if path.suffix not in (".csv", ".jsonl"):
        raise OutputError(f"{path} names no format of curves. Call it .csv or .jsonl.")
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            return sum(file.write(json.dumps(to_json(curve)) + "\n") > 0 for curve in curves)
        table = csv.writer(file)
        table.writerow(NAMES)
        return sum(table.writerow(_cells(curve)) > 0 for curve in curves)


def _cells(curve: Curve) -> list[str]:
    """Return a curve as the cells of a table: lists of numbers parted by blanks, gaps as 20..31."""
    said = to_json(curve)
    said |= {name: " ".join(str(v) for v in said[name]) for name in LISTS}
    said |= {name: " ".join(f"{a}..{b}" for a, b in said[name]) for name in PAIRS}
    return [str(said[name]) for name in NAMES]


def read(path: Path) -> list[Curve]:
    """Return the curves of a .csv or .jsonl file. Raises MaskError for what holds none, and for none it can read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MaskError(f"{path} is no text ({error}). Give a .csv or .jsonl file of curves.") from error
    if path.suffix == ".jsonl":
        curves = [of_json(_object(line, f"line {n} of {path}"), f"line {n} of {path}")
                  for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    elif path.suffix == ".csv":
        rows = csv.DictReader(text.splitlines())
        curves = [of_json(_uncelled(row, f"row {n} of {path}"), f"row {n} of {path}") for n, row in enumerate(rows, 1)]
    else:
        raise MaskError(f"{path} names no format of curves. Give a .csv or .jsonl file that `lacuna curves` wrote.")
    if not curves:
        raise MaskError(f"{path} holds no curves. Give a .csv or .jsonl file that `lacuna curves` wrote.")
    return curves


def _object(line: str, where: str) -> Mapping[str, Any]:
    try:
        said = json.loads(line)
    except ValueError as error:
        raise MaskError(f"{where} is no JSON ({error}). Correct it, or export the curves again.") from error
    if not isinstance(said, dict):
        raise MaskError(f"{where} is no object of JSON. Correct it, or export the curves again.")
    return said


def _uncelled(row: Mapping[str | None, Any], where: str) -> dict[str, Any]:
    """Return the cells of a table as an object of JSON; what is empty is left out, so that it has its default."""
    if None in row or None in row.values():
        raise MaskError(f"{where} has not as many cells as the head of its table. Correct it.")
    said: dict[str, Any] = {str(k): v for k, v in row.items() if v != ""}
    try:
        said |= {name: float(said[name]) for name in NUMBERS if name in said}
        said |= {name: said[name].split() for name in LISTS if name in said}
        said |= {name: [pair.split("..") for pair in said[name].split()] for name in PAIRS if name in said}
    except ValueError as error:
        raise MaskError(f"{where} is no curve ({error}). Correct it, or export the curves again.") from error
    return said
