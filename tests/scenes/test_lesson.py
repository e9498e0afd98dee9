"""Lessons: the same from any side, clean where they say so, labelled where they are damaged."""

from __future__ import annotations

import numpy as np
import pytest

from restore.scenes import wear
from restore.scenes.lesson import GROUPS, Lesson, strike, write_script
from restore.scenes.light import weave
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


def test_what_lies_in_the_gate_stays_while_the_film_weaves() -> None:
    look = Look(weave_px=1.5)
    kept, seen = [], 0
    for seed in range(0, 800, 8):
        lesson = Lesson(seed, SIZE, 3, severity=0.9, look=look)
        if any(item.stamp.label == wear.LASTING["dead_pixel"] for item in lesson.script.mishaps.lasting):
            a, b = (lesson.at(t) for t in (0, 1))
            dead = [p.labels == wear.LASTING["dead_pixel"] for p in (a, b)]
            kept.append((dead[0] & dead[1]).sum() / max((dead[0] | dead[1]).sum(), 1))
            seen += not np.array_equal(a.clean, b.clean)
        if len(kept) == 3:
            break
    assert len(kept) == 3
    assert np.mean(kept) > 0.6
    assert seen


def scratch_column(seed: int, weave_px: float) -> float | None:
    """Return the mean column of the scratches of a lesson, by how much they change; None unless well within it."""
    shown = Lesson(seed, SIZE, 3, severity=1.0, look=Look(weave_px=weave_px), moving=False).at(1)
    line = np.abs(shown.damaged - shown.clean).max(-1) * (shown.labels == wear.SCRATCH_LABEL)
    inside = line[:, 8:-8].sum() == line.sum() and (line > 0.1).sum() > SIZE[0]
    return float(np.average(np.arange(SIZE[1]), weights=line.sum(0))) if inside else None


def test_scratches_weave_with_the_picture() -> None:
    moved = []
    for seed in range(0, 800, 8):
        shift = weave(1.5, (seed, 57), 1)[1]
        columns = scratch_column(seed, 1e-3), scratch_column(seed, 1.5)
        if abs(shift) > 0.8 and columns[0] is not None and columns[1] is not None:
            moved.append((shift, columns[1] - columns[0]))
    shifts, seen = np.array(moved).T
    assert len(moved) >= 4
    assert np.median(np.abs(seen - shifts)) < 0.35


def test_labels_reach_as_far_as_a_soft_lens_carries_the_damage() -> None:
    for look in (Look(blur_px=1.4), Look(halo=1.0)):
        for seed in SEEDS:
            clip = Lesson(seed, SIZE, 2, severity=0.9, look=look).clip()
            apart = np.abs(clip.damaged - clip.clean).max(-1)
            assert (apart[~clip.mask] > 4 * wear.FAINTEST / 255).mean() < 2e-3
            assert not clip.mask[apart <= wear.FAINTEST / 255].any()
