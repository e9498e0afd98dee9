"""Texture is put on what `thin` draws: only on wide holes, as lively as the picture, and no real pixel changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.fill import Filler
from restore.fill._graft import LEAST, agreement, graft, low
from restore.fill.ladder import fill_frame
from restore.fill.patchmatch import Patchmatch
from restore.fill.textured import Textured
from restore.fill.thin import Thin
from restore.frames import support
from restore.testing import LAYOUTS, FillerSuite
from restore.window import Window

SIZE = (140, 180)


class TestTextured(FillerSuite):
    fills_all = True

    def make(self) -> Filler:
        return Textured()


def cloth(size=SIZE, seed=4):
    """A woven thing with an uneven light on it, 8-bit levels."""
    noise = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 1.2)
    return 120 + 25 * fine / fine.std() + 20 * np.sin(np.arange(size[1]) / 30)


def window(layout="gray", hole_px=40):
    pixels, hole = LAYOUTS[layout], np.zeros(SIZE, bool)
    hole[50 : 50 + hole_px, 60 : 60 + hole_px] = True
    plane = np.clip(cloth(), 0, 255).astype(np.uint8)
    planes = tuple(np.where(support(hole, pixels, p), 0, plane[: pixels.shape(p, SIZE)[0], : pixels.shape(p, SIZE)[1]])
                   for p in range(pixels.colour_planes))
    return Window.of([planes], pixels, [hole]), plane, hole


def high(plane):
    return plane.astype(np.float32) - low(plane.astype(np.float32), 3.0)


@pytest.mark.parametrize("layout", ["gray", "yuv420p"])
def test_a_wide_hole_becomes_as_lively_as_the_picture(layout):
    shown, clean, hole = window(layout)
    inner = cv2.erode(hole.view(np.uint8), np.ones((13, 13), np.uint8)).astype(bool)
    energy = {}
    for filler in (Thin(), Textured(strength=1)):
        patch = fill_frame([filler], shown, 0)
        assert np.array_equal(patch.mask, hole)
        energy[type(filler)] = high(np.where(hole, patch.planes[0], clean))[inner].std() / high(clean)[~hole].std()
    assert energy[Thin] < 0.5
    assert 0.6 < energy[Textured] < 1.1


def test_the_coarse_picture_is_nearer_to_the_networks_than_copies_alone_are():
    shown, clean, hole = window()
    thin, ours, copied = (np.where(hole, fill_frame([f], shown, 0).planes[0], clean).astype(np.float32)
                          for f in (Thin(), Textured(), Patchmatch()))
    apart = [np.abs(low(p, 6.0) - low(thin, 6.0))[hole].mean() for p in (ours, copied)]
    assert apart[0] < 0.75 * apart[1]


def test_narrow_holes_are_left_as_they_are_drawn():
    shown, _, _ = window(hole_px=8)
    assert np.array_equal(fill_frame([Thin()], shown, 0).planes[0], fill_frame([Textured()], shown, 0).planes[0])
    wide, _, _ = window()
    plain = fill_frame([Thin()], wide, 0).planes[0]
    assert np.array_equal(plain, fill_frame([Textured(strength=0)], wide, 0).planes[0])
    assert not np.array_equal(plain, fill_frame([Textured()], wide, 0).planes[0])


def planes(value):
    return (np.full((40, 48), value, np.float32),)


def joined(drawn, copied, hole, strength=0.7):
    out = tuple(p.copy() for p in copied)
    graft(drawn, out, hole, np.s_[0:40, 0:48], LAYOUTS["gray"], strength)
    return out[0]


def middle():
    hole = np.zeros((40, 48), bool)
    hole[8:32, 10:38] = True
    return hole


def test_tones_are_the_drawings_and_texture_the_copies_where_both_agree():
    hole, deep = middle(), np.s_[16:24, 18:30]
    weave = np.where(np.indices((40, 48)).sum(0) % 2, 10, -10).astype(np.float32)
    for strength in (1.0, 0.6):
        out = joined(planes(100), (weave + 104,), hole, strength)
        assert out[deep].mean() == pytest.approx(100, abs=0.5)
        assert out[deep].std() == pytest.approx(10 * strength, abs=0.5)
        assert np.array_equal(out[~hole], (weave + 104)[~hole])


def test_where_both_disagree_the_copies_stand_nearly_alone_but_for_the_rim():
    hole = middle()
    out = joined(planes(60), planes(180), hole)
    assert out[20, 24] == pytest.approx(180 - 120 * LEAST, abs=0.5)
    assert out[8, 24] < 90
    assert (np.diff(out[8:20, 24]) >= 0).all()


def test_the_drawing_has_a_say_where_it_nearly_agrees():
    said = [agreement(planes(100), planes(100 + d), middle(), np.s_[0:40, 0:48], LAYOUTS["gray"])[20, 24]
            for d in (0, 10, 30, 90)]
    assert said[0] == 1
    assert said == sorted(said, reverse=True)
    assert said[-1] == pytest.approx(LEAST)


def test_damage_that_is_left_to_others_may_be_no_number():
    hole, copied = middle(), planes(180)
    drawn = planes(60)
    for p in (*drawn, *copied):
        p[2:4] = np.nan
    assert np.isfinite(joined(drawn, copied, hole)[hole]).all()


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="strength"):
        Textured(strength=1.5)
    with pytest.raises(ValueError, match="narrowest_px"):
        Textured(narrowest_px=0)
