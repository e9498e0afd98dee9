"""A line and the strips of its frame in, what runs beside it out: lines like it, a step from light to dark, or one and
the same surface.

Scratches come alone, or few together and each of its own strength. Lines that stand in a row, alike, are a facade, a
fence, a pleat: where a picture jumps by one of their gaps, each lies where its neighbour was, and nothing seems to have
moved but all else. And a scratch crosses light and dark alike, where the rim of something keeps to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restore.colour import Float
from restore.detect._lines import Line, Strips

LIKE = 0.5
"""A neighbour stands out by this share of what the line does."""
NEAR = 8
"""It lies no farther off than so many widths of the line and its gap."""
CLEAR_PX = 2
"""The sides are looked at from so far off."""
FLOOR_LEVELS = 1.0
"""Sides that vary by less than this along the line, in 8-bit levels, cannot tell whether they vary together."""
BEND_STRIPS = 16
"""A line's course is looked at in means of so many strips."""


@dataclass(frozen=True)
class Company:
    """What a line looks like among what is beside it."""

    neighbours: int = 0
    """How many lines like it run beside it."""
    step: float = 0.0
    """By how much its sides differ, in multiples of its contrast."""
    crosses: float = 0.0
    """By how much its sides vary along it, both together, in multiples of its contrast."""
    agree: float = 0.0
    """How its sides correlate along it: 1 where both are one surface, 0 where they vary on their own or not at all."""
    strays_px: float = 0.0
    """How far it strays from a straight line, root mean square."""


ALONE = Company()


def company(line: Line, strips: Strips) -> Company:
    """Return what runs beside a line in the strips (s, W) of its frame."""
    left, right = _sides(line, strips)
    contrast = max(line.contrast, 1.0)
    apart = float(abs(left.mean() - right.mean()) / contrast)
    left, right = left - left.mean(), right - right.mean()
    varies = np.sqrt((np.square(left).mean() + FLOOR_LEVELS**2) * (np.square(right).mean() + FLOOR_LEVELS**2))
    crosses = float((0.5 * (left + right)).std() / contrast)
    return Company(neighbours(line, strips), apart, crosses, float((left * right).mean() / varies), strays(line))


def _sides(line: Line, strips: Strips) -> tuple[Float, Float]:
    """Return how light (n,) each strip is to the left and to the right of a line."""
    wide = round(line.left_px + line.right_px) + 1
    rows = np.arange(line.first, line.stop)[:, None]
    away = np.arange(CLEAR_PX, 2 * CLEAR_PX + wide)
    left, right = (np.rint(line.columns + sign * reach)[:, None].astype(np.intp) + sign * away
                   for sign, reach in ((-1, line.left_px), (1, line.right_px)))
    a, b = (strips[rows, np.clip(side, 0, strips.shape[1] - 1)].mean(1, dtype=np.float32) for side in (left, right))
    return a, b


def strays(line: Line) -> float:
    """Return how far a line strays from a straight one, pixels (root mean square)."""
    some = line.columns[: line.columns.size // BEND_STRIPS * BEND_STRIPS].reshape(-1, BEND_STRIPS).mean(1)
    if some.size < 3:
        return 0.0
    at = np.arange(some.size)
    return float(np.sqrt(np.mean(np.square(some - np.polyval(np.polyfit(at, some, 1), at)))))


def neighbours(line: Line, strips: Strips) -> int:
    """Return how many ridges as good as the line run along it on both sides, in the strips (s, W) of its frame."""
    wide = round(line.left_px + line.right_px) + 1
    step = wide + 1
    room = NEAR * step
    middle = np.rint(line.columns + 0.5 * (line.right_px - line.left_px))[:, None].astype(np.intp)
    column = np.clip(middle + np.arange(-room - 2 * step, room + 2 * step + 1), 0, strips.shape[1] - 1)
    across = line.sign * strips[np.arange(line.first, line.stop)[:, None], column].mean(0)
    inside = np.convolve(across, np.full(wide, 1 / wide), "same")
    stands = inside - np.maximum(np.roll(inside, step), np.roll(inside, -step))
    off = np.arange(stands.size) - (room + 2 * step)
    own = stands[np.abs(off) <= 1].max()
    top = (stands >= np.roll(stands, 1)) & (stands >= np.roll(stands, -1)) & (stands >= LIKE * own)
    return int((top & (np.abs(off) > step) & (np.abs(off) <= room)).sum())
