"""A random generator and a size in, what befalls photographs and paper out: cracks, folds, scratches, foxing."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes import wear
from restore.scenes.actors._brush import strokes
from restore.scenes.shapes import Rng, Stamp, clouds

CRACK = wear.STILL_LABELS["crack"]
FOLD = wear.STILL_LABELS["fold"]
CRACK_WIDTH_PX = (0.6, 3.5)
"""At 2K, log-uniform."""
SCRATCH_WIDTH_PX = (0.6, 4.0)
MOST_BRANCHES = 30
Tone = tuple[float, float, float]


def walk(at: Float, heading: float, length_px: float, bend: float, rng: Rng) -> Float:
    """Return points (n, 2) (x, y) of a line that strays: `bend` radians a step, with a kink now and then."""
    n = max(int(length_px / 3), 3)
    turns, headings = rng.normal(0, bend, n) + rng.normal(0, 5 * bend, n) * (rng.random(n) < 0.12), np.empty(n)
    # A crack strays about its direction, it does not curl up.
    strayed = 0.0
    for i in range(n):
        strayed = 0.88 * strayed + float(turns[i])
        headings[i] = heading + strayed
    steps = np.stack([np.cos(headings), np.sin(headings)], -1) * 3
    return np.asarray(at + np.cumsum(steps, 0), np.float32)


def crack_paths(size: tuple[int, int], rng: Rng) -> list[tuple[Float, float]]:
    """Draw a crack with its branches: lines (n, 2) (x, y), and how wide each is against the trunk."""
    h, w = size
    at = np.asarray(rng.uniform(-0.1, 1.1, 2) * (w, h), np.float32)
    toward = float(np.arctan2(h / 2 - at[1], w / 2 - at[0])) + float(rng.normal(0, 0.7))
    waiting = [(at, toward, float(rng.uniform(0.3, 1.6)) * max(h, w), 1.0)]
    drawn: list[tuple[Float, float]] = []
    while waiting and len(drawn) < MOST_BRANCHES:
        start, heading, length, wide = waiting.pop(0)
        path = walk(start, heading, length, 0.2, rng)
        drawn.append((path, wide))
        for _ in range(int(rng.poisson(min(length / 70, 3.0))) if wide > 0.4 else 0):
            n = int(rng.integers(1, len(path)))
            along = path[n] - path[n - 1]
            turn = float(np.arctan2(along[1], along[0])) + float(rng.choice((-1, 1)) * rng.uniform(0.4, 1.4))
            waiting.append((path[n], turn, length * float(rng.uniform(0.15, 0.5)), wide * 0.7))
    return drawn


def worn(size: tuple[int, int], least: float, rng: Rng) -> Float:
    """Return how much of a line is left at each place (H, W): it comes and goes."""
    field = clouds(max(size), rng, 5)[: size[0], : size[1]]
    return np.clip(np.float32(1.2) + np.float32(0.8) * field, least, 1)


def lined(paths: list[tuple[Float, float]], width_px: float, size: tuple[int, int], blur_px: float) -> Float:
    """Return the opacity (H, W) of lines of several widths."""
    out = np.zeros(size, np.float32)
    for wide in sorted({k for _, k in paths}):
        lines = [path for path, k in paths if k == wide]
        out = np.maximum(out, strokes(lines, max(width_px * wide, 0.4), (0, 0, *size), blur_px))
    return out


def draw_crack(size: tuple[int, int], scale: float, base: Tone, rng: Rng) -> list[Stamp]:
    """Draw a crack of the emulsion: the bright base shows in it, and a lifted edge throws a shadow on one side."""
    paths = crack_paths(size, rng)
    width = max(float(np.exp(rng.uniform(*np.log(CRACK_WIDTH_PX)))) * scale, 0.5)
    core = lined(paths, width, size, 0.45) * worn(size, 0.15, rng)
    aside = rng.normal(0, 1, 2)
    aside *= (0.5 * width + 0.6) / max(float(np.hypot(*aside)), 0.1)
    move = np.array([[1, 0, aside[0]], [0, 1, aside[1]]])
    rim = cv2.warpAffine(cv2.GaussianBlur(core, (0, 0), 0.6), move, size[::-1]) * np.float32(rng.uniform(0.2, 0.9))
    tone: Tone = base if rng.random() < 0.8 else (0.06, 0.05, 0.04)
    dark = Stamp(0, 0, np.clip(rim, 0, 1), (0.05, 0.04, 0.03), CRACK)
    return [dark, Stamp(0, 0, np.clip(core * np.float32(rng.uniform(0.7, 1.3)), 0, 1), tone, CRACK)]


def draw_fold(size: tuple[int, int], scale: float, base: Tone, rng: Rng) -> list[Stamp]:
    """Draw a fold: a nearly straight line where the picture has come off in flakes."""
    h, w = size
    level = rng.random() < 0.5
    heading = float(rng.normal(0, 0.06)) + (0.0 if level else np.pi / 2)
    middle = rng.uniform(0.1, 0.9, 2) * (w, h)
    far = 1.6 * max(h, w)
    start = middle - np.array((np.cos(heading), np.sin(heading))) * far / 2
    path = walk(np.asarray(start, np.float32), heading, far, 0.008, rng)
    width = max(float(np.exp(rng.uniform(np.log(0.8), np.log(4.0)))) * scale, 0.8)
    near = strokes([path], 2 * width, (0, 0, h, w), width)
    lost = np.clip((near * 1.5 + np.float32(0.45) * clouds(max(size), rng, 6)[:h, :w] - 1) * 4, 0, 1) * (near > 0.1)
    core = np.maximum(strokes([path], width, (0, 0, h, w), 0.5) * worn(size, 0.3, rng), lost)
    soft = cv2.GaussianBlur(core, (0, 0), 0.5)
    shadow = strokes([path + np.float32(width)], 2 * width, (0, 0, h, w), width) * np.float32(rng.uniform(0, 0.35))
    return [
        Stamp(0, 0, shadow, (0.05, 0.04, 0.03), FOLD),
        Stamp(0, 0, np.clip(soft * np.float32(rng.uniform(0.7, 1.1)), 0, 1), base, FOLD),
    ]


def draw_any_scratch(size: tuple[int, int], scale: float, base: Tone, rng: Rng) -> list[Stamp]:
    """Draw a scratch in any direction, straight or a shallow curve, or a scuff of several side by side."""
    h, w = size
    at, heading = np.asarray(rng.uniform(0, 1, 2) * (w, h), np.float32), float(rng.uniform(0, 2 * np.pi))
    length, bend = float(np.exp(rng.uniform(np.log(0.1), np.log(1.5)))) * max(h, w), float(rng.exponential(0.01))
    n = max(int(length / 3), 3)
    headings = heading + bend * np.arange(n) + np.cumsum(rng.normal(0, 0.01, n))
    path = at + np.cumsum(np.stack([np.cos(headings), np.sin(headings)], -1), 0) * 3
    count = 1 if rng.random() < 0.75 else int(rng.integers(2, 7))
    across = np.array((-np.sin(heading), np.cos(heading)))
    lines = [np.asarray(path + across * rng.normal(0, 6 * scale) * (count > 1), np.float32) for _ in range(count)]
    width = max(float(np.exp(rng.uniform(*np.log(SCRATCH_WIDTH_PX)))) * scale, 0.45)
    alpha = strokes(lines, width, (0, 0, h, w), 0.45) * worn(size, 0.1, rng) * np.float32(rng.uniform(0.3, 1))
    tone: Tone = base if rng.random() < 0.75 else (0.05, 0.05, 0.05)
    return [Stamp(0, 0, alpha, tone, wear.SCRATCH_LABEL)]


def draw_foxing(size: tuple[int, int], scale: float, rng: Rng) -> list[Stamp]:
    """Draw the brown spots of old paper, in a cluster: soft, darker in the middle."""
    drawn = []
    middle, reach = rng.uniform(0, 1, 2) * size, float(rng.uniform(0.1, 0.6)) * max(size)
    warm = float(rng.uniform(0.25, 0.5))
    for _ in range(int(rng.integers(2, 25))):
        r = max(float(np.exp(rng.normal(np.log(6), 0.7))) * scale, 1.2)
        side = ceil(3 * r) * 2 + 1
        ys, xs = np.mgrid[0:side, 0:side].astype(np.float32) - np.float32(side // 2)
        ragged = 1 + 0.25 * clouds(side, rng, 3)
        far = np.hypot(ys, xs) / np.float32(r) * ragged
        alpha = np.float32(rng.uniform(0.2, 0.75)) * np.exp(-(far**3))
        y, x = middle + rng.normal(0, reach, 2)
        drawn.append(Stamp(round(float(y)) - side // 2, round(float(x)) - side // 2, alpha.astype(np.float32),
                           (1.35 * warm, 0.85 * warm, 0.45 * warm), wear.LASTING["stain"]))
    return drawn


def draw_tidemark(size: tuple[int, int], rng: Rng) -> Float:
    """Return what is left of the light (H, W, 3) where water dried: darker at its rim; tonal, not a loss."""
    side = max(size)
    field = cv2.GaussianBlur(clouds(side, rng, 3), (0, 0), 0.02 * side)[: size[0], : size[1]]
    level = float(np.quantile(field, rng.uniform(0.5, 0.9)))
    inside = np.clip((field - np.float32(level)) * 12, 0, 1)
    rim = np.exp(-np.square((field - np.float32(level)) * np.float32(25)))
    dark = np.float32(rng.uniform(0.03, 0.12)) * inside + np.float32(rng.uniform(0.05, 0.2)) * rim
    return np.asarray(1 - dark[..., None] * np.array((0.7, 1.0, 1.4), np.float32), np.float32)
