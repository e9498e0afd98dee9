from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from films import GREY, frames, planes, speck, texture, window

from restore.cache import Cache
from restore.detect import _outline, _things
from restore.detect._look import LISTED
from restore.detect.dirt import Dirt
from restore.errors import PartError
from restore.source import PixelFormat
from restore.window import Window

SPOT = (70, 110, 4.0, 15.0)
LAYOUTS = [
    GREY, PixelFormat("gray16le", "grey", 16), PixelFormat("yuv420p", "yuv", 8, 1, 1),
    PixelFormat("yuv422p10le", "yuv", 10, 0, 1), PixelFormat("gbrp12le", "rgb", 12),
    PixelFormat("grayf32le", "grey", 32),
]


def on_frame(frame, *spots):
    def draw(picture, t):
        for y, x, radius, level in spots if t == frame else ():
            speck(picture, y, x, radius, level)

    return draw


def disc(shape, y, x, radius):
    ys, xs = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(ys - y, xs - x) <= radius


@pytest.mark.parametrize("pixels", LAYOUTS, ids=lambda p: p.name)
def test_a_speck_on_a_moving_scene_is_found_in_every_layout(pixels):
    found = Dirt().detect(window(frames(on_frame(3, SPOT)), pixels), 3)
    core, rim = disc(found.mask.shape, 70, 110, 3), disc(found.mask.shape, 70, 110, 8)
    assert found.mask[core].all()
    assert not found.mask[~rim].any()
    assert [f.status for f in found.objects if f.box[0] < 70 < f.box[2]] == ["confirmed"]


@pytest.mark.parametrize("level", [5.0, 250.0])
@pytest.mark.parametrize("grain", [0.0, 3.0])
def test_dark_and_bright_specks_are_found_in_grain(level, grain):
    found = Dirt().detect(window(frames(on_frame(3, (60, 90, 4, level)), grain=grain)), 3)
    assert found.mask[disc(found.mask.shape, 60, 90, 3)].all()
    assert found.mask.sum() < 150


@pytest.mark.parametrize("t", [2, 4])
def test_the_frames_beside_a_speck_are_left_alone(t):
    assert not Dirt().detect(window(frames(on_frame(3, SPOT))), t).mask.any()


@pytest.mark.parametrize(("step", "grain"), [(0.0, 0.0), (0.0, 4.0), (2.5, 0.0), (2.5, 4.0), (7.0, 2.0)])
def test_nothing_is_found_on_clean_footage(step, grain):
    shown = window(frames(step=step, grain=grain, seed=5))
    assert not any(Dirt().detect(shown, t).mask.any() for t in range(7))


@pytest.mark.parametrize("speed", [9.0, 14.0])
@pytest.mark.parametrize("level", [10.0, 245.0])
def test_a_ball_that_flies_past_is_not_dirt(speed, level):
    shown = window(frames(lambda picture, t: speck(picture, 40 + 6 * t, 60 + speed * t, 5, level), step=0.5))
    assert not any(Dirt().detect(shown, t).mask.any() for t in range(7))


def test_rain_that_falls_straight_is_not_dirt():
    def draw(picture, t):
        for k in range(6):
            x, y = 25 + 33 * k, (17 * k + 11 * t) % 160
            speck(picture, y, x, 2, 240)

    shown = window(frames(draw, step=0.0))
    assert sum(int(Dirt().detect(shown, t).mask.sum()) for t in range(1, 6)) == 0


def test_a_spot_that_stays_is_part_of_the_scene():
    shown = window(frames(lambda picture, t: speck(picture, 70, 110, 4, 15), step=0.0))
    assert not any(Dirt().detect(shown, t).mask.any() for t in range(7))


@pytest.mark.parametrize("gain", [0.8, 1.2])
def test_flicker_hides_nothing_and_makes_nothing(gain):
    pictures = frames(on_frame(3, SPOT))
    pictures[3] = pictures[3] * np.float32(gain) + 4
    shown = window(pictures)
    assert Dirt().detect(shown, 3).mask[disc(pictures[3].shape, 70, 110, 3)].all()
    assert Dirt().detect(shown, 3).mask.sum() < 150
    assert not Dirt().detect(shown, 2).mask.any()
    assert not Dirt().detect(shown, 4).mask.any()


