"""What lies between slices: exact where it can be known, and nearer than without motion where it moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from restore.errors import RecipeError
from restore.fill.between import Between, pairs
from restore.fill.donors import Donors
from restore.fill.ladder import fill_frame
from restore.frames import Bits
from restore.measure.filling.damage import Holes
from restore.parts import make
from restore.source import PixelFormat
from restore.testing import FillerSuite, texture
from restore.window import Window

GREY16 = PixelFormat("gray16le", "grey", 16)
SIZE = (96, 112)


class TestBetween(FillerSuite):
    def make(self) -> Between:
        return Between()


def body(count: int = 9) -> list[np.ndarray]:
    """Return slices (H, W) uint16 through slanted ellipsoids with a texture of their own in a dark room."""
    ys, xs = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    tissue = texture(*SIZE, 3)
    out = []
    for z in range(count):
        value = np.full(SIZE, 2000, np.float32)
        for cy, cx, ry, rx, slant, level in ((48, 50, 40, 46, 0.0, 21000), (40, 40, 15, 12, 2.5, 45000),
                                             (60, 70, 9, 14, -3.0, 9000), (30, 75, 7, 7, 2.0, 60000)):
            far = np.hypot((ys - cy) / (ry - 0.4 * z), (xs - cx - slant * (z - count / 2)) / (rx - 0.3 * z))
            value += np.clip((1 - far) * 12, 0, 1) * (np.float32(level) - value)
        out.append(np.rint(value * (0.9 + 0.1 * tissue)).astype(np.uint16))
    return out


def window(slices: list[np.ndarray], masks: list[Bits]) -> Window:
    return Window.of([(np.where(m, np.uint16(65535), s),) for s, m in zip(slices, masks, strict=True)], GREY16, masks)


def lost(count: int, *which: int) -> list[Bits]:
    return [np.full(SIZE, t in which) for t in range(count)]


def psnr(found: np.ndarray, truth: np.ndarray, where: Bits) -> float:
    gap = (found.astype(np.float64) - truth)[where] / 65535
    return float(-10 * np.log10(np.square(gap).mean()))


def test_a_lost_slice_comes_back_nearer_than_without_motion() -> None:
    slices = body()
    patch = fill_frame([Between()], window(slices, lost(9, 4)), 4)
    assert patch.mask.all()
    inside = slices[4] > 5000
    linear = (slices[3].astype(np.float64) + slices[5]) / 2
    assert psnr(patch.planes[0], slices[4], inside) > psnr(linear, slices[4], inside) + 3


def test_dust_is_filled_nearer_than_by_a_mean_and_where_nothing_can_be_copied() -> None:
    slices, dust = body(), Holes("blotch", 2, SIZE, 0.04)
    masks = [dust.mask(t) for t in range(9)]
    film = window(slices, masks)
    ours, copied = (fill_frame([f], film, 4) for f in (Between(), Donors()))
    near = ~(masks[3] | masks[5]) & copied.mask & (slices[4] > 5000)
    linear = (slices[3].astype(np.float64) + slices[5]) / 2
    found = psnr(ours.planes[0], slices[4], near)
    assert ours.mask.sum() > 0.98 * masks[4].sum()
    assert found > psnr(linear, slices[4], near) + 1
    assert copied.mask.sum() < ours.mask.sum()


def test_what_is_a_cubic_along_the_stack_is_met_exactly_in_sixteen_bits() -> None:
    z = np.arange(7) - 3.0
    values = np.rint(30001 + 301 * z + 77 * z**2 - 31 * z**3)
    slices = [np.full(SIZE, v, np.uint16) for v in values]
    patch = fill_frame([Between()], window(slices, lost(7, 3)), 3)
    assert np.array_equal(patch.planes[0], slices[3])
    near = fill_frame([Between(1)], window(slices, lost(7, 3)), 3)
    assert (near.planes[0] == np.rint((values[2] + values[4]) / 2)).all()


def test_two_lost_in_a_row_lie_on_the_line_between_their_neighbours() -> None:
    slices = [np.full(SIZE, 900 * t + 5000, np.uint16) for t in range(8)]
    film = window(slices, lost(8, 3, 4))
    for t in (3, 4):
        assert np.array_equal(fill_frame([Between()], film, t).planes[0], slices[t])
    assert not fill_frame([Between(1)], window(slices, lost(8, 2, 3, 4)), 3).mask.any()


def test_with_one_side_only_the_nearest_slice_is_copied() -> None:
    slices = body(4)
    patch = fill_frame([Between()], window(slices, lost(4, 0)), 0)
    assert np.array_equal(patch.planes[0], slices[1])


def test_a_damaged_neighbour_is_not_read() -> None:
    slices = [np.full(SIZE, 900 * t + 5000, np.uint16) for t in range(7)]
    masks = lost(7)
    masks[3][20:40, 20:40] = masks[2][25:45, 25:45] = True
    patch = fill_frame([Between()], window(slices, masks), 3)
    assert np.array_equal(patch.planes[0][masks[3]], slices[3][masks[3]])


def test_it_is_not_used_where_nothing_may_be_invented() -> None:
    slices = body(5)
    assert not fill_frame([Between()], window(slices, lost(5, 2)), 2, invent=False).mask.any()


def test_pairs_come_nearest_first() -> None:
    assert list(pairs([-2, -1, 1, 2])) == [(-1, 1), (-1, 2), (-2, 1), (-2, 2)]
    assert list(pairs([1, 2])) == []


def test_a_reach_of_nothing_is_refused() -> None:
    with pytest.raises(RecipeError, match="1 to 8"):
        make("fill", "between", {"reach_frames": 0})


def test_a_real_head_is_met_better_than_by_a_mean(media: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    path = media / "medical/niivue/packages/niivue/demos/images/avg152T1_RL_nifti.nii.gz"
    if not path.exists():
        pytest.skip(f"no volume at {path}")
    volume = np.moveaxis(np.asarray(nibabel.load(path).dataobj), 2, 0).astype(np.uint16) * 257
    slices, masks = list(volume[40:49]), [np.full(volume.shape[1:], t == 4) for t in range(9)]
    patch = fill_frame([Between()], window(slices, masks), 4)
    linear = (slices[3].astype(np.float64) + slices[5]) / 2
    inside = slices[4] > 4000
    assert psnr(patch.planes[0], slices[4], inside) > psnr(linear, slices[4], inside) + 2
