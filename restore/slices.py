"""Places of slices along their volume in, where one volume ends and the next begins out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from restore.written import counted

UNEVEN = 0.5
"""Share of the usual distance by which that of two slices may differ from it; beyond, they are no neighbours."""


@dataclass(frozen=True)
class Volumes:
    """How the slices of a source follow one another."""

    breaks: tuple[int, ...] = ()
    """Slices that follow on nothing."""
    notes: tuple[str, ...] = ()


def laid_out(places: Sequence[float | None]) -> Volumes:
    """Return where volumes begin: where places turn back or stand still, and where a slice is missing.

    Sources of which any picture has no place have no volumes, so no breaks either.
    """
    known = [p for p in places if p is not None]
    if len(known) < len(places) or len(known) < 2:
        return Volumes()
    steps = np.diff(np.array(known, np.float64))
    usual = float(np.median(steps))
    if not usual:
        return Volumes(tuple(range(1, len(known))))
    off = steps / usual
    breaks = tuple(int(t) + 1 for t in np.flatnonzero((off < 1 - UNEVEN) | (off > 1 + UNEVEN)))
    gaps = int((off > 1 + UNEVEN).sum())
    note = f"slices are missing in {counted(gaps, 'place')}: nothing is looked up across a gap, or filled in there"
    return Volumes(breaks, (note,) if gaps else ())
