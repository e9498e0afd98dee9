"""A clip's seed and a frame number in, the particles lying on that frame out; and hairs that stick in the gate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restore.colour import Float
from restore.scenes import wear
from restore.scenes.shapes import Rng, Stamp, blotch, draw_path, flake, hair, hair_path, shade

Tone = tuple[float, float, float]


@dataclass(frozen=True)
class GateHair:
    """A hair that stays where it is while the film runs."""

    start: int
    stop: int
    seed: tuple[int, ...]
    stamp: Stamp


def tone_of(dark: bool, rng: Rng) -> Tone:
    """Return the colour of dirt: black to grey, hardly warm; or of a sparkle: white."""
    level = float(rng.uniform(*(wear.DARK_TONE if dark else wear.BRIGHT_TONE)))
    warm = float(rng.uniform(0, 0.04)) if dark else 0.0
    return (min(level + warm, 1.0), level, max(level - warm, 0.0))


def is_dark(dark_clip: bool, rng: Rng) -> bool:
    """Draw a particle's polarity."""
    return dark_clip == bool(rng.random() < wear.DOMINANT)


def draw_area(kind: wear.Kind, scale: float, rng: Rng) -> float:
    """Draw a visible area in pixels of the picture at hand."""
    return kind.area(float(rng.normal()), scale)


def shape(kind: wear.Kind, scale: float, rng: Rng) -> Float:
    """Draw the opacity (h, w) of a particle, 1 in its core."""
    area, edge = draw_area(kind, scale, rng), float(rng.uniform(*wear.EDGE_PX))
    if kind.name == "blotch":
        return blotch(area, edge, rng)
    if kind.width_px[1]:
        return hair(area, max(float(rng.uniform(*kind.width_px)) * scale, 0.8), edge, rng)
    pieces = 1 if kind.name == "dust" and rng.random() < 0.7 else int(rng.integers(1, 5))
    return flake(area, edge, pieces, rng)


def dress(kind: wear.Kind, alpha: Float, y: float, x: float, dark: bool, rng: Rng) -> list[Stamp]:
    """Give a shape its opacity and tone: the stamps of one particle."""
    y0, x0 = round(y - alpha.shape[0] / 2), round(x - alpha.shape[1] / 2)
    if kind.name != "blotch":
        return [Stamp(y0, x0, alpha * np.float32(rng.beta(*wear.OPACITY)), tone_of(dark, rng), kind.label)]
    opacity = np.float32(rng.uniform(*wear.BLOTCH_OPACITY))
    if rng.random() < wear.EMULSION_LOSS:
        core = Stamp(y0, x0, alpha * opacity, tone_of(False, rng), kind.label)
        width = 0.05 * float(np.sqrt(alpha.sum()))
        return [core, Stamp(y0, x0, shade(alpha, width) * opacity, tone_of(True, rng), kind.label)]
    return [Stamp(y0, x0, alpha * opacity, tone_of(dark, rng), kind.label)]


def places(n: int, size: tuple[int, int], rng: Rng) -> Float:
    """Draw n places (n, 2) (y, x): dirt comes in clouds."""
    rows, columns = wear.CLUSTER_CELLS
    density = np.exp(rng.normal(0, wear.CLUSTERING, rows * columns))
    cell = rng.choice(rows * columns, n, p=density / density.sum())
    at = np.stack([cell // columns, cell % columns], -1) + rng.uniform(-0.25, 1.25, (n, 2))
    return np.clip(at / (rows, columns), 0, 1).astype(np.float32) * np.array(size, np.float32)


def draw_particles(
    seed: tuple[int, ...], t: int, size: tuple[int, int], wanted: tuple[tuple[wear.Kind, float], ...], dark: bool,
    whole_px: int = 0,
) -> list[Stamp]:
    """Draw what lies on frame t; `wanted` is each kind with its mean count, `whole_px` the width this is a piece of."""
    rng = np.random.default_rng((*seed, t))
    scale = wear.scale_of(whole_px or size[1])
    stamps: list[Stamp] = []
    for kind, mean in wanted:
        n = int(rng.poisson(rng.gamma(wear.DISPERSION, mean / wear.DISPERSION)))
        for y, x in places(n, size, rng):
            stamps += dress(kind, shape(kind, scale, rng), float(y), float(x), is_dark(dark, rng), rng)
    return stamps


def draw_gate_hair(seed: tuple[int, ...], film_frames: int, size: tuple[int, int], whole_px: int = 0) -> GateHair:
    """Draw a hair that reaches into the picture from its top or bottom edge, and when it does.

    `whole_px` is the width of the picture this is a piece of.
    """
    rng = np.random.default_rng(seed)
    scale = wear.scale_of(whole_px or size[1])
    start = int(rng.integers(0, film_frames))
    stop = min(film_frames, start + int(rng.integers(*wear.GATE_LIFE_FRAMES)))
    path = hair_path(max(float(rng.uniform(*wear.GATE_LENGTH_PX)) * scale, 8.0), rng)
    alpha, _ = draw_path(path, max(float(rng.uniform(2.0, 4.0)) * scale, 1.0), 1.2)
    y = float(rng.choice((0, size[0]))) + float(rng.uniform(-0.25, 0.25)) * alpha.shape[0]
    x = float(rng.uniform(0.05, 0.95)) * size[1]
    y0, x0 = round(y - alpha.shape[0] / 2), round(x - alpha.shape[1] / 2)
    stamp = Stamp(y0, x0, alpha * np.float32(0.95), tone_of(True, rng), wear.LABELS["gate_hair"])
    return GateHair(start, stop, seed, stamp)


def gate_stamp(gate: GateHair, t: int) -> Stamp:
    """Return the hair on frame t: it trembles a little."""
    rng = np.random.default_rng((*gate.seed, t))
    dy, dx = np.rint(rng.uniform(-wear.GATE_JITTER_PX, wear.GATE_JITTER_PX, 2)).astype(int)
    s = gate.stamp
    return Stamp(s.y0 + int(dy), s.x0 + int(dx), s.alpha, s.tone, s.label)
