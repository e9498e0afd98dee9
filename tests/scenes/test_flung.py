from itertools import pairwise

import numpy as np
import pytest

from restore.scenes.flung import flung
from restore.source import PixelFormat

YUV = PixelFormat("yuv420p", "yuv", 8, 1, 1)
TEN = PixelFormat("gray10le", "grey", 10)


def pictures(pixels, count=10, size=(96, 128)):
    rng = np.random.default_rng(5)
    luma = rng.integers(0, pixels.peak, size).astype(pixels.dtype)
    rest = tuple(np.full(pixels.shape(p, size), 7, pixels.dtype) for p in range(1, pixels.planes))
    return [(luma, *rest) for _ in range(count)]


@pytest.mark.parametrize("pixels", [YUV, TEN])
def test_things_cross_the_luma_of_a_clip_and_move_from_frame_to_frame(pixels):
    plain = pictures(pixels)
    crossed = [flung(plain, pixels, seed) for seed in range(4)]
    changed = [[(a[0] != b[0]) for a, b in zip(plain, some, strict=True)] for some in crossed]
    assert all(any(c.any() for c in some) for some in changed)
    assert any((a != b).any() for some in changed for a, b in pairwise(some))
    for some in crossed:
        for before, after in zip(plain, some, strict=True):
            assert all(a.dtype == b.dtype and a.shape == b.shape for a, b in zip(before, after, strict=True))
            assert all((a == b).all() for a, b in zip(before[1:], after[1:], strict=True))
            assert after[0].max() <= pixels.peak


def test_the_same_seed_flings_the_same():
    plain = pictures(TEN)
    one, two, other = flung(plain, TEN, 3), flung(plain, TEN, 3), flung(plain, TEN, 4)
    assert all((a[0] == b[0]).all() for a, b in zip(one, two, strict=True))
    assert any((a[0] != b[0]).any() for a, b in zip(one, other, strict=True))


def test_the_pictures_given_are_not_written_to():
    plain = pictures(TEN)
    kept = [p[0].copy() for p in plain]
    flung(plain, TEN, 1)
    assert all((a == b[0]).all() for a, b in zip(kept, plain, strict=True))
