from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.noise import grain_sigma


def grain(sigma, blur_px=0.0, seed=0, size=(240, 320)):
    noise = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    if blur_px:
        noise = cv2.GaussianBlur(noise, (0, 0), blur_px)
    return (noise * np.float32(sigma / noise.std())).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("blur_px", [0.0, 0.6])
def test_white_and_slightly_correlated_grain_is_measured(sigma, blur_px):
    assert grain_sigma(100 + grain(sigma, blur_px)) == pytest.approx(sigma, rel=0.15)


def test_grain_as_coarse_as_a_pixel_is_not_halved():
    assert grain_sigma(100 + grain(5.0, 1.0)) == pytest.approx(5.0, rel=0.3)


def test_slopes_are_not_grain():
    ys, xs = np.mgrid[:240, :320].astype(np.float32)
    assert grain_sigma(0.5 * xs + 0.2 * ys + grain(2.0)) == pytest.approx(2.0, rel=0.15)


def test_texture_in_part_of_the_picture_is_not_grain():
    picture = 100 + grain(2.0)
    picture[:, 160:] += grain(30.0, 2.0, seed=1)[:, 160:]
    assert grain_sigma(picture) == pytest.approx(2.0, rel=0.2)


def test_black_borders_say_nothing():
    picture = np.zeros((240, 320), np.float32)
    picture[48:192] = 100 + grain(3.0)[48:192]
    assert grain_sigma(picture) == pytest.approx(3.0, rel=0.2)


@pytest.mark.parametrize("size", [(1, 1), (15, 300), (64, 64)])
def test_flat_and_tiny_pictures_have_no_grain(size):
    assert grain_sigma(np.full(size, 80, np.float32)) == 0
