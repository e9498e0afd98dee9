"""The headers of a sequence's pictures in, which of them follow on nothing out: volumes of slices, pages, frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from restore.formats import Header
from restore.source import PixelFormat
from restore.written import counted

UNEVEN = 0.5
"""Share of the usual distance by which that of two slices may differ from it; beyond, they are no neighbours."""


@dataclass(frozen=True)
class Volumes:
    """How the slices of a source follow one another."""

    breaks: tuple[int, ...] = ()
    """Slices that follow on nothing."""
    notes: tuple[str, ...] = ()


def one_layout(headers: Sequence[Header]) -> PixelFormat:
    """Return the layout of all pictures: black and white of the working range are the extremes of theirs."""
    pixels = [header.pixels for header in headers]
    if any(p.low == p.high for p in pixels):
        return pixels[0]
    return replace(pixels[0], low=min(p.low for p in pixels), high=max(p.high for p in pixels))


def following(
    headers: Sequence[Header], files: int, rate: Fraction | None
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return which pictures of so many files follow on nothing, and what a person should know of how that was told.

    With a rate (frames a second) that a person gave, pages are frames; slices are slices all the same.
    """
    if headers[0].place is not None:
        volumes = laid_out([header.place for header in headers])
        return volumes.breaks, volumes.notes
    if rate is not None or len(headers) == files:
        return (), ()
    return tuple(t for t, header in enumerate(headers) if t and header.alone), ()


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
