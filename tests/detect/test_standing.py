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
from restore.detect import _standing_judge, _standing_meant, _standing_things, _standing_view
from restore.detect.standing import Standing
from restore.errors import PartError
from restore.source import PixelFormat

COUNT, SIZE, T = 30, (160, 224), 14
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


def hair_at(y, x, trembles):
    """Return what draws a curved hair that reaches into the picture from its top, and where it lies."""
    points = np.array([(x, y), (x + 7, y + 10), (x + 5, y + 19), (x + 11, y + 27)], np.int32)

    def draw(picture, t):
        off = np.random.default_rng((5, t)).integers(-trembles, trembles + 1, 2)
        cv2.polylines(picture, [points + off.astype(np.int32)], False, 10.0, 2, cv2.LINE_AA)

    return draw


@pytest.mark.parametrize("trembles", [0, 1])
def test_a_hair_that_reaches_in_from_the_border_is_found(trembles):
    draw = hair_at(-3, 100, trembles)
    found = PART.detect(window(frames(draw, count=COUNT, size=SIZE, step=2.0, seed=3)), T)
    truth = np.zeros(SIZE, np.float32)
    draw(truth, T)
    assert found.mask[truth > 5].mean() > 0.6
    assert not found.mask[cv2.dilate((truth > 0).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0].any()


def test_a_stain_that_is_gone_is_not_taken():
    def draw(picture, t):
        if t < 20:
            speck(picture, 60, 90, 3, 5.0)

    film = window(frames(draw, count=COUNT, size=SIZE, step=1.5, seed=3))
    assert PART.detect(film, 12).mask[60, 90]
    assert not PART.detect(film, 27).mask.any()


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


def meant_to_be_there(name):
    """Return what draws something that is meant to stay on the screen."""
    h, w = SIZE
    far = np.hypot(*(np.mgrid[:h, :w] - np.array([h / 2, w / 2])[:, None, None]).astype(np.float32)) / (w / 2)

    def write(picture, text, y, x):
        for thick, level in ((3, 16.0), (1, 235.0)):
            cover = cv2.putText(
                np.zeros(SIZE, np.uint8), text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 255, thick, cv2.LINE_AA
            )
            picture += (level - picture) * (cover / np.float32(255))

    def timecode(picture, t):
        picture[8:24, 60:150] = 16
        write(picture, f"01:02:{t:02d}", 20, 66)

    def disc(picture, level):
        over = picture.copy()
        cv2.circle(over, (200, 18), 7, level, -1, cv2.LINE_AA)
        picture += 0.8 * (over - picture)

    def letterbox(picture, t):
        picture[:18] = picture[-18:] = 16

    return {
        "subtitle": lambda picture, t: write(picture, "by the old station", 146, 40),
        "station's letters": lambda picture, t: write(picture, "TV 5", 20, 180),
        "bright sign": lambda picture, t: disc(picture, 235.0),
        "dark sign": lambda picture, t: disc(picture, 20.0),
        "timecode": timecode,
        "letterbox": letterbox,
        "vignette": lambda picture, t: np.multiply(picture, 1 - 0.4 * np.clip(far - 0.5, 0, 1) ** 2, out=picture),
    }[name]


@pytest.mark.parametrize("name", [
    "subtitle", "station's letters", "bright sign", "dark sign", "timecode", "letterbox", "vignette",
])
def test_what_is_meant_to_be_there_is_left_alone(name):
    film = window(frames(meant_to_be_there(name), count=COUNT, size=SIZE, step=1.5, seed=3))
    assert not any(PART.detect(film, t).mask.any() for t in (2, T, 26))


def test_ruled_lines_and_squares_look_drawn():
    cross = np.zeros((21, 21), bool)
    cross[10], cross[:, 10] = True, True
    square, hair = np.ones((9, 9), bool), np.eye(12, dtype=bool)
    for shape, drawn in ((cross, True), (square, True), (hair, False)):
        thing = _standing_things.Thing((70, 100, 70 + shape.shape[0], 100 + shape.shape[1]), shape, -1, 9.0)
        assert bool(_standing_meant.lone((1000, 1000), thing, 0.002)) == drawn


def test_a_few_suspects_of_a_still_shot_are_listed_where_it_begins():
    film = shown((60, 90, 1, 255.0), (30, 40, 1, 255.0), step=0.0)
    listed = [f for f in PART.detect(film, 0).objects if f.status == "undecided"]
    assert 0 < len(listed) <= 3
    assert not PART.detect(film, T).objects


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
    alone = PART.detect(replace(film, cache=Cache(1 << 20), facts=Cache(1 << 12)), T)
    busy = replace(film, cache=Cache(1 << 22), facts=Cache(1 << 22))
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


@pytest.mark.parametrize(("name", "value"), [("reach", 3), ("certainty", 0), ("largest_frac", 2.0)])
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(PartError, match=name):
        Standing(**{name: value})


def test_the_camera_is_seen_to_move_or_to_rest():
    moving, resting = camera(shown(step=1.5))
    assert moving > 100
    assert resting == 0
    assert camera(shown(step=0.0))[0] == 0


def camera(film):
    ground = _standing_view.ground(film, _standing_view.frames(film, T, PART.reach))
    return _standing_judge.camera(ground, 12, 0.15)


def test_all_frames_of_a_group_are_judged_by_the_same_ones():
    film = shown()
    chosen = [_standing_view.frames(film, t, PART.reach) for t in range(8, 16)]
    assert len(set(chosen)) == 1
    assert all(abs(u - t) <= PART.reach for t in range(8, 16) for u in chosen[0])


def test_half_size_pictures_keep_their_mean():
    picture = np.arange(35 * 21, dtype=np.uint8).reshape(35, 21)
    assert _standing_view.halved(picture, 2).shape == (18, 11)
    assert _standing_view.halved(picture, 1) is picture
