"""How a line moves against what is beside it: nothing where both rest, however the light flickers; else all of it."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from films import frames, line, texture, window

from restore.detect import _tracks
from restore.detect._sway import unsteady

COUNT, SIZE, MIDDLE = 13, (200, 320), 6
PATH = 0.4 * np.random.default_rng(3).normal(size=COUNT)


def swayed(draw, step=0.0, grain=1.5, x=150.0):
    shown = window(frames(draw, count=COUNT, size=SIZE, step=step, grain=grain))
    at = _tracks.view(shown, MIDDLE).lines
    (i,) = (i for i, v in enumerate(at) if abs(v.at(128) - x) < 4 and v.columns.size > 100)
    return _tracks.votes(shown, MIDDLE, 8)[i].sway


def true_sway(path):
    at = np.arange(COUNT) - MIDDLE
    return unsteady(path - path[MIDDLE], np.ones(COUNT), at.astype(float))


@pytest.mark.parametrize("step", [0.0, 0.3])
def test_a_line_that_moves_with_the_scene_does_not_sway(step):
    sway = swayed(lambda picture, t: line(picture, 150 - step * (t - MIDDLE), 1.5, -60), step)
    assert sway.known
    assert sway.own_px < 0.06
    assert sway.bend_px < 0.06


@pytest.mark.parametrize("level", [-60, 40])
def test_a_scratch_that_is_held_by_the_film_sways_by_what_it_moves(level):
    sway = swayed(lambda picture, t: line(picture, 150 + PATH[t], 1.5, level))
    assert sway.own_px == pytest.approx(true_sway(PATH), abs=0.1)
    assert sway.bend_px < 0.08


def test_a_scene_that_goes_off_under_a_scratch_leaves_it_on_both_sides():
    sway = swayed(lambda picture, t: line(picture, 150, 1.5, -60), 0.8)
    assert sway.both_px == pytest.approx(0.8 * 3.5, abs=0.5)
    assert sway.parts_px < 0.3


def test_a_scene_that_parts_beside_a_rail_leaves_it_on_neither():
    ahead = np.pad(texture(SIZE[0], 600, 1), ((0, 0), (4, 4)), "edge")

    def draw(picture, t):
        for x, way in ((slice(None, 150), 1), (slice(150, None), -1)):
            whole = np.float32([[1, 0, 80 + 0.8 * way * (t - MIDDLE)], [0, 1, 0]])
            moved = cv2.warpAffine(ahead, whole, SIZE[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
            picture[:, x] = moved[:, x]
        line(picture, 150, 1.5, -60)

    sway = swayed(draw)
    assert sway.both_px < 0.3
    assert sway.parts_px == pytest.approx(1.6 * 3.5, abs=1.0)


def test_flicker_is_no_motion():
    def draw(picture, t):
        line(picture, 150, 1.5, -60)
        picture *= 1 + 0.05 * (-1) ** t

    assert swayed(draw).own_px < 0.06


def test_one_that_turns_about_its_middle_bends():
    def draw(picture, t):
        for y in range(SIZE[0]):
            line(picture, 150 + PATH[t] * (y / 100 - 1), 1.5, -60, slice(y, y + 1))

    sway = swayed(draw)
    assert sway.bend_px > 0.2
    assert sway.own_px < 0.15


def test_what_is_known_beside_explains_a_part():
    x = np.array([1.0, 3.0, 5.0, 7.0])
    assert unsteady(x, np.ones(4), np.arange(4.0)) == pytest.approx(0)
    assert unsteady(x, np.ones(4)) == pytest.approx(np.std(x))
    assert unsteady(x[:1], np.ones(1)) == 0
