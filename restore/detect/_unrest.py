"""A line and the frames around it in, how its strength changes along its length from frame to frame out.

A scratch runs on over the film: each frame shows another piece of it, now deeper, now shallower, with breaks
elsewhere. A line of a scene that stands still is the same in all its frames. What changes in all of it at once (light,
focus, a shift by part of a pixel) says nothing and is taken out, and so is every place where the picture beside the
line changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect._lines import Line, Strips
from restore.frames import Bits

SEGMENTS = 12
"""Pieces of a line that are compared."""
SEARCH_PX = 2
"""How far off a line may lie on another frame."""
SIDE_LEVELS = 4.0
"""Where the picture beside a line changes by more than this, something passes by."""
LEAST_FRAMES, LEAST_SEGMENTS = 4, 4


@dataclass(frozen=True)
class Unrest:
    """How a line's strength changes, all common change taken out, in 8-bit levels."""

    line: float = 0.0
    """Root mean square of what its pieces do on their own."""
    beside: float = 0.0
    """The same, measured beside the line on either side, the greater of both: what grain and coding make."""
    strength: float = 0.0
    """Mean strength of the line."""
    apart: float = 0.0
    """Mean correlation of what neighbouring pieces do on their own (1 where they change together)."""


def unrest(line: Line, pictures: Sequence[Strips]) -> Unrest:
    """Return the unrest of a line in `pictures` (s, W), strips of the frames around it and of its own."""
    half = round(0.5 * (line.left_px + line.right_px))
    away = half + 2
    side = max(3, half)
    room = 2 * (away + side) + half + SEARCH_PX + 1
    middle = line.columns + 0.5 * (line.right_px - line.left_px)
    column = np.rint(middle)[:, None].astype(np.intp) + np.arange(-room, room + 1)
    width, inner = pictures[0].shape[1], room - half - SEARCH_PX - 1
    outside = column[:, inner].min() < 0 or column[:, -1 - inner].max() >= width
    if outside or line.columns.size < 2 * SEGMENTS or len(pictures) < LEAST_FRAMES:
        return Unrest()
    # Where one of its sides lies beyond the edge, the other one says alone what lies beside it.
    column = np.clip(column, 0, width - 1)
    rows = np.arange(line.first, line.stop)[:, None]
    edges = np.linspace(0, line.columns.size, SEGMENTS + 1).astype(np.intp)[:-1]
    tall = np.diff(np.append(edges, line.columns.size))[:, None]
    look = np.stack([np.add.reduceat(p[rows, column].astype(np.float32), edges, 0) / tall for p in pictures])
    sums = np.concatenate([np.zeros((*look.shape[:2], 1), np.float32), np.cumsum(look, 2)], 2)
    every = np.arange(len(pictures))

    def box(first: int, n: int, shift: npt.NDArray[np.intp]) -> Float:
        """Return the mean (u, k) over n columns from `first`, off the middle, shifted by (u,)."""
        a = shift + room + first
        return (sums[every, :, a + n] - sums[every, :, a]) / n

    def strength(off: int, shift: npt.NDArray[np.intp]) -> tuple[Float, Float]:
        """Return how far the middle stands out from both sides, and the sides (u, k)."""
        left, right = box(off - away - side + 1, side, shift), box(off + away, side, shift)
        return line.sign * (box(off - half, 2 * half + 1, shift) - 0.5 * (left + right)), 0.5 * (left + right)

    u = len(pictures)
    tries = np.stack([strength(0, np.full(u, o, np.intp))[0].sum(1) for o in range(-SEARCH_PX, SEARCH_PX + 1)])
    shift = tries.argmax(0) - SEARCH_PX
    own, sides = strength(0, shift)
    steady = np.abs(sides - np.median(sides, 0)) <= SIDE_LEVELS
    if (steady.sum(0) >= LEAST_FRAMES).sum() < LEAST_SEGMENTS:
        return Unrest()
    rest = _alone(own, steady)
    far = away + side
    beside = max(_size(_alone(strength(off, shift)[0], steady), steady) for off in (-far, far))
    return Unrest(_size(rest, steady), beside, float((own * steady).sum() / steady.sum()), _together(rest, steady))


def _alone(values: Float, known: Bits) -> Float:
    """Return what is left of values (u, k) when each piece's mean and each frame's common factor are taken out."""
    weight = known.astype(np.float32)
    mean = (values * weight).sum(0) / np.maximum(weight.sum(0), 1)
    power = (weight * mean**2).sum(1, keepdims=True)
    gain = (values * weight * mean).sum(1, keepdims=True) / np.maximum(power, 1e-6)
    return np.asarray((values - gain * mean) * weight, np.float32)


def _size(rest: Float, known: Bits) -> float:
    return float(np.sqrt(np.square(rest).sum() / max(known.sum(), 1)))


def _together(rest: Float, known: Bits) -> float:
    both = known[:, 1:] & known[:, :-1]
    return float((rest[:, 1:] * rest[:, :-1] * both).sum() / max(np.square(rest).sum(), 1e-6))
