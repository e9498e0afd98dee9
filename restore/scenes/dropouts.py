"""A seed and a video frame in, the dropouts of a worn tape out: short bright or dark dashes along lines."""

from __future__ import annotations

import numpy as np

from restore.scenes import wear
from restore.scenes.shapes import Stamp

LINES = (1, 5)
LENGTH_PX = (20.0, 300.0)
"""On a picture 720 pixels wide."""
WIDTH_SD_PX = 720
BRIGHT = 0.75


def draw_dropouts(seed: tuple[int, ...], t: int, mean: float, size: tuple[int, int], whole_px: int) -> list[Stamp]:
    """Draw the dropouts of frame t, `mean` on average: each begins sharply and dies away in a comet's tail."""
    rng = np.random.default_rng((*seed, t))
    drawn = []
    for _ in range(int(rng.poisson(mean))):
        lines = int(rng.integers(*LINES))
        length = max(4, round(float(np.exp(rng.uniform(*np.log(LENGTH_PX)))) * whole_px / WIDTH_SD_PX))
        tail = np.exp(-np.linspace(0, float(rng.uniform(1, 4)), length))
        alpha = np.clip(tail * rng.uniform(0.6, 1.4) + rng.normal(0, 0.15, (lines, length)), 0, 1).astype(np.float32)
        # The two fields of a picture are apart on the tape: a dropout leaves every other line alone.
        rows = np.zeros((2 * lines - 1, length), np.float32)
        rows[::2] = alpha
        level = float(rng.uniform(0.75, 1) if rng.random() < BRIGHT else rng.uniform(0, 0.15))
        y, x = int(rng.integers(0, size[0])), int(rng.integers(-length // 2, size[1]))
        drawn.append(Stamp(y, x, rows, (level,) * 3, wear.DROPOUT_LABEL))
    return drawn
