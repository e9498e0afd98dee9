"""A seed and a film's length in, scratches out: when they live, where they run on each frame, how they look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from restore.colour import Float
from restore.scenes import wear
from restore.scenes.shapes import Rng, Stamp

Profile = Literal["gaussian", "cosine", "flanked"]
KNOTS = 2
"""Points of the wander a frame: a scratch is one line over the whole film, so it also bends within the picture."""


@dataclass(frozen=True)
class Scratch:
    """One scratch over its whole life."""

    seed: tuple[int, ...]
    start: int
    stop: int
    x_px: float
    """Column at mid-height when it begins."""
    drift_px: float
    tilt: float
    """Columns a row."""
    wander_px: Float = field(repr=False)
    """(n,) offsets, KNOTS a frame."""
    width_px: float
    profile: Profile
    amplitude: float
    """Signed, 1 is the whole range."""
    opaque: bool
    tint: tuple[float, float, float]
    broken: bool
    intermittent: bool

    def column(self, t: int, rows: int, seen: tuple[int, int] | None = None) -> Float:
        """Return its column (rows,) on frame t, or those of the rows `seen` (first, one past the last)."""
        y = np.arange(*(seen or (0, rows)), dtype=np.float32)
        at = (t - self.start + y / rows) * KNOTS
        wander = np.interp(at, np.arange(self.wander_px.size), self.wander_px)
        return np.asarray(
            self.x_px + self.drift_px * (t - self.start) + self.tilt * (y - rows / 2) + wander, np.float32
        )


def wander(frames: int, std_px: float, rng: Rng) -> Float:
    """Return an Ornstein-Uhlenbeck path (KNOTS a frame), begun in its stationary state."""
    n = frames * KNOTS + 2
    keep = float(np.exp(-1 / (wear.SCRATCH_WANDER_FRAMES * KNOTS)))
    kicks = rng.normal(0, std_px * np.sqrt(1 - keep**2), n)
    path, x = np.empty(n, np.float32), rng.normal(0, std_px)
    for i in range(n):
        x = keep * x + kicks[i]
        path[i] = x
    return path


def draw_scratch(
    seed: tuple[int, ...], film_frames: int, size: tuple[int, int], dark: bool, whole_px: int = 0
) -> Scratch:
    """Draw one scratch of a film; `dark` is the polarity most of them have, `whole_px` the width this is a piece of."""
    rng = np.random.default_rng(seed)
    scale = wear.scale_of(whole_px or size[1])
    life = max(1, round(rng.exponential(wear.SCRATCH_LIFE_FRAMES)))
    begins = int(rng.integers(1 - life, film_frames))
    start, stop = max(0, begins), min(film_frames, begins + life)
    low, high = np.log(wear.SCRATCH_WIDTH_PX)
    width = float(np.exp(rng.uniform(low, high))) * (2 if rng.random() < wear.SCRATCH_WIDE else 1)
    sign = -1 if dark == (rng.random() < wear.DOMINANT) else 1
    tint = rng.choice(len(wear.SCRATCH_TINTS)) if rng.random() < wear.SCRATCH_TINTED else -1
    low, high = np.log(wear.SCRATCH_WANDER_PX)
    return Scratch(
        seed, start, stop,
        x_px=float(rng.uniform(0.02, 0.98) * size[1]),
        drift_px=float(rng.normal(0, wear.SCRATCH_DRIFT_PX)) * scale * int(rng.integers(0, 2)),
        tilt=float(np.tan(np.radians(rng.normal(0, wear.SCRATCH_TILT_DEG)))),
        wander_px=wander(stop - start, float(np.exp(rng.uniform(low, high))) * scale, rng),
        width_px=max(width * scale, 1.0),
        profile=("gaussian", "cosine", "flanked")[rng.choice(3, p=(0.5, 0.2, 0.3))],
        amplitude=sign * float(rng.uniform(*wear.SCRATCH_AMPLITUDE)),
        opaque=bool(rng.random() < wear.SCRATCH_OPAQUE),
        tint=wear.SCRATCH_TINTS[tint] if tint >= 0 else (1.0, 1.0, 1.0),
        broken=bool(rng.random() < wear.SCRATCH_BROKEN),
        intermittent=bool(rng.random() < wear.SCRATCH_INTERMITTENT),
    )


def cross_section(profile: Profile, u: Float) -> Float:
    """Return the strength at distance u, in widths, from the middle: 1 there, signed.

    "cosine" is the damped cosine that light bent at the edge of a groove leaves (Kokaram, EUSIPCO 1996).
    """
    if profile == "gaussian":
        return np.exp(-np.square(u) * np.float32(2.77))
    if profile == "cosine":
        return np.asarray(0.15 ** np.abs(u) * np.cos(1.5 * np.pi * u) * (np.abs(u) < 3), np.float32)
    flank = np.exp(-np.square((np.abs(u) - 0.9) / np.float32(0.35)))
    return np.asarray(np.exp(-np.square(u / np.float32(0.45))) - 0.45 * flank, np.float32)


def uneven(rows: int, std: float, rng: Rng) -> Float:
    """Return noise (rows,) that changes every few rows."""
    knots = rng.normal(0, std, max(rows // 4, 2))
    return np.asarray(np.interp(np.linspace(0, knots.size - 1, rows), np.arange(knots.size), knots), np.float32)


def along(scratch: Scratch, rows: int, rng: Rng) -> Float:
    """Return the strength (rows,) along a scratch on one frame: a slow fade, fine unevenness, breaks."""
    knots = rng.normal(0, 0.35, 6)
    fade = np.interp(np.linspace(0, 5, rows), np.arange(6), knots)
    strength = np.clip(1 + fade + uneven(rows, 0.12, rng), 0.15, 1.4)
    if scratch.broken:
        on, y = bool(rng.random() < wear.SCRATCH_RUN[0] / sum(wear.SCRATCH_RUN)), 0
        while y < rows:
            run = max(2, round(rng.exponential(wear.SCRATCH_RUN[0 if on else 1] * rows)))
            if not on:
                strength[y : y + run] = 0
            on, y = not on, y + run
        ramp = np.hanning(2 * max(2, rows // 30) + 3)[1:-1]
        strength = np.convolve(np.pad(strength, ramp.size // 2, "edge"), ramp / ramp.sum(), "valid")
    return np.asarray(strength, np.float32)


def render(scratch: Scratch, t: int, size: tuple[int, int], whole: tuple[int, int] | None = None) -> Stamp | None:
    """Return the scratch on frame t, or None where it does not show there.

    `whole` is (first row seen, rows of the whole picture) where (H, W) `size` is a piece of a picture.
    """
    rng = np.random.default_rng((*scratch.seed, t))
    if scratch.intermittent and rng.random() > wear.SCRATCH_INTERMITTENT_ON:
        return None
    top, rows = whole or (0, size[0])
    column = scratch.column(t, rows, (top, top + size[0]))
    reach = 3 * scratch.width_px + 1
    x0 = max(0, int(np.floor(column.min() - reach)))
    x1 = min(size[1], int(np.ceil(column.max() + reach)) + 1)
    if x0 >= x1:
        return None
    column += uneven(size[0], min(wear.SCRATCH_RAGGED * scratch.width_px, 0.4), rng)
    u = (np.arange(x0, x1, dtype=np.float32) - column[:, None]) / np.float32(scratch.width_px)
    strength = along(scratch, rows, rng)[top : top + size[0], None]
    if scratch.opaque:
        # A groove with a flat floor hides the picture; its colour is the base's or the light's.
        alpha = np.clip(1.6 * np.exp(-np.square(u) * np.float32(2.77)) * strength, 0, 1) * np.float32(0.95)
        level = 0.97 if scratch.amplitude > 0 else 0.04
        tone = tuple(level * c for c in scratch.tint) if scratch.amplitude > 0 else (level,) * 3
        return Stamp(0, x0, alpha.astype(np.float32), (tone[0], tone[1], tone[2]), wear.SCRATCH_LABEL)
    alpha = cross_section(scratch.profile, u) * strength * np.float32(scratch.amplitude)
    return Stamp(0, x0, alpha.astype(np.float32), scratch.tint, wear.SCRATCH_LABEL, additive=True)