def test_a_frame_shown_twice_shows_its_dirt_twice_and_it_is_found_twice():
    pictures = frames(on_frame(3, SPOT))
    pictures.insert(3, pictures[3])
    shown = window(pictures)
    for t in (3, 4):
        assert Dirt().detect(shown, t).mask[disc(pictures[3].shape, 70, 110, 3)].all()


def test_no_frame_of_another_shot_is_asked():
    first, second = frames(on_frame(9, SPOT), count=10, seed=1), frames(count=10, seed=2)
    rest = [255 - p for p in second]
    joined, alone = window(first + rest), window(first)
    assert joined.is_cut(10)
    for t in (7, 8, 9):
        assert np.array_equal(Dirt().detect(joined, t).mask, Dirt().detect(alone, t).mask)
    assert not Dirt().detect(joined, 10).mask.any()


@pytest.mark.parametrize("t", [0, 6])
def test_the_ends_of_a_shot_are_left_alone(t):
    assert not Dirt().detect(window(frames(on_frame(t, SPOT))), t).mask.any()


@pytest.mark.parametrize("t", [0, 6])
def test_at_the_ends_of_a_shot_what_is_conspicuous_is_listed(t):
    found = Dirt().detect(window(frames(on_frame(t, SPOT))), t)
    (listed,) = found.objects
    assert listed.status == "undecided"
    assert listed.box[0] < 70 < listed.box[2]
    assert listed.box[1] < 110 < listed.box[3]
    assert "no frame on the other" in listed.why


