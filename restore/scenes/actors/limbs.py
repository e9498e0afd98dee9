"""Arms, legs, sticks and spokes that swing fast: thin dark or bright bars, smeared, elsewhere on every frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from restore.colour import Float
from restore.scenes.actors import Actor, Stage
from restore.scenes.actors._brush import areas, box_round, is_empty, lay
from restore.scenes.layers import Wave
from restore.scenes.leaves import Rng

SHARE = 0.18
WIDTH_PX = (3.0, 32.0)
"""Width at the shoulder, at 2K, log-uniform."""
SLENDER = (5.0, 16.0)
"""Length of a bar over its width."""
SHUTTER = (-0.24, -0.12, 0.0, 0.12, 0.24)
SKIN = ((0.80, 0.62, 0.52), (0.55, 0.38, 0.28), (0.92, 0.78, 0.70), (0.10, 0.10, 0.12), (0.9, 0.9, 0.88))


@dataclass(frozen=True, eq=False)
class Limb:
    """Bars hinged end to end, each swinging about the one before it."""

    stage: Stage = field(repr=False)
    depth: float
    at: Float
    walk: Float
    """(x, y) pixels a frame the first hinge moves."""
    rest: tuple[float, ...]
    """Angle of each bar at rest, from the one before it."""
    swings: tuple[Wave, ...]
    lengths_px: tuple[float, ...]
    width_px: float
    tone: tuple[float, float, float]

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t, smeared over the time the shutter is open."""
        shapes = [[self.stage.carry(p, t + dt, 1.2) for p in self.bars(t + dt)] for dt in SHUTTER]
        box = box_round(np.concatenate([p for shape in shapes for p in shape]), 1, self.stage.size)
        if not is_empty(box):
            lay(picture, box, np.mean([areas(shape, box) for shape in shapes], 0), self.tone)

    def bars(self, t: float) -> list[Float]:
        """Return the outline (n, 2) (x, y) of each bar in the scene at time t."""
        hinge, angle, wide, drawn = self.at + self.walk * np.float32(t), 0.0, self.width_px / 2, []
        for rest, swing, length in zip(self.rest, self.swings, self.lengths_px, strict=True):
            angle += rest + swing.at(t)
            along = np.array((np.cos(angle), np.sin(angle)))
            across = np.array((-along[1], along[0]))
            end, thin = hinge + along * length, 0.7 * wide
            nose = end + along * thin
            corners = (hinge + across * wide, end + across * thin, nose, end - across * thin, hinge - across * wide)
            drawn.append(np.asarray(np.stack(corners), np.float32))
            hinge, wide = np.asarray(end, np.float32), thin
        return drawn


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw one to four limbs of somebody."""
    if not stage.moving:
        return []
    at = stage.place(rng, 0.5)
    width = max(float(np.exp(rng.uniform(*np.log(WIDTH_PX)))) * stage.scale, 1.0)
    tone = SKIN[int(rng.integers(len(SKIN)))]
    return [draw_limb(stage, np.asarray(at + rng.normal(0, 2 * width, 2), np.float32), width, tone, rng)
            for _ in range(int(rng.integers(1, 5)))]


def draw_limb(stage: Stage, at: Float, width: float, tone: tuple[float, float, float], rng: Rng) -> Limb:
    """Draw one limb: one bar is a stick or a spoke, two or three an arm or a leg."""
    joints = int(rng.integers(1, 4))
    length = width * float(rng.uniform(*SLENDER)) / np.sqrt(joints)
    beat = float(np.exp(rng.uniform(np.log(0.08), np.log(1.0))))
    swings = tuple(
        Wave(reach, reach * beat, float(rng.uniform(0, 6.283))) for reach in rng.uniform(0.2, 1.4, joints).tolist()
    )
    rest = (float(rng.uniform(0, 6.283)), *(float(rng.normal(0, 0.6)) for _ in range(joints - 1)))
    walk = rng.normal(0, 3 * stage.scale, 2).astype(np.float32)
    at = np.asarray(at - walk * stage.frames / 2, np.float32)
    return Limb(stage, float(rng.uniform(0.5, 1.5)), at, walk, rest, swings, (length,) * joints, width, tone)
