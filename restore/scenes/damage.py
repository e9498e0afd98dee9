"""Clean planes in, the same planes with film damage and the exact mask of it out; any frame without those before it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from restore import colour
from restore.colour import Float
from restore.frames import Bits, support
from restore.noise import grain_sigma
from restore.scenes import wear
from restore.scenes.lasting import Lasting, draw_dead_pixels, draw_stain, laid
from restore.scenes.native import levels, middle
from restore.scenes.particles import GateHair, draw_gate_hair, draw_particles, gate_stamp
from restore.scenes.scratches import Scratch, draw_scratch, render
from restore.scenes.shapes import Stamp
from restore.source import PixelFormat, Plane

FAINT = 0.004
"""Opacities below this change no 8-bit level."""
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Damaged:
    """One frame with damage on it."""

    planes: tuple[Plane, ...]
    """The clean planes' own samples outside `support(mask)`; alpha untouched."""
    mask: Bits
    """(H, W): luma pixels that really changed, by more than two 8-bit levels and more than the grain."""
    labels: Labels
    """(H, W): `wear.LABELS` of the thing on top, 0 where `mask` is False."""


@dataclass(frozen=True)
class History:
    """What befalls a film as a whole."""

    dark: bool
    """Whether most of its damage is dark."""
    scratches: tuple[Scratch, ...]
    gate: tuple[GateHair, ...]
    wanted: tuple[tuple[wear.Kind, float], ...]
    """Kinds of particles, each with its mean count a frame."""
    lasting: tuple[Lasting, ...] = ()
    """What stays at its place of the screen; only where it was asked for."""


@dataclass(frozen=True)
class Damage:
    """Film damage as a pure function of (seed, frame), with the statistics of `wear`."""

    seed: int
    size: tuple[int, int]
    """(H, W) in pixels; lengths follow the width."""
    severity: float = 0.4
    """0 is a film that was cared for, 1 one that was not."""
    kinds: tuple[str, ...] = wear.KINDS
    film_frames: int = 100
    damaged_frac: float | None = None
    """Aim for this share of damaged pixels over the film by scaling the counts; None for what severity gives."""

    def __post_init__(self) -> None:
        """Refuse kinds that do not exist and severities that mean nothing."""
        known = (*wear.KINDS, *wear.EXTRA_KINDS)
        unknown = sorted(set(self.kinds) - set(known))
        if unknown:
            raise ValueError(f"damage of kind {unknown[0]!r} was asked for; there are {', '.join(known)}")
        if not 0 <= self.severity <= 1 or self.film_frames < 1:
            raise ValueError(f"severity {self.severity} must lie in 0 to 1, and {self.film_frames} frames be 1 or more")

    @property
    def history(self) -> History:
        """What befalls the film as a whole; drawn once."""
        return draw_history(self)

    def stamps(self, t: int) -> list[Stamp]:
        """Return everything that lies on frame t, lowest first."""
        film = self.history
        lines = (render(s, t, self.size) for s in film.scratches if s.start <= t < s.stop)
        out = [s for s in lines if s is not None]
        out += draw_particles((self.seed, 2), t, self.size, film.wanted, film.dark)
        return out + [gate_stamp(g, t) for g in film.gate if g.start <= t < g.stop] + laid(film.lasting, t)

    def apply(self, planes: tuple[Plane, ...], t: int, pixels: PixelFormat) -> Damaged:
        """Damage the planes of frame t, (h, w) each in code values of 8 to 16 bit; the planes are not written to.

        Raises ValueError where the planes are not of `size`.
        """
        if planes[0].shape != self.size:
            raise ValueError(f"planes of {planes[0].shape} were given to damage drawn for {self.size}")
        return lay(planes, pixels, compose_stamps(self.stamps(t), self.size))


@lru_cache(maxsize=64)
def draw_history(damage: Damage) -> History:
    """Draw what befalls the film as a whole."""
    dark = bool(np.random.default_rng((damage.seed, 0)).random() < wear.DARK_CLIPS)
    kinds = tuple(k for k in wear.PARTICLES if k.name in damage.kinds)
    h, w = damage.size
    frames_2k = h * w / (w / wear.WIDTH_2K_PX) ** 2 / wear.FRAME_2K_PX
    means = tuple(frames_2k * (k.count[0] + k.count[1] * damage.severity) for k in kinds)
    scratches = draw_scratches(damage, dark) if "scratch" in damage.kinds else ()
    if damage.damaged_frac is not None and kinds:
        shown = sum(m * k.mean_area(wear.scale_of(w)) for k, m in zip(kinds, means, strict=True))
        left = max(damage.damaged_frac - scratched_frac(scratches, damage), 0.0) * h * w
        means = tuple(m * left / (shown * wear.SHOWS) for m in means)
    gate = draw_gate(damage) if "gate_hair" in damage.kinds else ()
    return History(dark, scratches, gate, tuple(zip(kinds, means, strict=True)), draw_lasting(damage))


def draw_scratches(damage: Damage, dark: bool) -> tuple[Scratch, ...]:
    """Draw a film's scratches: as many as its severity asks for, or up to half of `damaged_frac`."""
    rng = np.random.default_rng((damage.seed, 1))
    lives = (damage.film_frames + wear.SCRATCH_LIFE_FRAMES) / wear.SCRATCH_LIFE_FRAMES
    n = int(rng.poisson(wear.SCRATCHES_ALIVE * damage.severity * lives))
    drawn = [draw_scratch((damage.seed, 1, i), damage.film_frames, damage.size, dark) for i in range(n)]
    while damage.damaged_frac and drawn and scratched_frac(tuple(drawn), damage) > 0.5 * damage.damaged_frac:
        drawn.pop()
    return tuple(drawn)


