"""A seed in, a film out: pictures of any format whose motion, occlusion and cuts are exactly known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.scenes.grain import GRAIN_WHITE, noise
from restore.scenes.layers import EVERYTHING, Cast, Layer, Matrix, Shot, draw_shot
from restore.scenes.leaves import FULL
from restore.scenes.look import Look
from restore.scenes.native import to_native
from restore.source import PixelFormat, Plane

Depths = npt.NDArray[np.uint8]
"""(H, W): the number of the layer that is seen, 0 the ground."""

SHORTEST_SHOT_FRAMES = 12
HELD_SHOTS = 2
"""Painted shots kept in memory."""

@dataclass(frozen=True)
class Film:
    """A film as a pure function of (seed, frame)."""

    seed: int
    size: tuple[int, int]
    """(H, W) in pixels; speeds follow the width."""
    frames: int
    grain: float = 3.0
    """Standard deviation of the grain at mid-grey, in 8-bit levels; 0 for none."""
    grain_px: float = 0.7
    """How far the grain hangs together: standard deviation of the blur it is made with."""
    grain_colour: float = 0.3
    """Share of the grain that differs between red, green and blue."""
    shot_frames: int = 80
    """Mean length of a shot."""
    speed: float = 1.0
    """1 for usual motion, 0 for a still."""
    cast: Cast = EVERYTHING
    look: Look | None = None
    """Stock and transfer, whose grain then stands for the film's; None for a plain picture with grain."""

    def __post_init__(self) -> None:
        """Refuse films of nothing."""
        if min(self.size) < 16 or self.frames < 1:
            raise ValueError(f"a film needs 16x16 pixels and a frame; {self.size} and {self.frames} were asked for")

    @property
    def cuts(self) -> tuple[int, ...]:
        """Frames that begin a new shot, the first frame not among them."""
        return draw_cuts(self)[1:-1]

    def shot(self, t: int) -> Shot:
        """Return the shot frame t belongs to, painted. Raises IndexError outside the film."""
        if not 0 <= t < self.frames:
            raise IndexError(f"frame {t} was asked for; the film has frames 0 to {self.frames - 1}")
        edges = draw_cuts(self)
        n = int(np.searchsorted(edges, t, "right")) - 1
        return paint_shot(self.seed, n, edges[n], edges[n + 1], self.size, self.speed, self.cast)

    def rgb(self, t: int) -> Float:
        """Return frame t, grain and all, (H, W, 3) float32 in [0, 1]."""
        picture = render(self.shot(t), t)
        if self.look is not None:
            return self.look.show(picture, (self.seed, 12), t)
        return picture if not self.grain else np.clip(picture + grain_of(picture, self, t), 0, 1)

    def planes(self, t: int, pixels: PixelFormat) -> tuple[Plane, ...]:
        """Return frame t as native planes (h, w) in code values."""
        return to_native(self.rgb(t), pixels)

    def depths(self, t: int) -> Depths:
        """Return which layer is seen at each pixel of frame t: the one that covers more than half of it."""
        return seen(self.shot(t), t)

    def flow(self, t: int, u: int) -> Float:
        """Return where what is seen at each pixel of t lies in u: (H, W, 2) float32, (dx, dy) in pixels.

        Raises ValueError where a cut lies between the two.
        """
        shot, depths = self.pair(t, u), self.depths(t)
        out = np.empty((*self.size, 2), np.float32)
        ys, xs = np.mgrid[0 : self.size[0], 0 : self.size[1]].astype(np.float32)
        for k in np.unique(depths):
            here = depths == k
            step = shot.matrix(int(k), u) @ np.linalg.inv(shot.matrix(int(k), t)) - np.eye(3)
            x, y = xs[here], ys[here]
            out[here] = np.stack([step[i, 0] * x + step[i, 1] * y + step[i, 2] for i in (0, 1)], -1)
        return out

    def occluded(self, t: int, u: int) -> Bits:
        """Return the pixels of t (H, W) whose scene point is hidden in u or lies outside its picture."""
        shift = self.flow(t, u)
        ys, xs = np.mgrid[0 : self.size[0], 0 : self.size[1]]
        x, y = np.rint(xs + shift[..., 0]).astype(int), np.rint(ys + shift[..., 1]).astype(int)
        outside = (x < 0) | (y < 0) | (x >= self.size[1]) | (y >= self.size[0])
        there = self.depths(u)[np.clip(y, 0, self.size[0] - 1), np.clip(x, 0, self.size[1] - 1)]
        return np.asarray(outside | (there != self.depths(t)))

    def pair(self, t: int, u: int) -> Shot:
        """Return the shot of two frames."""
        if self.shot(t).start != self.shot(u).start:
            raise ValueError(f"motion from frame {t} to {u} was asked for; a cut lies between them: {self.cuts}")
        return self.shot(t)


