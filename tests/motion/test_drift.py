"""The surroundings of wide holes move as a whole, or there is no such motion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.motion.drift import moved, robust, together, wide
from restore.motion.points import Points
from restore.testing import LAYOUTS
from restore.window import Window

SIZE = (160, 224)


def scene(seed, size):
    noise = np.random.default_rng(seed).normal(size=size)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return (128 + 80 * soft / np.abs(soft).max()).astype(np.float32)


def walking(t, tall=70, across=26, step=5):
    hole = np.zeros(SIZE, bool)
    x = 90 + step * t
    hole[45 : 45 + tall, x : x + across] = True
    return hole


def panned(by, masks):
    """A window on a scene that moves by so many pixels (x, y) a frame, behind a thing that moves otherwise."""
    whole = scene(1, (SIZE[0] + 80, SIZE[1] + 80))
    pictures = []
    for t, mask in enumerate(masks):
        move = np.array([[1, 0, -40 + by[0] * t], [0, 1, -40 + by[1] * t]], np.float32)
        plane = cv2.warpAffine(whole, move, SIZE[::-1], flags=cv2.INTER_CUBIC).astype(np.uint8)
        pictures.append((np.where(mask, 20, plane).astype(np.uint8),))
    return Window.of(pictures, LAYOUTS["gray"], masks)


@pytest.mark.parametrize("by", [(0.0, 0.0), (2.4, -1.2)])
@pytest.mark.parametrize("far", [1, 3])
def test_the_scene_is_followed_and_not_what_hides_it(by, far):
    masks = [walking(t) for t in range(4)]
    window = panned(by, masks)
    drift, points = window.drift(0, far), Points.of(masks[0])
    own = np.stack([points.xs, points.ys], -1)
    off = np.hypot(*(drift.targets(points, 1) - own - far * np.array(by)).T)
    assert drift.valid[masks[0]].all()
    assert off.max() < 0.3
    if far > 1:  # what is next to the hole says worse
        carried = np.hypot(*(window.course(0, far).targets(points, 1) - own - far * np.array(by)).T)
        assert np.median(carried) > 1.5 * np.median(off)


def test_two_motions_are_none():
    masks = [walking(t, step=0) for t in range(2)]
    still, other = scene(1, SIZE), scene(2, SIZE)
    split = np.arange(SIZE[1]) < 104
    planes = [np.where(split, still, np.roll(other, 6 * t, 0)) for t in range(2)]
    pictures = [(np.where(m, 20, p).astype(np.uint8),) for m, p in zip(masks, planes, strict=True)]
    drift = Window.of(pictures, LAYOUTS["gray"], masks).drift(0, 1)
    assert not drift.valid.any()
    assert not drift.field.any()


def test_narrow_holes_are_none():
    masks = [walking(t, across=6) for t in range(2)]
    window = panned((1, 0), masks)
    assert not window.drift(0, 1).valid.any()
    assert not window.in_wide(0).any()


@given(st.integers(0, 2**16), st.integers(1, 4))
def test_wide_holes_are_whole_and_lie_where_they_lay(seed, count):
    rng, hidden = np.random.default_rng(seed), np.zeros((90, 120), bool)
    for _ in range(count):
        y, x, tall, across = rng.integers((0, 0, 1, 1), (90, 120, 40, 40))
        hidden[y : y + tall, x : x + across] = True
    holes = wide(hidden)
    out = together(holes, hidden.shape)
    assert not (out & ~hidden).any()
    _, labels = cv2.connectedComponents(hidden.view(np.uint8))
    for k in range(1, labels.max() + 1):
        assert out[labels == k].all() or not out[labels == k].any()
    for hole in holes:
        assert hole.within(0).flat.tolist() == np.flatnonzero(together([hole], hidden.shape)).tolist()


def test_a_third_that_goes_astray_changes_nothing():
    rng = np.random.default_rng(3)
    given_ = np.column_stack([np.ones(600), rng.uniform(-1, 1, (600, 2))]).astype(np.float32)
    truth = np.array([[3, -1], [0.5, 0.1], [-0.2, 0.4]], np.float32)
    way = moved(given_, truth)
    way[:200] += rng.uniform(4, 12, (200, 2)).astype(np.float32)
    assert np.abs(robust(given_, way) - truth).max() < 0.05
