"""Lessons: the same from any side, clean where they say so, labelled where they are damaged."""

from __future__ import annotations

import numpy as np
import pytest

from restore.scenes import wear
from restore.scenes.lesson import GROUPS, Lesson, strike, write_script
from restore.scenes.look import Look

SIZE = (48, 64)
SEEDS = range(0, 64, 8)
"""All cut out of one atlas, which takes a second to paint."""


def test_any_frame_in_any_order_gives_the_same_bytes() -> None:
    lesson = Lesson(8, SIZE, severity=0.6)
    forth = [lesson.at(t) for t in range(4)]
    strike.cache_clear()
    write_script.cache_clear()
    back = [Lesson(8, SIZE, severity=0.6).at(t) for t in (3, 2, 1, 0)][::-1]
    for a, b in zip(forth, back, strict=True):
        assert np.array_equal(a.clean, b.clean)
        assert np.array_equal(a.damaged, b.damaged)
        assert np.array_equal(a.labels, b.labels)
    assert not np.array_equal(forth[0].clean, Lesson(16, SIZE, severity=0.6).at(0).clean)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clip_has_the_shapes_and_ranges_it_claims(seed: int) -> None:
    clip = Lesson(seed, SIZE, 3).clip()
    assert clip.clean.shape == clip.damaged.shape == (3, *SIZE, 3)
    assert clip.labels.shape == clip.mask.shape == clip.damaged_grey.shape == (3, *SIZE)
    assert clip.clean.dtype == clip.damaged.dtype == clip.clean_grey.dtype == np.float32
    for picture in (clip.clean, clip.damaged):
        assert picture.min() >= 0
        assert picture.max() <= 1
    known = {0, *(label for group in GROUPS.values() for label in group)}
    assert set(np.unique(clip.labels).tolist()) <= known


def test_the_mask_is_where_the_picture_changed() -> None:
    for seed in SEEDS:
        lesson = Lesson(seed, SIZE, 3, severity=0.8, look=Look())
        clip = lesson.clip()
        apart = np.abs(clip.damaged - clip.clean).max(-1) > wear.FAINTEST / 255
        assert np.array_equal(apart, clip.mask)


def test_no_severity_means_no_damage() -> None:
    for seed in SEEDS:
        clip = Lesson(seed, SIZE, 2, severity=0.0).clip()
        assert not clip.mask.any()
        assert np.array_equal(clip.clean, clip.damaged)


def test_severity_is_obeyed_and_every_group_turns_up() -> None:
    mild, harsh = (
        [Lesson(seed, SIZE, 2, severity=s, look=Look()).clip() for seed in range(0, 400, 8)] for s in (0.1, 1.0)
    )
    assert np.mean([c.mask.mean() for c in mild]) < 0.5 * np.mean([c.mask.mean() for c in harsh])
    for name in GROUPS:
        assert any(c.group(name).any() for c in harsh), name


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="16x16"):
        Lesson(1, (8, 8))
    with pytest.raises(IndexError, match="frame -1"):
        Lesson(1, SIZE).at(-1)
    with pytest.raises(KeyError):
        Lesson(8, SIZE, 1).clip().group("mould")
