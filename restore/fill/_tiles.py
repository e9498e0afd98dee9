"""A frame's planes and holes in, what a network makes of the squares that hold holes out, put together as planes.

Squares lie on a fixed grid and are run one at a time, so that a result depends on nothing but the frame. Holes that are
deeper than a network can see are first filled at half the size, and again where need be; what came of that is shown to
the network as if it were known, and only the rim of such a hole is drawn at full size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.fill import _rgb
from restore.fill._membrane import solve
from restore.fill.harmonic import Harmonic
from restore.frames import Bits, support
from restore.source import PixelFormat

Crops = Iterable[tuple[Float, Bits]]
"""Squares (3, side, side) and the holes in them (side, side)."""
Run = Callable[[Crops], Iterable[Float]]
"""Squares to what becomes of each (3, side, side)."""


@dataclass(frozen=True)
class Grid:
    """Where squares lie."""

    side_px: int
    """The network sees squares of this side, one every so many pixels ..."""
    step_px: int
    blind_px: int
    """... and of each, so much at the rim is only looked at. Between that and the next square's, both are mixed."""
    deep_px: int = 0
    """What is farther from all that is known is filled at half the size first; 0 for never."""
    beside_px: int = 0
    """Squares answer for so much around a hole too."""

    @property
    def edge_px(self) -> int:
        """The picture goes on mirrored for so much, so that the network sees no border of it."""
        return self.side_px - self.step_px - self.blind_px

    def ramp(self, shift: int) -> Float:
        """Return the weight of a square's rows, or columns: one in the middle, zero at the rim."""
        mixed = self.side_px - self.step_px - 2 * self.blind_px
        up = (np.arange(self.side_px) - self.blind_px + 0.5) / mixed
        weight = np.clip(np.minimum(up, up[::-1]), 0, 1).astype(np.float32)
        return weight.reshape(-1, 1 << shift).mean(1)

    def tiles(self, hole: Bits) -> Iterator[tuple[int, int]]:
        """Yield the upper left corners of the squares that count in some hole pixel of a widened frame."""
        h, w = hole.shape
        if self.beside_px:
            hole = cv2.dilate(hole.astype(np.uint8), np.ones((2 * self.beside_px + 1,) * 2, np.uint8)).astype(bool)
        side, step = self.side_px, self.step_px
        inner = slice(self.blind_px, side - self.blind_px)
        for y in range(0, h - side + 1, step):
            for x in range(0, w - side + 1, step):
                if hole[y : y + side, x : x + side][inner, inner].any():
                    yield y, x


def filled(planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat, grid: Grid, run: Run) -> tuple[Float, ...]:
    """Return colour planes of which the samples under the hole (H, W) are filled; others may be anything.

    Where chroma is smaller than luma, it is filled smoothly first: a luma pixel beside the hole that shares a chroma
    sample with it is known, and its colour nearly so. Some pixel must be known.
    """
    deep = depth(hole, grid.deep_px)
    if not deep.any():
        return drawn(planes, hole, pixels, grid, run)
    coarse = filled(*halved(planes, hole, pixels), pixels, grid, run)
    inner = tuple(doubled(c, p.shape) for c, p in zip(coarse, planes, strict=True))
    shown = tuple(np.where(support(deep, pixels, k), i, p)
                  for k, (i, p) in enumerate(zip(inner, planes, strict=True)))
    rim = drawn(shown, hole & ~deep, pixels, grid, run)
    return tuple(np.where(support(deep, pixels, k) & ~support(hole & ~deep, pixels, k), i, r)
                 for k, (i, r) in enumerate(zip(inner, rim, strict=True)))


def depth(hole: Bits, deep_px: int) -> Bits:
    """Return what of a hole is farther than so much from all that is known; nothing where `deep_px` is 0."""
    if not deep_px or hole.all():
        return np.zeros(hole.shape, bool)
    return cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) > deep_px


def halved(planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat) -> tuple[tuple[Float, ...], Bits]:
    """Return planes of half the size, means of what is known, and their hole: where nothing was."""
    out = list[Float]()
    for k, plane in enumerate(planes):
        unknown = support(hole, pixels, k)
        if pixels.shift(k) != (0, 0):  # a sample of half the size may be known in luma and not in chroma
            plane, unknown = smoothed(plane, unknown), np.zeros_like(unknown)
        sums, known = quarter(np.where(unknown, np.float32(0), plane)), quarter((~unknown).astype(np.float32))
        out.append(np.divide(sums, np.maximum(known, np.float32(0.25))))
    return tuple(out), quarter((~hole).astype(np.float32)) == 0


