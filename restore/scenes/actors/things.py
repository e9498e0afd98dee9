"""Objects with textures and outlines of their own that move and hide one another; balls that fly."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes.actors import Actor, Stage
from restore.scenes.actors._brush import areas, box_round, is_empty, lay
from restore.scenes.atlas import Cut, draw_cut
from restore.scenes.layers import STANDS, SWAY_FRAMES, Motion, Wave, draw_speed, sway, travel
from restore.scenes.leaves import Rng, outline

SHARE = 0.85
MOST = 5
SIZE = (0.08, 0.6)
"""Radius over the shorter side of the picture at hand, log-uniform."""
BALLS = 0.2
ROUNDED = 0.6
"""Share of objects shaded towards their edge."""


@dataclass(frozen=True, eq=False)
class Thing:
    """A body with an outline, cut out of the atlas."""

    stage: Stage = field(repr=False)
    depth: float
    near: float
    at: Float
    motion: Motion
    points: Float = field(repr=False)
    cut: Cut = field(repr=False)
    bulge: float
    """How much darker its edge is than its middle."""

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t."""
        place = np.eye(3)
        place[:2, 2] = self.at
        matrix = self.stage.matrix(t, self.near) @ place @ self.motion.matrix(t)
        points = np.asarray(self.points @ matrix[:2, :2].T + matrix[:2, 2], np.float32)
        box = box_round(points, 1, self.stage.size)
        if is_empty(box):
            return
        cover = areas([points], box)
        surface = self.cut.over(np.asarray(np.linalg.inv(matrix), np.float64), box)
        if self.bulge:
            depth = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
            far = np.float32(0.12 * float(np.ptp(self.points, 0).min()) + 1)
            surface *= (1 - np.float32(self.bulge) * np.exp(-depth / far))[..., None]
        lay(picture, box, cover, np.clip(surface, 0, 1))


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw one to several objects, and now and then a ball."""
    drawn: list[Actor] = [draw_thing(stage, rng) for _ in range(int(rng.integers(1, MOST + 1)))]
    if rng.random() < BALLS:
        drawn.append(draw_ball(stage, rng))
    return drawn


def draw_thing(stage: Stage, rng: Rng) -> Thing:
    """Draw one object."""
    r = float(np.exp(rng.uniform(*np.log(SIZE)))) * min(stage.size)
    motion = Motion()
    if stage.moving and rng.random() >= STANDS:
        y, x = travel(draw_speed(stage.scale, rng), rng.uniform(0.05, 0.3) * stage.frame_px[1], rng)
        frames = rng.uniform(*SWAY_FRAMES)
        motion = Motion(y, x, sway(0.09, frames, rng), sway(0.1, frames, rng))
    at = stage.place(rng, 0.6)
    settle = np.array((motion.x.at(0), motion.y.at(0)), np.float32)
    depth = float(rng.uniform(0.1, 1))
    bulge = float(rng.uniform(0.1, 0.5)) if rng.random() < ROUNDED else 0.0
    cut = draw_cut(stage.atlas, (0.4, 1.6), rng, gain=0.25)
    return Thing(stage, depth, 1 + 0.5 * depth, at - settle, motion, outline(r, rng), cut, bulge)


@dataclass(frozen=True, eq=False)
class Ball:
    """A small ball on its way: what a speck of dirt must not be taken for."""

    stage: Stage = field(repr=False)
    depth: float
    at: Float
    motion: Motion
    radius_px: float
    tone: tuple[float, float, float]

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t, smeared by its own speed."""
        places = [self.stage.carry((self.at + self.shift(t + dt))[None], t + dt)[0] for dt in (-0.2, 0.0, 0.2)]
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = self.radius_px * np.stack([np.cos(angle), np.sin(angle)], -1)
        box = box_round(np.stack(places), self.radius_px, self.stage.size)
        if is_empty(box):
            return
        cover = np.mean([areas([np.asarray(p + ring, np.float32)], box) for p in places], 0)
        ys, xs = np.mgrid[box[0] : box[2], box[1] : box[3]].astype(np.float32)
        light = np.clip(0.75 - 0.35 * (xs - places[1][0] + ys - places[1][1]) / np.float32(self.radius_px), 0.15, 1.1)
        lay(picture, box, cover, np.clip(light[..., None] * np.array(self.tone, np.float32), 0, 1))

    def shift(self, t: float) -> Float:
        """Return how far it has come (2,) (x, y)."""
        y = self.motion.y.at(t)
        return np.array((self.motion.x.at(t), -abs(y) if self.motion.bounce else y), np.float32)


def draw_ball(stage: Stage, rng: Rng) -> Ball:
    """Draw a ball that is somewhere on the picture at the start."""
    fast = float(rng.uniform(4, 30)) * stage.scale * stage.moving
    wide, high = rng.uniform(0.2, 0.45) * stage.frame_px[1], rng.uniform(0.1, 0.35) * stage.frame_px[0]
    motion = Motion(
        Wave(high if fast else 0, fast, rng.uniform(0, 6.283)), Wave(wide if fast else 0, fast, rng.uniform(0, 6.283)),
        bounce=bool(rng.random() < 0.5),
    )
    tones = ((0.95, 0.95, 0.9), (0.8, 0.85, 0.2), (0.08, 0.08, 0.1), (0.75, 0.2, 0.15))
    tone = tones[int(rng.integers(len(tones)))]
    ball = Ball(stage, 1.1, stage.place(rng, 0.45), motion, max(float(rng.uniform(3, 14)) * stage.scale, 1.2), tone)
    return Ball(stage, 1.1, ball.at - ball.shift(stage.frames / 2), motion, ball.radius_px, tone)
