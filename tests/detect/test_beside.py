"""The textbook detectors: what they share, on films small enough to say what the answer is."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from films import GREY, frames, line, speck, window

from restore import parts
from restore.cache import Cache
from restore.detect import Scored, _beside
from restore.errors import PartError
from restore.source import PixelFormat

TEMPORAL = ("sdip", "rod", "srod", "sdip_agreed")
ALL = (*TEMPORAL, "line_median")
LAYOUTS = [GREY, PixelFormat("gray16le", "grey", 16), PixelFormat("yuv420p10le", "yuv", 10, 1, 1),
           PixelFormat("gbrp", "rgb", 8)]
MIDDLE = 3


def made(name, **params):
    return parts.make("detect", name, params).made


def dirty(picture, t):
    if t == MIDDLE:
        speck(picture, 60, 80, 4, 250)
        speck(picture, 110, 150, 4, 5)


@pytest.mark.parametrize("pixels", LAYOUTS, ids=lambda p: p.name)
@pytest.mark.parametrize("name", TEMPORAL)
def test_specks_of_one_frame_are_found_in_every_layout(name, pixels):
    shown = window(frames(dirty), pixels)
    found = made(name).detect(shown, MIDDLE)
    assert found.mask[58:63, 78:83].all()
    assert found.mask[108:113, 148:153].all()
    assert {o.kind for o in found.objects} == {"dirt"}
    assert sum(o.area_px for o in found.objects) == found.mask.sum()
    assert all(0.5 <= o.confidence <= 1 for o in found.objects)


@pytest.mark.parametrize("name", ALL)
def test_the_mask_is_where_the_score_exceeds_the_threshold(name):
    shown = window(frames(lambda p, t: (dirty(p, t), line(p, 40, 1, 40)), grain=2.0))
    part = made(name)
    assert isinstance(part, Scored)
    assert part.finds == ("scratch" if name == "line_median" else "dirt")
    threshold = {"rod": 8.0, "srod": 22.0, "line_median": 0.6}.get(name, 30.0)
    strength = part.score(shown, MIDDLE)
    assert strength.shape == shown.size
    assert strength.dtype == np.float32
    assert np.array_equal(part.detect(shown, MIDDLE).mask, strength > threshold)
    assert 0 < (strength > threshold).mean() < 0.1


@pytest.mark.parametrize("name", TEMPORAL)
def test_ends_of_a_shot_are_left_alone(name):
    shown = window(frames(dirty, count=4))
    assert not made(name).detect(shown, MIDDLE).mask.any()
    assert not made(name).detect(window(frames(dirty, count=1)), 0).mask.any()


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_remembered_and_nothing_written_to(name):
    pictures = frames(dirty, grain=2.0)
    alone = made(name).detect(window(pictures), MIDDLE)
    busy = window(pictures)
    for t in (1, 5, MIDDLE):
        again = made(name).detect(busy, t)
    assert np.array_equal(alone.mask, again.mask)
    assert alone.objects == again.objects


@pytest.mark.parametrize(("name", "params"), [
    ("sdip", {"threshold_levels": -1.0}), ("srod", {"threshold_levels": 300.0}), ("sdip_agreed", {"share": -0.1}),
    ("rod", {"first_levels": 0.0}), ("rod", {"first_levels": 20.0}), ("line_median", {"votes_frac": 0.0}),
])
def test_parameters_out_of_range_are_refused(name, params):
    with pytest.raises(PartError, match=name):
        made(name, **params)


def test_neighbours_lie_on_the_frame_and_are_as_bright():
    pictures = frames(step=3.0)
    pictures[MIDDLE + 1] = pictures[MIDDLE + 1] * np.float32(0.8) + np.float32(10)
    near = _beside.beside(window(pictures), MIDDLE)
    inside = np.s_[20:-20, 20:-20]
    for other in (near.before, near.after):
        assert np.abs(other - near.here)[inside].mean() < 2
    assert np.abs(pictures[MIDDLE + 1] - pictures[MIDDLE])[inside].mean() > 10


def test_frames_shown_twice_are_passed_over():
    pictures = frames(dirty)
    twice = [p for p in pictures for _ in (0, 1)]
    assert made("sdip").detect(window(twice), 2 * MIDDLE).mask[60, 80]


def test_what_the_window_remembers_can_be_counted():
    shown = window(frames(dirty))
    assert isinstance(shown.cache, Cache)
    before = shown.cache.held_bytes
    _beside.beside(shown, MIDDLE)
    assert shown.cache.held_bytes - before > 2 * 4 * shown.size[0] * shown.size[1]
