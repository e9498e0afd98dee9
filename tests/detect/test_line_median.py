"""The median line detector: finds every upright line, on the film or in the scene."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from films import GREY, frames, line, window

from restore.detect.line_median import LineMedian, median
from restore.source import PixelFormat

SIZE = (200, 320)


@pytest.mark.parametrize("pixels", [GREY, PixelFormat("gray16le", "grey", 16)], ids=lambda p: p.name)
@pytest.mark.parametrize("level", [40, -40])
def test_an_upright_line_is_found_whatever_its_sign(level, pixels):
    shown = window(frames(lambda p, t: line(p, 150, 1, level), size=SIZE, count=1), pixels)
    found = LineMedian().detect(shown, 0)
    assert found.mask[:, 150].mean() > 0.95
    assert not found.mask[:, :140].any()
    assert {o.kind for o in found.objects} == {"scratch"}


def test_a_leaning_line_is_found_and_a_level_one_is_not():
    def lean(picture, t):
        for y in range(SIZE[0]):
            x = 100 + 0.05 * y
            picture[y] += 40 * np.clip(1.5 - np.abs(np.arange(SIZE[1]) - x), 0, 1)
        picture[60:62] += 40

    mask = LineMedian().detect(window(frames(lean, size=SIZE, count=1)), 0).mask
    on = [mask[y, round(100 + 0.05 * y)] for y in range(SIZE[0])]
    assert np.mean(on) > 0.9
    assert not mask[:, 200:].any()


def test_half_a_line_has_half_the_score():
    flat = [np.full(SIZE, 100, np.float32)]
    line(flat[0], 150, 1, 40, slice(0, 100))
    strength = LineMedian().score(window(flat), 0)
    assert strength[50, 150] == pytest.approx(0.5, abs=0.02)
    assert strength[150, 150] == 0
    assert not LineMedian().detect(window(flat), 0).mask.any()
    assert LineMedian(votes_frac=0.4).detect(window(flat), 0).mask[5:95, 150].all()


def test_flat_and_tiny_pictures_have_no_lines():
    for size in ((1, 1), (1, 40), (40, 1), (7, 5)):
        assert not LineMedian().detect(window([np.full(size, 99, np.float32)]), 0).mask.any()


def test_the_median_is_the_median():
    rows = np.random.default_rng(0).uniform(0, 255, (3, 20)).astype(np.float32)
    wide = np.pad(rows, ((0, 0), (3, 3)), "edge")
    for x in range(20):
        assert np.allclose(median(rows, 7)[:, x], np.median(wide[:, x : x + 7], axis=1))
