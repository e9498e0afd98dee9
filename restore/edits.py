"""What people decided about masks, in order, never rewritten: the mask that counts is detection plus these edits.

An edit is a JSON line of facts and, beside it, one packed mask a frame. A run pins the number of edits it saw.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np

from restore.errors import StoreError
from restore.frames import Bits, digest
from restore.ledger import now, write_atomic

Verb = Literal["replace", "add", "remove"]


@dataclass(frozen=True)
class Edit:
    """One decision: for each of its frames, a mask and what to do with it."""

    number: int
    verb: Verb
    digests: dict[int, str]
    """Frame number to digest of its mask."""
    made: str
    by: str = ""
    note: str = ""
    defects: tuple[str, ...] = ()
    """Ids of what was accepted (an "add") or rejected (a "remove") by it."""


class Edits:
    """The edits of a project, in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the edits kept in `folder`."""
        self.folder = folder
        self._held: dict[Path, Edit] = {}

    def all(self, revision: int | None = None) -> list[Edit]:
        """Return the first `revision` edits in order; all of them for None."""
        paths = sorted(self.folder.glob("*.json"))[:revision]
        for path in paths:
            if path not in self._held:  # an edit is never rewritten, and one of many defects is long
                self._held[path] = _load(path)
        return [self._held[p] for p in paths]

    def append(
        self, verb: Verb, masks: dict[int, Bits], by: str = "", note: str = "", defects: Sequence[str] = ()
    ) -> Edit:
        """Record an edit; it counts from the moment its JSON file exists."""
        number = len(self.all()) + 1
        path = self.folder / f"{number:06d}.json"
        shapes = {m.shape for m in masks.values()}
        if len(shapes) > 1:
            raise StoreError(f"the masks of one edit need one size; found {sorted(shapes)}. Make them the film's.")
        packed = {str(t): np.packbits(m, axis=1) for t, m in masks.items()}
        with open(path.with_suffix(".npz"), "wb") as file:
            np.savez_compressed(file, **packed)  # type: ignore[arg-type]  # its stub takes the names for options
        edit = Edit(number, verb, {t: digest(m) for t, m in masks.items()}, now(), by, note, tuple(defects))
        write_atomic(path, json.dumps(asdict(edit), indent=1))
        return edit

    def decided(self, revision: int | None = None) -> dict[str, Edit]:
        """Return for each defect that a person decided about, by its id, the edit that did so last."""
        return {one: edit for edit in self.all(revision) for one in edit.defects}

    def mask(self, edit: Edit, t: int, width: int) -> Bits:
        """Return the mask (H, W) that an edit has for frame t."""
        path = self.folder / f"{edit.number:06d}.npz"
        try:
            with np.load(path) as packed:
                return np.unpackbits(packed[str(t)], axis=1, count=width).astype(bool)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise StoreError(_damaged(path, error)) from error

    def apply(self, mask: Bits, t: int, revision: int | None = None) -> Bits:
        """Return what the edits make of a detected mask (H, W) of frame t."""
        for edit in self.all(revision):
            if t in edit.digests:
                given = self.mask(edit, t, mask.shape[1])
                mask = given if edit.verb == "replace" else mask | given if edit.verb == "add" else mask & ~given
        return mask

    def trace(self, t: int, revision: int | None = None) -> list[tuple[str, str]]:
        """Return (verb, digest) of every edit that touches frame t: what a step's key needs to know of it."""
        return [(e.verb, e.digests[t]) for e in self.all(revision) if t in e.digests]


def _load(path: Path) -> Edit:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        digests = {int(t): d for t, d in data["digests"].items()}
        return Edit(**{**data, "digests": digests, "defects": tuple(data.get("defects", ()))})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(_damaged(path, error)) from error


def _damaged(path: Path, error: Exception) -> str:
    return (
        f"the edit {path} cannot be read ({error}); an edit is a .json and a .npz of one number. Put both back from a "
        "copy, or remove both and import the masks again."
    )
