"""A frame with holes and something that fills squares in, the frame with its holes filled out: square by square.

Squares lie on a fixed grid over the frame, which goes on mirrored beyond its edges, and are filled one at a time: a
frame's result depends on nothing but the frame. Where two overlap they are mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from restore.colour import Float
from restore.fill import _rgb
from restore.fill._membrane import solve
from restore.fill.harmonic import Harmonic
from restore.frames import Bits, support
from restore.source import PixelFormat

Corner = tuple[int, int]
"""Row and column of a square's upper left corner in the widened frame: multiples of the grid's step."""
Square = tuple[Corner, Float, Bits]
"""Where it is, (3, side, side) in [0, 1] with zeros under holes, and the holes (side, side)."""
Run = Callable[[Iterable[Square]], Iterator[Float]]
"""Squares to the same squares filled, (3, side, side)."""


@dataclass(frozen=True)
class Grid:
    """How squares lie."""

    side_px: int
    step_px: int
    """One every so many pixels ..."""
    blind_px: int
    """... and of each, so much at the rim is only looked at. Between that and the next square's, both are mixed."""

    @property
    def edge_px(self) -> int:
        """How far the picture goes on mirrored, so that nothing is filled at the rim of a square."""
        return self.side_px - self.step_px - self.blind_px

    def ramp(self, shift: int) -> Float:
        """Return the weight of a square's rows, or columns: one in the middle, zero at the rim."""
        mixed = self.side_px - self.step_px - 2 * self.blind_px
        up = (np.arange(self.side_px) - self.blind_px + 0.5) / mixed
        weight = np.clip(np.minimum(up, up[::-1]), 0, 1).astype(np.float32)
        return weight.reshape(-1, 1 << shift).mean(1)

    def corners(self, hole: Bits) -> Iterator[Corner]:
        """Yield the squares that count in some hole pixel of a widened frame (H, W), in reading order."""
        inner = slice(self.blind_px, self.side_px - self.blind_px)
        for y, x in self.everywhere(hole.shape):
            if hole[y : y + self.side_px, x : x + self.side_px][inner, inner].any():
                yield y, x

    def everywhere(self, size: tuple[int, ...]) -> Iterator[Corner]:
        """Yield all squares of a widened frame (H, W), in reading order."""
        for y in range(0, size[0] - self.side_px + 1, self.step_px):
            for x in range(0, size[1] - self.side_px + 1, self.step_px):
                yield y, x


def grid(side_px: int) -> Grid:
    """Return a grid of squares of a side, a multiple of 64: a quarter is overlap, of which a half is only looked at."""
    return Grid(side_px, side_px * 3 // 4, side_px // 16)


def filled(planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat, how: Grid, run: Run) -> tuple[Float, ...]:
    """Return colour planes of which the samples under the hole (H, W) are filled; others are zero, or the like.

    Where chroma is smaller than luma, it is filled smoothly first: a luma pixel beside the hole that shares a chroma
    sample with it is known, and its colour nearly so.
    """
    wide = Wide.of(planes, hole, pixels, how)
    corners = list(how.corners(wide.hole))
    outs = [np.zeros(p.shape, np.float32) for p in wide.planes]
    for at, rgb in zip(corners, run((at, wide.shown(at), wide.part(at)) for at in corners), strict=True):
        wide.add(outs, at, rgb)
    return tuple(wide.cropped(out, k, planes[k].shape) for k, out in enumerate(outs))


@dataclass(frozen=True, eq=False)
class Wide:
    """A frame's planes and holes, mirrored beyond its edges as far as squares reach."""

    planes: tuple[Float, ...]
    hole: Bits
    pixels: PixelFormat
    how: Grid

    @classmethod
    def of(cls, planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat, how: Grid) -> Wide:
        """Widen planes and hole (H, W)."""
        edge = how.edge_px
        counts = [-(-(n + edge - how.blind_px) // how.step_px) for n in hole.shape]
        room = [(edge, (c - 1) * how.step_px + how.side_px - edge - n)
                for c, n in zip(counts, hole.shape, strict=True)]
        out = []
        for k, plane in enumerate(planes):
            shift = pixels.shift(k)
            whole = [(a >> s, (n + b >> s) - m)
                     for (a, b), s, n, m in zip(room, shift, hole.shape, plane.shape, strict=True)]
            full = shift == (0, 0)
            known = np.where(hole, np.float32(0), plane) if full else smoothed(plane, support(hole, pixels, k))
            out.append(np.pad(known, whole, "symmetric"))
        return cls(tuple(out), np.pad(hole, room, "symmetric"), pixels, how)

    def part(self, at: Corner) -> Bits:
        """Return the holes of a square (side, side)."""
        return self.hole[at[0] : at[0] + self.how.side_px, at[1] : at[1] + self.how.side_px]

    def box(self, plane: int, at: Corner) -> tuple[slice, slice]:
        """Return where a square lies in a plane."""
        y, x = self.pixels.shift(plane)
        side = self.how.side_px
        return (slice(at[0] >> y, at[0] + side >> y), slice(at[1] >> x, at[1] + side >> x))

    def shown(self, at: Corner) -> Float:
        """Return a square (3, side, side)."""
        return _rgb.to_rgb(tuple(p[self.box(k, at)] for k, p in enumerate(self.planes)), self.pixels)

    def add(self, outs: list[Float], at: Corner, rgb: Float) -> None:
        """Add a square's result to planes, weighted so that squares side by side make a whole."""
        for k, (out, piece) in enumerate(zip(outs, _rgb.from_rgb(rgb, self.pixels), strict=True)):
            y, x = (self.how.ramp(s) for s in self.pixels.shift(k))
            out[self.box(k, at)] += piece * y[:, None] * x

    def cropped(self, plane: Float, number: int, shape: tuple[int, ...]) -> Float:
        """Return the frame's own part of a widened plane."""
        y, x = (self.how.edge_px >> s for s in self.pixels.shift(number))
        return plane[y : y + shape[0], x : x + shape[1]]


def smoothed(plane: Float, hole: Bits) -> Float:
    """Return a plane (h, w) with its hole smoothly filled, or as it is where nothing is known."""
    out = plane.copy()
    if not hole.all():
        out[hole] = solve(plane, hole, Harmonic.tension)
    return out
