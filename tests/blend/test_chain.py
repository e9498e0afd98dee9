"""Blenders change what they say they change, and the same for every way of dividing the film."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from restore.blend._ages import Ages, ages
from restore.blend._noise import BINOMIAL, measure, noise, response
from restore.blend.chain import blend_frame, reach_frames
from restore.blend.grain import Grain
from restore.blend.seam import Seam
from restore.blend.steady import Steady
from restore.fill import Filling
from restore.fill.harmonic import Harmonic
from restore.fill.ladder import fill_frame
from restore.frames import empty_patch
from restore.motion.points import Points
from restore.testing import LAYOUTS, damage, damaged_window, film, fresh
from restore.window import Window

CHAIN = (Steady(reach_frames=1), Steady(reach_frames=2), Seam(), Grain())


@dataclass(frozen=True)
class Flat:
    """Paints one value."""

    value: float
    by_frame: float = 0.0
    version: ClassVar[int] = 1
    reach_frames: ClassVar[int] = 0
    invents: ClassVar[bool] = True

    def fill(self, window, t, planes, hole):
        return Filling(tuple(np.full_like(p, self.value + self.by_frame * (-1) ** t) for p in planes), hole)


def test_any_division_gives_the_same_bytes():
    window, _ = damaged_window("yuv422p10le", (48, 64), 7)
    memo, ahead = {}, fresh(window)
    run = [blend_frame(CHAIN, ahead, t, lambda u: fill_frame([Harmonic()], ahead, u), memo) for t in ahead.film]
    for t in (6, 0, 3):
        alone = fresh(window)
        patch = blend_frame(CHAIN, alone, t, lambda u, w=alone: fill_frame([Harmonic()], w, u))
        assert all(np.array_equal(a, b) for a, b in zip(patch.planes, run[t].planes, strict=True))
    assert reach_frames(CHAIN) == 4


def test_the_chain_asks_no_further_than_it_says():
    window, _ = damaged_window("gray12le", (48, 64), 9)
    asked = set()

    def patch(u):
        asked.add(u)
        return fill_frame([Harmonic()], window, u)

    blend_frame(CHAIN, window, 4, patch)
    assert asked <= set(range(1, 8))


def test_steady_calms_what_flickers_and_leaves_donors():
    pixels = LAYOUTS["gray16le"]
    clean = film(pixels, (64, 80), 5, step_px=(0, 0))
    hole = np.zeros((64, 80), bool)
    hole[20:26, 30:36] = True
    window = Window.of([damage(c, hole, pixels) for c in clean], pixels, [hole] * 5)

    def patch(u):
        return fill_frame([Flat(30000, 200)], window, u)

    before = np.abs(patch(2).planes[0][hole].astype(float) - 30000).mean()
    after = Steady().blend(window, 2, patch)
    assert np.abs(after.planes[0][hole].astype(float) - 30000).mean() < 0.5 * before

    def copied(u):
        own = patch(u)
        return replace(own, origin=np.minimum(own.origin, 1))

    kept = Steady().blend(window, 2, copied)
    assert np.array_equal(kept.planes[0], copied(2).planes[0])


def test_copies_from_far_agree_in_the_low_band_and_keep_their_grain():
    pixels = LAYOUTS["gray16le"]
    clean = film(pixels, (64, 80), 5, step_px=(0, 0))
    hole = np.zeros((64, 80), bool)
    hole[20:40, 30:60] = True
    window = Window.of([damage(c, hole, pixels) for c in clean], pixels, [hole] * 5)

    def patch(u, far=3):
        noise = np.random.default_rng(u).normal(0, 300, (64, 80))
        made = np.where(hole, 30000 + 800 * (u % 2) + noise, 0).astype(np.uint16)
        return replace(fill_frame([Flat(30000, 0)], window, u), planes=(made,),
                       origin=hole.astype(np.uint8), offset=np.where(hole, far, 0).astype(np.int8))

    before, after = (p.planes[0][hole].astype(float) for p in (patch(2), Steady().blend(window, 2, patch)))
    assert after.mean() - before.mean() > 200  # two of the five lie 800 higher
    assert after.std() > 0.8 * before.std()  # a plain mean of five would leave 0.45
    near = Steady().blend(window, 2, lambda u: patch(u, far=1))
    assert np.array_equal(near.planes[0], patch(2, far=1).planes[0])


def test_grain_that_stays_or_moves_with_the_picture_is_not_drawn_anew():
    pixels, size = LAYOUTS["gray16le"], (256, 320)
    hole = np.zeros(size, bool)
    hole[100:160, 100:180] = True
    noise = np.random.default_rng(1).normal(110, 3, (3, *size))
    fresh, same = ([(np.rint(noise[k] * 257).astype(np.uint16),) for k in which] for which in ((0, 1, 2), (0, 0, 0)))
    moving = [(np.roll(same[0][0], 4 * k, 1),) for k in range(3)]
    found = []
    for pictures in (fresh, same, moving):
        window = Window.of(pictures, pixels, [hole] * 3)
        stock = measure(pictures[1][0], hole, np.float32(1 / 257))
        found.append(ages(window, 1, 0, stock))
    assert found[0].new > 0.8
    assert found[1] == Ages(pytest.approx(0, abs=0.01), pytest.approx(1, abs=0.01))
    assert found[2].stays < 0.1
    still = Window.of(same, pixels, [hole] * 3)
    drawn = [Grain().blend(still, t, lambda u: fill_frame([Harmonic()], still, u)).planes[0][hole] for t in (0, 1)]
    assert np.array_equal(drawn[0], drawn[1])


def test_seam_closes_a_step_and_fades_inwards():
    pixels = LAYOUTS["gray16le"]
    flat = (np.full((64, 80), 30000, np.uint16),)
    hole = np.zeros((64, 80), bool)
    hole[20:40, 30:50] = True
    window = Window.of([flat], pixels, [hole])
    patch = Seam().blend(window, 0, lambda u: fill_frame([Flat(30000 + 4 * 257)], window, u))
    off = (patch.planes[0][20:40, 30:50].astype(float) - 30000) / 257
    rim = np.concatenate([off[0], off[-1], off[:, 0], off[:, -1]])
    assert np.abs(rim).mean() < 1.5
    assert off[10, 10] == pytest.approx(4, abs=0.1)
    assert off[10, 0] < off[10, 1] < off[10, 2] < off[10, 5]


def test_seam_does_not_touch_what_fits():
    pixels = LAYOUTS["gray16le"]
    hole = np.zeros((64, 80), bool)
    hole[20:30, 30:40] = True
    planes = (np.full((64, 80), 30000, np.uint16),)
    window = Window.of([planes], pixels, [hole])
    before = fill_frame([Harmonic()], window, 0)
    assert np.array_equal(Seam().blend(window, 0, lambda u: before).planes[0], before.planes[0])


def grainy(sigma, soft=0.0, size=(256, 320), seed=0):
    pixels = LAYOUTS["gray16le"]
    rng = np.random.default_rng(seed)
    white = rng.normal(size=size)
    smooth = white + soft * sum(np.roll(white, s, axis) for s in (-1, 1) for axis in (0, 1))
    level = 110 + sigma * smooth
    hole = np.zeros(size, bool)
    hole[100:160, 100:180] = True
    return Window.of([(np.rint(level * 257).astype(np.uint16),)], pixels, [hole]), hole


@pytest.mark.parametrize(("sigma", "soft"), [(2.0, 0.0), (5.0, 0.0), (4.0, 0.3)])
def test_grain_brings_a_smooth_fill_to_the_films_own_unrest(sigma, soft):
    window, hole = grainy(sigma, soft)
    patch = Grain().blend(window, 0, lambda u: fill_frame([Harmonic()], window, u))
    inner = np.zeros_like(hole)
    inner[110:150, 110:170] = True

    def unrest(plane, mask):
        import cv2

        high = plane - cv2.sepFilter2D(plane, -1, BINOMIAL, BINOMIAL)
        return np.square(high[mask]).mean()

    film_grain = window.picture(0).planes[0].astype(np.float32) / 257
    fill_grain = patch.planes[0].astype(np.float32) / 257
    assert 0.8 < unrest(fill_grain, inner) / unrest(film_grain, ~hole) < 1.2


def test_no_grain_where_the_film_has_none():
    window, _ = grainy(0.0)
    before = fill_frame([Harmonic()], window, 0)
    assert np.array_equal(Grain().blend(window, 0, lambda u: before).planes[0], before.planes[0])


def test_measured_grain_is_what_was_put_in():
    window, hole = grainy(4.0)
    stock = measure(window.picture(0).planes[0], hole, np.float32(1 / 257))
    assert stock is not None
    assert stock.at(np.array([110.0], np.float32))[0] == pytest.approx(4 * response(0.0)[0], rel=0.12)
    assert stock.softness <= 0.05


def test_noise_belongs_to_places_not_to_order():
    full = Points.of(np.ones((40, 50), bool))
    part = Points.of(np.arange(2000).reshape(40, 50) % 7 == 0)
    whole = noise((0, 3, 0), full, 0.3).reshape(40, 50)
    assert np.array_equal(noise((0, 3, 0), part, 0.3), whole[part.ys, part.xs])
    assert not np.array_equal(noise((0, 4, 0), part, 0.3), whole[part.ys, part.xs])
    assert not np.array_equal(noise((1, 3, 0), part, 0.3), whole[part.ys, part.xs])
    white = noise((0, 3, 0), Points.of(np.ones((200, 200), bool)), 0.0) * response(0.0)[0]
    assert abs(white.mean()) < 0.02
    assert white.var() == pytest.approx(1, abs=0.03)


def test_a_patch_is_let_go_of_without_a_look_for_cycles():
    pixels, size = LAYOUTS["yuv420p"], (32, 32)
    window = Window.of([tuple(np.zeros(pixels.shape(p, size), np.uint8) for p in range(3))], pixels)

    class Same:
        version, reach_frames = 1, 0

        def blend(self, window, t, patch):
            return patch(t)

    gc.disable()
    try:
        made = empty_patch(0, pixels, size)
        held = weakref.ref(made)
        assert blend_frame([Same(), Same()], window, 0, {0: made}.__getitem__) is made
        del made
        assert held() is None
    finally:
        gc.enable()
