from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from films import frames, window

from restore.detect.dirt import Dirt

MIDDLE = (60, 96)


def blotch(strong, faint, on=3, radius=(6, 18)):
    """Draw a blotch with a dense core, `strong` levels darker, and a faint plate around it."""
    def draw(picture, t):
        if t == on:
            for level, px in ((faint, radius[1]), (strong - faint, radius[0])):
                spot = np.zeros(picture.shape, np.float32)
                cv2.circle(spot, MIDDLE[::-1], px, 1.0, -1)
                picture -= np.float32(level) * cv2.GaussianBlur(spot, (0, 0), 0.7)

    return draw


def disc(shape, radius):
    ys, xs = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(ys - MIDDLE[0], xs - MIDDLE[1]) <= radius


@pytest.mark.parametrize("step", [0.0, 2.5])
def test_a_dense_core_brings_in_the_faint_plate_around_it(step):
    mask = Dirt().detect(window(frames(blotch(90, 14), step=step)), 3).mask
    plate, beyond = disc(mask.shape, 16), ~disc(mask.shape, 22)
    assert mask[plate].mean() > 0.95
    assert not mask[beyond].any()


def test_a_large_even_blotch_may_be_fainter_than_a_speck():
    large = Dirt().detect(window(frames(blotch(10, 10, radius=(11, 11)), step=1.5)), 3).mask
    assert large[disc(large.shape, 9)].mean() > 0.9
    small = Dirt().detect(window(frames(blotch(10, 10, radius=(1, 1)), step=1.5)), 3).mask
    assert not small.any()


def test_what_differs_around_a_speck_without_being_part_of_it_is_left_alone():
    """A second, separate disturbance near a speck does not become a part of it."""
    def draw(picture, t):
        if t == 3:
            cv2.circle(picture, MIDDLE[::-1], 5, 20.0, -1)
            picture[:, MIDDLE[1] + 14 : MIDDLE[1] + 16] -= 6.0

    mask = Dirt().detect(window(frames(draw)), 3).mask
    assert mask[disc(mask.shape, 4)].all()
    assert not mask[:, MIDDLE[1] + 12 :].any()