@lru_cache(maxsize=64)
def draw_cuts(film: Film) -> tuple[int, ...]:
    """Draw where shots begin, the film's two ends included."""
    rng = np.random.default_rng((film.seed, 10))
    edges = [0]
    while True:
        length = max(SHORTEST_SHOT_FRAMES, round(film.shot_frames * rng.uniform(0.6, 1.4)))
        if edges[-1] + length + SHORTEST_SHOT_FRAMES > film.frames:
            return (*edges, film.frames)
        edges.append(edges[-1] + length)


@lru_cache(maxsize=HELD_SHOTS)
def paint_shot(seed: int, n: int, start: int, stop: int, size: tuple[int, int], speed: float, cast: Cast) -> Shot:
    """Paint the n-th shot of a film, once."""
    return draw_shot((seed, 11, n), start, stop, size, speed, cast)


def box_of(layer: Layer, matrix: Matrix, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the part of the picture (y0, x0, y1, x1) a layer can touch."""
    h, w = layer.canvas.shape[:2]
    corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]]) @ matrix[:2].T
    low, high = np.floor(corners.min(0)) - 1, np.ceil(corners.max(0)) + 2
    x0, y0 = (int(np.clip(low[i], 0, size[1 - i])) for i in (0, 1))
    x1, y1 = (int(np.clip(high[i], 0, size[1 - i])) for i in (0, 1))
    return y0, x0, y1, x1


def warp(
    canvas: npt.NDArray[np.uint16] | npt.NDArray[np.uint8], matrix: Matrix, box: tuple[int, int, int, int]
) -> Float:
    """Return a canvas as it lies on the picture, over `box`, float32 in its own units."""
    y0, x0, y1, x1 = box
    moved = matrix[:2].copy()
    moved[:, 2] -= x0, y0
    colour = canvas.ndim == 3
    return cv2.warpAffine(
        canvas, moved, (x1 - x0, y1 - y0), flags=cv2.INTER_CUBIC if colour else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE if colour else cv2.BORDER_CONSTANT,
    ).astype(np.float32)


def render(shot: Shot, t: int) -> Float:
    """Return frame t of a shot without grain, (H, W, 3) float32 in [0, 1]."""
    out = np.zeros((*shot.size, 3), np.float32)
    for k, layer in enumerate(shot.layers):
        matrix = shot.matrix(k, t)
        box = box_of(layer, matrix, shot.size)
        y0, x0, y1, x1 = box
        if y0 >= y1 or x0 >= x1:
            continue
        colour = warp(layer.canvas, matrix, box)
        colour *= np.float32(1 / FULL)
        if layer.alpha is None:
            out[y0:y1, x0:x1] = colour
        else:
            alpha = warp(layer.alpha, matrix, box)[..., None] * np.float32(1 / 255)
            out[y0:y1, x0:x1] += alpha * (colour - out[y0:y1, x0:x1])
    return out


def seen(shot: Shot, t: int) -> Depths:
    """Return the number of the nearest layer that covers more than half of each pixel."""
    out = np.zeros(shot.size, np.uint8)
    for k, layer in enumerate(shot.layers):
        matrix = shot.matrix(k, t)
        y0, x0, y1, x1 = box = box_of(layer, matrix, shot.size)
        if layer.alpha is not None and y0 < y1 and x0 < x1:
            out[y0:y1, x0:x1][warp(layer.alpha, matrix, box) > 127.5] = k
    return out


def grain_of(picture: Float, film: Film, t: int) -> Float:
    """Return the grain (H, W, 3) of frame t: strongest in mid-grey, its own on every frame."""
    rng = np.random.default_rng((film.seed, 12, t))
    light = picture.mean(-1)
    strength = np.float32(film.grain / 255) * (GRAIN_WHITE + (1 - GRAIN_WHITE) * 4 * light * (1 - light))
    shared = noise(film.size, film.grain_px, rng)
    if not film.grain_colour:
        return (strength * shared)[..., None].repeat(3, -1)
    own = np.stack([noise(film.size, film.grain_px, rng) for _ in range(3)], -1)
    mixed = np.float32(np.sqrt(1 - film.grain_colour**2)) * shared[..., None] + np.float32(film.grain_colour) * own
    return np.asarray(strength[..., None] * mixed, np.float32)
