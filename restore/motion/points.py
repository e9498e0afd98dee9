"""Some pixels of a plane in, what lies at their places, in their surroundings and in other frames out.

Damage is a per cent of a picture in hundreds of pieces. Lists of points and sums over small cells make the cost
follow the damage, need no loop over the pieces, and do not depend on how the pieces are grouped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.source import Plane

ROW = 1024
"""OpenCV wants maps shorter than 32768, so lists are folded into rows of this length."""
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Points:
    """Pixels of a plane, in reading order."""

    size: tuple[int, int]
    """(h, w) of the plane."""
    ys: Ints
    xs: Ints

    @classmethod
    def of(cls, mask: Bits) -> Self:
        """Return the pixels where a mask (h, w) is True."""
        where = np.flatnonzero(mask)
        ys = where // mask.shape[1]
        return cls((mask.shape[0], mask.shape[1]), ys, where - ys * mask.shape[1])

    def __len__(self) -> int:
        """Count the points."""
        return len(self.ys)

    def pick(self, keep: Bits) -> Self:
        """Return the points (n,) to keep."""
        return type(self)(self.size, self.ys[keep], self.xs[keep])

    @property
    def flat(self) -> Ints:
        """Places in the flattened plane."""
        return self.ys * self.size[1] + self.xs

    def of_proxy(self, field: npt.NDArray[np.bool_], scale: int, shift: tuple[int, int]) -> Bits:
        """Return the proxy's values (n,) at the proxy pixels these points of a plane lie in."""
        return field[(self.ys << shift[0]) // scale, (self.xs << shift[1]) // scale]


def read(plane: Plane, xs: Float, ys: Float, interpolation: int = cv2.INTER_LINEAR) -> Float:
    """Return a plane (h, w) or field (h, w, c) at places (n,): float32; integer planes give whole code values."""
    n = len(xs)
    rows = -(-n // ROW) or 1
    maps = np.zeros((2, rows * ROW), np.float32)
    maps[0, :n], maps[1, :n] = xs, ys
    at = maps.reshape(2, rows, ROW)
    out = cv2.remap(plane, at[0], at[1], interpolation, borderMode=cv2.BORDER_REPLICATE)
    return out.reshape(rows * ROW, *plane.shape[2:])[:n].astype(np.float32, copy=False)


def inside(at: Float, size: tuple[int, int]) -> Bits:
    """Tell which places (n, 2) lie in a plane of size (h, w)."""
    xs, ys = at[:, 0], at[:, 1]
    return np.asarray((xs > -0.5) & (xs < size[1] - 0.5) & (ys > -0.5) & (ys < size[0] - 0.5), bool)


@dataclass(frozen=True)
class Cells:
    """A plane divided into small cells, for averages over the surroundings of points."""

    size: tuple[int, int]
    """(h, w) of the plane."""
    side_y_px: int
    side_x_px: int

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of cells."""
        return (-(-self.size[0] // self.side_y_px), -(-self.size[1] // self.side_x_px))

    def of(self, points: Points) -> Ints:
        """Return the number of the cell each point lies in."""
        return (points.ys // self.side_y_px) * self.shape[1] + points.xs // self.side_x_px

    def sums(self, cell: Ints, *values: Float | Bits) -> Float:
        """Return sums over the surroundings of each cell, (1 + len(values), rows, columns) float32: count, then values.

        Surroundings are 3 x 3 cells; wider squares count too, but so little that they matter only where the
        nearer ones hold next to nothing (normalised convolution with a heavy-tailed kernel).
        """
        rows, columns = self.shape
        own = np.stack([np.bincount(cell, v, rows * columns) for v in (None, *values)], -1).astype(np.float32)
        return np.stack(cv2.split(around(own.reshape(rows, columns, -1))))

    def at(self, grid: Float, points: Points) -> Float:
        """Return a grid's values (n, ...) at points, linear between the centres of cells."""
        xs = (points.xs.astype(np.float32) + 0.5) / np.float32(self.side_x_px) - 0.5
        ys = (points.ys.astype(np.float32) + 0.5) / np.float32(self.side_y_px) - 0.5
        return read(grid, xs, ys)


TINY = np.float32(1e-9)
"""Stands in for a count of zero, so that nothing over nothing is zero."""
TAIL = 0.004
"""What a cell counts in the next wider square, which has sixteen times the area."""

FEW_CELLS = 150
"""On grids this small the next wider square is all of the grid."""


def around(grid: Float) -> Float:
    """Return the heavy-tailed sums around each cell of (rows, columns, c), all channels at once."""
    rows, columns, c = grid.shape
    near = cv2.boxFilter(grid, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT).reshape(grid.shape)
    if rows * columns <= FEW_CELLS:
        return near + np.float32(TAIL) * grid.sum((0, 1))
    h, w = rows + -rows % 4, columns + -columns % 4
    padded = np.zeros((h, w, c), np.float32)
    padded[:rows, :columns] = grid
    quarter = cv2.resize(padded, (w // 4, h // 4), interpolation=cv2.INTER_AREA).reshape(h // 4, w // 4, c)
    large = cv2.resize(around(quarter), (w, h), interpolation=cv2.INTER_LINEAR).reshape(h, w, c)[:rows, :columns]
    near += np.float32(16 * TAIL) * large  # the quarter holds means of sixteen cells
    return near


def every_other(mask: Bits) -> Bits:
    """Return half of a mask's pixels, as on a chessboard: enough for averages, at half the cost."""
    out = np.zeros(mask.shape, bool)
    out[::2, ::2], out[1::2, 1::2] = mask[::2, ::2], mask[1::2, 1::2]
    return out


def grow(mask: Bits, px: int) -> Bits:
    """Return the mask with a square margin of `px` pixels."""
    if not px:
        return mask
    return cv2.dilate(mask.view(np.uint8), np.ones((2 * px + 1, 2 * px + 1), np.uint8)).view(np.bool_)
