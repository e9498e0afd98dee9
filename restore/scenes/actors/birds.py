"""Birds and insects that cross the picture, flapping: small dark shapes, elsewhere on every frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from restore.colour import Float
from restore.scenes.actors import Actor, Stage
from restore.scenes.actors._brush import areas, box_round, is_empty, lay
from restore.scenes.leaves import Rng

SHARE = 0.16
SPAN_PX = (8.0, 60.0)
"""Wing span at 2K, log-uniform."""
SHUTTER = (-0.25, 0.0, 0.25)


@dataclass(frozen=True, eq=False)
class Bird:
    """One bird on a nearly straight way."""

    stage: Stage = field(repr=False)
    depth: float
    at: Float
    velocity: Float
    """(x, y) pixels a frame."""
    span_px: float
    beat: float
    """Radians a frame."""
    phase: float
    bob_px: float
    tone: tuple[float, float, float]

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t."""
        shapes = [[self.stage.carry(p, t + dt) for p in self.outlines(t + dt)] for dt in SHUTTER]
        box = box_round(np.concatenate([p for shape in shapes for p in shape]), 1, self.stage.size)
        if not is_empty(box):
            lay(picture, box, np.mean([areas(shape, box) for shape in shapes], 0), self.tone)

    def outlines(self, t: float) -> list[Float]:
        """Return body and wings (n, 2) (x, y) in the scene at time t."""
        half, lift = self.span_px / 2, np.sin(self.beat * t + self.phase)
        middle = self.at + self.velocity * t + np.array((0.0, self.bob_px * lift))
        ahead = np.sign(self.velocity[0]) or 1.0
        angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        body = np.stack([0.3 * half * np.cos(angle), 0.1 * half * np.sin(angle)], -1)
        drawn = [body]
        for side in (-1.0, 1.0):
            tip = np.array((side * half * (0.6 + 0.4 * abs(np.cos(self.beat * t + self.phase))), -0.7 * half * lift))
            elbow = 0.5 * tip + np.array((0.0, -0.18 * half))
            drawn.append(np.stack([np.array((0.12 * half * ahead, 0)), elbow, tip, 0.5 * tip + (0, 0.06 * half),
                                   np.array((-0.12 * half * ahead, 0.05 * half))]))
        return [np.asarray(p + middle, np.float32) for p in drawn]


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw one bird or a flock, somewhere on the picture at mid-clip."""
    if not stage.moving:
        return []
    heading = rng.normal(0, 0.5) + np.pi * rng.integers(0, 2)
    speed = float(np.exp(rng.uniform(np.log(3), np.log(40)))) * stage.scale
    velocity = np.array((np.cos(heading), np.sin(heading))) * speed
    span = float(np.exp(rng.uniform(*np.log(SPAN_PX)))) * max(stage.scale, 0.3)
    dark = rng.random() < 0.8
    level = float(rng.uniform(0.02, 0.2) if dark else rng.uniform(0.75, 0.95))
    flock: list[Actor] = []
    for _ in range(1 if rng.random() < 0.5 else int(rng.integers(2, 8))):
        own = np.asarray(velocity * rng.normal(1, 0.1) + rng.normal(0, 0.05, 2) * speed, np.float32)
        at = stage.place(rng, 0.5) - own * stage.frames / 2
        size = max(span * float(np.exp(rng.normal(0, 0.2))), 3.0)
        flock.append(Bird(
            stage, float(rng.uniform(0.05, 1.4)), np.asarray(at, np.float32), own, size, float(rng.uniform(0.4, 2.2)),
            float(rng.uniform(0, 6.283)), 0.05 * size, (level, level, level),
        ))
    return flock
