"""Patchmatch copies pieces of its own frame: regular textures come back whole, and nothing that was not there does."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.fill._crops import groups, pieces
from restore.fill._exemplar import Crop, elected, origins, trace
from restore.fill._nnf import Search
from restore.fill._scene import INNER, REACH_PX, Scene
from restore.fill.ladder import fill_frame
from restore.fill.patchmatch import Patchmatch
from restore.frames import support, touched
from restore.measure.quality import fine_energy
from restore.testing import LAYOUTS, damage, fresh, texture
from restore.window import Window

YS, XS = np.mgrid[:128, :144]
REGULAR = {
    "stripes": (XS // 4 % 2) * 150 + 50,
    "slanted stripes": ((XS + 2 * YS) // 7 % 2) * 150 + 50,
    "checker": ((XS // 13 + YS // 13) % 2) * 150 + 50,
    "brick": np.where((YS % 9 < 2) | ((XS + YS // 9 % 2 * 11) % 22 < 2), 60, 170),
}


def spot(size=(96, 112), at=(36, 44), sides=(20, 24)):
    hole = np.zeros(size, bool)
    hole[at[0] : at[0] + sides[0], at[1] : at[1] + sides[1]] = True
    return hole


def picture(layout, size=(96, 112), seed=3):
    pixels = LAYOUTS[layout]
    planes = (texture(*pixels.shape(p, size), seed + p) * (0.7 * pixels.peak) + 0.1 * pixels.peak
              for p in range(pixels.planes))
    return tuple(p.astype(pixels.dtype) for p in planes)


def window_of(planes, hole, layout, before=0):
    """A film of one frame with a hole, after as many others of which nothing is hidden."""
    pixels = LAYOUTS[layout]
    masks = [np.zeros_like(hole)] * before + [hole]
    return Window.of([planes] * before + [damage(planes, hole, pixels)], pixels, masks)


def run(filler, window, hole, t=0):
    planes = tuple(p.astype(np.float32) for p in window.picture(t).planes[: window.pixels.colour_planes])
    return filler.fill(window, t, planes, hole)


@cache
def filled(layout):
    hole = spot()
    window = window_of(picture(layout), hole, layout)
    return run(Patchmatch(), window, hole)


@pytest.mark.parametrize("layout", ["gray", "gray16le", "grayf32le", "yuv420p", "yuv422p10le", "gbrp16le"])
def test_the_hole_is_filled_with_values_the_undamaged_part_has(layout):
    hole, planes, filling = spot(), picture(layout), filled(layout)
    assert np.array_equal(filling.done, hole)
    for p, plane in enumerate(filling.planes):
        under = support(hole, LAYOUTS[layout], p)
        assert np.array_equal(plane[~under], planes[p][~under].astype(np.float32))
        # Copies, not means: every value is one of the plane's own, and damage lay at the peak, which is none of them.
        assert np.isin(plane[under], planes[p][~under].astype(np.float32)).all()


@pytest.mark.parametrize("name", REGULAR)
@pytest.mark.parametrize("side", [12, 40, 56])
def test_a_regular_texture_is_continued_exactly(name, side):
    plane, hole = REGULAR[name].astype(np.uint8), spot((128, 144), (44, 50), (side, side))
    filling = run(Patchmatch(), window_of((plane,), hole, "gray"), hole)
    assert filling.done[hole].all()
    assert (filling.planes[0] == plane)[hole].mean() > 0.98


def test_a_thin_scratch_through_brick_leaves_no_trace():
    plane, hole = REGULAR["brick"].astype(np.uint8), np.zeros((128, 144), bool)
    hole[:, 70:74] = True
    filling = run(Patchmatch(), window_of((plane,), hole, "gray"), hole)
    assert (filling.planes[0] == plane)[hole].mean() > 0.98


def test_grain_goes_on_as_strong_as_it_is_around_the_hole():
    rng = np.random.default_rng(8)
    noise = cv2.GaussianBlur(rng.normal(size=(128, 144)), (0, 0), 0.8)
    plane = np.clip(np.rint(120 + 30 * noise / noise.std()), 0, 255).astype(np.uint8)
    hole = spot((128, 144), (44, 50), (36, 36))
    out = fill_frame([Patchmatch()], window_of((plane,), hole, "gray"), 0)
    energy = fine_energy((np.where(hole, out.planes[0], plane),), None, hole, LAYOUTS["gray"])
    assert 0.8 < energy.over_ring < 1.2


def test_a_plane_of_half_the_size_is_copied_where_luma_is():
    layout, size = "yuv420p", (96, 112)
    pixels = LAYOUTS[layout]
    cells = np.random.default_rng(2).integers(20, 230, (12, 14)).astype(np.uint8)
    luma = cells.repeat(8, 0).repeat(8, 1)
    planes = (luma, luma[::2, ::2].copy(), 255 - luma[::2, ::2])
    hole = spot(size, (41, 39), (15, 17))
    out = run(Patchmatch(), window_of(planes, hole, layout), hole).planes
    under = support(hole, pixels, 1)
    assert np.abs(out[1] + out[2] - 255)[under].max() == 0
    # Cells begin at even places, so a chroma sample always lies in one cell, that of the luma pixel it goes with.
    assert np.array_equal(out[1][hole[::2, ::2]], out[0][::2, ::2][hole[::2, ::2]])


@pytest.mark.parametrize("layout", ["gray16le", "yuv420p"])
def test_nothing_that_is_hidden_is_copied_even_if_another_filler_has_been_there(layout):
    planes, pixels = picture(layout), LAYOUTS[layout]
    hole, other = spot(), spot(at=(8, 11), sides=(14, 71))
    window = window_of(planes, hole | other, layout)
    filling = run(Patchmatch(), window, hole)
    assert np.array_equal(filling.done, hole)
    clean = ~touched(hole | other, pixels)
    for p, plane in enumerate(filling.planes):
        under, open_to = support(hole, pixels, p), support(clean, pixels, p)
        assert np.isin(plane[under], planes[p][open_to].astype(np.float32)).all()


def test_the_answer_does_not_depend_on_what_lies_under_the_hole():
    layout, hole = "yuv420p", spot(at=(35, 43))
    planes = picture(layout)
    bright = run(Patchmatch(), window_of(planes, hole, layout), hole)
    honest = Window.of([planes], LAYOUTS[layout], [hole])
    for a, b in zip(bright.planes, run(Patchmatch(), honest, hole).planes, strict=True):
        assert np.array_equal(a, b)


def test_damage_may_be_no_number_at_all():
    hole, plane = spot(), picture("grayf32le")[0].copy()
    clean = run(Patchmatch(), Window.of([(plane,)], LAYOUTS["grayf32le"], [hole]), hole).planes[0]
    plane[hole] = np.nan
    torn = run(Patchmatch(), Window.of([(plane,)], LAYOUTS["grayf32le"], [hole]), hole).planes[0]
    assert np.array_equal(torn, clean)


def test_the_same_bytes_in_any_frame_of_any_film_whatever_was_asked_before_and_with_any_threads():
    layout, hole = "yuv422p10le", spot()
    planes, alone = picture(layout), filled(layout)
    window = window_of(planes, hole, layout, before=2)
    run(Patchmatch(), window, spot(at=(10, 10)), 1)
    later = run(Patchmatch(), window, hole, 2)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        single = run(Patchmatch(), fresh(window), hole, 2)
    finally:
        cv2.setNumThreads(threads)
    for a, b, c in zip(alone.planes, later.planes, single.planes, strict=True):
        assert np.array_equal(a, b)
        assert np.array_equal(a, c)


def test_holes_far_apart_do_not_know_of_each_other():
    size = (96, 320)
    planes = picture("gray", size)
    left, right = spot(size, (40, 50), (12, 14)), spot(size, (30, 250), (18, 12))
    both = run(Patchmatch(), window_of(planes, left | right, "gray"), left | right).planes[0]
    for hole in (left, right):
        assert np.array_equal(run(Patchmatch(), window_of(planes, hole, "gray"), hole).planes[0][hole], both[hole])


def test_a_long_slanted_scratch_is_filled_piece_by_piece():
    size = (460, 430)
    line = np.zeros(size, np.uint8)
    cv2.line(line, (5, 4), (424, 455), 1, 3)
    ys, xs = np.mgrid[: size[0], : size[1]]
    hole, plane = line > 0, np.where((ys % 9 < 2) | ((xs + ys // 9 % 2 * 11) % 22 < 2), 60, 170).astype(np.uint8)
    assert len(list(pieces(next(groups(hole))))) > 1
    filling = run(Patchmatch(), window_of((plane,), hole, "gray"), hole)
    assert np.array_equal(filling.done, hole)
    assert (filling.planes[0] == plane)[hole].mean() > 0.98


def test_holes_that_are_too_small_too_wide_or_too_much_of_the_picture_are_left():
    planes = picture("gray")
    small, wide = spot(at=(8, 8), sides=(3, 30)), spot(at=(40, 40), sides=(30, 40))
    window = window_of(planes, small | wide, "gray")
    assert np.array_equal(run(Patchmatch(), window, small | wide).done, small | wide)
    assert np.array_equal(run(Patchmatch(narrowest_px=8), window, small | wide).done, wide)
    assert np.array_equal(run(Patchmatch(widest_px=12), window, small | wide).done, small)
    assert np.array_equal(run(Patchmatch(largest_frac=0.05), window, small | wide).done, small)


def test_a_picture_without_one_undamaged_patch_is_left():
    hole = np.ones((24, 24), bool)
    hole[::4, ::4] = False
    assert not run(Patchmatch(largest_frac=1.0), window_of(picture("gray", (24, 24)), hole, "gray"), hole).done.any()


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from(["gray", "yuv420p", "gbrp16le"]), st.integers(9, 40), st.integers(9, 40)
)
def test_whatever_the_hole_only_undamaged_values_are_written_into_it(seed, layout, height, width):
    rng = np.random.default_rng(seed)
    planes, pixels = picture(layout, (height, width)), LAYOUTS[layout]
    y, x = rng.integers(0, height), rng.integers(0, width)
    hole = spot((height, width), (y, x), rng.integers(1, 9, 2))
    hole |= rng.random(hole.shape) < 0.002
    filling = run(Patchmatch(largest_frac=1.0), window_of(planes, hole, layout), hole)
    assert not (filling.done & ~hole).any()
    for p, plane in enumerate(filling.planes):
        done, under = support(filling.done, pixels, p), support(hole, pixels, p)
        assert np.isin(plane[done], planes[p][~under].astype(np.float32)).all()


def test_a_search_finds_the_patch_that_was_cut_out():
    image = texture(60, 70, 5)[..., None] * np.float32(255)
    hole = np.zeros((60, 70), bool)
    hole[30:33, 20:24] = True
    image[20:45, 10:36] = image[5:30, 40:66]  # the hole and its rim stand elsewhere too
    crop = Crop(image, hole, ~hole, ~hole)
    scene = crop.scene
    rng = np.random.default_rng(1)
    field = Search.of(scene, scene.image).run(rng.choice(scene.sources, len(scene.targets)), rng, far=True)
    assert (field.cost < 1e-3).mean() > 0.9
    assert np.isin(field.at, scene.sources).all()


def test_targets_and_sources_cover_the_hole_and_shun_it():
    hole = spot((40, 50), (15, 20), (5, 6))
    scene = Scene.of(np.zeros((40, 50, 1), np.float32), hole, ~hole, ~hole)
    assert len(scene.targets) == (5 + 2 * REACH_PX) * (6 + 2 * REACH_PX)
    assert len(scene.sources) == (40 - 2 * REACH_PX) * (50 - 2 * REACH_PX) - len(scene.targets)
    assert not np.isin(scene.sources, scene.targets).any()


def test_what_most_patches_say_together_wins_over_the_loudest_alone():
    ways = np.array([[5, 7, 5, 7, 5], [3, 3, 3, 3, 9], [4, 4, 8, 8, 8]])
    say = np.array([[1, 1, 1, 1.5, 1], [1, 1, 1, 1, 5], [2, 2, 0, 0, 0]], np.float32)
    assert elected(ways, say).tolist() == [5, 9, 4]


def test_a_guide_is_looked_at_and_not_drawn_over():
    """The picture is nothing but noise, of which any piece fits anywhere: the guide alone says what belongs where."""
    rng = np.random.default_rng(6)
    image = (rng.normal(size=(48, 120, 1)) * 6 + 100).astype(np.float32)
    hole = spot((48, 120), (14, 50), (20, 20))
    wanted = np.where(np.arange(120) < 60, 0, 80).astype(np.float32)
    scene = Crop(image, hole, ~hole, ~hole, np.broadcast_to(wanted, (48, 120))[..., None].copy()).scene
    assert scene.guides == 1
    out = scene.drawn(np.full((len(scene.places), 2), 7, np.float32))
    assert (out[scene.hole][:, 0] == 7).all()
    assert np.array_equal(out[..., 1], scene.image[..., 1])
    ys, xs = origins(*trace(image, hole, ~hole, ~hole, scene.image[INNER][..., 1:]))
    assert ((xs[hole] >= 60) == (wanted + np.zeros((48, 1)) > 40)[hole]).mean() > 0.8
    assert not hole[ys, xs][hole].any()


def test_tracing_says_where_there_is_nothing_to_copy():
    hole = np.ones((20, 20), bool)
    hole[:3] = False
    assert trace(np.zeros((20, 20, 1), np.float32), hole, ~hole, ~hole) is None


@pytest.mark.parametrize("bad", [
    {"narrowest_px": 0}, {"narrowest_px": 300}, {"widest_px": 1000}, {"largest_frac": 0.0}, {"largest_frac": 1.5}
])
def test_parameters_are_checked(bad):
    with pytest.raises(ValueError, match="must be"):
        Patchmatch(**bad)