def scratched_frac(scratches: tuple[Scratch, ...], damage: Damage) -> float:
    """Return the share of a film's pixels that scratches lie on."""
    on, off = wear.SCRATCH_RUN
    px = sum(
        (s.stop - s.start) * (s.width_px * 1.6) * (on / (on + off) if s.broken else 1.0)
        * (wear.SCRATCH_INTERMITTENT_ON if s.intermittent else 1.0)
        for s in scratches
    )
    return px / (damage.film_frames * damage.size[1])


def draw_gate(damage: Damage) -> tuple[GateHair, ...]:
    """Draw the hairs that stick in the gate during a film."""
    rng = np.random.default_rng((damage.seed, 3))
    n = int(rng.poisson(damage.severity * damage.film_frames / wear.GATE_EVERY_FRAMES))
    return tuple(draw_gate_hair((damage.seed, 3, i), damage.film_frames, damage.size) for i in range(n))


def draw_lasting(damage: Damage) -> tuple[Lasting, ...]:
    """Draw what stays at its place of the screen, of the kinds asked for: a few of each, more with severity."""
    rng = np.random.default_rng((damage.seed, 4))
    drawn: list[Lasting] = []
    stains, dead = (1 + int(rng.poisson(4 * damage.severity)) for _ in range(2))
    if "stain" in damage.kinds:
        scale = wear.scale_of(damage.size[1])
        drawn += [draw_stain(damage.size, damage.film_frames, scale, rng) for _ in range(stains)]
    if "dead_pixel" in damage.kinds:
        drawn += draw_dead_pixels(dead, damage.size, damage.film_frames, rng)
    return tuple(drawn)


@dataclass(frozen=True)
class Layer:
    """Everything that lies on one frame, as one: the picture is scaled by `left`, and `added` is put on top."""

    left: Float
    """(H, W)."""
    added: Float
    """(H, W, 3) red, green and blue."""
    labels: Labels
    touched: Bits


def compose_stamps(stamps: list[Stamp], size: tuple[int, int]) -> Layer:
    """Lay stamps over each other, first one lowest."""
    left, added = np.ones(size, np.float32), np.zeros((*size, 3), np.float32)
    labels, touched = np.zeros(size, np.uint8), np.zeros(size, bool)
    for s in stamps:
        y, x = max(s.y0, 0), max(s.x0, 0)
        alpha = s.alpha[y - s.y0 : max(size[0] - s.y0, 0), x - s.x0 : max(size[1] - s.x0, 0)]
        if not alpha.size:
            continue
        here = np.s_[y : y + alpha.shape[0], x : x + alpha.shape[1]]
        if not s.additive:
            left[here] *= 1 - alpha
            added[here] *= (1 - alpha)[..., None]
        added[here] += alpha[..., None] * np.array(s.tone, np.float32)
        seen = np.abs(alpha) > FAINT
        labels[here][seen] = s.label
        touched[here] |= seen
    return Layer(left, added, labels, touched)


def lay(planes: tuple[Plane, ...], pixels: PixelFormat, layer: Layer) -> Damaged:
    """Apply a layer to native planes, and keep only what really changes the picture."""
    at = np.nonzero(layer.touched)
    luma_planes = range(3 if pixels.family == "rgb" else 1)
    matrix, black, white = levels(pixels)
    left, added = layer.left[at], layer.added[at]
    clean = [planes[p][at] for p in luma_planes]
    fresh = [changed(clean[p], left, added @ matrix[p], black[p], white[p], pixels) for p in luma_planes]
    least = max(wear.FAINTEST, grain_sigma(colour.grey(planes, pixels))) * pixels.peak / 255
    seen = np.max([np.abs(fresh[p].astype(np.float32) - clean[p]) for p in luma_planes], 0) > least
    mask = np.zeros(planes[0].shape, bool)
    mask[at] = seen
    out = list(planes)
    for p in luma_planes:
        out[p] = planes[p].copy()
        out[p][mask] = fresh[p][seen]
    for p in range(len(luma_planes), pixels.colour_planes):
        out[p] = lay_chroma(planes[p], support(mask, pixels, p), layer, matrix[p], white[p], pixels, p)
    return Damaged(tuple(out), mask, layer.labels * mask)


def changed(
    clean: Plane, left: Float, added: Float, black: float, white: float, pixels: PixelFormat, centre: float = 0.0
) -> Plane:
    """Return damaged code values of samples (n,): light is scaled to nominal 0 to 1 (or about `centre`)."""
    zero = centre if centre else black
    value = (clean.astype(np.float32) - np.float32(zero)) * left + added * np.float32(white - black)
    low, high = (0.0, pixels.peak) if centre else (black, white)
    return colour.to_codes(np.clip(value + np.float32(zero), low, high), pixels)


def lay_chroma(
    plane: Plane, where: Bits, layer: Layer, weights: Float, span: float, pixels: PixelFormat, p: int
) -> Plane:
    """Damage the chroma samples under `where` (h, w): each by the mean over the luma pixels it covers."""
    ys, xs = np.nonzero(where)
    sy, sx = pixels.shift(p)
    left, added = np.zeros(ys.size, np.float32), np.zeros((ys.size, 3), np.float32)
    for dy in range(1 << sy):
        for dx in range(1 << sx):
            y = np.minimum((ys << sy) + dy, layer.left.shape[0] - 1)
            x = np.minimum((xs << sx) + dx, layer.left.shape[1] - 1)
            left += layer.left[y, x]
            added += layer.added[y, x]
    n = np.float32(1 << (sy + sx))
    out = plane.copy()
    out[ys, xs] = changed(plane[ys, xs], left / n, added @ weights / n, 0.0, span, pixels, middle(pixels))
    return out
