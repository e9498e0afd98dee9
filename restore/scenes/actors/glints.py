"""Flashes of light on water, glass and metal: there on one frame only, and yet part of the picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from restore.colour import Float
from restore.scenes.actors import Actor, Stage
from restore.scenes.leaves import Rng

SHARE = 0.08
RADIUS_PX = (1.5, 7.0)
"""Of the bright core at 2K, log-uniform."""
STARRED = 0.6
"""Share whose light the lens draws out into rays."""


@dataclass(frozen=True, eq=False)
class Glint:
    """One flash on a point that moves with the scene."""

    stage: Stage = field(repr=False)
    depth: float
    at: Float
    start: float
    frames: float
    radius_px: float
    rays: int
    turn: float
    strength: float

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t."""
        if not self.start <= t < self.start + self.frames:
            return
        x, y = self.stage.carry(self.at[None], t)[0]
        far, (h, w) = int(np.ceil(6 * self.radius_px)) + 2, self.stage.size
        y0, y1, x0, x1 = max(int(y) - far, 0), min(int(y) + far + 1, h), max(int(x) - far, 0), min(int(x) + far + 1, w)
        if y0 >= y1 or x0 >= x1:
            return
        ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        ys, xs = (ys - y) / np.float32(self.radius_px), (xs - x) / np.float32(self.radius_px)
        far2 = np.square(ys) + np.square(xs)
        glow = np.exp(-far2) + 0.25 * np.exp(-far2 / 8)
        for n in range(self.rays):
            c, s = np.cos(self.turn + np.pi * n / self.rays), np.sin(self.turn + np.pi * n / self.rays)
            glow += 0.8 * np.exp(-np.square((xs * s - ys * c) * 4) - np.abs(xs * c + ys * s) * 0.8)
        here = picture[y0:y1, x0:x1]
        here += np.clip(self.strength * glow, 0, 1)[..., None] * (np.float32(1) - here)


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw a single flash, or the glitter of water."""
    if not stage.moving:
        return []
    many = rng.random() < 0.5
    count = int(rng.integers(15, 60)) if many else int(rng.integers(1, 5))
    radius = float(np.exp(rng.uniform(*np.log(RADIUS_PX)))) * max(stage.scale, 0.4) * (0.5 if many else 1)
    rays = int(rng.integers(2, 4)) if rng.random() < STARRED else 0
    turn, middle = float(rng.uniform(0, 3.14)), stage.place(rng, 0.4)
    spread = np.array((0.3, 0.12)) * stage.size[::-1]
    return [
        Glint(
            stage, 0.9, np.asarray(middle + rng.normal(0, 1, 2) * spread, np.float32),
            float(rng.integers(0, stage.frames)), 1.0 if rng.random() < 0.75 else 2.0,
            max(radius * float(np.exp(rng.normal(0, 0.3))), 0.7), rays, turn, float(rng.uniform(0.5, 1.2)),
        )
        for _ in range(count)
    ]