def test_only_a_few_undecided_things_are_listed_the_largest_first():
    spots = [(30 + 40 * (k // 4), 30 + 45 * (k % 4), 2.0 + 0.4 * k, 15.0) for k in range(8)]
    found = Dirt(certainty=1.0).detect(window(frames(on_frame(3, *spots))), 3)
    assert len(found.objects) == LISTED
    areas = [f.area_px for f in found.objects]
    assert min(areas) > 40


def test_things_that_touch_nothing_are_recorded_one_by_one():
    spots = [(30, 40, 3.0, 15.0), (30, 60, 3.0, 15.0), (120, 150, 4.0, 250.0)]
    found = Dirt().detect(window(frames(on_frame(3, *spots))), 3)
    assert sorted(f.status for f in found.objects) == ["confirmed"] * 3
    assert sum(f.area_px for f in found.objects) == found.mask.sum()


@given(st.integers(0, 2**31))
def test_sums_over_boxes_are_those_of_the_pixels(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 255, (23, 31)).astype(np.uint8)
    y, x = np.sort(rng.integers(0, 24, (9, 2)), 1), np.sort(rng.integers(0, 32, (9, 2)), 1)
    boxes = np.stack([y[:, 0], x[:, 0], y[:, 1], x[:, 1]], 1)
    expected = [values[a:c, b:d].sum(dtype=np.int64) for a, b, c, d in boxes]
    assert np.array_equal(_things.box_sums(cv2.integral(values), boxes), expected)


def test_a_photograph_has_no_neighbours_and_no_dirt():
    found = Dirt().detect(window(frames(on_frame(0, SPOT), count=1)), 0)
    assert not found.mask.any()
    assert found.objects == ()


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (13, 17), (40, 31)])
def test_tiny_pictures_are_answered(size):
    pictures = [texture(*size, seed=3) if min(size) > 1 else np.full(size, 100, np.float32) for _ in range(3)]
    assert Dirt().detect(window(pictures), 1).mask.shape == size


@pytest.mark.parametrize("value", [0.0, 255.0, 97.0])
def test_frames_of_one_level_are_clean(value):
    shown = window([np.full((64, 96), value, np.float32)] * 5)
    assert not Dirt().detect(shown, 2).mask.any()


@settings(max_examples=6, deadline=None)
@given(st.permutations(range(5)))
def test_the_answer_does_not_depend_on_what_was_asked_before(order):
    pictures = frames(on_frame(2, SPOT, (30, 40, 3, 240)), count=5, size=(120, 160))
    shown = window(pictures)
    asked = {t: Dirt().detect(shown, t) for t in order}
    for t in range(5):
        fresh = Dirt().detect(window(pictures), t)
        assert np.array_equal(fresh.mask, asked[t].mask)
        assert fresh.objects == asked[t].objects


def test_a_small_cache_changes_nothing():
    pictures = frames(on_frame(3, SPOT))
    shown = window(pictures)
    starved = Window(shown.pixels, shown.size, shown.film, shown.picture, shown.hidden, Cache(1), Cache(1))
    assert np.array_equal(Dirt().detect(shown, 3).mask, Dirt().detect(starved, 3).mask)


def test_pictures_larger_than_the_proxy_are_judged_at_full_size():
    spots = ((200, 300, 3.0, 10.0), (380, 127, 2.0, 240.0), (128, 500, 5.0, 12.0))
    found = Dirt().detect(window(frames(on_frame(1, *spots), count=3, size=(480, 640))), 1)
    for y, x, radius, _ in spots:
        assert found.mask[disc((480, 640), y, x, radius - 1)].all()
    assert found.mask.sum() < 250


def test_what_is_uncertain_is_listed_and_not_filled():
    strict = Dirt(certainty=1.0)
    found = strict.detect(window(frames(on_frame(3, SPOT))), 3)
    assert not found.mask.any()
    assert {f.status for f in found.objects} == {"undecided"}
    assert all("needed" in f.why for f in found.objects)


@pytest.mark.parametrize("bad", [{"certainty": 0.0}, {"reach": 0}, {"contrast_levels": -1}, {"largest_frac": 2.0}])
def test_parameters_out_of_range_are_refused(bad):
    with pytest.raises(PartError, match=next(iter(bad))):
        Dirt(**bad)


def test_the_pictures_are_not_written_to():
    kept = [planes(p, GREY) for p in frames(on_frame(3, SPOT))]
    for picture in kept:
        for plane in picture:
            plane.setflags(write=False)
    assert Dirt().detect(Window.of(kept, GREY), 3).mask.any()


def test_a_hole_in_a_blotch_is_filled_and_a_loop_of_hair_is_not() -> None:
    blotch = disc((80, 120), 40, 30, 14) & ~disc((80, 120), 42, 32, 4)
    hair = disc((80, 120), 40, 85, 14) & ~disc((80, 120), 40, 85, 12)
    closed = _outline.closed(blotch | hair)
    assert np.array_equal(closed, disc((80, 120), 40, 30, 14) | hair)


LARGE = (240, 320)


def blotches(*where):
    """Return a window over a pan with a large dark blotch at (t, y, x) each."""
    def draw(picture, t):
        for at, y, x in where:
            if at == t:
                speck(picture, y, x, 6.0, 10.0)

    return window(frames(draw, size=LARGE))


def test_a_large_blotch_that_lies_there_once_is_dirt():
    found = Dirt().detect(blotches((3, 120, 160)), 3)
    assert found.mask[disc(LARGE, 120, 160, 5)].all()


@pytest.mark.parametrize("other", [2, 4])
def test_a_large_thing_whose_like_is_next_to_it_a_frame_away_is_asked_about(other):
    shown = blotches((3, 120, 160), (other, 120, 176))
    found = Dirt(twice=False).detect(shown, 3)  # at first look; a second judge weighs it
    assert not found.mask.any()
    assert [f.status for f in found.objects] == ["undecided"]
    assert "may move" in found.objects[0].why


def test_large_dirt_far_from_that_of_the_next_frame_is_dirt():
    assert Dirt().detect(blotches((3, 120, 80), (4, 120, 260)), 3).mask.any()
