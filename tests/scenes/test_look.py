"""Stocks and transfers: the default changes nothing, grain is as strong as asked, log is Cineon's."""

from __future__ import annotations

import numpy as np
import pytest

from restore.scenes.film import Film
from restore.scenes.grain import Grain, grain_of
from restore.scenes.layers import Cast
from restore.scenes.light import MARGIN_PX, Flash, flickered, remembered, shifted, weave
from restore.scenes.look import LUMA, Look, draw_look, to_log

RAMP = np.repeat(np.linspace(0, 1, 96, dtype=np.float32)[None, :, None], 64, 0) * np.array((1, 0.9, 0.7), np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_plain_look_changes_nothing() -> None:
    assert np.array_equal(Look().show(RAMP, (1,), 0), RAMP)


@pytest.mark.parametrize("seed", range(12))
def test_any_look_stays_within_range_and_is_the_same_every_time(seed: int) -> None:
    look = draw_look(rng(seed))
    shown = look.show(RAMP, (1,), 3)
    assert shown.shape == RAMP.shape
    assert shown.dtype == np.float32
    assert 0 <= shown.min() <= shown.max() <= 1
    assert np.array_equal(shown, look.show(RAMP, (1,), 3))


def test_black_and_white_has_no_colour_and_tints_have_theirs() -> None:
    grey = Look(colour_frac=0).show(RAMP, (1,), 0)
    assert np.allclose(grey[..., 0], grey[..., 2], atol=1e-6)
    assert np.allclose(grey[..., 0], RAMP @ LUMA, atol=1e-6)
    amber = Look(colour_frac=0, dark=(0.08, 0.03, 0.0), white=(1.0, 0.8, 0.45)).show(np.ones_like(RAMP), (1,), 0)
    assert np.allclose(amber[0, 0], (1.0, 0.8, 0.45), atol=1e-5)


@pytest.mark.parametrize("contrast", [0.5, 0.8, 1.2, 1.45])
def test_the_curve_has_the_slope_asked_for_and_never_turns_back(contrast: float) -> None:
    ramp = np.linspace(0, 1, 512, dtype=np.float32)[None, :, None].repeat(3, -1)
    curve = Look(contrast=contrast).develop(ramp)[0, :, 0]
    assert np.diff(curve).min() >= -1e-6
    assert curve[0] == 0
    assert curve[-1] == pytest.approx(1)
    assert np.gradient(curve)[230] * 511 == pytest.approx(contrast, abs=0.05)


def test_grain_is_as_strong_as_asked_and_clumps_hang_together() -> None:
    flat = np.full((300, 300, 3), 0.5, np.float32)
    fine, clumped = Grain(6.0, 0.7), Grain(6.0, 0.7, clumps=0.6)
    a, b = (grain_of(flat, g, rng(1))[..., 0] * 255 for g in (fine, clumped))
    assert a.std() == pytest.approx(6, rel=0.07)
    assert b.std() == pytest.approx(6, rel=0.07)
    near = [np.corrcoef(p[:, 3:].ravel(), p[:, :-3].ravel())[0, 1] for p in (a, b)]
    assert near[1] > near[0] + 0.1
    dark = grain_of(np.full((300, 300, 3), 0.02, np.float32), fine, rng(1))
    assert dark.std() * 255 < 0.6 * a.std()
    own = grain_of(flat, Grain(6.0, 0.7, colour=0.8), rng(2))
    assert np.corrcoef(own[..., 0].ravel(), own[..., 2].ravel())[0, 1] == pytest.approx(1 - 0.8**2, abs=0.1)
    assert abs(np.corrcoef(a.ravel(), grain_of(flat, fine, rng(3))[..., 0].ravel())[0, 1]) < 0.03


def test_log_is_cineons() -> None:
    """Black is code 95 and white 685 of 1023 (Kodak, 1995); mid-grey lies well above the middle between them."""
    codes = to_log(np.array([0.0, 0.5, 1.0], np.float32)) * 1023
    assert codes[0] == pytest.approx(95, abs=0.5)
    assert codes[2] == pytest.approx(685, abs=0.5)
    assert 450 < codes[1] < 550


def test_the_codec_leaves_a_smooth_picture_near_what_it_was() -> None:
    for quality, bound in ((40, 0.03), (95, 0.012)):
        assert np.abs(Look(quality=quality, phase=(3, 5)).encoded(RAMP) - RAMP).mean() < bound


def test_flicker_has_the_strength_and_memory_it_claims() -> None:
    series = np.stack([remembered((5,), k, 40, 0.5) for k in range(60)])
    assert series.std() == pytest.approx(1, abs=0.08)
    assert np.mean(series[1:] * series[:-1]) == pytest.approx(0.5, abs=0.1)
    means = [flickered(RAMP, 1.0, 0.0, (2,), k).mean() / RAMP.mean() for k in range(40)]
    assert 0.01 < np.std(means) < 0.08
    assert flickered(RAMP, 0.0, 0.0, (2,), 1) is not None


def test_a_flash_lights_a_frame_or_two() -> None:
    flash = Flash(3, 2, 2.0, 0.1)
    assert [flash.at(k)[0] for k in range(6)] == [1, 1, 1, 2.0, 1.5, 1]


def test_weave_moves_the_picture_by_what_it_says_and_never_off_its_margin() -> None:
    film = rng(4).random((40 + 2 * MARGIN_PX, 50 + 2 * MARGIN_PX), np.float32)
    down_and_left = film[MARGIN_PX - 2 : MARGIN_PX + 38, MARGIN_PX + 1 : MARGIN_PX + 51]
    assert np.allclose(shifted(film, (2.0, -1.0), (40, 50)), down_and_left, atol=1e-5)
    places = np.array([weave(1.5, (6,), k) for k in range(200)])
    assert np.abs(places).max() < MARGIN_PX
    assert places[:, 0].std() > places[:, 1].std() > 0.5


def test_a_film_may_have_a_look() -> None:
    bare = Cast((0, 0), (0, 0), (0, 0))
    plain = Film(4, (32, 48), 3, grain=0, cast=bare)
    assert np.array_equal(Film(4, (32, 48), 3, cast=bare, look=Look()).rgb(1), plain.rgb(1))
    grey = Film(4, (32, 48), 3, cast=bare, look=Look(colour_frac=0)).rgb(1)
    assert np.allclose(grey[..., 0], grey[..., 1], atol=1e-6)
