"""Motion past a hole is settled on what both frames show in it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.fill._settle import settled
from restore.motion.dense import Dense
from restore.motion.site import Site
from restore.testing import LAYOUTS
from restore.window import Window

SIZE = (96, 128)
GREY = LAYOUTS["gray"]


def shown(by: float) -> np.ndarray:
    """A soft texture, moved sideways."""
    noise = np.random.default_rng(2).normal(size=SIZE)
    soft = cv2.GaussianBlur(noise, (0, 0), 3)
    soft = 128 + 40 * soft / soft.std()
    moved = cv2.warpAffine(soft, np.array([[1, 0, by], [0, 1, 0]], float), SIZE[::-1], borderMode=cv2.BORDER_REFLECT)
    return np.clip(np.rint(moved), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("steps", [[-1, 1], [-2, 1], [-1, 2]])
@pytest.mark.parametrize("speed", [0.0, 0.5, -0.8])
def test_both_are_led_to_the_same(steps: list[int], speed: float) -> None:
    pictures = [(shown(speed * t),) for t in range(-2, 3)]
    hole = np.zeros(SIZE, bool)
    hole[32:64, 48:80] = True
    window = Window.of(pictures, GREY, [hole if t == 2 else np.zeros(SIZE, bool) for t in range(5)])
    site = Site.of(window, 2, (pictures[2][0].astype(np.float32),), hole)
    still = Dense(np.zeros((*SIZE, 2), np.float32), np.ones(SIZE, bool))
    nothing = np.zeros((*site.grounds[0].used.cells.shape, 2), np.float32)
    nudges = settled(window, site, steps, [still, still], [nothing, nothing])
    for k, nudge in zip(steps, nudges, strict=True):
        inside = site.grounds[0].used.cells.at(nudge, site.hole)
        assert np.abs(inside - [speed * k, 0]).mean() < 0.15


def test_what_neither_frame_shows_is_left_alone() -> None:
    pictures, hole = [(shown(t),) for t in range(3)], np.zeros(SIZE, bool)
    hole[32:64, 48:80] = True
    window = Window.of(pictures, GREY, [hole] * 3)
    site = Site.of(window, 1, (pictures[1][0].astype(np.float32),), hole)
    still = Dense(np.zeros((*SIZE, 2), np.float32), np.ones(SIZE, bool))
    nudges = [np.full((*site.grounds[0].used.cells.shape, 2), k, np.float32) for k in (-1, 1)]
    assert settled(window, site, [-1, 1], [still, still], nudges) is nudges
