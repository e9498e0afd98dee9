"""The network's filler: exactly the mask, at any depth and size, the same however its squares are dealt out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from restore.errors import PartError
from restore.fill import Filler, _rgb, _tiles
from restore.fill.ladder import fill_frame
from restore.fill.thin import Thin
from restore.frames import support, touched
from restore.nets import files
from restore.nets.thin import ThinNet
from restore.testing import LAYOUTS, FillerSuite, film, texture
from restore.window import Window

SIZE = (150, 260)
GRID = Thin.grid
SIDE_PX, STEP_PX = GRID.side_px, GRID.step_px


class TestThin(FillerSuite):
    fills_all = True

    def make(self) -> Filler:
        return Thin()


def scratched(size=SIZE):
    hole = np.zeros(size, bool)
    hole[:, 88:93] = True  # on the border of two squares
    hole[40:47, 200:206] = True
    return hole


def fill(planes, hole, layout, part=None):
    window = Window.of([planes], LAYOUTS[layout], [hole])
    return (part or Thin()).fill(window, 0, tuple(p.astype(np.float32) for p in planes), hole)


@pytest.mark.parametrize("layout", ["gray", "yuv420p", "yuv422p10le", "gbrp16le", "grayf32le"])
def test_it_fills_the_mask_much_as_it_was_and_nothing_else(layout):
    pixels, hole = LAYOUTS[layout], scratched()
    clean = film(pixels, SIZE, 1)[0]
    damaged = tuple(np.where(support(hole, pixels, k), 0, p).astype(p.dtype) for k, p in enumerate(clean))
    window = Window.of([damaged], pixels, [hole])
    patch = fill_frame([Thin()], window, 0)
    assert np.array_equal(patch.mask, hole)
    for k, (plane, true) in enumerate(zip(patch.planes, clean, strict=True)):
        under = support(hole, pixels, k)
        assert not plane[~under].any()
        assert (plane[under].astype(np.float64) - true[under]).std() < 0.7 * true[under].std()


def test_sixteen_bits_are_used():
    hole = scratched()
    (plane,) = film(LAYOUTS["gray16le"], SIZE, 1)[0]
    out = fill((plane,), hole, "gray16le").planes[0][hole]
    assert len(np.unique(np.rint(out))) > 600  # 8-bit steps would leave 256


def test_a_scratch_on_a_slope_leaves_no_trace():
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    plane, hole = (0.2 + 0.002 * xs + 0.001 * ys).astype(np.float32), scratched()
    out = fill((np.where(hole, np.float32(1), plane),), hole, "grayf32le").planes[0]
    assert np.abs(out - plane)[hole].max() < 0.02


def test_an_edge_goes_on_through_a_gap_sharper_than_smooth_fills_leave_it():
    from restore.fill.harmonic import Harmonic

    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]]
    plane = cv2.GaussianBlur(np.where(ys + 0.5 * xs > 130, 0.75, 0.25).astype(np.float32), (0, 0), 0.7)
    hole = scratched()
    damaged = (np.where(hole, np.float32(0), plane),)
    ours, smooth = (np.square(fill(damaged, hole, "grayf32le", part).planes[0] - plane)[hole].mean()
                    for part in (Thin(), Harmonic()))
    assert ours < 0.7 * smooth


def test_squares_have_no_borders_and_leave_no_gaps():
    weight = GRID.ramp(0)
    np.testing.assert_allclose(weight[:-STEP_PX] + weight[STEP_PX:], 1, atol=1e-6)
    assert (weight[SIDE_PX - STEP_PX : STEP_PX] == 1).all()


@pytest.mark.parametrize("layout", ["gray", "yuv420p", "yuv422p10le"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (95, 96), (97, 151)], ids=str)
def test_every_pixel_is_answered_for_once(layout, size, monkeypatch):
    """A network that answers with what it is shown gives the picture back, whatever its size."""
    pixels = LAYOUTS[layout]
    planes = tuple(p.astype(np.float32) for p in film(pixels, size, 1)[0])
    hole = np.zeros(size, bool)
    hole[0, 0] = hole[-1, -1] = True
    monkeypatch.setattr(_tiles.Grid, "tiles", lambda _, wide: places(wide.shape))
    out = _tiles.filled(planes, hole, pixels, GRID, lambda crops: (c for c, _ in crops))
    for k, (plane, back) in enumerate(zip(planes, out, strict=True)):
        known = ~support(touched(hole, pixels), pixels, k)
        np.testing.assert_allclose(back[known], plane[known], rtol=1e-3, atol=1e-3)


def places(shape):
    ys, xs = (range(0, n - SIDE_PX + 1, STEP_PX) for n in shape)
    return [(y, x) for y in ys for x in xs]


def test_a_hole_is_filled_alike_whatever_else_is_to_be_filled():
    hole = scratched()
    clean = film(LAYOUTS["gray16le"], SIZE, 1)[0]
    alone = np.zeros(SIZE, bool)
    alone[40:47, 200:206] = True
    far = alone.copy()
    far[:, 2:5] = True
    a, b = (fill(clean, h, "gray16le").planes[0] for h in (alone, far))
    # What is left to fill two squares away shows in none of this one's samples.
    np.testing.assert_array_equal(a[alone], b[alone])
    assert not np.array_equal(fill(clean, hole, "gray16le").planes[0][hole & ~alone], a[hole & ~alone])


def test_the_same_bytes_whatever_number_of_threads_torch_may_use():
    clean, hole = film(LAYOUTS["yuv420p"], SIZE, 1)[0], scratched()
    before = torch.get_num_threads()
    try:
        outs = []
        for n in (1, 2):
            torch.set_num_threads(n)
            outs.append(fill(clean, hole, "yuv420p").planes)
            assert torch.get_num_threads() == n
    finally:
        torch.set_num_threads(before)
    for a, b in zip(*outs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_nothing_known_is_left_alone_and_next_to_nothing_is_enough():
    planes = film(LAYOUTS["yuv420p"], (40, 48), 1)[0]
    everything = np.ones((40, 48), bool)
    assert not fill(planes, everything, "yuv420p").done.any()
    everything[5, 6] = False
    filling = fill(planes, everything, "yuv420p")
    assert np.array_equal(filling.done, everything)
    assert all(np.isfinite(p).all() for p in filling.planes)


def test_weights_of_ones_own_are_used_and_told_apart(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "mine.safetensors"
    files.write(path, ThinNet(16, 1).state_dict(), {})
    mine = Thin(weights=str(path))
    assert mine.fingerprint() != Thin().fingerprint()
    plane, hole = texture(*SIZE), scratched()
    out = fill((plane,), hole, "grayf32le", mine).planes[0][hole]
    assert not np.array_equal(out, fill((plane,), hole, "grayf32le").planes[0][hole])


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    files.write(path, {"w": torch.zeros(3)}, {})
    with pytest.raises(PartError, match=r"other\.safetensors holds no weights of ThinNet"):
        fill((texture(*SIZE),), scratched(), "grayf32le", Thin(weights=str(path)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_becomes_rgb_comes_back(layout):
    pixels = LAYOUTS[layout]
    planes = tuple(p.astype(np.float32) for p in film(pixels, (32, 64), 1)[0][: pixels.colour_planes])
    for plane, back in zip(planes, _rgb.from_rgb(_rgb.to_rgb(planes, pixels), pixels), strict=True):
        np.testing.assert_allclose(back, plane, rtol=1e-4, atol=2e-3)


def test_a_narrow_hole_is_filled_the_same_whether_there_is_a_wide_one_far_away_or_not():
    layout, narrow = "gray16le", np.zeros(SIZE, bool)
    narrow[40:47, 20:26] = True
    both = narrow.copy()
    both[60:100, 180:230] = True
    planes = film(LAYOUTS[layout], SIZE, 1)[0]
    alone, beside = fill(planes, narrow, layout), fill(planes, both, layout)
    for p, (a, b) in enumerate(zip(alone.planes, beside.planes, strict=True)):
        under = support(narrow, LAYOUTS[layout], p)
        assert np.array_equal(a[under], b[under])
    far = fill(planes, both & ~narrow, layout)
    for p, (a, b) in enumerate(zip(far.planes, beside.planes, strict=True)):
        under = support(both & ~narrow, LAYOUTS[layout], p)
        assert np.array_equal(a[under], b[under])
