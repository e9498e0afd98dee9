"""Quality measures against cases whose answer is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.measure.quality import Energy, Errors, errors, fine_energy, flicker, luma_errors, plane_errors, warp_back
from restore.source import PixelFormat

GREY = PixelFormat("gray", "grey", 8)
YUV = PixelFormat("yuv420p10le", "yuv", 10, 1, 1)


def texture(size: tuple[int, int] = (160, 200), deviation: float = 12.0, seed: int = 0) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(128, deviation, size), 0, 255).astype(np.uint8)


def specks(size: tuple[int, int] = (160, 200), count: int = 60) -> np.ndarray:
    mask = np.zeros(size, np.uint8)
    rng = np.random.default_rng(5)
    for y, x in zip(rng.integers(0, size[0], count), rng.integers(0, size[1], count), strict=True):
        cv2.circle(mask, (int(x), int(y)), 3, 1, -1)
    return mask > 0


def test_psnr_of_a_known_error() -> None:
    a, mask = np.full((20, 20), 100, np.uint8), np.zeros((20, 20), bool)
    mask[4:8] = True
    b = a.copy()
    b[4:8] += 5
    b[12] = 0
    assert luma_errors((a,), (b,), mask, GREY).psnr == pytest.approx(20 * np.log10(255 / 5))
    assert errors(a, a, mask, 255).psnr == float("inf")
    assert np.isnan(Errors().psnr)


def test_errors_are_pooled_before_the_logarithm() -> None:
    joined = Errors(1.0, 100) + Errors(0.0, 300)
    assert joined.psnr == pytest.approx(-10 * np.log10(1 / 400))


def test_planes_are_compared_under_their_own_support() -> None:
    planes = tuple(np.full(YUV.shape(p, (9, 11)), 400, np.uint16) for p in range(3))
    mask = np.zeros((9, 11), bool)
    mask[3, 3] = True
    other = tuple(p.copy() for p in planes)
    other[1][1, 1] = 401
    luma, cb, cr = plane_errors(planes, other, mask, YUV)
    assert (luma.count, cb.count, cr.count) == (1, 1, 1)
    assert luma.psnr == cr.psnr == float("inf")
    assert cb.psnr == pytest.approx(20 * np.log10(1023))


def test_a_perfect_fill_has_the_energy_of_its_surroundings_and_a_blurred_one_less() -> None:
    truth, mask = texture(), specks()
    perfect = fine_energy((truth,), (truth,), mask, GREY)
    assert perfect.over_ring == pytest.approx(1, abs=0.06)
    assert perfect.over_truth == pytest.approx(1)
    assert perfect.truth_over_ring == pytest.approx(perfect.over_ring)
    flat = np.where(mask, 128, truth).astype(np.uint8)
    assert fine_energy((flat,), (truth,), mask, GREY).over_ring < 0.25
    loud = np.where(mask, texture(deviation=24, seed=2), truth).astype(np.uint8)
    assert fine_energy((loud,), (truth,), mask, GREY).over_ring > 2.5


def test_each_loss_is_compared_with_its_own_surroundings() -> None:
    """A quiet wall beside loud foliage: a fill of the wall as quiet as the wall is right."""
    truth = np.concatenate([texture(deviation=2), texture(deviation=30)], 1)
    mask = specks(truth.shape, 40)
    mask[:, 190:] = False
    mask[:, 180:220] = False
    assert fine_energy((truth,), None, mask, GREY).over_ring == pytest.approx(1, abs=0.12)


def test_no_mask_and_no_surroundings_give_no_number() -> None:
    truth = texture((32, 32))
    assert fine_energy((truth,), None, np.zeros((32, 32), bool), GREY) == Energy()
    assert np.isnan(fine_energy((truth,), None, np.ones((32, 32), bool), GREY).over_ring)


def test_flicker_is_nothing_for_what_moves_with_the_scene_and_something_for_what_does_not() -> None:
    base = cv2.GaussianBlur(texture((120, 140)).astype(np.float32), (0, 0), 2)
    a, b = base[10:110, 10:130], base[13:113, 8:128]
    flow = np.zeros((100, 120, 2), np.float32)
    flow[..., 0], flow[..., 1] = 2, -3
    mask, seen = np.zeros((100, 120), bool), np.ones((100, 120), bool)
    mask[20:60, 20:60] = True
    assert np.allclose(warp_back(b, flow)[10:-10, 10:-10], a[10:-10, 10:-10], atol=1e-2)
    assert flicker(a, b, flow, seen, mask).levels == pytest.approx(0, abs=1e-2)
    jumpy = a + 4 * mask
    assert flicker(jumpy, b, flow, seen, mask).levels == pytest.approx(4, abs=0.05)
    assert np.isnan(flicker(a, b, flow, ~seen, mask).levels)
