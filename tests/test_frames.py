import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.compose import compose
from restore.frames import Patch, Picture, digest, empty_patch, pack, spread, support, touched, unpack
from restore.source import PixelFormat

FORMATS = [
    PixelFormat("gray", "grey", 8),
    PixelFormat("gray12le", "grey", 12),
    PixelFormat("yuv420p", "yuv", 8, 1, 1),
    PixelFormat("yuv422p10le", "yuv", 10, 0, 1),
    PixelFormat("yuv411p", "yuv", 8, 0, 2),
    PixelFormat("yuv410p", "yuv", 8, 2, 2),
    PixelFormat("yuva444p12le", "yuv", 12, alpha=True),
    PixelFormat("gbrp16le", "rgb", 16),
    PixelFormat("gbrpf32le", "rgb", 32),
]
sizes = st.tuples(st.integers(1, 23), st.integers(1, 23))


def picture(pixels: PixelFormat, size: tuple[int, int], seed: int) -> Picture:
    rng = np.random.default_rng(seed)
    shapes = [pixels.shape(p, size) for p in range(pixels.planes)]
    return Picture(0, tuple((rng.random(s) * pixels.peak).astype(pixels.dtype) for s in shapes))


def patch_for(pixels: PixelFormat, mask: np.ndarray, seed: int) -> Patch:
    size = (mask.shape[0], mask.shape[1])
    values = picture(pixels, size, seed).planes[: pixels.colour_planes]
    planes = tuple(np.where(support(mask, pixels, p), v, 0).astype(pixels.dtype) for p, v in enumerate(values))
    rng = np.random.default_rng(seed)
    offset = np.where(mask, rng.integers(-3, 4, size), 0).astype(np.int8)
    return Patch(0, mask, planes, mask.astype(np.uint8), offset)


@given(st.sampled_from(FORMATS), sizes, st.integers(0, 2**32 - 1))
def test_a_sample_is_masked_if_any_pixel_it_covers_is(pixels: PixelFormat, size: tuple[int, int], seed: int) -> None:
    mask = np.random.default_rng(seed).random(size) < 0.1
    for p in range(pixels.planes):
        y, x = pixels.shift(p)
        expected = np.zeros(pixels.shape(p, size), bool)
        for i, j in zip(*np.nonzero(mask), strict=True):
            expected[i >> y, j >> x] = True
        assert np.array_equal(support(mask, pixels, p), expected)
        assert (spread(expected, pixels, p, size) >= mask).all()
    assert (touched(mask, pixels) >= mask).all()


@given(st.sampled_from(FORMATS), sizes, st.integers(0, 2**32 - 1))
def test_composing_changes_the_support_of_the_mask_and_nothing_else(
    pixels: PixelFormat, size: tuple[int, int], seed: int
) -> None:
    mask = np.random.default_rng(seed).random(size) < 0.1
    before, patch = picture(pixels, size, seed), patch_for(pixels, mask, seed + 1)
    kept = [p.copy() for p in before.planes]
    after = compose(before, patch, pixels)
    for p, (old, new) in enumerate(zip(before.planes, after.planes, strict=True)):
        inside = support(mask, pixels, p) if p < pixels.colour_planes else np.zeros(old.shape, bool)
        assert new.dtype == old.dtype
        assert np.array_equal(new[~inside], old[~inside])
        if p < pixels.colour_planes:
            assert np.array_equal(new[inside], patch.planes[p][inside])
        assert np.array_equal(old, kept[p]), "the source's own samples are never written to"


@given(st.sampled_from(FORMATS), sizes, st.integers(0, 2**32 - 1))
def test_packing_gives_the_patch_back(pixels: PixelFormat, size: tuple[int, int], seed: int) -> None:
    mask = np.random.default_rng(seed).random(size) < 0.2
    patch = patch_for(pixels, mask, seed)
    again = unpack(pack(patch, pixels), pixels, size)
    for a, b in zip((patch.mask, patch.origin, patch.offset, *patch.planes),
                    (again.mask, again.origin, again.offset, *again.planes), strict=True):
        assert np.array_equal(a, b)
    assert (pack(patch, pixels).digest == "-") == (not mask.any())


def test_digests_tell_contents_apart_and_name_emptiness() -> None:
    mask = np.zeros((4, 9), bool)
    assert digest(mask) == "-"
    mask[2, 3] = True
    other = mask.copy()
    other[2, 3], other[2, 4] = False, True
    assert len({digest(mask), digest(other), "-"}) == 3


@pytest.mark.parametrize("pixels", FORMATS, ids=lambda f: f.name)
def test_an_empty_patch_leaves_the_very_same_arrays(pixels: PixelFormat) -> None:
    before = picture(pixels, (7, 9), 3)
    after = compose(before, empty_patch(0, pixels, (7, 9)), pixels)
    assert all(a is b for a, b in zip(before.planes, after.planes, strict=True))
