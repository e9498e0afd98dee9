"""Cells and the points around damage in, sums over the surroundings of only the cells in use out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from restore.colour import Float
from restore.frames import Bits
from restore.motion.points import TAIL, Cells, Ints, Points, around, grow

FOLD = 4
"""Cells along the side of a cell of the next coarser grid."""


@dataclass(frozen=True)
class Used:
    """The cells that some points lie in or are interpolated from, so that the cost follows the damage."""

    cells: Cells
    flat: Ints
    """(k,) numbers of the cells in use, rising."""
    beside: tuple[Ints, ...]
    """For each of the eight directions the number (k,) of the cell there; k where it is not in use."""
    coarse: Ints
    """(k,) number of the coarser cell that each lies in."""
    corners: tuple[tuple[Ints, Float], ...]
    """Four coarser cells around each cell's centre and their weights (k, 1)."""

    @classmethod
    def of(cls, cells: Cells, wanted: Bits) -> Self:
        """Gather the cells (cells,) wanted, and the ring of cells around them."""
        rows, columns = cells.shape
        flat = np.flatnonzero(grow(wanted.reshape(rows, columns), 1))
        ys, xs = np.divmod(flat, columns)
        place = np.full((rows + 2, columns + 2), len(flat), np.intp)
        place[ys + 1, xs + 1] = np.arange(len(flat))
        beside = tuple(place[ys + dy, xs + dx] for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1))
        wide = -(-columns // FOLD)
        tops, lefts = (pairs(at, length) for at, length in ((ys, rows), (xs, columns)))
        corners = tuple((y * wide + x, (a * b)[:, None]) for y, a in tops for x, b in lefts)
        return cls(cells, flat, beside, (ys // FOLD) * wide + xs // FOLD, corners)

    def number(self, points: Points) -> Ints:
        """Return the number among the cells in use (0 to k - 1) of the cell each point lies in."""
        place = np.zeros(self.cells.shape[0] * self.cells.shape[1], np.intp)
        place[self.flat] = np.arange(len(self.flat))
        return place[self.cells.of(points)]

    def own(self, number: Ints, *values: Float) -> Float:
        """Return sums over each cell itself (k, c) float32 for points (m,) in the cells of these numbers."""
        k = len(self.flat)
        return np.stack([np.bincount(number, v, k) for v in values], -1).astype(np.float32)

    def around(self, own: Float) -> Float:
        """Return the sums over the surroundings of each cell, (c, k) for sums over each cell itself (k, c).

        The same as `Cells.sums`: 3 x 3 cells, and a little of wider squares.
        """
        rows, columns = self.cells.shape
        coarse = (-(-rows // FOLD), -(-columns // FOLD))
        sums = np.stack([np.bincount(self.coarse, v, coarse[0] * coarse[1]) for v in own.T], -1).astype(np.float32)
        wide = around(sums.reshape(*coarse, -1)).reshape(len(sums), -1)
        padded = np.zeros((len(own) + 1, own.shape[1]), np.float32)
        padded[:-1] = own
        total = own.copy()
        for there in self.beside:
            total += padded.take(there, 0)
        for corner, weight in self.corners:
            total += (np.float32(TAIL) * weight) * wide.take(corner, 0)
        return np.ascontiguousarray(total.T)

    def touching(self, some: Bits) -> Bits:
        """Return which of the cells in use are among some of them (k,), or next to one."""
        padded, out = np.append(some, False), some.copy()
        for there in self.beside:
            out |= padded[there]
        return out

    def spread(self, values: Float) -> Float:
        """Return values (k, c) on the whole grid (rows, columns, c), 0 where cells are not in use."""
        grid = np.zeros((self.cells.shape[0] * self.cells.shape[1], values.shape[1]), np.float32)
        grid[self.flat] = values
        return grid.reshape(*self.cells.shape, -1)

    def at(self, values: Float, points: Points) -> Float:
        """Return values (k, c), c up to 4, at points (n, c), linear between the centres of cells."""
        return self.cells.at(self.spread(values), points).reshape(len(points), values.shape[1])


def pairs(at: Ints, length: int) -> tuple[tuple[Ints, Float], tuple[Ints, Float]]:
    """Return the coarser cells before and after the centre of cells along an axis, with their weights (k,)."""
    place = np.clip((at + 0.5) / FOLD - 0.5, 0, -(-length // FOLD) - 1)
    before = place.astype(np.intp)
    part = (place - before).astype(np.float32)
    return (before, 1 - part), (np.minimum(before + 1, -(-length // FOLD) - 1), part)
