"""A picture in, the grain of a stock on it out: its strength follows the light, it hangs together, colours differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes.leaves import Rng

GRAIN_WHITE = 0.35
"""Strength of the grain in black and in white, over that in mid-grey."""
NOISE_SIDE_PX = 1024


@dataclass(frozen=True)
class Grain:
    """The grain of a stock."""

    sigma: float = 0.0
    """Standard deviation in mid-grey, in 8-bit levels."""
    blur_px: float = 0.7
    """How far it hangs together."""
    clumps: float = 0.0
    """Share of it that hangs together three times as far."""
    colour: float = 0.0
    """Share of it that differs between red, green and blue."""
    middle: float = 0.5
    """Luminance at which it is strongest."""


def noise(size: tuple[int, int], blur_px: float, rng: np.random.Generator) -> Float:
    """Return noise (H, W) of unit variance that hangs together over `blur_px`."""
    return blurred(rng.standard_normal(size, np.float32), blur_px)


def blurred(white: Float, blur_px: float) -> Float:
    """Return white noise (H, W) made to hang together over `blur_px`, its variance kept."""
    if blur_px < 0.2:
        return white
    side = 2 * int(np.ceil(3 * blur_px)) + 1
    kernel = cv2.getGaussianKernel(side, blur_px)
    return cv2.sepFilter2D(white, -1, kernel, kernel) * np.float32(1 / np.square(kernel).sum())


def grain_of(rgb: Float, grain: Grain, rng: Rng) -> Float:
    """Return grain (H, W, 3): its strength follows the light, it hangs together, and partly differs by colour."""
    light = rgb[..., 1]
    bell = 1 - np.square((light - np.float32(grain.middle)) / np.float32(max(grain.middle, 1 - grain.middle)))
    strength = np.float32(grain.sigma / 255) * (GRAIN_WHITE + (1 - GRAIN_WHITE) * bell)
    shared = speckle(rgb.shape[:2], grain, rng)
    if not grain.colour:
        return np.asarray((strength * shared)[..., None], np.float32)
    own = np.stack([speckle(rgb.shape[:2], grain, rng) for _ in range(3)], -1)
    mixed = np.float32(np.sqrt(1 - grain.colour**2)) * shared[..., None] + np.float32(grain.colour) * own
    return np.asarray(strength[..., None] * mixed, np.float32)


@lru_cache(maxsize=1)
def much_noise() -> Float:
    """Return white noise (NOISE_SIDE_PX, NOISE_SIDE_PX) of unit variance: drawing it anew for each frame is slow."""
    return np.random.default_rng(43).standard_normal((NOISE_SIDE_PX, NOISE_SIDE_PX), np.float32)


def piece_of_noise(size: tuple[int, ...], rng: Rng) -> Float:
    """Cut white noise (H, W) from a place drawn at random, mirrored at random; drawn where it is larger than that."""
    if max(size) > NOISE_SIDE_PX // 2:
        return rng.standard_normal((size[0], size[1]), np.float32)
    y, x, sides = (int(v) for v in rng.integers(0, (NOISE_SIDE_PX - size[0], NOISE_SIDE_PX - size[1], 4)))
    piece = much_noise()[y : y + size[0], x : x + size[1]]
    return np.ascontiguousarray(piece[:: 1 - 2 * (sides & 1), :: 1 - (sides & 2)])


def speckle(size: tuple[int, ...], grain: Grain, rng: Rng) -> Float:
    """Return noise (H, W) of unit variance: fine, and in part clumped."""
    fine = blurred(piece_of_noise(size, rng), grain.blur_px)
    if not grain.clumps:
        return fine
    coarse = blurred(piece_of_noise(size, rng), 3 * grain.blur_px)
    return np.float32(np.sqrt(1 - grain.clumps**2)) * fine + np.float32(grain.clumps) * coarse


def draw_grain(colour: bool, rng: Rng) -> Grain:
    """Draw the grain of a stock, from hardly any to that of a fast one pushed."""
    return Grain(
        0.0 if rng.random() < 0.08 else float(np.exp(rng.uniform(np.log(0.7), np.log(10)))),
        float(rng.uniform(0.4, 1.4)),
        float(rng.uniform(0.2, 0.6)) if rng.random() < 0.3 else 0.0,
        float(rng.uniform(0.2, 0.9)) if colour else 0.0,
        float(rng.uniform(0.3, 0.6)),
    )
