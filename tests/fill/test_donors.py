"""Donors copy what was really there, and nothing that is hidden, out of the picture or beyond a cut."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from restore.fill._across import across
from restore.fill.donors import FAR_PX, Donors, far, join, middle
from restore.fill.ladder import fill_frame
from restore.frames import DONOR, support
from restore.motion.inward import CELL_PX, Course
from restore.motion.points import Points
from restore.motion.site import Ground, Site
from restore.testing import LAYOUTS, damage, film
from restore.window import Window

SIZE = (96, 128)


def specks(frames, size=SIZE, seed=0, inside=16):
    out = []
    for t in range(frames):
        rng = np.random.default_rng((seed, t))
        mask = np.zeros(size, bool)
        for _ in range(10):
            y, x = rng.integers(inside, size[0] - inside), rng.integers(inside, size[1] - inside)
            mask[y : y + 4, x : x + 5] = True
        out.append(mask)
    return out


@pytest.mark.parametrize("layout", ["gray16le", "yuv420p", "yuv422p10le", "gbrp16le", "grayf32le"])
def test_whole_motion_is_copied_exactly(layout):
    pixels = LAYOUTS[layout]
    clean, masks = film(pixels, SIZE), specks(5)
    window = Window.of([damage(c, m, pixels) for c, m in zip(clean, masks, strict=True)], pixels, masks)
    patch = fill_frame([Donors()], window, 2)
    assert patch.mask.sum() >= 0.95 * masks[2].sum()
    assert (patch.origin[patch.mask] == DONOR).all()
    assert set(np.unique(np.abs(patch.offset[patch.mask]))) <= {1, 2}
    for p in range(pixels.colour_planes):
        under = support(patch.mask, pixels, p)
        off = np.abs(patch.planes[p][under].astype(float) - clean[2][p][under]) / pixels.peak
        # Tone and the mean of two donors may move a value by a fraction of an 8-bit level, never more.
        assert off.max() < 0.6 / 255


def test_static_holes_have_no_donor():
    pixels = LAYOUTS["yuv420p"]
    clean = film(pixels, SIZE, step_px=(0, 0))
    masks = [specks(1)[0]] * 5
    window = Window.of([damage(c, m, pixels) for c, m in zip(clean, masks, strict=True)], pixels, masks)
    assert not fill_frame([Donors()], window, 2).mask.any()


def test_damage_of_donors_is_never_copied():
    pixels = LAYOUTS["gray12le"]
    clean, masks = film(pixels, SIZE), specks(5, seed=3)
    # The donors' own damage is shifted onto what the middle frame needs, for about half of each hole.
    for t in (1, 3):
        there = np.roll(masks[2], (-2 * (t - 2), -4 * (t - 2)), (0, 1))
        masks[t] |= cv2.erode(there.view(np.uint8), np.ones((1, 3), np.uint8)).astype(bool)
    window = Window.of([damage(c, m, pixels) for c, m in zip(clean, masks, strict=True)], pixels, masks)
    patch = fill_frame([Donors(reach_frames=1)], window, 2)
    off = np.abs(patch.planes[0][patch.mask].astype(float) - clean[2][0][patch.mask]) / pixels.peak
    assert not off.size or off.max() < 1.5 / 255
    assert patch.mask.sum() < masks[2].sum()


def test_no_pixel_crosses_a_cut():
    pixels = LAYOUTS["gray"]
    shots = [film(pixels, SIZE, 8, step_px=(0, 2), seed=s) for s in (0, 50)]
    bright = [tuple((p // 3).astype(np.uint8) for p in f) for f in shots[1]]
    masks = [m if t == 8 else np.zeros(SIZE, bool) for t, m in enumerate(specks(16))]
    window = Window.of([damage(c, m, pixels) for c, m in zip(shots[0] + bright, masks, strict=True)], pixels, masks)
    assert window.is_cut(8)
    patch = fill_frame([Donors()], window, 8)
    assert patch.mask.any()
    assert (patch.offset[patch.mask] > 0).all()


def test_flicker_is_toned():
    pixels = LAYOUTS["gray16le"]
    clean = film(pixels, SIZE)
    flicker = [tuple((p * g + o).astype(np.uint16) for p in f)
               for f, g, o in zip(clean, (1, 0.88, 1, 0.9, 1), (0, 1000, 0, 1500, 0), strict=True)]
    masks = specks(5)
    window = Window.of([damage(c, m, pixels) for c, m in zip(flicker, masks, strict=True)], pixels, masks)
    patch = fill_frame([Donors(reach_frames=1)], window, 2)
    off = (patch.planes[0][patch.mask].astype(float) - clean[2][0][patch.mask]) / 257
    raw = np.abs(flicker[1][0].astype(float) - clean[1][0]).mean() / 257
    assert patch.mask.sum() > 0.9 * masks[2].sum()
    assert raw > 3
    assert np.abs(off).mean() < 0.25 * raw


def test_middle_is_the_weighted_median():
    values = np.array([[1.0], [5.0], [3.0]], np.float32)
    assert middle(values, np.array([[1.0], [1.0], [1.0]], np.float32))[0] == 3
    assert middle(values, np.array([[5.0], [1.0], [1.0]], np.float32))[0] == 1


@pytest.mark.parametrize(("common", "kept"), [(1.0, 1.0), (0.0, 1.0), (0.8, 0.92)])
def test_detail_is_averaged_as_far_as_it_is_shared(common, kept):
    """Grain that each donor has for itself is kept whole, what they share loses nothing, and calms."""
    mask, rng = np.zeros((80, 80), bool), np.random.default_rng(5)
    mask[8:72, 8:72] = True
    ground = Ground.of(mask, mask, (0, 0))
    n = len(ground.hole)
    high = np.sqrt(common) * rng.normal(size=n) + np.sqrt(1 - common) * rng.normal(size=(2, n))
    low, weight = np.full((2, n), 100.0), np.repeat([[0.6], [0.4]], n, 1)
    made = join(*(a.astype(np.float32) for a in (low + high, low)), np.ones((2, n), bool), weight, ground) - 100
    assert np.std(made) == pytest.approx(kept, abs=0.06)
    assert np.square(made - high[1]).mean() <= np.square(high[0] - high[1]).mean() + 1e-6


def test_what_has_moved_far_along_the_rim_is_told():
    mask = np.zeros((64, 64), bool)
    mask[20:44, 20:44] = True
    window = Window.of([(np.full((64, 64), 90, np.uint8),)], LAYOUTS["gray"], [mask])
    site = Site.of(window, 0, (np.full((64, 64), 90, np.float32),), mask)
    field = np.zeros((64 // CELL_PX, 64 // CELL_PX, 2), np.float32)
    field[:, 8:] = 2 * FAR_PX
    told = far(window, site, Course(field, np.ones((64, 64), bool)))
    assert not told[site.hole.xs < 24].any()
    assert told[site.hole.xs >= 40].all()


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="reach_frames"):
        Donors(reach_frames=99)
    with pytest.raises(ValueError, match="tolerance"):
        Donors(tolerance=0)


def test_what_moves_only_inside_a_hole_is_seen_past_it():
    """A thing crosses a scene that stands still; one frame of it is hidden whole, and nothing around tells of it."""
    pixels, size = LAYOUTS["gray"], (120, 160)
    rng = np.random.default_rng(5)
    ground, thing = (cv2.GaussianBlur(rng.normal(size=size), (0, 0), 3) for _ in range(2))
    ground, thing = (100 + 60 * (a - a.mean()) / np.ptp(a) for a in (ground, thing + 1))
    frames, spot = [], cv2.circle(np.zeros(size, np.uint8), (80, 60), 22, 1, -1).astype(bool)
    for t in range(3):
        there, what = np.roll(spot, 6 * (t - 1), 1), np.roll(thing, 6 * (t - 1), 1)
        frames.append((np.where(there, what + 60, ground).astype(np.uint8),))
    hole = cv2.circle(np.zeros(size, np.uint8), (80, 60), 14, 1, -1).astype(bool)
    masks = [np.zeros(size, bool), hole, np.zeros(size, bool)]
    window = Window.of([damage(c, m, pixels) for c, m in zip(frames, masks, strict=True)], pixels, masks)
    first, second = across(window, 1, -1, 1)
    points = Points.of(cv2.erode(hole.view(np.uint8), np.ones((7, 7), np.uint8)).astype(bool))
    for way, dx in ((first, -6), (second, 6)):
        by = way.targets(points, 1) - np.stack([points.xs, points.ys], -1)
        assert np.abs(np.median(by, 0) - (dx, 0)).max() < 0.5
    patch = fill_frame([Donors()], window, 1)
    assert patch.mask.sum() > 0.8 * hole.sum()
    assert np.abs(patch.planes[0].astype(float) - frames[1][0])[patch.mask].mean() < 2


def test_what_a_near_frame_shows_and_does_not_fit_is_not_sought_further_away():
    """A far frame has just what fits around a hole, a near one something else: what is unlike it must stay open."""
    pixels = LAYOUTS["gray"]
    clean = film(pixels, SIZE, 5, step_px=(0, 0))
    mask = np.zeros(SIZE, bool)
    mask[40:52, 50:66] = True
    masks = [mask if t == 2 else np.zeros(SIZE, bool) for t in range(5)]
    pictures = [damage(c, m, pixels) for c, m in zip(clean, masks, strict=True)]
    for t in (1, 3):  # the near frames are of something else around there
        plane = pictures[t][0].copy()
        plane[20:72, 30:86] = np.random.default_rng(t).integers(0, 255, (52, 56))
        pictures[t] = (plane,)
    window = Window.of(pictures, pixels, masks)
    assert not fill_frame([Donors()], window, 2).mask.any()


@pytest.mark.parametrize("off_levels", [0, 1, 10])
@pytest.mark.parametrize("lasts_frames", [0, 1])
def test_far_frames_lend_to_narrow_holes_only_what_fits_closely(off_levels, lasts_frames):
    """What lasts a frame is taken from the next, which may show its ring otherwise; what lasts longer is not."""
    scene = np.where(np.indices(SIZE)[1] < 57, 90.0, 160.0) + np.random.default_rng(3).normal(0, 1, SIZE)
    other = scene + off_levels * np.where(np.indices(SIZE).sum(0) // 2 % 2, 1, -1)
    mask = np.zeros(SIZE, bool)
    mask[30:66, 60:64] = True
    masks = [mask if abs(t - 2) <= lasts_frames else np.zeros(SIZE, bool) for t in range(5)]
    shown = [np.rint(scene if abs(t - 2) <= lasts_frames else other).astype(np.uint8) for t in range(5)]
    pictures = [(np.where(m, 255, s).astype(np.uint8),) for s, m in zip(shown, masks, strict=True)]
    copied = fill_frame([Donors()], Window.of(pictures, LAYOUTS["gray"], masks), 2).mask.any()
    assert copied == (off_levels < 10 or lasts_frames == 0)


def behind(far, size=(120, 160)):
    """A thing stands in a panning scene and leaves `far` frames later: frames, masks and the truth."""
    noise = cv2.GaussianBlur(np.random.default_rng(7).normal(size=(size[0], size[1] + 200)), (0, 0), 3)
    whole = (128 + 80 * noise / np.abs(noise).max()).astype(np.uint8)
    clean = [np.ascontiguousarray(whole[:, t : t + size[1]]) for t in range(far + 1)]
    masks = [np.zeros(size, bool) for _ in clean]
    for t in range(far):
        # It moves with the scene, so that no frame before it has left shows what it hides.
        masks[t][40:80, 70 - t : 110 - t] = True
    return [(np.where(m, 128, c).astype(np.uint8),) for m, c in zip(masks, clean, strict=True)], masks, clean


@pytest.mark.parametrize("reach_frames", [8, 12])
def test_what_stands_for_long_is_taken_from_where_it_has_left(reach_frames):
    pictures, masks, clean = behind(12)
    patch = fill_frame([Donors(reach_frames=reach_frames)], Window.of(pictures, LAYOUTS["gray"], masks), 0)
    if reach_frames < 12:
        assert not patch.mask.any()
        return
    assert patch.mask.sum() > 0.9 * masks[0].sum()
    assert (patch.offset[patch.mask] == 12).all()
    assert np.abs(patch.planes[0].astype(float) - clean[0])[patch.mask].mean() < 2


def test_narrow_holes_ask_no_frame_far_away():
    pictures, masks, _ = behind(12)
    narrow = [np.zeros_like(m) for m in masks]
    for t in range(12):
        narrow[t][40:80, 80 - t : 86 - t] = True
    window, asked = Window.of(pictures, LAYOUTS["gray"], narrow), set()

    def picture(t):
        asked.add(t)
        return Window.of(pictures, LAYOUTS["gray"], narrow).picture(t)

    looked = replace(window, picture=picture, breaks=frozenset())
    looked.shot(0, 12)  # cuts are looked for once, and then known
    asked.clear()
    assert not fill_frame([Donors(reach_frames=12)], looked, 0).mask.any()
    assert asked <= set(range(9))
