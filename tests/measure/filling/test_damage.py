"""Holes to judge fillers by: of the widths they are said to have, the same whenever they are asked for."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.frames import support
from restore.measure.filling.damage import KINDS, SHARE, Holes
from restore.scenes.film import Film
from restore.testing import LAYOUTS

SIZE = (240, 320)


def widest_px(mask: np.ndarray) -> float:
    """Twice the largest distance of a hole pixel from the rim."""
    inside = np.pad(mask, 1).astype(np.uint8)
    return 2 * float(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max())


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_has_the_same_holes_whatever_was_asked_before(kind: str) -> None:
    a, b = Holes(kind, 4, SIZE), Holes(kind, 4, SIZE)
    a.mask(9)
    assert np.array_equal(a.mask(3), b.mask(3))
    assert not np.array_equal(a.mask(3), Holes(kind, 6, SIZE).mask(3))
    assert a.mask(3).shape == SIZE


@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize(("kind", "narrowest", "widest"), [("thin", 2, 24), ("blotch", 4, 30), ("wide", 20, 90)])
def test_holes_are_as_wide_and_as_many_as_is_said(kind: str, narrowest: float, widest: float, seed: int) -> None:
    # Where two cross they are wider than either.
    mask = Holes(kind, seed, SIZE).mask(0)
    assert narrowest <= widest_px(mask) <= widest
    assert SHARE[kind] <= mask.mean() <= 3 * SHARE[kind]
    assert Holes(kind, seed, SIZE, 2 * SHARE[kind]).mask(0).mean() > 2 * SHARE[kind]


def test_spots_last_a_frame_and_half_of_what_is_thin_wanders() -> None:
    spots, thin = Holes("blotch", 2, SIZE), Holes("thin", 2, SIZE)
    assert (spots.mask(1) & spots.mask(2)).sum() < 0.2 * spots.mask(1).sum()
    near = cv2.dilate(thin.mask(2).astype(np.uint8), np.ones((1, 7), np.uint8)) > 0
    assert (thin.mask(1) & near).sum() > 0.3 * thin.mask(1).sum()


@pytest.mark.parametrize(("seed", "walks"), [(2, True), (3, False)])
def test_a_silhouette_walks_or_stands(seed: int, walks: bool) -> None:
    one = Holes("object", seed, (480, 640))
    ys, xs = np.nonzero(one.mask(0))
    assert 90 <= np.ptp(ys) <= 165
    far = abs(float(np.nonzero(one.mask(8))[1].mean() - xs.mean()))
    assert (far > 12) if walks else np.array_equal(one.mask(0), one.mask(8))


@pytest.mark.parametrize("kind", KINDS)
def test_frames_before_the_first_have_damage_and_change_none(kind: str) -> None:
    later, now = Holes(kind, 3, SIZE, first=20), Holes(kind, 3, SIZE)
    assert np.array_equal(later.mask(24), now.mask(4))
    assert kind != "wide" or (later.mask(2).any() and not np.array_equal(later.mask(2), later.mask(3)))


@pytest.mark.parametrize("layout", ["yuv420p", "gbrp16le", "gray16le"])
def test_damage_changes_what_is_masked_alone(layout: str) -> None:
    pixels = LAYOUTS[layout]
    clean = Film(1, SIZE, 1).planes(0, pixels)
    holes = Holes("wide", 1, SIZE)
    hurt = holes.damage(clean, 0, pixels)
    for p in range(pixels.colour_planes):
        under = support(holes.mask(0), pixels, p)
        assert hurt[p].dtype == clean[p].dtype
        assert np.array_equal(hurt[p][~under], clean[p][~under])
        assert len(np.unique(hurt[p][under])) == 1


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="thin, blotch, wide, object"):
        Holes("rust", 1, SIZE)
