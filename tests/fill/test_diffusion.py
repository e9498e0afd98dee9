"""The filler that draws: exactly the mask, the same bytes for the same frame, and another picture for another seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore import parts
from restore.errors import PartError, RecipeError
from restore.fill import Filler
from restore.fill._squares import filled, grid_of
from restore.fill._tiles import Grid
from restore.fill.diffusion import Diffusion
from restore.frames import support, touched
from restore.nets import shelf
from restore.testing import LAYOUTS, FillerSuite, film
from restore.window import Window

SIZE = (100, 140)


class TestDiffusion(FillerSuite):
    fills_all = True

    def make(self) -> Filler:
        return Diffusion(steps=2, side_px=64)


def holed(size=SIZE):
    hole = np.zeros(size, bool)
    hole[30:60, 50:90] = True
    return hole


def fill(part, layout, t=0, hole=None):
    pixels, hole = LAYOUTS[layout], holed() if hole is None else hole
    shown = [film(pixels, SIZE, 1)[0]] * (t + 1)
    window = Window.of(shown, pixels, [hole] * (t + 1))
    return part.fill(window, t, tuple(p.astype(np.float32) for p in shown[t]), hole)


def test_what_is_shipped_goes_on_with_the_picture():
    (clean,) = film(LAYOUTS["gray16le"], SIZE, 1)[0]
    hole = holed()
    out = fill(Diffusion(), "gray16le").planes[0]
    error, spread = (out.astype(np.float64) - clean)[hole].std(), clean[hole].astype(np.float64).std()
    assert error < 1.5 * spread
    assert 0.3 * spread < out[hole].std() < 2 * spread
    assert len(np.unique(np.rint(out[hole]))) > 600  # 8-bit steps would leave 256


def test_a_seed_and_a_frame_have_a_picture_of_their_own():
    hole = holed()
    outs = [fill(Diffusion(steps=2, side_px=64, seed=s), "gray", t).planes[0][hole] for s, t in
            ((1, 0), (1, 0), (2, 0), (1, 1))]
    np.testing.assert_array_equal(outs[0], outs[1])
    assert not np.array_equal(outs[0], outs[2])
    assert not np.array_equal(outs[0], outs[3])


@pytest.mark.parametrize("layout", ["gray16le", "yuv444p12le"])
def test_a_hole_is_filled_alike_whatever_else_is_to_be_filled(layout):
    # Where chroma is smaller than luma it is filled smoothly over the whole frame first, alike but for the last digit.
    alone, both = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    alone[5:12, 4:10] = both[5:12, 4:10] = both[80:90, 120:] = True
    a, b = (fill(Diffusion(steps=2, side_px=64), layout, hole=h).planes for h in (alone, both))
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x[alone], y[alone])


def test_the_same_bytes_whatever_number_of_threads_torch_may_use():
    before, outs = torch.get_num_threads(), []
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            torch.manual_seed(n)
            outs.append(fill(Diffusion(steps=2), "yuv422p10le").planes)
            assert torch.get_num_threads() == n
    finally:
        torch.set_num_threads(before)
    for a, b in zip(*outs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_model_counts_in_the_digest(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(shelf.shipped("diffusion").read_bytes() + b" ")
    mine = parts.make("fill", "diffusion", {"model": str(path)})
    assert mine.made.fingerprint() != Diffusion().fingerprint() == shelf.sha256(shelf.shipped("diffusion"))
    with pytest.raises(PartError, match=r"there is no .*gone.*Correct `model`, or leave it empty"):
        Diffusion(model=str(tmp_path / "gone")).fingerprint()


@pytest.mark.parametrize("params", [{"steps": 0}, {"strength": 0.0}, {"strength": 1.5}, {"seed": -1}, {"side_px": 100}])
def test_parameters_that_cannot_be_are_refused(params):
    with pytest.raises(RecipeError, match="must be"):
        parts.make("fill", "diffusion", params)


@pytest.mark.parametrize("side_px", [64, 192, 512])
def test_squares_have_no_borders_and_leave_no_gaps(side_px):
    how = grid_of(side_px)
    weight = how.ramp(0)
    np.testing.assert_allclose(weight[: -how.step_px] + weight[how.step_px :], 1, atol=1e-6)
    assert (weight[side_px - how.step_px : how.step_px] == 1).all()
    assert how.edge_px % 4 == how.step_px % 4 == 0  # where samples of every plane begin


@pytest.mark.parametrize("layout", ["gray", "yuv420p", "yuv422p10le"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (47, 48), (49, 151)], ids=str)
def test_every_pixel_is_answered_for_once(layout, size, monkeypatch):
    """What answers with what it is shown gives the picture back, whatever its size."""
    pixels = LAYOUTS[layout]
    planes = tuple(p.astype(np.float32) for p in film(pixels, size, 1)[0])
    hole = np.zeros(size, bool)
    hole[0, 0] = hole[-1, -1] = True
    monkeypatch.setattr(Grid, "tiles", lambda _, wide: everywhere(wide.shape))
    out = filled(planes, hole, pixels, Grid(64, 48, 4), lambda squares: (shown for _, shown, _ in squares))
    for k, (plane, back) in enumerate(zip(planes, out, strict=True)):
        known = ~support(touched(hole, pixels), pixels, k)
        np.testing.assert_allclose(back[known], plane[known], rtol=1e-3, atol=1e-3)


def everywhere(shape):
    ys, xs = (range(0, n - 63, 48) for n in shape)
    return [(y, x) for y in ys for x in xs]
