"""Titles, subtitles, rolling credits, signs and handwriting: strokes that are meant to be there."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.scenes.actors import IN_FRONT, Actor, Stage
from restore.scenes.actors._brush import SUPER, lay
from restore.scenes.leaves import Rng

SHARE = 0.11
HEIGHT_PX = (14.0, 110.0)
"""Of a capital at 2K, log-uniform."""
FONTS = tuple(range(8))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzeeaaoiinnttrrss"
SIGNS = "0123456789.,:;!?-'()&"
SORTS = ("title", "title", "subtitle", "credits", "sign", "card", "writing")
LATE = 0.25
"""Share of titles that come or go during the clip."""


@dataclass(frozen=True, eq=False)
class Title:
    """Lettering on the screen, or on something in the scene."""

    stage: Stage = field(repr=False)
    depth: float
    cover: npt.NDArray[np.uint8] = field(repr=False)
    """(h, w), SUPER times as large as it is shown."""
    at: Float
    roll_px: Float
    """(x, y) pixels a frame."""
    in_scene: bool
    start: float
    stop: float
    tone: tuple[float, float, float]
    shadow_px: float
    card: float
    """How much of the picture behind it is black."""
    opacity: float

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t."""
        if not self.start <= t < self.stop:
            return
        h, w = self.stage.size
        if self.card:
            picture *= np.float32(1 - self.card)
            picture += np.float32(0.03 * self.card)
        if self.shadow_px:
            dark = self.laid(t, self.shadow_px) * np.float32(0.85)
            lay(picture, (0, 0, h, w), dark, (0.02, 0.02, 0.02))
        lay(picture, (0, 0, h, w), self.laid(t, 0) * np.float32(self.opacity), self.tone)

    def laid(self, t: float, aside_px: float) -> Float:
        """Return its coverage of the picture (H, W) at time t."""
        h, w = self.stage.size
        middle = np.eye(3)
        middle[:2, 2] = (w - 1) / 2, (h - 1) / 2
        place = np.eye(3)
        place[:2, 2] = self.at + self.roll_px * t + aside_px
        rows, columns = self.cover.shape
        small = np.array([[1 / SUPER, 0, -columns / 2 / SUPER], [0, 1 / SUPER, -rows / 2 / SUPER], [0, 0, 1]])
        matrix = (self.stage.matrix(t) if self.in_scene else middle) @ place @ small
        shown = cv2.warpAffine(self.cover, matrix[:2], (w, h), flags=cv2.INTER_LINEAR)
        return shown.astype(np.float32) / np.float32(255)


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw one piece of lettering."""
    sort = SORTS[int(rng.integers(len(SORTS)))]
    tall = max(float(np.exp(rng.uniform(*np.log(HEIGHT_PX)))) * stage.scale, 5.0)
    few = sort in ("title", "subtitle")
    lines = 1 if sort == "sign" else int(rng.integers(1, 3) if few else rng.integers(2, 9))
    cover = written(stage, tall, lines, rng) if sort == "writing" else lettered(stage, tall, lines, rng)
    rolls = (sort == "credits") or (sort == "title" and rng.random() < 0.15)
    roll = np.array((0.0, -float(rng.uniform(0.5, 8))) if rng.random() < 0.8 else (-float(rng.uniform(1, 10)), 0.0))
    late = rng.random() < LATE
    start, stop = (float(rng.integers(0, stage.frames)), np.inf) if late and rng.random() < 0.5 else (-np.inf, np.inf)
    stop = float(rng.integers(1, stage.frames + 1)) if late and start == -np.inf else stop
    bright = sort == "card" or rng.random() < 0.8
    level = float(rng.uniform(0.8, 1.0) if bright else rng.uniform(0.0, 0.2))
    tone = (level, level, level * (0.35 if bright and rng.random() < 0.15 else 1))
    at = stage.place(rng, 0.25)
    return [Title(
        stage, 0.4 if sort == "sign" else IN_FRONT, cover, at, np.asarray(roll * stage.scale * rolls, np.float32),
        sort == "sign", start, stop, tone,
        float(rng.uniform(0.5, 2.5)) * max(stage.scale, 0.4) * (bright and sort != "card" and rng.random() < 0.5),
        float(rng.uniform(0.9, 1)) if sort == "card" else 0.0, float(rng.uniform(0.7, 1)),
    )]


def lettered(stage: Stage, tall_px: float, lines: int, rng: Rng) -> npt.NDArray[np.uint8]:
    """Return lettering (h, w), SUPER times as large as it is shown, soft at its edges."""
    font = FONTS[int(rng.integers(len(FONTS)))]
    size = SUPER * tall_px / 21.0
    thick = max(1, round(SUPER * tall_px * float(rng.uniform(0.05, 0.22))))
    across = int(np.clip(2 * stage.size[1] / tall_px, 3, 30))
    texts = [sentence(int(rng.integers(2, across + 1)), rng) for _ in range(lines)]
    wide = [cv2.getTextSize(text, font, size, thick)[0][0] for text in texts]
    step = int(1.7 * SUPER * tall_px)
    canvas = np.zeros((step * lines + step, max(wide) + 4 * thick + 8), np.uint8)
    for n, text in enumerate(texts):
        at = ((canvas.shape[1] - wide[n]) // 2, step * (n + 1))
        cv2.putText(canvas, text, at, font, size, 255, thick, cv2.LINE_AA)
    return soften(canvas)


def sentence(letters: int, rng: Rng) -> str:
    """Draw words of no language."""
    drawn = "".join(LETTERS[int(i)] for i in rng.integers(0, len(LETTERS), letters))
    spaced = "".join(c + (" " if rng.random() < 0.2 else "") for c in drawn)
    if rng.random() < 0.3:
        spaced += SIGNS[int(rng.integers(len(SIGNS)))] * int(rng.integers(1, 3))
    return spaced.upper() if rng.random() < 0.4 else spaced


def written(stage: Stage, tall_px: float, lines: int, rng: Rng) -> npt.NDArray[np.uint8]:
    """Return handwriting (h, w): loops that run on."""
    step, wide = int(2.2 * SUPER * tall_px), int(SUPER * stage.size[1] * 0.9)
    canvas = np.zeros((step * (lines + 1), wide), np.uint8)
    thick = max(1, round(SUPER * tall_px * float(rng.uniform(0.04, 0.12))))
    for n in range(lines):
        x = np.arange(0.05 * wide, rng.uniform(0.5, 0.95) * wide, 0.12 * SUPER * tall_px)
        beat = np.cumsum(rng.uniform(0.5, 1.2, x.size))
        height = SUPER * tall_px * np.interp(np.arange(x.size), np.arange(0, x.size + 3, 3),
                                             rng.uniform(0.15, 0.6, x.size // 3 + 2)[: len(range(0, x.size + 3, 3))])
        points = np.stack([x + 0.6 * height * np.sin(beat + 1), step * (n + 1) + height * np.cos(beat)], -1)
        for word in np.array_split(points, max(1, x.size // 14)):
            cv2.polylines(canvas, [np.rint(word[:-1] * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)
    return soften(canvas)


def soften(canvas: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Blur lettering so that it can be shown at its real size without jagged edges."""
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 0.5 * SUPER), np.uint8)
