"""Pictures and a seed in, the same pictures with things flung through them out: too fast for any motion estimate.

Balls, hands, tails and birds that cross the picture in a few frames are seen somewhere else on each of them, blurred,
and often lie over a plain ground: on one frame alone they look like a blotch. They are cut out of the pictures
themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes.shapes import Rng, grid, lobe
from restore.source import PixelFormat, Plane

THINGS = (2, 6)
"""Fewest and most."""
RADIUS_FRAC = (0.004, 0.035)
"""Of the picture's width, log-uniform."""
STEP = (0.4, 4.0)
"""How far they go from one frame to the next, in their own diameters, log-uniform ..."""
STEP_MOST_FRAC = 0.15
"""... but no farther than this share of the picture's width."""
FALL = 0.15
"""Deviation of how much that changes from frame to frame, as a share of it."""
SHUTTER = (0.2, 0.95)
"""Share of a frame's time for which the picture was taken: the rest is no blur."""
MOMENTS = 12
"""A blurred picture is the mean of so many."""
TURN_RAD = 0.3
TONE_LEVELS = 70.0
"""Deviation of how much brighter or darker they are than what they were cut out of, in 8-bit levels."""


@dataclass(frozen=True)
class Thing:
    """Something that flies."""

    alpha: Float
    """(s, s) how much of the ground it hides, 0 to 1."""
    tone: Float
    """(s, s) its luma in 8-bit levels."""
    at: Float
    """(x, y) of its middle at the time `when`."""
    step: Float
    """(x, y) it goes a frame then."""
    fall: Float
    """(x, y) that this changes by a frame."""
    turn: float
    """Radians a frame."""
    when: float
    shutter: float

    def moments(self, t: int) -> Iterator[tuple[Float, float]]:
        """Yield where it is, and how it is turned, while frame t is taken."""
        for k in range(MOMENTS):
            dt = np.float32(t - self.when + self.shutter * (k / (MOMENTS - 1) - 0.5))
            yield self.at + self.step * dt + self.fall * (dt * dt / 2), self.turn * float(dt)

    def over(self, picture: Float, t: int) -> None:
        """Lay it over the picture (H, W) of frame t."""
        path = list(self.moments(t))
        side, (h, w) = self.alpha.shape[0], picture.shape
        places = np.array([at for at, _ in path])
        (left, top), (right, bottom) = places.min(0) - side, places.max(0) + side
        x0, x1 = (int(np.clip(v, 0, w)) for v in (left, right + 1))
        y0, y1 = (int(np.clip(v, 0, h)) for v in (top, bottom + 1))
        if x1 <= x0 or y1 <= y0:
            return
        cover, tone = np.zeros((y1 - y0, x1 - x0), np.float32), np.zeros((y1 - y0, x1 - x0), np.float32)
        for (x, y), angle in path:
            to = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), float(np.degrees(angle)), 1.0)
            to[:, 2] += (float(x) - (side - 1) / 2 - x0, float(y) - (side - 1) / 2 - y0)
            cover += cv2.warpAffine(self.alpha, to, (x1 - x0, y1 - y0))
            tone += cv2.warpAffine(self.alpha * self.tone, to, (x1 - x0, y1 - y0))
        at = np.s_[y0:y1, x0:x1]
        picture[at] = picture[at] * (1 - cover / MOMENTS) + tone / MOMENTS


def log_uniform(low: float, high: float, rng: Rng) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw_thing(picture: Float, frames: int, rng: Rng) -> Thing:
    """Draw something that is before the picture (H, W), which it is cut out of, on one of the frames."""
    h, w = picture.shape
    radius = log_uniform(*RADIUS_FRAC, rng) * w
    side = min(int(np.ceil(4 * radius)) | 1, min(h, w) - 1)
    ys, xs = grid(side, rng)
    soft = max(1.0, 0.15 * radius)
    alpha = np.clip(lobe(ys, xs, radius, rng) / np.float32(soft) + np.float32(0.5), 0, 1)
    top, left = int(rng.integers(0, h - side + 1)), int(rng.integers(0, w - side + 1))
    cut = picture[top : top + side, left : left + side]
    tone = np.clip(cut + np.float32(rng.normal(0, TONE_LEVELS)), 4, 251)
    far = min(log_uniform(*STEP, rng) * 2 * radius, STEP_MOST_FRAC * w)
    heading = rng.uniform(0, 2 * np.pi)
    step = np.array([np.cos(heading), np.sin(heading)], np.float32) * np.float32(far)
    return Thing(
        alpha.astype(np.float32), tone.astype(np.float32), rng.uniform((0, 0), (w, h)).astype(np.float32), step,
        rng.normal(0, FALL * far, 2).astype(np.float32), float(rng.normal(0, TURN_RAD)),
        float(rng.uniform(2, max(frames - 3, 2))), float(rng.uniform(*SHUTTER)),
    )


def flung(pictures: Sequence[tuple[Plane, ...]], pixels: PixelFormat, seed: int) -> list[tuple[Plane, ...]]:
    """Return pictures whose first plane, luma, a few things cross; the other planes stay."""
    rng = np.random.default_rng((seed, 62))
    scale = np.float32(255 / pixels.peak)
    first = pictures[0][0].astype(np.float32) * scale
    things = [draw_thing(first, len(pictures), rng) for _ in range(int(rng.integers(THINGS[0], THINGS[1] + 1)))]
    out = []
    for t, (luma, *rest) in enumerate(pictures):
        picture = luma.astype(np.float32) * scale
        for thing in things:
            thing.over(picture, t)
        out.append((np.clip(np.rint(picture / scale), 0, pixels.peak).astype(luma.dtype), *rest))
    return out
