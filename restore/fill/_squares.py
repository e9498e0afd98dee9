"""A frame with holes and something that fills squares in, the frame filled out; squares come with their places.

As `_tiles.drawn`, for what has to know the place of a square, and for squares of any side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from restore.colour import Float
from restore.fill._tiles import Grid, Wide
from restore.frames import Bits
from restore.source import PixelFormat

UNIT_PX = 64
"""Sides are multiples of this."""
Corner = tuple[int, int]
"""Row and column of a square's upper left corner in the widened frame: multiples of the grid's step."""
Square = tuple[Corner, Float, Bits]
"""Where it is, (3, side, side) in [0, 1], which means nothing under holes, and the holes (side, side)."""
Run = Callable[[Iterable[Square]], Iterator[Float]]
"""Squares to the same squares filled, (3, side, side)."""


def grid_of(side_px: int) -> Grid:
    """Return a grid of squares of a side, a multiple of 64: a quarter is overlap, of which a half is only looked at."""
    return Grid(side_px, side_px * 3 // 4, side_px // 16)


def filled(planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat, grid: Grid, run: Run) -> tuple[Float, ...]:
    """Return colour planes of which the samples under the hole (H, W) are filled; others are zero, or the like."""
    wide = Wide.of(planes, hole, pixels, grid)
    corners = list(grid.tiles(wide.hole))
    outs = [np.zeros(p.shape, np.float32) for p in wide.planes]
    for at, rgb in zip(corners, run((at, wide.shown(at), wide.part(at)) for at in corners), strict=True):
        wide.add(outs, at, rgb)
    return tuple(wide.cropped(out, k, planes[k].shape) for k, out in enumerate(outs))
