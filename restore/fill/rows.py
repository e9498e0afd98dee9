"""A frame and its holes in, the thin upright ones bridged along their rows out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.fill import Filling
from restore.frames import Bits, spread, support
from restore.motion.points import read
from restore.window import Window

Ints = npt.NDArray[np.intp]
TILTS = (0, -1, 1, -2, 2, -3, 3)
"""Rows that the two ends of a bridge lie above and below its own."""
TILT_COST = 4.0
"""8-bit levels that a row of tilt has to gain: level bridges are preferred."""


@dataclass(frozen=True)
class Rows:
    """Good at thin, nearly vertical lines (film scratches). Leaves everything that is wide or not upright to others.

    Each row of a hole is bridged linearly between its two banks, along the slant on which the banks agree best
    (edge-based line averaging, Doyle and Looymans 1990, turned by a quarter).
    """

    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True

    width_px: int = 9
    """Widest line it bridges."""
    height_px: int = 24
    """Shortest line it takes for one."""

    def __post_init__(self) -> None:
        """Refuse sizes below one pixel."""
        if self.width_px < 1 or self.height_px < 1:
            raise ValueError(f"width_px and height_px must be 1 or more, not {self.width_px} and {self.height_px}")

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Bridge the thin upright parts of the hole."""
        size = (hole.shape[0], hole.shape[1])
        done = self._upright(hole)
        bridges = []
        for p in range(len(planes)):
            open_to = support(hole, window.pixels, p)
            bridges.append(runs(open_to, self.width_px))
            # A pixel counts as done only if every plane's row under it has two banks.
            done &= spread(covered(bridges[p], open_to), window.pixels, p, size)
        out = tuple(
            bridge(plane, *b, support(hole, window.pixels, p), 255 / window.pixels.peak)
            for p, (plane, b) in enumerate(zip(planes, bridges, strict=True))
        )
        return Filling(out, done)

    def _upright(self, hole: Bits) -> Bits:
        """Return the hole pixels that belong to an upright line; one pixel of drift a row is forgiven."""
        drift = cv2.dilate(hole.view(np.uint8), np.ones((1, 3), np.uint8))
        tall = cv2.morphologyEx(drift, cv2.MORPH_OPEN, np.ones((self.height_px, 1), np.uint8))
        return hole & (tall > 0)


def runs(hole: Bits, width_px: int) -> tuple[Ints, Ints, Ints]:
    """Return row, first and last column of every run of hole pixels that is narrow and has a bank on both sides."""
    edge = np.diff(np.pad(hole.view(np.int8), ((0, 0), (1, 1))), axis=1)
    ys, first = np.nonzero(edge == 1)
    last = np.nonzero(edge == -1)[1] - 1
    fit = (last - first < width_px) & (first > 0) & (last < hole.shape[1] - 1)
    return ys[fit], first[fit], last[fit]


def covered(found: tuple[Ints, Ints, Ints], hole: Bits) -> Bits:
    """Return the pixels (h, w) of the runs, and everything outside the hole, which asks for nothing."""
    ys, first, last = found
    steps = np.zeros((hole.shape[0], hole.shape[1] + 1), np.int8)
    steps[ys, first] = 1
    steps[ys, last + 1] -= 1
    return (np.cumsum(steps[:, :-1], 1, dtype=np.int8) > 0) | ~hole


def bridge(plane: Float, ys: Ints, first: Ints, last: Ints, hole: Bits, unit: float) -> Float:
    """Return the plane with the runs filled, each along its best slant."""
    out = plane.copy()
    if not len(ys):
        return out
    left, right = first - 1, last + 1
    tilt = choose(plane, ys, left, right, hole, unit)
    length = last - first + 1
    which = np.repeat(np.arange(len(ys)), length)
    along = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    part = ((along + 1) / (length[which] + 1)).astype(np.float32)
    # The path on which a pixel is bridged leads through the pixel itself: it leaves the banks at rows of its own.
    rise = 2 * tilt[which].astype(np.float32)
    a = bank(plane, ys[which] - rise * part, left[which])
    b = bank(plane, ys[which] + rise * (1 - part), right[which])
    out[ys[which], first[which] + along] = a * (1 - part) + b * part
    return out


def bank(plane: Float, rows: Float, columns: Ints) -> Float:
    """Return a plane's values (n,) at rows that may lie between pixels."""
    return read(plane, columns.astype(np.float32), rows.astype(np.float32))


def choose(plane: Float, ys: Ints, left: Ints, right: Ints, hole: Bits, unit: float) -> Ints:
    """Return for each run the slant, in rows, on which its banks agree best over three rows."""
    h = plane.shape[0]
    best = np.zeros(len(ys), np.intp)
    least = np.full(len(ys), np.inf)
    for tilt in TILTS:
        cost = np.full(len(ys), TILT_COST * abs(tilt))
        for row in (-1, 0, 1):
            above, below = ys + row - tilt, ys + row + tilt
            up, down = np.clip(above, 0, h - 1), np.clip(below, 0, h - 1)
            differ = np.abs(plane[up, left] - plane[down, right]) * (unit / 3)
            # Where banks lie outside the picture or in a hole themselves, a slant is not known to be good.
            unknown = hole[up, left] | hole[down, right] | (up != above) | (down != below)
            cost += np.where(unknown, 255.0 if tilt else 0.0, differ)
        best = np.where(cost < least, tilt, best)
        least = np.minimum(cost, least)
    return best