def quarter(plane: Float) -> Float:
    """Return the means of two by two samples of a plane (h, w); odd sides are continued with their last row."""
    h, w = plane.shape
    even: Float = np.pad(plane, ((0, h % 2), (0, w % 2)), "edge")
    return _rgb.small(even, (1, 1))


def doubled(plane: Float, shape: tuple[int, ...]) -> Float:
    """Return a plane drawn large again, of a shape that `quarter` made it from."""
    h, w = plane.shape
    return cv2.resize(plane, (2 * w, 2 * h), interpolation=cv2.INTER_LINEAR)[: shape[0], : shape[1]]


def drawn(
    planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat, grid: Grid, run: Run, where: Bits | None = None
) -> tuple[Float, ...]:
    """Return colour planes with what a network draws under the hole; other samples are zero where no square lies.

    Squares are shown where they count for `where` (H, W), a part of the hole; for all of it if there is none.
    """
    wide = Wide.of(planes, hole, pixels, grid)
    places = list(grid.tiles(wide.hole if where is None else wide.widened(where)))
    crops = ((wide.shown(at), wide.part(at)) for at in places)
    outs = [np.zeros(p.shape, np.float32) for p in wide.planes]
    for at, rgb in zip(places, run(crops), strict=True):
        wide.add(outs, at, rgb)
    return tuple(wide.cropped(out, k, planes[k].shape) for k, out in enumerate(outs))


@dataclass(frozen=True, eq=False)
class Wide:
    """A frame's planes and holes, mirrored beyond its edges as far as squares reach."""

    planes: tuple[Float, ...]
    hole: Bits
    pixels: PixelFormat
    grid: Grid

    @classmethod
    def of(cls, planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat, grid: Grid) -> Wide:
        """Widen planes and hole (H, W)."""
        edge, step = grid.edge_px, grid.step_px
        counts = [-(-(n + edge - grid.blind_px) // step) for n in hole.shape]
        room = [(edge, (c - 1) * step + grid.side_px - edge - n) for c, n in zip(counts, hole.shape, strict=True)]
        out = list[Float]()
        for k, plane in enumerate(planes):
            shift = pixels.shift(k)
            whole = [(a >> s, (n + b >> s) - m)
                     for (a, b), s, n, m in zip(room, shift, hole.shape, plane.shape, strict=True)]
            full = shift == (0, 0)
            known = np.where(hole, np.float32(0), plane) if full else smoothed(plane, support(hole, pixels, k))
            out.append(np.pad(known, whole, "symmetric"))
        return cls(tuple(out), np.pad(hole, room, "symmetric"), pixels, grid)

    def widened(self, mask: Bits) -> Bits:
        """Return a mask (H, W) mirrored as the frame is."""
        edge = self.grid.edge_px
        room = [(edge, n - edge - m) for n, m in zip(self.hole.shape, mask.shape, strict=True)]
        return np.pad(mask, room, "symmetric")

    def part(self, at: tuple[int, int]) -> Bits:
        """Return the holes of a square (side, side)."""
        return self.hole[at[0] : at[0] + self.grid.side_px, at[1] : at[1] + self.grid.side_px]

    def box(self, plane: int, at: tuple[int, int]) -> tuple[slice, slice]:
        """Return where a square lies in a plane."""
        (y, x), side = self.pixels.shift(plane), self.grid.side_px
        return (slice(at[0] >> y, at[0] + side >> y), slice(at[1] >> x, at[1] + side >> x))

    def shown(self, at: tuple[int, int]) -> Float:
        """Return a square (3, side, side) as the network sees it."""
        return _rgb.to_rgb(tuple(p[self.box(k, at)] for k, p in enumerate(self.planes)), self.pixels)

    def add(self, outs: list[Float], at: tuple[int, int], rgb: Float) -> None:
        """Add a square's result to planes, weighted so that squares side by side make a whole."""
        for k, (out, piece) in enumerate(zip(outs, _rgb.from_rgb(rgb, self.pixels), strict=True)):
            y, x = (self.grid.ramp(s) for s in self.pixels.shift(k))
            out[self.box(k, at)] += piece * y[:, None] * x

    def cropped(self, plane: Float, number: int, shape: tuple[int, ...]) -> Float:
        """Return the frame's own part of a widened plane."""
        y, x = (self.grid.edge_px >> s for s in self.pixels.shift(number))
        return plane[y : y + shape[0], x : x + shape[1]]


def smoothed(plane: Float, hole: Bits) -> Float:
    """Return a plane (h, w) with its hole smoothly filled, or as it is where nothing is known."""
    out = plane.copy()
    if not hole.all():
        out[hole] = solve(plane, hole, Harmonic.tension)
    return out
