"""One frame's holes in, the points to fill, what surrounds them and how restless it is out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits, support
from restore.motion.points import TINY, Cells, Points, every_other, grow
from restore.motion.used import Used
from restore.window import Window

RING_PX = 7
"""How far around a hole frames are compared."""
SOFT_PX = 1
"""Pixels next to damage that are not compared: damage has soft edges."""
CELL_PX = 8


@dataclass(frozen=True)
class Ground:
    """The holes and their rings on the sampling grid of one or more planes."""

    shift: tuple[int, int]
    hole: Points
    ring: Points
    used: Used
    """The k cells that the ring or the hole lies in or next to."""
    cell: npt.NDArray[np.intp]
    """Number of the cell each ring point lies in."""
    everywhere: Float
    """(k,): how many ring points there are around each cell."""

    @classmethod
    def of(cls, hole: Bits, hidden: Bits, shift: tuple[int, int]) -> Self:
        """Gather the points of one grid; ring and cells shrink with its subsampling."""
        ring = Points.of(every_other(grow(hole, RING_PX >> max(shift)) & ~grow(hidden, SOFT_PX)))
        return cls.join(shift, Points.of(hole), ring)

    @classmethod
    def join(cls, shift: tuple[int, int], hole: Points, ring: Points) -> Self:
        """Divide the grid into cells that lie on the same luma pixels whatever its subsampling."""
        cells = Cells(hole.size, CELL_PX >> shift[0], CELL_PX >> shift[1])
        wanted = np.zeros(cells.shape[0] * cells.shape[1], bool)
        wanted[cells.of(ring)] = True
        wanted[cells.of(hole)] = True
        used = Used.of(cells, wanted)
        cell = used.number(ring)
        everywhere = used.around(used.own(cell, np.ones(len(ring), np.float32)))[0]
        return cls(shift, hole, ring, used, cell, everywhere)

    def narrow(self, keep: Bits) -> tuple[Self, Bits]:
        """Return the part around the hole points (n,) to keep, and which ring points (m,) that leaves."""
        hole = self.hole.pick(keep)
        cells = self.used.cells
        wanted = np.zeros(cells.shape[0] * cells.shape[1], bool)
        wanted[cells.of(hole)] = True
        ring = grow(wanted.reshape(cells.shape), 2).ravel()[self.used.flat][self.cell]
        return type(self).join(self.shift, hole, self.ring.pick(ring)), ring


@dataclass(frozen=True)
class Site:
    """Everything about the holes of frame t that does not depend on a donor."""

    t: int
    grounds: tuple[Ground, ...]
    """One a plane (planes of one size share it)."""
    known: tuple[Float, ...]
    """Each plane's samples in the ring, (m,) code values."""
    slope_x: Float
    slope_y: Float
    """(m,) the gradient of plane 0 in the ring, 8-bit levels a pixel."""
    spread: Float
    """(n,) local standard deviation of the surroundings of each hole pixel, 8-bit levels."""
    grain: float
    unit: np.float32
    """8-bit levels a code value."""

    @property
    def hole(self) -> Points:
        """Luma pixels to fill."""
        return self.grounds[0].hole

    @classmethod
    def of(cls, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Self:
        """Gather the holes of frame t and what surrounds them."""
        hidden = window.hidden(t) | hole
        made: dict[tuple[int, int], Ground] = {}
        for p in range(len(planes)):
            shift = window.pixels.shift(p)
            if shift not in made:
                made[shift] = Ground.of(support(hole, window.pixels, p), support(hidden, window.pixels, p), shift)
        grounds = tuple(made[window.pixels.shift(p)] for p in range(len(planes)))
        known = tuple(plane.ravel()[g.ring.flat] for plane, g in zip(planes, grounds, strict=True))
        unit = np.float32(255.0 / window.pixels.peak)
        slope_x, slope_y = slopes(planes[0], grounds[0].ring)
        spread = deviation(grounds[0], known[0] * unit)
        return cls(t, grounds, known, slope_x * unit, slope_y * unit, spread, window.grain(t), unit)

    def narrow(self, keep: Bits) -> Self:
        """Return the site of some of its hole pixels (n,), without looking at the frame again."""
        made: dict[tuple[int, int], tuple[Ground, Bits]] = {}
        for g in self.grounds:
            if g.shift not in made:
                made[g.shift] = g.narrow(keep if g is self.grounds[0] else self._under(g, keep))
        grounds = tuple(made[g.shift][0] for g in self.grounds)
        known = tuple(k[made[g.shift][1]] for k, g in zip(self.known, self.grounds, strict=True))
        ring = made[(0, 0)][1]
        return type(self)(
            self.t, grounds, known, self.slope_x[ring], self.slope_y[ring], self.spread[keep], self.grain, self.unit
        )

    def under(self, plane: int, some: Bits) -> Bits:
        """Return which of a plane's hole samples lie under some of the hole pixels (n,)."""
        g = self.grounds[plane]
        return some if g.shift == (0, 0) else self._under(g, some)

    def _under(self, g: Ground, keep: Bits) -> Bits:
        """Return which hole samples (n',) of a subsampled plane lie under the hole pixels (n,) to keep."""
        out = np.zeros(len(g.hole), bool)
        out[self._place(g)[keep]] = True
        return out

    def _place(self, g: Ground) -> npt.NDArray[np.intp]:
        """Return for each hole pixel the number of the plane's hole sample it lies on."""
        above = (self.hole.ys >> g.shift[0]) * g.hole.size[1] + (self.hole.xs >> g.shift[1])
        return np.searchsorted(g.hole.flat, above)

    def share(self, plane: int, weight: Float) -> tuple[npt.NDArray[np.intp], Float]:
        """Return places in a flattened plane and the weights (k, n') there, summed over the luma pixels above."""
        g = self.grounds[plane]
        if g.shift == (0, 0):
            return g.hole.flat, weight
        at = self._place(g)
        sums = [np.bincount(at, w, len(g.hole)) for w in weight]
        return g.hole.flat, np.stack(sums).astype(np.float32)


def slopes(plane: Float, points: Points) -> tuple[Float, Float]:
    """Return the gradient (x, y) of a plane at points, in code values a pixel; edges repeat."""
    (h, w), ys, xs = points.size, points.ys, points.xs
    line, row = plane.ravel(), ys * w
    right, left = line.take(row + np.minimum(xs + 1, w - 1)), line.take(row + np.maximum(xs - 1, 0))
    below, above = line.take(np.minimum(ys + 1, h - 1) * w + xs), line.take(np.maximum(ys - 1, 0) * w + xs)
    half = np.float32(0.5)
    return (right - left) * half, (below - above) * half


def deviation(g: Ground, levels: Float) -> Float:
    """Return the standard deviation of the ring (m,) around each hole pixel (n,)."""
    n, total, squares = g.used.around(g.used.own(g.cell, np.ones_like(levels), levels, levels * levels))
    mean = total / np.maximum(n, TINY)
    unrest = np.sqrt(np.maximum(squares / np.maximum(n, TINY) - mean * mean, 0))
    return g.used.at(unrest[:, None], g.hole)[:, 0]
