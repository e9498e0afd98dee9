"""The ladder gives each hole pixel to the first filler that can, and each chroma sample to the one that closes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.compose import compose
from restore.errors import PartError
from restore.fill import Filling
from restore.fill.ladder import fill_frame
from restore.frames import DONOR, spread, support
from restore.testing import LAYOUTS, check_patch
from restore.window import Window


@dataclass(frozen=True)
class Flat:
    """Paints one value where a rule allows."""

    value: float
    columns: tuple[int, int] = (0, 1000)
    invents: bool = True
    version: ClassVar[int] = 1
    reach_frames: ClassVar[int] = 0

    def fill(self, window, t, planes, hole):
        may = np.zeros(hole.shape, bool)
        may[:, self.columns[0] : self.columns[1]] = True
        offset = np.full(hole.shape, -1, np.int8)
        return Filling(tuple(np.full_like(p, self.value) for p in planes), hole & may, offset)


@dataclass(frozen=True)
class Wrong:
    version: ClassVar[int] = 1
    reach_frames: ClassVar[int] = 0
    invents: ClassVar[bool] = True

    def fill(self, window, t, planes, hole):
        return Filling(tuple(p[1:] for p in planes), hole)


def window(hole, layout="yuv420p"):
    pixels = LAYOUTS[layout]
    rng = np.random.default_rng(0)
    planes = tuple(
        (rng.random(pixels.shape(p, hole.shape)) * pixels.peak).astype(pixels.dtype) for p in range(pixels.planes)
    )
    return Window.of([planes], pixels, [hole])


def test_first_come_first_served_and_chroma_with_the_last():
    hole = np.zeros((8, 8), bool)
    hole[2:4, 1:5] = True  # chroma columns 0, 1 and 2
    patch = fill_frame([Flat(10, (0, 3), invents=False), Flat(20)], window(hole), 0)
    assert (patch.planes[0][2:4, 1:3] == 10).all()
    assert (patch.planes[0][2:4, 3:5] == 20).all()
    assert patch.planes[1][1].tolist() == [10, 20, 20, 0]
    assert (patch.origin[2:4, 1:3] == DONOR).all()
    assert (patch.origin[2:4, 3:5] == 2 + 1).all()
    assert (patch.offset[2:4, 1:3] == -1).all()
    assert not patch.offset[2:4, 3:5].any()


def test_without_inventing_the_rest_stays_the_sources_own():
    hole = np.zeros((8, 8), bool)
    hole[2:4, 1:5] = True
    view = window(hole)
    patch = fill_frame([Flat(10, (0, 4), invents=False), Flat(20)], view, 0, invent=False)
    assert patch.mask.sum() == 6
    # Columns 2 to 3 share a chroma sample and are both filled; column 4 is not, and its sample stays.
    assert patch.planes[1][1].tolist() == [10, 10, 0, 0]
    out = compose(view.picture(0), patch, view.pixels)
    assert np.array_equal(out.planes[0][~patch.mask], view.picture(0).planes[0][~patch.mask])
    assert out.planes[1][1, 2] == view.picture(0).planes[1][1, 2]


def test_a_shared_chroma_sample_has_a_value_even_when_half_open():
    hole = np.zeros((8, 8), bool)
    hole[2, 2:4] = True  # both over chroma column 1
    patch = fill_frame([Flat(10, (0, 3))], window(hole), 0)
    assert patch.mask.sum() == 1
    assert support(patch.mask, LAYOUTS["yuv420p"], 1)[1, 1]
    assert patch.planes[1][1, 1] == 10


def test_values_are_clipped_not_wrapped():
    hole = np.ones((8, 8), bool)
    assert (fill_frame([Flat(300.0)], window(hole), 0).planes[0] == 255).all()
    assert (fill_frame([Flat(-5.0)], window(hole, "yuv422p10le"), 0).planes[0] == 0).all()
    assert (fill_frame([Flat(9999.0)], window(hole, "yuv422p10le"), 0).planes[0] == 1023).all()


def test_wrong_shapes_are_refused():
    with pytest.raises(PartError, match="Wrong gave planes"):
        fill_frame([Wrong()], window(np.ones((8, 8), bool)), 0)


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(LAYOUTS)), st.integers(1, 11), st.integers(1, 11))
def test_whatever_the_ladder_the_patch_is_consistent(seed, layout, height, width):
    rng = np.random.default_rng(seed)
    hole = rng.random((height, width)) < 0.5
    view = window(hole, layout)
    a, b = sorted(rng.integers(0, width + 1, 2).tolist())
    ladder = [Flat(0.25, (a, b), invents=False), Flat(0.5, (b, width + 1)), Flat(0.75, (0, a))]
    patch = fill_frame(ladder, view, 0)
    check_patch(patch, view)
    assert np.array_equal(patch.mask, hole)
    out = compose(view.picture(0), patch, view.pixels)
    for p in range(view.pixels.planes):
        same = out.planes[p] == view.picture(0).planes[p]
        if p < view.pixels.colour_planes:
            same |= support(hole, view.pixels, p)
        assert same.all()
        touched = spread(~same, view.pixels, p, (height, width)) if p < view.pixels.colour_planes else ~same
        assert not touched.any()
