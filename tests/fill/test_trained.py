"""The fillers for wide holes: like any filler, and holes of any width. Small networks stand in for those that ship."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from restore.fill import Filler, _tiles
from restore.fill._trained import Trained, bounded, widest
from restore.fill.context_encoder import ContextEncoder
from restore.fill.glcic import Glcic, marched, met
from restore.fill.gmcnn import Gmcnn
from restore.fill.harmonic import Harmonic
from restore.frames import support
from restore.nets import files, inference
from restore.testing import LAYOUTS, FillerSuite, film
from restore.window import Window

SMALL = {ContextEncoder: ((4, 4, 4, 4, 4),), Glcic: (4,), Gmcnn: (4,)}
PARTS = list(SMALL)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Weights of small networks, random but for a little that they add to a smooth fill."""
    folder = tmp_path_factory.mktemp("weights")
    for kind, sizes in SMALL.items():
        torch.manual_seed(1)
        module = __import__(f"restore.nets.{kind.ships}", fromlist=["NET"])
        net = module.NET(*sizes)
        torch.nn.init.normal_(net.out.weight, 0, 0.02)
        files.write(folder / f"{kind.ships}.safetensors", net.state_dict(), {})
    return folder


class Suite(FillerSuite):
    fills_all = True
    kind: type

    @pytest.fixture(autouse=True)
    def weights(self, small):
        self.path = str(small / f"{self.kind.ships}.safetensors")

    def make(self) -> Filler:
        return self.kind(weights=self.path)


class TestContextEncoder(Suite):
    kind = ContextEncoder


class TestGlcic(Suite):
    kind = Glcic

    def make(self) -> Filler:
        return Glcic(weights=self.path, fast_marching=True, poisson=True)


class TestGmcnn(Suite):
    kind = Gmcnn


def fill(part, planes, hole, layout):
    window = Window.of([planes], LAYOUTS[layout], [hole])
    return part.fill(window, 0, tuple(p.astype(np.float32) for p in planes), hole)


def disc(size, centre, radius):
    ys, xs = np.mgrid[: size[0], : size[1]]
    return (ys - centre[0]) ** 2 + (xs - centre[1]) ** 2 <= radius**2


@pytest.mark.parametrize("kind", PARTS)
def test_what_ships_does_better_across_a_wide_hole_than_its_surroundings_mean(kind):
    size = (160, 200)
    ys, xs = np.mgrid[: size[0], : size[1]]
    plane = (0.5 + 0.3 * np.tanh((xs - 0.6 * ys - 50) / 6)).astype(np.float32)
    hole = disc(size, (80, 98), 20)
    out = fill(kind(), (np.where(hole, np.float32(0), plane),), hole, "grayf32le").planes[0]
    assert np.square(out - plane)[hole].mean() < 0.5 * plane[hole].var()


@pytest.mark.parametrize("kind", PARTS)
def test_squares_are_what_the_network_takes(kind, small):
    path = small / f"{kind.ships}.safetensors"
    needs = inference.filler(kind.ships, path, "any").needs
    assert kind.grid.side_px % needs.multiple_px == 0
    assert kind.grid.side_px >= needs.least_px
    needs.check((3, kind.grid.side_px, kind.grid.side_px))


@pytest.mark.parametrize("kind", PARTS)
def test_a_square_is_the_same_alone_and_among_others(kind, small):
    part = kind(weights=str(small / f"{kind.ships}.safetensors"))
    clean = film(LAYOUTS["gray16le"], (100, 700), 1)[0]
    alone = disc((100, 700), (50, 60), 20)
    both = alone | disc((100, 700), (50, 640), 30)
    a, b = (fill(part, clean, hole, "gray16le").planes[0][alone] for hole in (alone, both))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("layout", ["gray16le", "yuv420p", "yuv422p10le", "gbrp16le"])
@pytest.mark.parametrize("size", [(330, 341), (331, 340)], ids=str)
def test_holes_deeper_than_a_network_sees_are_filled_through(layout, size, small):
    part, pixels = Glcic(weights=str(small / "glcic.safetensors")), LAYOUTS[layout]
    ys, xs = np.mgrid[: size[0], : size[1]] / 340
    clean = tuple(np.rint((0.3 + 0.4 * cv2.resize(xs if k else ys, pixels.shape(k, size)[::-1])) * pixels.peak).astype(
        pixels.dtype) for k in range(pixels.colour_planes))
    hole = disc(size, (165, 170), 120)
    assert _tiles.depth(hole, part.grid.deep_px).sum() > 10_000
    filling = fill(part, clean, hole, layout)
    assert np.array_equal(filling.done, hole)
    for k, (out, true) in enumerate(zip(filling.planes, clean, strict=True)):
        under = support(hole, pixels, k)
        assert np.abs(out[under] - true[under]).max() < 0.25 * pixels.peak


