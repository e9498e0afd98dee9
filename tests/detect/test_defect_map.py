from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.detect import _defect_map
from restore.detect._defect_map import Terms, marked, place, surveyed
from restore.detect._deviation import (
    ghost,
    grown,
    local_level,
    without_small,
)
from restore.detect._passes import Shift, moved
from restore.maps import Level

from ..maps_made import dusty_scan

TERMS = Terms(None, 6.0, "dark", 32, 5)


def ppm(mask):
    return 1e6 * mask.mean()


def rgb(picture):
    return lambda: np.dstack([picture / np.float32(255)] * 3)


def near(mask):
    return grown(mask, 3)


@pytest.mark.parametrize("seed", range(3))
def test_dust_is_marked_and_the_ghost_of_the_scene_is_not(seed):
    picture, map_, dust = dusty_scan(seed, ghost=0.2)
    found = marked(Level(map_, 1 / 65535), rgb(picture), TERMS, False, None)
    assert (found & dust).sum() >= 0.97 * dust.sum()
    assert ppm(found & ~near(dust)) < 150
    # Without evening out, no threshold does that: where light falls off it is darker than thin dust elsewhere.
    plain = map_ < np.quantile(map_[dust], 0.97)
    assert ppm(plain & ~near(dust)) > 1000


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ghost", [0.0, 0.08])
def test_a_shift_is_found_to_a_fraction_of_a_pixel(seed, ghost):
    picture, map_, _ = dusty_scan(seed, dust=60, ghost=ghost, shift=(1.4, -2.7))
    found = place(Level(map_, 1 / 65535), picture, TERMS)
    assert found.plausible
    assert abs(found.y_px - 1.4) < 0.3
    assert abs(found.x_px + 2.7) < 0.3


def test_passes_of_different_frames_do_not_lie_on_each_other():
    for seed in range(6):
        picture, _, _ = dusty_scan(seed)
        _, map_, _ = dusty_scan(100 + seed)
        assert not place(Level(map_, 1 / 65535), picture, TERMS).plausible


def test_a_shift_beyond_the_reach_is_not_believed():
    picture, map_, _ = dusty_scan(1, shift=(0.0, 9.0))
    found = place(Level(map_, 1 / 65535), picture, TERMS)
    assert found.sureness > 7
    assert not found.plausible


def test_what_a_shift_brings_in_is_not_marked():
    picture, map_, dust = dusty_scan(2, shift=(0.0, 4.0))
    found = marked(Level(map_, 1 / 65535), rgb(picture), TERMS, False, Shift(0, 4, 9, True))
    assert not found[:, :4].any()
    assert (found & dust)[:, 4:].sum() >= 0.97 * dust[:, 4:].sum()


def test_an_uneven_ground_is_level_up_to_its_borders():
    ys, xs = np.mgrid[:120, :160]
    slope = (0.3 + 0.002 * ys + 0.001 * xs).astype(np.float32)
    assert np.abs(local_level(slope, 20) / slope - 1).max() < 0.01
    assert np.array_equal(local_level(np.full((30, 10), 0.4, np.float32), 64), np.full((30, 10), 0.4, np.float32))


@given(st.tuples(*[st.floats(-0.2, 0.2)] * 3), st.integers(0, 99))
def test_a_ghost_of_any_colour_is_found_whatever_stands_out_of_the_map(weights, seed):
    rng = np.random.default_rng(seed)
    scene = rng.uniform(0.1, 0.9, (20, 24, 3)).astype(np.float32).repeat(4, 0).repeat(4, 1)
    trace = sum(w * np.log(scene[..., c] + 0.02) for c, w in enumerate(weights))
    map_log = (trace + rng.normal(0, 0.01, trace.shape)).astype(np.float32)
    map_log[20:28, 20:28] -= 2
    found, doubt = ghost(map_log, scene, 40)
    assert (trace - found).std() < 0.01
    assert doubt.max() <= 1.1 * sum(map(abs, weights)) * 0.02 / 0.12 + 0.003


@given(st.integers(-6, 6), st.integers(-6, 6))
def test_whole_pixels_are_moved_exactly(y, x):
    plane = np.random.default_rng(0).random((20, 24)).astype(np.float32)
    out, known = moved(plane, Shift(float(y), float(x), 9, True))
    rolled = np.roll(plane, (y, x), (0, 1))
    assert np.array_equal(out[known], rolled[known])
    assert known.sum() == (20 - abs(y)) * (24 - abs(x))


@given(st.integers(0, 99), st.floats(0, 5), st.integers(0, 12))
def test_growing_and_sorting_out_are_what_they_say(seed, radius, least):
    mask = np.random.default_rng(seed).random((16, 18)) > 0.9
    ys, xs = np.nonzero(mask)
    gy, gx = np.mgrid[:16, :18]
    distance = np.min([np.hypot(gy - y, gx - x) for y, x in zip(ys, xs, strict=True)], 0)
    wide = grown(mask, radius)
    assert (wide | mask == wide).all()
    assert not (wide & (distance > radius + 0.01)).any()
    assert wide[distance <= (radius if radius >= 1 else 0)].all()
    kept = without_small(mask, least)
    assert not (kept & ~mask).any()
    assert np.array_equal(without_small(kept, least), kept)


@given(st.integers(1, 5000))
def test_a_film_is_looked_at_all_over(frames):
    at = surveyed(frames)
    assert at == sorted(set(at))
    assert at[0] >= 0
    assert at[-1] < frames
    assert len(at) == min(frames, _defect_map.SURVEYED_FRAMES)
