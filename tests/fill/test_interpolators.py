"""The fillers that work on one frame: exact where theory says so, sane where it does not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.fill.harmonic import Harmonic
from restore.fill.rows import Rows
from restore.fill.telea import Telea
from restore.testing import LAYOUTS, texture
from restore.window import Window


def fill(filler, plane, hole, layout="grayf32le"):
    window = Window.of([(plane,)], LAYOUTS[layout], [hole])
    return filler.fill(window, 0, (plane.astype(np.float32),), hole)


def ramp(h=64, w=80):
    ys, xs = np.mgrid[:h, :w].astype(np.float32)
    return (0.2 + 0.004 * xs + 0.003 * ys).astype(np.float32)


def spot(h=64, w=80, at=(20, 30), size=(9, 7)):
    hole = np.zeros((h, w), bool)
    hole[at[0] : at[0] + size[0], at[1] : at[1] + size[1]] = True
    return hole


@pytest.mark.parametrize("size", [(3, 3), (9, 7), (40, 50)])
def test_harmonic_continues_a_plane(size):
    plane, hole = ramp(), spot(at=(10, 12), size=size)
    damaged = np.where(hole, np.float32(1), plane)
    filling = fill(Harmonic(), damaged, hole)
    assert np.array_equal(filling.done, hole)
    assert np.abs(filling.planes[0] - plane)[hole].max() < 0.5 / 255


def test_harmonic_bends_through_a_curve_that_a_membrane_flattens():
    xs = np.linspace(-1, 1, 80, dtype=np.float32)
    plane = np.broadcast_to(0.5 + 0.4 * np.cos(3 * xs), (64, 80)).astype(np.float32)
    hole = np.zeros((64, 80), bool)
    hole[:, 38:43] = True
    bent, flat = (fill(Harmonic(k), plane, hole).planes[0][hole] for k in (0.1, 1e4))
    assert np.abs(bent - plane[hole]).max() < 0.5 * np.abs(flat - plane[hole]).max()


def test_harmonic_never_leaves_the_range_of_a_wide_holes_rim_by_much():
    plane = texture(96, 96).astype(np.float32)
    hole = spot(96, 96, (20, 20), (56, 56))
    out = fill(Harmonic(), plane, hole).planes[0]
    rim = plane[15:81, 15:81][~hole[15:81, 15:81]]
    inner = out[24:72, 24:72]
    assert rim.min() - 0.05 < inner.min()
    assert inner.max() < rim.max() + 0.05


def test_harmonic_fills_from_a_single_known_pixel():
    hole = np.ones((33, 47), bool)
    hole[5, 6] = False
    plane = np.zeros((33, 47), np.float32)
    plane[5, 6] = 0.7
    assert np.allclose(fill(Harmonic(), plane, hole).planes[0][hole], 0.7, atol=1e-4)


def test_harmonic_keeps_sixteen_bits():
    plane = np.rint(ramp() * 65535).astype(np.uint16)
    hole = spot(size=(5, 5))
    out = fill(Harmonic(), np.where(hole, 0, plane).astype(np.uint16), hole, "gray16le").planes[0]
    assert np.abs(out[hole] - plane[hole]).max() < 60  # 8-bit steps would be 257


def test_rows_bridges_a_scratch_and_leaves_a_blotch():
    plane = ramp()
    hole = spot(at=(10, 50), size=(12, 12))
    hole[:, 30:33] = True
    filling = fill(Rows(), np.where(hole, np.float32(1), plane), hole)
    assert filling.done[:, 30:33].all()
    assert not filling.done[:, 40:].any()
    assert np.abs(filling.planes[0] - plane)[filling.done].max() < 1e-5


def test_rows_follows_a_slanted_edge():
    ys, xs = np.mgrid[:80, :80]
    plane = cv2.GaussianBlur((xs - 40 > 1.0 * (ys - 40)).astype(np.float32), (0, 0), 1.0)
    hole = np.zeros((80, 80), bool)
    hole[:, 39:42] = True
    damaged = np.where(hole, np.float32(1), plane)
    out = fill(Rows(), damaged, hole).planes[0]
    level = plane.copy()
    for k, x in enumerate((39, 40, 41), 1):
        level[:, x] = plane[:, 38] * (1 - k / 4) + plane[:, 42] * k / 4
    assert np.square(out - plane)[hole].mean() < 0.5 * np.square(level - plane)[hole].mean()


def test_rows_takes_no_line_at_the_border():
    hole = np.zeros((64, 80), bool)
    hole[:, :3] = True
    assert not fill(Rows(), ramp(), hole).done.any()


def test_telea_works_on_float_pictures():
    plane, hole = ramp(), spot(size=(4, 4))
    out = fill(Telea(), np.where(hole, np.float32(1), plane), hole).planes[0]
    # OpenCV's own answer on [0, 1] is off by nearly the whole range.
    assert np.abs(out - plane)[hole].max() < 0.03


@pytest.mark.parametrize("bad", [lambda: Harmonic(-1), lambda: Rows(0), lambda: Telea(0.0)])
def test_parameters_are_checked(bad):
    with pytest.raises(ValueError, match="must be"):
        bad()