def test_next_to_nothing_known_is_enough(small):
    part, hole = Gmcnn(weights=str(small / "gmcnn.safetensors")), np.ones((300, 280), bool)
    planes = tuple(p * 0 + 90 for p in film(LAYOUTS["yuv420p"], hole.shape, 1)[0])
    hole[5, 6] = False
    filling = fill(part, planes, hole, "yuv420p")
    assert np.array_equal(filling.done, hole)
    assert all(np.isfinite(p).all() for p in filling.planes)
    assert np.abs(filling.planes[0] - 90).max() < 60


def test_half_the_size_is_the_mean_of_what_is_known_and_all_of_a_hole_that_is_left():
    plane = np.arange(30, dtype=np.float32).reshape(5, 6)
    hole = np.zeros((5, 6), bool)
    hole[0, 0] = hole[2:4, 2:4] = True
    (small,), left = _tiles.halved((plane,), hole, LAYOUTS["grayf32le"])
    assert small.shape == left.shape == (3, 3)
    assert small[0, 0] == np.float32(14 / 3)
    assert small[2, 1] == 26.5
    assert np.argwhere(left).tolist() == [[1, 1]]
    slope = _tiles.doubled(_tiles.quarter(plane), plane.shape)
    assert slope.shape == plane.shape
    np.testing.assert_allclose(slope[1:3, 1:5], plane[1:3, 1:5], atol=1e-4)  # the odd last row was shown twice


def test_a_filling_is_shifted_to_meet_the_picture_and_keeps_its_slopes():
    hole = disc((60, 60), (30, 30), 15)
    step = np.full((60, 60), 0.3, np.float32)
    added = met(step, hole)
    assert not added[~hole].any()
    np.testing.assert_allclose(added[hole], 0.3, atol=1e-3)
    slope = np.broadcast_to(np.linspace(-1, 1, 60, dtype=np.float32), (60, 60))
    np.testing.assert_allclose(met(slope, hole)[hole], slope[hole], atol=0.03)
    assert not met(step, np.ones_like(hole)).any()


def test_the_rim_alone_is_drawn_again():
    rng = np.random.default_rng(1)
    plane, hole = rng.random((60, 60), np.float32), disc((60, 60), (30, 30), 15)
    out = marched(plane, hole, 1.0)
    inner = disc((60, 60), (30, 30), 12)
    assert np.array_equal(out[~hole | inner], plane[~hole | inner])
    assert not np.array_equal(out[hole], plane[hole])


def test_the_papers_ways_to_hide_a_seam_hide_it(small):
    size, hole = (120, 130), disc((120, 130), (60, 64), 22)
    plane = film(LAYOUTS["grayf32le"], size, 1)[0][0]
    part = Glcic(weights=str(small / "glcic.safetensors"))
    plain = fill(part, (plane,), hole, "grayf32le").planes[0]
    ring = hole & ~cv2.erode(hole.astype(np.uint8), np.ones((3, 3))).astype(bool)
    harmonic = fill(Harmonic(), (plane,), hole, "grayf32le").planes[0]
    apart = np.abs(plain - harmonic)[ring].mean()
    for way in ({"poisson": True}, {"fast_marching": True}):
        out = fill(replace(part, **way), (plane,), hole, "grayf32le").planes[0]
        assert np.abs(out - harmonic)[ring].mean() < apart


def test_parts_of_the_kind_say_which_weights_they_use():
    for kind in PARTS:
        assert issubclass(kind, Trained)
        assert len(kind().fingerprint()) == 64


def test_a_network_that_goes_astray_is_kept_within_what_is_known():
    hole = np.zeros((8, 8), bool)
    hole[3:5, 3:5] = True
    crop = np.stack([np.full((8, 8), v, np.float32) for v in (0.0, 0.4, 0.7)])
    crop[:, 0, 0] = 0.1, 0.5, 0.8
    wild = np.stack([np.full((8, 8), v, np.float32) for v in (14.0, -3.0, 0.75)])
    (out,) = bounded(lambda crops: [wild for _ in crops], [(crop, hole)])
    assert out[:, 3, 3] == pytest.approx([0.1, 0.4, 0.75])
    (out,) = bounded(lambda crops: [wild for _ in crops], [(crop, np.ones((8, 8), bool))])
    assert np.array_equal(out, wild)


def test_wide_holes_are_told_from_narrow_ones_whole():
    hole = np.zeros((60, 80), bool)
    hole[5:45, 5:9] = True  # long, and nowhere wide
    hole[20:40, 40:60] = True
    hole[30, 60:75] = True  # hangs on to the wide one
    wide = widest(hole)
    assert not wide[:, :20].any()
    assert np.array_equal(wide[:, 30:], hole[:, 30:])
    assert not widest(np.zeros((9, 9), bool)).any()
