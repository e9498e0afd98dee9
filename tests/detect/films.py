"""Small films for the detectors' tests: a lively texture that moves, and things that lie on it or move over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from restore.colour import Float
from restore.source import PixelFormat, Plane
from restore.window import Window

GREY = PixelFormat("gray", "grey", 8)
Draw = Callable[[Float, int], None]


def texture(height: int, width: int, seed: int) -> Float:
    """Return a smooth random picture (H, W), levels 60 to 190."""
    rng = np.random.default_rng(seed)
    both = sum(cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), s) * s for s in (2.0, 6.0))
    return (60 + 130 * (both - both.min()) / np.ptp(both)).astype(np.float32)


def frames(
    draw: Draw = lambda picture, t: None, *, count: int = 7, size: tuple[int, int] = (160, 224), step: float = 2.0,
    seed: int = 0, grain: float = 0.0,
) -> list[Float]:
    """Return pictures (H, W) float32 in 8-bit levels; the scene goes `step` pixels to the left a frame."""
    h, w = size
    big = texture(h, w + int(abs(step) * count) + 8, seed)
    out = []
    for t in range(count):
        at = np.float32([[1, 0, step * t + 2], [0, 1, 0]])
        picture = cv2.warpAffine(big, at, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        picture += np.random.default_rng((seed, t)).normal(0, grain, size).astype(np.float32) if grain else 0
        draw(picture, t)
        out.append(picture)
    return out


def planes(levels: Float, pixels: PixelFormat) -> tuple[Plane, ...]:
    """Return a grey picture in 8-bit levels as the planes of any layout."""
    h, w = levels.shape
    scale = pixels.peak / 255
    luma = np.clip(np.rint(levels * scale), 0, pixels.peak) if pixels.depth < 32 else levels * scale
    out = []
    for p in range(pixels.planes):
        if pixels.family == "yuv" and p:
            out.append(np.full(pixels.shape(p, (h, w)), 2 ** (pixels.depth - 1), pixels.dtype))
        else:
            out.append(luma.astype(pixels.dtype))
    return tuple(out)


def window(pictures: Sequence[Float], pixels: PixelFormat = GREY) -> Window:
    """Return a window over pictures in 8-bit levels."""
    return Window.of([planes(p, pixels) for p in pictures], pixels)


def speck(picture: Float, y: float, x: float, radius: float, level: float) -> None:
    """Put a round spot with a soft rim on a picture."""
    ys, xs = np.mgrid[: picture.shape[0], : picture.shape[1]]
    cover = np.clip(radius + 0.5 - np.hypot(ys - y, xs - x), 0, 1)
    picture += ((level - picture) * cover).astype(np.float32)


def line(picture: Float, x: float, half: float, level: float, rows: slice = slice(None)) -> None:
    """Put an upright line with soft edges on a picture; `level` is added."""
    cover = np.clip(half + 0.5 - np.abs(np.arange(picture.shape[1]) - x), 0, 1)
    picture[rows] += (level * cover).astype(np.float32)
