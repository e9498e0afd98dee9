from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from films import GREY, frames, speck, window

from restore.cache import Cache
from restore.detect import _standing_judge, _standing_view
from restore.detect.standing import Standing
from restore.errors import PartError
from restore.source import PixelFormat

COUNT, SIZE, T = 30, (128, 176), 14
PART = Standing(largest_frac=0.01)  # the pictures are tiny, the things on them are not
LAYOUTS = [GREY, PixelFormat("gray16le", "grey", 16), PixelFormat("yuv420p", "yuv", 8, 1, 1),
           PixelFormat("gbrp12le", "rgb", 12), PixelFormat("grayf32le", "grey", 32)]


def shown(*spots, step=1.5, grain=1.5, count=COUNT, pixels=GREY, seed=3):
    def draw(picture, t):
        for y, x, radius, level in spots:
            speck(picture, y, x, radius, level)

    return window(frames(draw, count=count, size=SIZE, step=step, grain=grain, seed=seed), pixels)


def disc(y, x, radius):
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.hypot(ys - y, xs - x) <= radius


@pytest.mark.parametrize("pixels", LAYOUTS, ids=lambda p: p.name)
def test_a_stain_on_a_moving_scene_is_found_in_every_layout(pixels):
    found = PART.detect(shown((60, 90, 3, 5.0), pixels=pixels), T)
    assert found.mask[disc(60, 90, 2)].all()
    assert not found.mask[~disc(60, 90, 7)].any()
    assert [f.status for f in found.objects] == ["confirmed"]


@pytest.mark.parametrize("level", [0.0, 255.0])
@pytest.mark.parametrize("radius", [0.5, 2.0, 4.0])
def test_bright_and_dark_things_of_several_sizes_are_found(level, radius):
    found = PART.detect(shown((70, 60, radius, level)), T)
    assert found.mask[70, 60]
    assert not found.mask[~disc(70, 60, radius + 4)].any()


def test_a_trembling_hair_is_found():
    def draw(picture, t):
        dy, dx = np.random.default_rng((5, t)).integers(-1, 2, 2)
        at = np.array([(40 + dx, 40 + dy), (50 + dx, 50 + dy), (48 + dx, 62 + dy), (58 + dx, 72 + dy)], np.int32)
        cv2.polylines(picture, [at], False, 10.0, 2, cv2.LINE_AA)

    found = PART.detect(window(frames(draw, count=COUNT, size=SIZE, step=2.0, seed=3)), T)
    assert 40 < found.mask.sum() < 500
    assert not found.mask[:, 90:].any()


@pytest.mark.parametrize(("step", "grain"), [(0.0, 0.0), (0.0, 3.0), (0.3, 2.0), (1.5, 0.0), (1.5, 3.0), (5.0, 2.0)])
def test_clean_footage_is_left_alone(step, grain):
    clean = shown(step=step, grain=grain, seed=8)
    assert not any(PART.detect(clean, t).mask.any() for t in (0, T, COUNT - 1))


def test_a_still_shot_decides_nothing():
    assert not PART.detect(shown((60, 90, 3, 5.0), step=0.0), T).mask.any()


def test_what_is_large_is_left_alone():
    film = shown((60, 90, 6, 5.0))
    assert PART.detect(film, T).mask.any()
    assert not replace(PART, largest_frac=0.002).detect(film, T).mask.any()


def test_dirt_of_one_frame_is_left_to_others():
    def draw(picture, t):
        if t == T:
            speck(picture, 60, 90, 3, 0.0)

    assert not PART.detect(window(frames(draw, count=COUNT, size=SIZE, step=1.5, seed=3)), T).mask.any()


def test_a_thing_that_goes_with_the_scene_is_left_alone():
    def draw(picture, t):
        speck(picture, 60, 130 - 1.5 * t, 3, 0.0)

    assert not PART.detect(window(frames(draw, count=COUNT, size=SIZE, step=1.5, seed=3)), T).mask.any()


def test_writing_is_left_alone():
    spots = [(60, 50 + 9 * i, 2.5, 250.0) for i in range(7)]
    assert not PART.detect(shown(*spots), T).mask.any()


def test_specks_of_a_bare_road_under_passing_cars_are_left_alone():
    road = np.full(SIZE, 90, np.float32)
    for y, x in ((20, 40), (60, 88), (64, 30), (100, 140), (110, 70), (30, 150)):
        speck(road, y, x, 1.5, 200.0)
    cars = frames(count=COUNT, size=SIZE, step=4.0, seed=2)
    pictures = []
    for car in cars:
        picture = road.copy()
        picture[36:52], picture[72:90] = car[36:52], car[72:90]
        pictures.append(picture)
    assert not PART.detect(window(pictures), T).mask.any()


def test_the_answer_does_not_depend_on_what_was_asked_before():
    film = shown((60, 90, 3, 5.0), (30, 40, 0.5, 255.0))
    alone = PART.detect(replace(film, cache=Cache(1 << 20)), T)
    busy = replace(film, cache=Cache(1 << 22))
    for t in (25, 3, 16):
        PART.detect(busy, t)
    again = PART.detect(busy, T)
    assert np.array_equal(alone.mask, again.mask)
    assert alone.objects == again.objects


@pytest.mark.parametrize("count", [1, 2, 5])
def test_short_films_are_left_alone(count):
    assert not PART.detect(shown((60, 90, 3, 5.0), count=count), 0).mask.any()


@pytest.mark.parametrize("size", [(6, 9), (25, 31), (37, 53)])
def test_small_and_odd_pictures_are_no_special_case(size):
    film = window(frames(count=12, size=size, step=1.0))
    assert PART.detect(film, 6).mask.shape == size


@pytest.mark.parametrize(("name", "value"), [("reach", 3), ("pairs", 0), ("largest_frac", 2.0)])
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(PartError, match=name):
        Standing(**{name: value})


def test_the_camera_is_seen_to_move_or_to_rest():
    moving, resting = _standing_judge.camera(shown(step=1.5), T, 12)
    assert moving > 100
    assert resting == 0
    assert _standing_judge.camera(shown(step=0.0), T, 12)[0] == 0


def test_half_size_pictures_keep_their_mean():
    picture = np.arange(35 * 21, dtype=np.uint8).reshape(35, 21)
    assert _standing_view.halved(picture, 2).shape == (18, 11)
    assert _standing_view.halved(picture, 1) is picture
