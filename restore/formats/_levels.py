"""Stored values in, the two of them that stages are to see as black and white out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from restore.layout import planar_format
from restore.source import PixelFormat

TAILS_PER_MILLE = (1.0, 999.0)
ROOM = 0.5
"""Values this share of the span between the tails beyond them still have a place of their own; what lies farther out
(a dead cell, a clip of metal) would leave the rest too few."""


@dataclass(frozen=True)
class Levels:
    """What the values of a file are like."""

    low: float
    high: float


def levels(values: npt.NDArray[np.generic]) -> Levels:
    """Return black and white for stored values of any shape; those that are no number do not count."""
    flat = values.reshape(-1)
    if flat.dtype.kind == "f":
        flat = flat[np.isfinite(flat)]
    if not flat.size:
        return Levels(0.0, 1.0)
    a, b = (float(v) for v in np.percentile(flat.astype(np.float64), [t / 10 for t in TAILS_PER_MILLE]))
    least, most = float(flat.min()), float(flat.max())
    room = ROOM * (b - a) or most - least
    low, high = max(least, a - room), min(most, b + room)
    return Levels(low, high) if high > low else Levels(low, low + 1.0)


def grey_format(sample: np.dtype[np.generic], found: Levels | None, mark: str = "") -> PixelFormat:
    """Return the layout of grey samples of a type; `found` is None for bytes, which are seen as they are."""
    if found is None:
        return replace(planar_format("gray", 8), full_range=True)
    kind = sample.newbyteorder("=").name
    return replace(
        planar_format("gray", 16), name=f"gray-{kind}{mark}", full_range=True, sample=kind, low=found.low,
        high=found.high,
    )
