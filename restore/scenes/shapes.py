"""A random generator and a size in, the opacity of one particle out: flakes, hairs and blotches on a small canvas."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes import wear

Rng = np.random.Generator
LENS_GROWTH_PX = 1.0
"""What the lens adds to the visible width of a small particle; taken off before it."""
SUPER = 4
"""Hairs are drawn this many times larger and reduced."""


@dataclass(frozen=True)
class Stamp:
    """One thing lying on a frame."""

    y0: int
    x0: int
    alpha: Float
    """(h, w) float32, 0 to 1: how much of the picture it hides; for an additive stamp, its signed strength."""
    tone: tuple[float, float, float]
    """Red, green and blue of the thing, 0 to 1; for an additive stamp what strength 1 adds to them."""
    label: int
    additive: bool = False
    """Added to the picture, so that detail survives, instead of hiding it."""


def rank_level(field: Float, area_px: float) -> float:
    """Return the level that just `area_px` samples of a field exceed."""
    n = int(np.clip(round(area_px), 1, field.size - 1))
    return float(np.partition(field.ravel(), field.size - n - 1)[field.size - n - 1])


def grid(side: int, rng: Rng) -> tuple[Float, Float]:
    """Return y and x (side, side) about a centre placed at random within a pixel."""
    cy, cx = (side - 1) / 2 + rng.uniform(-0.5, 0.5, 2)
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32)
    return np.asarray(ys - cy, np.float32), np.asarray(xs - cx, np.float32)


def lobe(ys: Float, xs: Float, radius_px: float, rng: Rng) -> Float:
    """Return how far inside (px, negative outside) a ragged, elongated, rotated outline each sample lies."""
    aspect = float(np.exp(rng.normal(0, wear.ELONGATION)))
    turn = rng.uniform(0, np.pi)
    u = (xs * np.cos(turn) + ys * np.sin(turn)) / np.sqrt(aspect)
    v = (-xs * np.sin(turn) + ys * np.cos(turn)) * np.sqrt(aspect)
    angle = np.arctan2(v, u)
    outline = np.ones_like(angle)
    for n in range(2, 7):
        outline += rng.normal(0, 0.32 / n) * np.cos(n * angle + rng.uniform(0, 6.283))
    return np.asarray(radius_px * np.maximum(outline, 0.25) - np.hypot(u, v), np.float32)


def flake(area_px: float, edge_px: float, pieces: int, rng: Rng) -> Float:
    """Return the opacity (h, w) of a speck of dust or dirt that shows on `area_px` pixels: one to four lobes."""
    radius = np.sqrt(area_px / np.pi)
    side = int(np.ceil(4.5 * radius + 2 * edge_px)) + 3
    ys, xs = grid(side, rng)
    field = lobe(ys, xs, radius, rng)
    for _ in range(pieces - 1):
        dy, dx = rng.normal(0, 0.55 * radius, 2)
        field = np.maximum(field, lobe(ys - np.float32(dy), xs - np.float32(dx), radius * rng.uniform(0.3, 0.8), rng))
    level = rank_level(field, max(np.sqrt(area_px) - LENS_GROWTH_PX, 1.0) ** 2)
    # The core must be reached even where the whole speck is hardly wider than its edge.
    rise = min(2 * edge_px, max(0.6 * (float(field.max()) - level), 0.2))
    sharp = np.pad(np.clip((field - level) / np.float32(rise) + np.float32(0.25), 0, 1), 1)
    return cv2.GaussianBlur(sharp, (0, 0), wear.LENS_PX)


def hair_path(length_px: float, rng: Rng) -> Float:
    """Return points (n, 2) (y, x), about a pixel apart, of a strand that bends slowly, with a few kinks."""
    n = max(int(length_px), 4)
    knots = rng.normal(0, 1, max(n // 12, 4))
    curvature = np.interp(np.linspace(0, knots.size - 1, n), np.arange(knots.size), knots)
    curvature = curvature - 0.6 * curvature.mean()
    heading = np.cumsum(curvature) * wear.HAIR_BEND / n * np.sqrt(knots.size)
    for _ in range(rng.poisson(wear.HAIR_KINKS)):
        heading[rng.integers(1, n) :] += rng.normal(0, 0.7)
    heading += rng.uniform(0, 2 * np.pi)
    step = length_px / n
    return np.stack([np.cumsum(np.sin(heading)), np.cumsum(np.cos(heading))], -1).astype(np.float32) * np.float32(step)


def draw_path(path: Float, width_px: float, edge_px: float) -> tuple[Float, Float]:
    """Return the opacity (h, w) of a strand along `path`, thinner at its ends, and the (y, x) of its canvas."""
    margin = width_px + 2 * edge_px + 2
    corner = np.floor(path.min(0) - margin)
    h, w = (int(v) for v in np.ceil(path.max(0) + margin) - corner)
    canvas = np.zeros((h * SUPER, w * SUPER), np.uint8)
    points = np.rint((path - corner + 0.5)[:, ::-1] * SUPER * 16).astype(np.int32)
    along = np.linspace(-1, 1, len(points))
    taper = np.maximum(1 - np.abs(along) ** 8, 0.4) * (1 + 0.12 * np.sin(9 * along + 1))
    for i in range(0, len(points) - 1, 2):
        thick = max(1, round(SUPER * width_px * float(taper[i])))
        cv2.polylines(canvas, [points[i : i + 3]], False, 255, thick, cv2.LINE_8, 4)
    small = cv2.resize(canvas, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    return cv2.GaussianBlur(small, (0, 0), max(0.35 * edge_px, 0.2)), corner.astype(np.float32)


def hair(area_px: float, width_px: float, edge_px: float, rng: Rng) -> Float:
    """Return the opacity (h, w) of a hair that shows on about `area_px` pixels."""
    width_px = max(min(width_px, np.sqrt(area_px) / 4), 0.8)
    shown = 1.3 * width_px + 1.0 * edge_px
    return draw_path(hair_path(max(area_px / shown, 4.0), rng), width_px, edge_px)[0]


def clouds(side: int, rng: Rng, octaves: int = 4) -> Float:
    """Return smooth noise (side, side) of several scales, about unit variance."""
    out = np.zeros((side, side), np.float32)
    for o in range(octaves):
        cells = 3 << o
        if cells > side:
            break
        knots = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        out += cv2.resize(knots, (side, side), interpolation=cv2.INTER_CUBIC) * np.float32(0.6**o)
    return out


def blotch(area_px: float, edge_px: float, rng: Rng) -> Float:
    """Return the opacity (h, w) of a stain with a ragged, fingered edge that shows on `area_px` pixels."""
    radius = np.sqrt(area_px / np.pi)
    side = int(np.ceil(5 * radius)) + 4
    ys, xs = grid(side, rng)
    far = np.hypot(ys, xs) / np.float32(radius)
    field = np.float32(rng.uniform(*wear.BLOTCH_RAGGED)) * clouds(side, rng, 5) - np.square(far)
    shape = (field > rank_level(field, area_px)).astype(np.float32)
    soft = np.clip(cv2.GaussianBlur(shape, (0, 0), 0.5 * edge_px) * np.float32(1.3) - np.float32(0.15), 0, 1)
    return soft * np.clip(np.float32(0.85) + np.float32(0.12) * clouds(side, rng, 5), 0.3, 1)


def shade(alpha: Float, width_px: float) -> Float:
    """Return the opacity (h, w) of the shadow along one side of a shape, inside it: the edge of lifted emulsion."""
    n = max(1, round(width_px))
    inner = cv2.GaussianBlur(np.pad(alpha, ((n, 0), (n, 0)))[:-n, :-n], (0, 0), max(0.5 * width_px, 0.5))
    return np.clip(alpha - inner, 0, 1)
