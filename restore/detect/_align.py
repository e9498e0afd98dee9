"""A window and a frame in, its neighbours laid over it at half size out; frames shown twice are passed over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from restore.colour import Float
from restore.motion import Flow
from restore.motion.proxy import scale_of
from restore.window import Window

Box = tuple[int, int, int, int]
SAME_LEVELS = (10.0, 0.35)
"""Frames whose half-size pictures differ by no more than this anywhere, and on average, are one frame shown twice."""
SAMPLES = 8000
"""Brightness is compared in about this many pixels."""
BLOCK_PX = 32
"""Brightness differences are evened out over blocks of this many half-size pixels."""


@dataclass(frozen=True)
class Laid:
    """A neighbour seen from frame t: where to fetch it, and how much brighter t is than it."""

    frame: int
    flow: Flow
    small: Float
    """(h, w) half-size picture of the neighbour moved onto t, its brightness evened to t's."""
    gain: float
    offset: Float
    """(bh, bw) what is to be added to `gain * neighbour`, one value a block."""


def small(window: Window, t: int) -> Float:
    """Return luma at the size motion is measured at, (h, w) float32 in 8-bit levels, nothing taken out."""
    def make() -> Float:
        grey = window.grey(t)
        if scale_of(window.size) == 1:
            return grey
        h, w = -(-grey.shape[0] // 2), -(-grey.shape[1] // 2)
        return cv2.resize(grey, (w, h), interpolation=cv2.INTER_AREA)

    return window.memo("small", t, make)


def is_same(window: Window, t: int, u: int) -> bool:
    """Tell whether two frames are one frame shown twice (common where film was transferred at another rate)."""
    a, b = min(t, u), max(t, u)

    def make() -> bool:
        gap = cv2.absdiff(cv2.blur(small(window, a), (3, 3)), cv2.blur(small(window, b), (3, 3)))
        return float(gap.max()) <= SAME_LEVELS[0] and float(gap.mean()) <= SAME_LEVELS[1]

    return window.fact("same", (a, b), make)


def others(window: Window, t: int, step: int, reach: int) -> tuple[int, ...]:
    """Return the frames on one side of t (step -1 or 1) in its shot that show something else than the one before them.

    Where all of them show the same (a still shot without grain), all of them are returned.
    """
    shot = window.shot(t, reach)
    out: list[int] = []
    last, u = t, t + step
    while shot.start <= u < shot.stop:
        if not is_same(window, last, u):
            out.append(u)
            last = u
        u += step
    return tuple(out) or tuple(range(t + step, shot.stop if step > 0 else shot.start - 1, step))


@lru_cache(maxsize=8)
def grid(h: int, w: int) -> Float:
    """Return each pixel's own (x, y), (h, w, 2) float32."""
    xs, ys = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    return np.ascontiguousarray(np.dstack([xs, ys]))


def lay(window: Window, t: int, u: int) -> Laid:
    """Return frame u laid over frame t."""
    return window.memo("laid", (t, u, window.preset), lambda: _lay(window, t, u))


def _lay(window: Window, t: int, u: int) -> Laid:
    flow, here = window.flow(t, u), small(window, t)
    at = cv2.add(flow.vectors, grid(*here.shape[:2]))
    # Linear interpolation would blur fine grain of the scene, which then stands out of the sharp frame.
    moved = cv2.remap(small(window, u), at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    gain, shift = tone(here, moved)
    moved = cv2.addWeighted(moved, gain, moved, 0.0, shift)
    uneven = blocks(cv2.subtract(here, moved))
    h, w = here.shape
    moved = cv2.add(moved, cv2.resize(uneven, (w, h), interpolation=cv2.INTER_LINEAR))
    return Laid(u, flow, moved, gain, uneven + np.float32(shift))


def tone(here: Float, there: Float) -> tuple[float, float]:
    """Return (gain, offset) that brings `there` to the brightness of `here`, going by what fits."""
    step = max(1, round((here.size / SAMPLES) ** 0.5))
    a, b = there[::step, ::step].ravel().astype(np.float64), here[::step, ::step].ravel().astype(np.float64)
    keep = np.ones(a.size, bool)
    gain, offset = 1.0, float(np.median(b - a)) if a.size else 0.0
    for _ in range(3):
        left = np.abs(b - gain * a - offset)
        keep = left <= max(2.0, 2.5 * float(np.median(left)))
        spread = float(np.var(a[keep]))
        if spread < 25:
            return 1.0, float(np.median(b - a))
        gain = float(np.mean((a[keep] - a[keep].mean()) * (b[keep] - b[keep].mean()))) / spread
        gain = min(max(gain, 0.5), 2.0)
        offset = float(np.mean(b[keep]) - gain * np.mean(a[keep]))
    return gain, offset


def blocks(gap: Float) -> Float:
    """Return the typical difference (bh, bw) of each block of (h, w), blind to what stands out in it."""
    h, w = gap.shape
    size = (max(1, w // BLOCK_PX), max(1, h // BLOCK_PX))
    limited = np.clip(gap, -10, 10)
    return cv2.blur(cv2.medianBlur(cv2.resize(limited, size, interpolation=cv2.INTER_AREA), 3), (3, 3))
