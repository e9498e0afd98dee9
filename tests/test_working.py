"""What stages see of samples that are nothing to look at: there and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore import colour
from restore.layout import planar_format
from restore.source import PixelFormat

CT = replace(planar_format("gray", 16), name="gray-int16", sample="int16", low=-1024.0, high=3071.0)
HALF = replace(planar_format("gbrp", 16), name="gbrp-float16", sample="float16")


def test_what_is_made_to_be_looked_at_is_seen_as_it_is() -> None:
    pixels = planar_format("yuv422p", 10)
    plane = np.arange(1024, dtype=np.uint16)
    assert colour.working(pixels) is pixels
    assert colour.to_working(plane, pixels) is plane
    assert colour.to_native(plane, pixels) is plane


@given(low=st.integers(-32768, 32000), length=st.integers(1, 65535))
def test_whole_numbers_come_back(low: int, length: int) -> None:
    high = min(low + length, 32767)
    pixels = replace(CT, low=float(low), high=float(high))
    values = np.linspace(low, high, min(high - low + 1, 5000)).astype(np.int16)
    seen = colour.to_working(values, pixels)
    assert seen.dtype == colour.working(pixels).dtype == np.uint16
    assert (np.diff(seen.astype(int)) >= 0).all()
    assert np.array_equal(colour.to_native(seen, pixels), values)


def test_the_brightest_light_is_a_number_in_every_type() -> None:
    for sample in ("float16", "float32"):
        pixels = replace(HALF, sample=sample)
        assert np.isfinite(colour.to_native(np.array([0, 65535], np.uint16), pixels)).all()


def test_light_comes_back_as_near_as_the_eye_can_tell() -> None:
    light = np.geomspace(1e-4, 6e4, 4000).astype(np.float16)
    back = colour.to_native(colour.to_working(light, HALF), HALF)
    assert back.dtype == np.float16
    assert np.abs(back.astype(float) / light.astype(float) - 1).max() < 2e-2
    bright = light > 1e-2
    assert np.abs(back.astype(float) / light.astype(float) - 1)[bright].max() < 1.5e-3


def test_light_that_is_none_has_a_place() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, -1.0, 0.0], np.float16)
    assert colour.to_working(odd, HALF).tolist() == [0, 65535, 0, 0, 0]
    assert not colour.to_working(np.array([np.nan], np.float32), replace(CT, sample="float32")).any()


@pytest.mark.parametrize("pixels", [CT, HALF, replace(CT, name="ya-int16", alpha=True)], ids=lambda p: p.name)
def test_pictures_are_shown_as_stages_see_them(pixels: PixelFormat) -> None:
    rng = np.random.default_rng(0)
    planes = tuple(rng.uniform(0, 1, (6, 8)).astype(pixels.dtype) for _ in range(pixels.planes))
    seen = tuple(colour.to_working(p, pixels) for p in planes)
    assert np.array_equal(colour.to_rgb(planes, pixels), colour.to_rgb(seen, colour.working(pixels)))
    assert np.array_equal(colour.grey(planes, pixels), colour.grey(seen, colour.working(pixels)))
    assert colour.working(pixels).planes == pixels.planes
