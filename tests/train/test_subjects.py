from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.scenes import wear
from restore.scenes.lesson import Taught
from restore.train.course import Course
from restore.train.detector import Plan
from restore.train.subjects import FAINT_BIT, STILL, still, unseen


def taught(ground, change, label=wear.LABELS["dust"]):
    clean = np.repeat(ground[..., None] / 255, 3, -1).astype(np.float32)
    damaged, labels = clean.copy(), np.zeros(ground.shape, np.uint8)
    damaged[20:24, 20:24] += np.float32(change / 255)
    labels[20:24, 20:24] = label
    return Taught(clean, damaged, labels)


def test_what_nobody_can_see_in_one_picture_is_not_asked_for():
    flat, busy = np.full((48, 48), 100.0), np.random.default_rng(1).uniform(60, 140, (48, 48))
    at = np.s_[20:24, 20:24]
    assert not unseen(taught(flat, 30))[at].any()
    assert unseen(taught(flat, 5))[at].all()
    assert unseen(taught(busy, 30))[at].all()
    assert not unseen(taught(busy, 100))[at].any()


def test_stains_and_blotches_are_neither_right_nor_wrong():
    groups = {label for labels in STILL.groups.values() for label in labels}
    assert not groups & {wear.LABELS["blotch"], wear.LASTING["stain"]}
    lessons = [STILL.sample(64, seed) for seed in range(40, 200, 8)]
    whats = np.stack([what for _, what in lessons])
    alone = whats[(whats >> FAINT_BIT) > 0]
    assert (alone == 1 << FAINT_BIT).any()
    assert ((whats & 3) > 0).any()


def test_lessons_cut_out_of_other_photographs_are_another_plan(tmp_path):
    seen = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / f"{name}.png"), np.full((90, 90, 3), 77, np.uint8))
        subject = still(tmp_path / name)
        assert Plan(subject, Course()).record()["textures"] == subject.textures
        seen.add(subject.textures)
    assert len(seen | {""}) == 3
    assert "textures" not in Plan(STILL, Course()).record()


def test_a_folder_without_photographs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no pictures"):
        still(tmp_path)
