"""Measures of fills against cases whose answer is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.measure.filling.measures import Ratio, box_around, flicker, grain, look, mean_under, seam, ssim
from restore.measure.quality import Energy
from restore.testing import texture

SIZE = (64, 80)
STILL = np.zeros((*SIZE, 2), np.float32)


def grey(seed: int = 0) -> np.ndarray:
    return texture(*SIZE, seed) * np.float32(255)


def square() -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[20:40, 30:50] = True
    return mask


def test_ratios_are_joined_before_they_are_divided() -> None:
    assert (Ratio(1, 2) + Ratio(5, 2)).value == 1.5
    assert np.isnan(Ratio().value)
    assert mean_under(np.arange(6, dtype=np.float32).reshape(2, 3), np.eye(2, 3, dtype=bool)).value == 2.0


def test_ssim_is_one_for_the_same_picture_and_follows_its_formula_for_flat_ones() -> None:
    assert ssim(grey(), grey()) == pytest.approx(1)
    a, b = (np.full(SIZE, v, np.float32) for v in (100, 140))
    c1 = (0.01 * 255) ** 2
    assert ssim(a, b) == pytest.approx((2 * 100 * 140 + c1) / (100**2 + 140**2 + c1))
    assert ssim(grey(), 255 - grey()).mean() < 0


def test_a_blur_lowers_ssim_and_a_change_far_away_does_not() -> None:
    a, b = grey(), grey()
    b[square()] = cv2.GaussianBlur(a, (0, 0), 3)[square()]
    alike = ssim(a, b)
    assert alike[square()].mean() < 0.9
    assert alike[:10] == pytest.approx(1)


@pytest.mark.parametrize(("shake", "wanted"), [(0.0, 1.0), (1.0, 2.0), (-1.0, 0.0)])
def test_flicker_is_change_over_the_change_of_the_truth(shake: float, wanted: float) -> None:
    # The truth gets lighter by 4 levels between the frames; the fill by as much again, or not at all.
    first, second = grey(), grey() + 4
    filled = second + np.float32(4 * shake) * square()
    assert flicker((first, filled), (first, second), STILL, square()).value == pytest.approx(wanted, abs=1e-6)


def test_flicker_follows_the_motion() -> None:
    big = texture(SIZE[0], SIZE[1] + 8) * np.float32(255)
    first, second = (np.ascontiguousarray(big[:, x : x + SIZE[1]]) for x in (0, 3))
    left = np.dstack([np.full(SIZE, -3, np.float32), np.zeros(SIZE, np.float32)])
    shaken = (first, second + 2)
    followed = flicker(shaken, (first, second + 1), left, square())
    assert followed.value == pytest.approx(2, rel=1e-3)
    assert followed.under == pytest.approx(square().sum(), rel=1e-3)


def test_a_seam_is_the_step_over_that_of_the_truth() -> None:
    ramp = np.tile(np.arange(SIZE[1], dtype=np.float32), (SIZE[0], 1))
    mask = np.zeros(SIZE, bool)
    mask[:, 30:50] = True
    assert seam(ramp, ramp, mask, mask).value == 1
    # Lighter by 3: a step of 1 becomes 4 on one side, and 2 on the other.
    assert seam(ramp + 3 * mask, ramp, mask, mask).value == 3
    hidden = mask.copy()
    hidden[:, 20:30] = True
    assert seam(ramp + 3 * mask, ramp, mask, hidden).value == 2


def test_a_seam_is_looked_for_on_all_four_sides() -> None:
    flat = np.zeros(SIZE, np.float32)
    assert seam(flat + square(), flat + 1, square(), square()) == Ratio(80, 0)


def test_grain_is_a_deviation() -> None:
    assert grain(Energy(fill=4.0, truth=1.0, ring=16.0, count=9)) == 0.5
    assert np.isnan(grain(Energy()))


def test_the_box_around_a_mask_is_even_and_stays_in_the_picture() -> None:
    assert box_around(square(), 5) == (slice(14, 44), slice(24, 54))
    corner = np.zeros((33, 47), bool)
    corner[32, 46] = corner[0, 0] = True
    assert box_around(corner) == (slice(0, 32), slice(0, 46))


def test_the_networks_eye_sees_blur_and_hardly_a_change_of_light() -> None:
    truth = np.repeat(texture(*SIZE)[..., None], 3, -1)
    shown = {
        "same": truth, "lighter": truth + np.float32(0.02), "soft": cv2.GaussianBlur(truth, (0, 0), 1.5),
        "softer": cv2.GaussianBlur(truth, (0, 0), 4),
    }
    found = {k: look(v, truth, square()).value for k, v in shown.items()}
    assert found["same"] == 0
    assert found["lighter"] < 0.1 * found["soft"] < 0.1 * found["softer"] < 0.4
    assert np.isnan(look(truth, truth, np.zeros(SIZE, bool)).value)


def test_the_networks_eye_looks_under_the_mask() -> None:
    truth = np.repeat(texture(*SIZE)[..., None], 3, -1)
    other = truth.copy()
    other[:, 60:] = 0.5
    mask = np.zeros(SIZE, bool)
    mask[10:30, 4:20] = True
    assert look(other, truth, mask).value < 0.1 * look(other, truth, ~mask).value
