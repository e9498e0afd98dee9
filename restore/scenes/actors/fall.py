"""Snow, rain, embers, motes and falling leaves: many small things of the scene, each on a way of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from restore.colour import Float
from restore.scenes.actors import Actor, Stage
from restore.scenes.actors._brush import lay, strokes
from restore.scenes.leaves import Rng

SHARE = 0.13
LEVELS = 3
"""Distances: nearer ones are larger, faster and softer."""


@dataclass(frozen=True)
class Weather:
    """How one sort of small things falls; pixels at 2K."""

    name: str
    speed_px: tuple[float, float]
    heading: float
    """0 is to the right, a quarter turn is down."""
    spread: float
    wander_px: float
    width_px: tuple[float, float]
    count: tuple[int, int]
    """On a picture of 192x192."""
    tone: tuple[float, float, float]
    opacity: tuple[float, float]
    blur_px: float
    shutter: float
    """How much of a frame's time each one is smeared over."""


SORTS = (
    #       name     speed        heading spread wander width      count     tone                opacity    blur shut
    Weather("snow",   (3.0, 25.0),  1.57, 0.35,  6.0, (2.5, 10.0), (15, 90), (0.95, 0.96, 1.0), (0.4, 1.0), 0.6, 0.4),
    Weather("snow",   (3.0, 25.0),  1.57, 0.35,  6.0, (2.5, 10.0), (15, 90), (0.95, 0.96, 1.0), (0.4, 1.0), 0.6, 0.4),
    Weather("rain",   (60., 160.),  1.57, 0.06,  0.0, (1.0, 2.5),  (20, 90), (0.85, 0.87, 0.9), (0.15, 0.6), 0.5, 0.5),
    Weather("embers", (3.0, 20.0), -1.57, 0.60,  8.0, (1.5, 5.0),  (5, 40),  (1.0, 0.75, 0.35), (0.6, 1.0), 0.6, 0.5),
    Weather("motes",  (0.3, 4.0),   0.60, 3.00,  5.0, (2.0, 8.0),  (5, 40),  (0.9, 0.9, 0.85),  (0.2, 0.7), 1.2, 0.4),
    Weather("leaves", (4.0, 25.0),  1.30, 0.50, 14.0, (3.0, 10.0), (2, 14),  (0.18, 0.13, 0.07), (0.8, 1.0), 0.5, 0.4),
)


@dataclass(frozen=True, eq=False)
class Fall:
    """Everything of one sort that falls at one distance."""

    stage: Stage = field(repr=False)
    depth: float
    near: float
    at: Float = field(repr=False)
    """(n, 2) (x, y) at time 0."""
    velocity: Float = field(repr=False)
    """(n, 2) pixels a frame."""
    wander: Float = field(repr=False)
    """(n, 3) reach in pixels, radians a frame and phase of its swaying."""
    width_px: float
    tone: tuple[float, float, float]
    opacity: float
    blur_px: float
    shutter: float

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t."""
        h, w = self.stage.size
        ends = np.stack([self.places(t - self.shutter / 2), self.places(t + self.shutter / 2)], 1)
        # What leaves the picture comes in again on the other side, well outside of it.
        span = np.array((w, h), np.float32) * np.float32(1.5)
        home = np.mod(ends[:, :1] + span / 6, span) - span / 6
        lines = list(np.asarray(home + ends - ends[:, :1], np.float32))
        cover = strokes(lines, self.width_px, (0, 0, h, w), self.blur_px)
        lay(picture, (0, 0, h, w), cover * np.float32(self.opacity), self.tone)

    def places(self, t: float) -> Float:
        """Return where each is on the picture (n, 2) (x, y)."""
        moved = self.at + self.velocity * np.float32(t)
        moved[:, 0] += self.wander[:, 0] * np.sin(self.wander[:, 1] * np.float32(t) + self.wander[:, 2])
        return self.stage.carry(moved, t, self.near)


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw one sort of weather."""
    if not stage.moving:
        return []
    sort = SORTS[int(rng.integers(len(SORTS)))]
    total = int(rng.integers(*sort.count)) * stage.size[0] * stage.size[1] / 192**2 * 2.25
    speed = float(np.exp(rng.uniform(*np.log(sort.speed_px)))) * stage.scale
    width = float(np.exp(rng.uniform(*np.log(sort.width_px)))) * max(stage.scale, 0.35)
    heading, opacity = rng.normal(sort.heading, 0.3), float(rng.uniform(*sort.opacity))
    drawn: list[Actor] = []
    for n in range(LEVELS):
        k, count = 1.5 ** (n - 1), max(1, round(total * (0.6, 0.3, 0.1)[n]))
        own = rng.normal(heading, sort.spread, count)
        fast = speed * k * np.exp(rng.normal(0, 0.2, count))
        velocity = fast[:, None] * np.stack([np.cos(own), np.sin(own)], -1)
        wander = np.stack([
            np.abs(rng.normal(0, sort.wander_px * stage.scale * k, count)), rng.uniform(0.05, 0.5, count),
            rng.uniform(0, 6.283, count),
        ], -1)
        at = rng.uniform(-0.75, 0.75, (count, 2)) * stage.size[::-1]
        drawn.append(Fall(
            stage, (0.3, 1.3, 1.8)[n], 1 + 0.3 * n, at.astype(np.float32), velocity.astype(np.float32),
            wander.astype(np.float32), max(width * k, 0.5), sort.tone, opacity, sort.blur_px * (1 + (n == 2)),
            sort.shutter,
        ))
    return drawn
