"""Poles, railings, window bars, striped walls and curtains: upright lines of the scene, which are no scratches."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from restore.colour import Float
from restore.scenes.actors import Actor, Stage
from restore.scenes.actors._brush import areas, box_round, is_empty, lay
from restore.scenes.layers import Wave
from restore.scenes.leaves import Rng

SHARE = 0.4
SORTS = ("pole", "pole", "poles", "railing", "bars", "stripes", "curtain")


@dataclass(frozen=True, eq=False)
class Bars:
    """Upright (and some level) bars that stand in the scene, each with light falling off across it."""

    stage: Stage = field(repr=False)
    depth: float
    near: float
    bars: tuple[Float, ...] = field(repr=False)
    """Outlines (4, 2) (x, y) in the scene."""
    tones: tuple[tuple[float, float, float], ...]
    round_: float
    """How much brighter one side of a bar is than the other."""

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t."""
        for bar, tone in zip(self.bars, self.tones, strict=True):
            points = self.stage.carry(bar, t, self.near)
            box = box_round(points, 1, self.stage.size)
            if is_empty(box):
                continue
            left, right = float(points[:, 0].min()), float(points[:, 0].max())
            xs = np.arange(box[1], box[3], dtype=np.float32) - np.float32(left)
            across = 1 + self.round_ * np.cos(xs * np.float32(np.pi / max(right - left, 1)))
            surface = np.clip(across[:, None] * np.array(tone, np.float32), 0, 1)
            lay(picture, box, areas([points], box), np.broadcast_to(surface, (box[2] - box[0], *surface.shape)))


@dataclass(frozen=True, eq=False)
class Curtain:
    """Cloth or boards: brightness that changes across the picture and hardly down it; cloth sways."""

    stage: Stage = field(repr=False)
    depth: float
    left_px: float
    right_px: float
    folds: Float = field(repr=False)
    """(n, 3) wavelength in pixels, phase and strength of each wave."""
    hard: float
    """0 for folds, more for stripes with edges."""
    tone: tuple[float, float, float]
    sway: Wave
    veil: float
    """How much it hides."""

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t."""
        inverse = self.stage.inverse(t)
        h, w = self.stage.size
        ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
        x = np.float32(inverse[0, 0]) * xs + np.float32(inverse[0, 1]) * ys + np.float32(inverse[0, 2])
        down = (ys / h) ** 2 * np.float32(self.sway.at(t))
        wave = np.zeros((h, w), np.float32)
        for length, phase, strength in self.folds:
            wave += strength * np.sin((x + down) * np.float32(2 * np.pi / length) + phase)
        light = 1 + np.tanh(wave * np.float32(1 + self.hard)) * np.float32(0.35)
        edge = np.clip(x - np.float32(self.left_px), 0, 1) * np.clip(np.float32(self.right_px) - x, 0, 1)
        surface = np.clip(light[..., None] * np.array(self.tone, np.float32), 0, 1)
        lay(picture, (0, 0, h, w), edge * np.float32(self.veil), surface)


def tone_of(stage: Stage, rng: Rng, gains: tuple[float, ...] = (0.25, 0.6, 1.3)) -> tuple[float, float, float]:
    """Draw a colour of the scene, made darker or brighter."""
    base = stage.atlas.stuff.palette[int(rng.integers(len(stage.atlas.stuff.palette)))]
    r, g, b = np.clip(base * gains[int(rng.integers(len(gains)))], 0.01, 0.97)
    return float(r), float(g), float(b)


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw one sort of upright things."""
    sort = SORTS[int(rng.integers(len(SORTS)))]
    if sort in ("stripes", "curtain"):
        return [draw_curtain(stage, sort == "stripes", rng)]
    count = {"pole": 1, "poles": int(rng.integers(2, 5)), "railing": int(rng.integers(4, 14))}.get(sort, 2)
    return [draw_bars(stage, sort, count, rng)]


def draw_bars(stage: Stage, sort: str, count: int, rng: Rng) -> Bars:
    """Draw poles here and there, a railing with even gaps, or the frame of a window or door."""
    h, w = stage.size
    low, high = (1.0, 14.0) if sort != "bars" else (4.0, 40.0)
    width = max(float(np.exp(rng.uniform(np.log(low), np.log(high)))) * stage.scale, 0.5)
    gap = max(float(rng.uniform(3, 9)) * width, 4.0)
    first = stage.place(rng, 0.45)
    xs = first[0] + gap * np.arange(count) if sort != "poles" else rng.uniform(-0.5, 0.5, count) * w
    top = -2.0 * h if sort != "railing" or rng.random() < 0.5 else float(rng.uniform(-0.4, 0.1)) * h
    foot = 2.0 * h if rng.random() < 0.7 else float(rng.uniform(0.1, 0.5)) * h
    lean = float(rng.normal(0, 0.012))
    tone = tone_of(stage, rng)
    bars = [upright(float(x), top, foot, width, lean) for x in xs]
    if sort in ("railing", "bars"):
        for y in {top, float(rng.uniform(-0.4, 0.4)) * h}:
            reach = (min(xs) - gap, max(xs) + gap) if sort == "railing" else (-2.0 * w, 2.0 * w)
            bars.append(level(y, reach, width * float(rng.uniform(0.8, 1.6))))
    near = 1 + 0.5 * float(rng.random())
    return Bars(stage, near - 1 + 0.05, near, tuple(bars), (tone,) * len(bars), float(rng.uniform(0, 0.4)))


def upright(x: float, top: float, foot: float, width: float, lean: float) -> Float:
    """Return the outline of an upright bar."""
    a, b = x + lean * top, x + lean * foot
    r = width / 2
    return np.array([[a - r, top], [a + r, top], [b + r, foot], [b - r, foot]], np.float32)


def level(y: float, reach: tuple[float, float], width: float) -> Float:
    """Return the outline of a level bar."""
    (a, b), r = reach, width / 2
    return np.array([[a, y - r], [b, y - r], [b, y + r], [a, y + r]], np.float32)


def draw_curtain(stage: Stage, hard: bool, rng: Rng) -> Curtain:
    """Draw a curtain or a striped wall that covers part of the picture or all of it."""
    w = stage.size[1]
    n = 1 if hard else int(rng.integers(2, 5))
    lengths = np.exp(rng.uniform(np.log(6), np.log(120), n)) * max(stage.scale, 0.4)
    folds = np.stack([lengths, rng.uniform(0, 6.283, n), rng.uniform(0.4, 1, n)], -1).astype(np.float32)
    left, right = sorted(rng.uniform(-0.9, 0.9, 2) * w)
    reach = 0.0 if hard or not stage.moving else float(rng.uniform(1, 10)) * stage.scale
    sway = Wave(reach, 2 * np.pi * reach / float(rng.uniform(20, 80)), float(rng.uniform(0, 6.283)))
    edge = float(rng.uniform(2, 8)) if hard else float(rng.uniform(0, 1))
    tone, veil = tone_of(stage, rng, (0.7, 1.0, 1.3)), float(rng.uniform(0.25, 1.0))
    return Curtain(
        stage, float(rng.uniform(0.02, 0.3)), float(left), float(right), folds, edge, tone, sway, veil
    )
