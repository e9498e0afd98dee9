"""A frame and its holes in, what a small network makes of their surroundings out: tile by tile, where holes are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from restore.colour import Float
from restore.fill import Filling, _rgb
from restore.fill._membrane import solve
from restore.fill.harmonic import Harmonic
from restore.frames import Bits, support
from restore.nets import shelf
from restore.source import PixelFormat
from restore.window import Window

SIDE_PX, STEP_PX = 128, 96
"""The network sees squares of this side, one every so many pixels ..."""
BLIND_PX = 8
"""... and of each, so much at the rim is only looked at. Between that and the next square's, both are mixed."""
EDGE_PX = SIDE_PX - STEP_PX - BLIND_PX
"""The picture goes on mirrored for so much, so that the network sees no border of it."""


@dataclass(frozen=True)
class Thin:
    """Good at holes up to about 10 px wide: edges and lines go on through them. Invents no grain and no wide texture.

    A small network of this project's own (`restore/nets/thin.py`; trained by `lacuna train thin`). It fills all of a
    hole with the picture that lies under the grain; the blender `grain` puts grain on it. Squares of a fixed grid are
    run one at a time, so a frame's result depends on nothing but the frame.
    """

    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True
    ships: ClassVar[str] = "thin"
    """Name of the weights that come with the program."""

    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def fingerprint(self) -> str:
        """Return the digest of the weights."""
        return shelf.sha256(self._path())

    def _path(self) -> Path:
        return Path(self.weights) if self.weights else shelf.shipped(self.ships)

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole; a frame without one known pixel is left as it is.

        Raises PartError where the weights are not what they should be.
        """
        if hole.all() or not hole.any():
            return Filling(planes, np.zeros(hole.shape, bool))
        return Filling(filled(planes, hole, window.pixels, self._path()), hole)


def filled(planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat, path: Path) -> tuple[Float, ...]:
    """Return colour planes of which the samples under the hole (H, W) are filled; others are zero.

    Where chroma is smaller than luma, it is filled smoothly first: a luma pixel beside the hole that shares a chroma
    sample with it is known, and its colour nearly so.
    """
    from restore.nets import inference

    wide = Wide.of(planes, hole, pixels)
    places = list(tiles(wide.hole))
    net = inference.thin(path, shelf.sha256(path))
    crops = ((wide.shown(at), wide.part(at)) for at in places)
    outs = [np.zeros(p.shape, np.float32) for p in wide.planes]
    for at, rgb in zip(places, inference.pictures(net, crops), strict=True):
        wide.add(outs, at, rgb)
    return tuple(wide.cropped(out, k, planes[k].shape) for k, out in enumerate(outs))


@dataclass(frozen=True, eq=False)
class Wide:
    """A frame's planes and holes, mirrored beyond its edges as far as squares reach."""

    planes: tuple[Float, ...]
    hole: Bits
    pixels: PixelFormat

    @classmethod
    def of(cls, planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat) -> Wide:
        """Widen planes and hole (H, W)."""
        counts = [-(-(n + EDGE_PX - BLIND_PX) // STEP_PX) for n in hole.shape]
        room = [(EDGE_PX, (c - 1) * STEP_PX + SIDE_PX - EDGE_PX - n) for c, n in zip(counts, hole.shape, strict=True)]
        out = []
        for k, plane in enumerate(planes):
            shift = pixels.shift(k)
            whole = [(a >> s, (n + b >> s) - m)
                     for (a, b), s, n, m in zip(room, shift, hole.shape, plane.shape, strict=True)]
            full = shift == (0, 0)
            known = np.where(hole, np.float32(0), plane) if full else smoothed(plane, support(hole, pixels, k))
            out.append(np.pad(known, whole, "symmetric"))
        return cls(tuple(out), np.pad(hole, room, "symmetric"), pixels)

    def part(self, at: tuple[int, int]) -> Bits:
        """Return the holes of a square (side, side)."""
        return self.hole[at[0] : at[0] + SIDE_PX, at[1] : at[1] + SIDE_PX]

    def box(self, plane: int, at: tuple[int, int]) -> tuple[slice, slice]:
        """Return where a square lies in a plane."""
        y, x = self.pixels.shift(plane)
        return (slice(at[0] >> y, at[0] + SIDE_PX >> y), slice(at[1] >> x, at[1] + SIDE_PX >> x))

    def shown(self, at: tuple[int, int]) -> Float:
        """Return a square (3, side, side) as the network sees it."""
        return _rgb.to_rgb(tuple(p[self.box(k, at)] for k, p in enumerate(self.planes)), self.pixels)

    def add(self, outs: list[Float], at: tuple[int, int], rgb: Float) -> None:
        """Add a square's result to planes, weighted so that squares side by side make a whole."""
        for k, (out, piece) in enumerate(zip(outs, _rgb.from_rgb(rgb, self.pixels), strict=True)):
            y, x = (ramp(s) for s in self.pixels.shift(k))
            out[self.box(k, at)] += piece * y[:, None] * x

    def cropped(self, plane: Float, number: int, shape: tuple[int, ...]) -> Float:
        """Return the frame's own part of a widened plane."""
        y, x = (EDGE_PX >> s for s in self.pixels.shift(number))
        return plane[y : y + shape[0], x : x + shape[1]]


def smoothed(plane: Float, hole: Bits) -> Float:
    """Return a plane (h, w) with its hole smoothly filled, or as it is where nothing is known."""
    out = plane.copy()
    if not hole.all():
        out[hole] = solve(plane, hole, Harmonic.tension)
    return out


def ramp(shift: int) -> Float:
    """Return the weight of a square's rows, or columns: one in the middle, zero at the rim."""
    mixed = SIDE_PX - STEP_PX - 2 * BLIND_PX
    up = (np.arange(SIDE_PX) - BLIND_PX + 0.5) / mixed
    weight = np.clip(np.minimum(up, up[::-1]), 0, 1).astype(np.float32)
    return weight.reshape(-1, 1 << shift).mean(1)


def tiles(hole: Bits) -> Iterator[tuple[int, int]]:
    """Yield the upper left corners of the squares that count in some hole pixel of a widened frame."""
    h, w = hole.shape
    inner = slice(BLIND_PX, SIDE_PX - BLIND_PX)
    for y in range(0, h - SIDE_PX + 1, STEP_PX):
        for x in range(0, w - SIDE_PX + 1, STEP_PX):
            if hole[y : y + SIDE_PX, x : x + SIDE_PX][inner, inner].any():
                yield y, x
