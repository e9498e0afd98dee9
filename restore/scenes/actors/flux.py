"""Water, foliage in the wind, smoke and moving shadows: places where the picture changes without anything moving on."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes.actors import Actor, Stage
from restore.scenes.leaves import Rng
from restore.scenes.shapes import clouds

SHARE = 0.14
SORTS = ("water", "water", "foliage", "smoke", "shadow")
TILE = 96
"""Side of the noise that smoke and shadows are made of; it is shown larger."""


@dataclass(frozen=True, eq=False)
class Ripple:
    """A place whose picture is bent by waves that run through it."""

    stage: Stage = field(repr=False)
    depth: float
    cover: Float = field(repr=False)
    """(H, W) how much of each place belongs to it."""
    waves: Float = field(repr=False)
    """(n, 6): reach in pixels along x and y, wave numbers along x and y, radians a frame, phase."""
    shine: float
    """How much crests and troughs differ in light."""

    def play(self, picture: Float, t: float) -> None:
        """Bend the picture of time t, in place."""
        h, w = self.stage.size
        ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
        dx, dy, light = (np.zeros((h, w), np.float32) for _ in range(3))
        for reach_x, reach_y, across, down, beat, phase in self.waves:
            wave = np.sin(across * xs + down * ys + np.float32(beat * t + phase))
            dx += reach_x * wave
            dy += reach_y * wave
            light += wave
        xs, ys = xs + dx * self.cover, ys + dy * self.cover
        bent = cv2.remap(picture, xs, ys, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT)
        lit = 1 + np.float32(self.shine / np.sqrt(len(self.waves))) * light * self.cover
        picture[:] = np.clip(bent * lit[..., None], 0, 1)


@dataclass(frozen=True, eq=False)
class Veil:
    """Smoke or a shadow: two sheets of noise that drift apart, laid over the picture."""

    stage: Stage = field(repr=False)
    depth: float
    sheets: tuple[Float, Float] = field(repr=False)
    drift: Float = field(repr=False)
    """(2, 2) (x, y) pixels a frame of each."""
    scale: float
    """Pixels of the picture a sample of the noise is shown on."""
    level: float
    hides: float
    sharp: float

    def play(self, picture: Float, t: float) -> None:
        """Lay itself over the picture of time t."""
        h, w = self.stage.size
        both = np.zeros((h, w), np.float32)
        for sheet, drift in zip(self.sheets, self.drift, strict=True):
            shift = np.array([[self.scale, 0, drift[0] * t], [0, self.scale, drift[1] * t]], np.float32)
            both += cv2.warpAffine(sheet, shift, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        cover = np.float32(self.hides) * np.clip(np.float32(0.3) + np.float32(self.sharp) * both, 0, 1)
        picture += cover[..., None] * (np.float32(self.level) - picture)


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw one of them."""
    if not stage.moving:
        return []
    sort = SORTS[int(rng.integers(len(SORTS)))]
    if sort in ("smoke", "shadow"):
        return [draw_veil(stage, sort == "shadow", rng)]
    return [draw_ripple(stage, sort == "water", rng)]


def draw_ripple(stage: Stage, water: bool, rng: Rng) -> Ripple:
    """Draw a sheet of water below a shore, or leaves in the wind: shorter waves in all directions."""
    (h, w), scale = stage.size, max(stage.scale, 0.35)
    n = int(rng.integers(3, 7))
    length = np.exp(rng.uniform(np.log(8), np.log(90 if water else 40), n)) * scale
    heading = rng.normal(np.pi / 2, 0.35, n) if water else rng.uniform(0, 2 * np.pi, n)
    reach = np.minimum(rng.uniform(0.02, 0.1, n) * length, 5 * scale + 0.5)
    way = rng.normal(0, 0.5, n) if water else heading
    waves = np.stack([
        reach * np.cos(way), reach * np.sin(way), 2 * np.pi / length * np.cos(heading),
        2 * np.pi / length * np.sin(heading), rng.uniform(0.1, 1.2, n) * rng.choice((-1, 1), n),
        rng.uniform(0, 6.283, n),
    ], -1)
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    if water:
        cover = np.clip((ys - np.float32(rng.uniform(-0.3, 0.7) * h)) / np.float32(rng.uniform(1, 30)), 0, 1)
    else:
        y, x, r = rng.uniform(0, h), rng.uniform(0, w), rng.uniform(0.3, 0.8) * max(h, w)
        cover = np.clip(2 - 2 * np.hypot(ys - y, xs - x) / r, 0, 1)
    shine = float(rng.uniform(0, 0.15 if water else 0.08))
    return Ripple(stage, float(rng.uniform(0.01, 0.6)), cover.astype(np.float32), waves.astype(np.float32), shine)


def draw_veil(stage: Stage, shadow: bool, rng: Rng) -> Veil:
    """Draw smoke, steam or fog, or the shadow of leaves."""
    sheets = clouds(TILE, rng, 5 if shadow else 4), clouds(TILE, rng, 4)
    drift = rng.normal(0, 6, (2, 2)) * max(stage.scale, 0.3)
    level = float(rng.uniform(0.0, 0.06) if shadow else rng.uniform(0.4, 0.95))
    hides = float(rng.uniform(0.2, 0.6) if shadow else rng.uniform(0.2, 0.8))
    scale = float(rng.uniform(1.5, 6)) * max(stage.size) / TILE
    sharp = float(rng.uniform(0.5, 3) if shadow else rng.uniform(0.1, 0.4))
    return Veil(stage, float(rng.uniform(0.3, 1.6)), sheets, drift.astype(np.float32), scale, level, hides, sharp)
