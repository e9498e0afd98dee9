"""A line and the strips of its frame in, what runs beside it out: lines like it, or light on one side and dark on the
other.

Scratches come alone, or few together and each of its own strength. Lines that stand in a row, alike, are a facade, a
fence, a pleat: where a picture jumps by one of their gaps, each lies where its neighbour was, and nothing seems to have
moved but all else. And a scratch crosses light and dark alike, where the rim of something keeps to it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restore.detect._lines import Line

LIKE = 0.5
"""A neighbour stands out by this share of what the line does."""
NEAR = 8
"""It lies no farther off than so many widths of the line and its gap."""


CLEAR_PX = 2
"""The sides are looked at from so far off."""


def step(line: Line, strips: npt.NDArray[np.uint8]) -> float:
    """Return by how much one side of a line is lighter than the other all along it, in multiples of its contrast."""
    wide = round(line.left_px + line.right_px) + 1
    rows = np.arange(line.first, line.stop)[:, None]
    away = np.arange(CLEAR_PX, 2 * CLEAR_PX + wide)
    left, right = (np.rint(line.columns + sign * reach)[:, None].astype(np.intp) + sign * away
                   for sign, reach in ((-1, line.left_px), (1, line.right_px)))
    dark, light = (strips[rows, np.clip(side, 0, strips.shape[1] - 1)].mean() for side in (left, right))
    return float(abs(dark - light) / max(line.contrast, 1.0))


def neighbours(line: Line, strips: npt.NDArray[np.uint8]) -> int:
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
