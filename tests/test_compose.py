"""Composing is a select: outside the patch every sample is the source's own."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from restore.compose import compose
from restore.frames import Patch, Picture, support
from restore.testing import LAYOUTS


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(LAYOUTS)), st.integers(1, 20), st.integers(1, 20))
def test_only_what_is_masked_changes(seed, layout, height, width):
    rng = np.random.default_rng(seed)
    pixels, size = LAYOUTS[layout], (height, width)
    shapes = [pixels.shape(p, size) for p in range(pixels.planes)]
    source = tuple(rng.integers(0, 200, s).astype(pixels.dtype) for s in shapes)
    fill = tuple(rng.integers(0, 200, s).astype(pixels.dtype) for s in shapes[: pixels.colour_planes])
    mask = rng.random(size) < 0.3
    kept = [p.copy() for p in source]
    patch = Patch(0, mask, fill, mask.astype(np.uint8), np.zeros(size, np.int8))
    out = compose(Picture(0, source), patch, pixels)
    for p in range(pixels.planes):
        under = support(mask, pixels, p) if p < pixels.colour_planes else np.zeros(shapes[p], bool)
        assert np.array_equal(out.planes[p][~under], source[p][~under])
        if p < pixels.colour_planes:
            assert np.array_equal(out.planes[p][under], fill[p][under])
        assert np.array_equal(source[p], kept[p])
        assert out.planes[p].dtype == pixels.dtype


def test_nothing_to_do_is_the_same_picture():
    picture = Picture(0, (np.zeros((4, 4), np.uint8),))
    empty = Patch(0, np.zeros((4, 4), bool), picture.planes, np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.int8))
    assert compose(picture, empty, LAYOUTS["gray"]) is picture
    assert compose(picture, None, LAYOUTS["gray"]) is picture
