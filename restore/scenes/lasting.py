"""A seed and a frame in, damage out that stays at a place of the screen: dead pixels, stains, hairs in the gate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes import wear
from restore.scenes.particles import GateHair, draw_gate_hair, gate_stamp
from restore.scenes.shapes import Rng, Stamp, blotch, flake, hair

DEAD_FRAC = 4e-6
"""Mean share of dead pixels on a picture of a worn sensor."""
HOT = 0.55
"""Share of dead pixels that are bright."""
STAIN_AREA_PX = (12.0, 1500.0)
"""Area of a stain at 2K, log-uniform."""
STAIN_BLUR_PX = (0.4, 4.0)
"""A stain lies on glass before or behind the film and is out of focus."""
STAIN_FROM_START = 0.75
"""Share of stains that are there all the time."""


@dataclass(frozen=True)
class Lasting:
    """Something that stays from frame `start` to `stop`."""

    start: int
    stop: int
    stamp: Stamp = field(repr=False)
    hair: GateHair | None = None
    """Given for a hair, which trembles."""

    def at(self, t: int) -> Stamp:
        """Return it as it lies on frame t."""
        if self.hair is None:
            return self.stamp
        return replace(gate_stamp(self.hair, t), label=wear.LASTING["gate"])


def draw_dead_pixels(count: int, size: tuple[int, int], frames: int, rng: Rng) -> list[Lasting]:
    """Draw pixels, or pairs of them, that are always dark, bright or of one colour."""
    drawn = []
    for _ in range(count):
        y, x = (int(rng.integers(0, s)) for s in size)
        h, w = ((1, 1), (1, 1), (1, 2), (2, 1), (2, 2), (3, 1))[int(rng.integers(6))]
        tone: tuple[float, float, float] = (1.0, 1.0, 1.0) if rng.random() < HOT else (0.0, 0.0, 0.0)
        if rng.random() < 0.4:
            tone = ((1.0, 0.1, 0.1), (0.1, 1.0, 0.1), (0.1, 0.1, 1.0))[int(rng.integers(3))]
        # A colour filter array spreads a dead sample over its neighbours.
        alpha = np.full((h, w), rng.uniform(0.6, 1.0), np.float32)
        if rng.random() < 0.5:
            alpha = cv2.GaussianBlur(np.pad(alpha, 1), (3, 3), 0.5)
        drawn.append(Lasting(0, frames, Stamp(y, x, alpha, tone, wear.LASTING["dead_pixel"])))
    return drawn


def draw_stain(size: tuple[int, int], frames: int, scale: float, rng: Rng) -> Lasting:
    """Draw dirt on the glass of a camera, printer or scanner: a speck, a hair or a drop, more or less sharp."""
    area = max(float(np.exp(rng.uniform(*np.log(STAIN_AREA_PX)))) * scale**2, 5.0)
    sort, blur = int(rng.integers(4)), float(np.exp(rng.uniform(*np.log(STAIN_BLUR_PX)))) * max(scale, 0.4)
    if sort == 0:
        alpha = hair(area, max(1.5 * scale, 0.9), 1.0, rng)
    elif sort == 1:
        alpha = blotch(area, 1.0, rng)
    else:
        alpha = flake(area, 1.0, sort - 1, rng)
    margin = int(np.ceil(2 * blur))
    alpha = cv2.GaussianBlur(np.pad(alpha, margin), (0, 0), max(blur, 0.2))
    alpha *= np.float32(rng.uniform(0.35, 1.0) / max(float(alpha.max()), 0.05))
    level = float(rng.uniform(0, 0.2) if rng.random() < 0.75 else rng.uniform(0.75, 1))
    y, x = (float(rng.uniform(0.02, 0.98)) * s for s in size)
    start, stop = (0, frames) if rng.random() < STAIN_FROM_START else sorted(rng.integers(0, frames + 1, 2).tolist())
    place = round(y - alpha.shape[0] / 2), round(x - alpha.shape[1] / 2)
    return Lasting(start, stop, Stamp(*place, alpha.astype(np.float32), (level,) * 3, wear.LASTING["stain"]))


def draw_hair(seed: tuple[int, ...], size: tuple[int, int], frames: int, whole_px: int) -> Lasting:
    """Draw a hair in the gate."""
    drawn = draw_gate_hair(seed, frames, size, whole_px)
    return Lasting(drawn.start, drawn.stop, drawn.stamp, drawn)


def laid(items: tuple[Lasting, ...], t: int) -> list[Stamp]:
    """Return what lies on frame t."""
    return [item.at(t) for item in items if item.start <= t < item.stop]


def lay_over(rgb: Float, left: Float, added: Float) -> Float:
    """Return a picture (H, W, 3) with a composed layer on it."""
    return np.clip(rgb * left[..., None] + added, 0, 1)
