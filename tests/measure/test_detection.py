"""Detection scores against masks whose answer can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.measure.detection import Recalls, Score, harm_frac, recalls, score, score_transient


def test_scores_by_hand() -> None:
    truth, found = np.zeros((20, 30), bool), np.zeros((20, 30), bool)
    truth[2:6, 2:6] = True  # found with a soft edge
    found[1:7, 1:7] = True
    truth[10:12, 10:14] = True  # missed
    found[15:17, 20:22] = True  # false alarm
    s = score(found, truth)
    assert (s.found, s.missed, s.false) == (16, 8, 4)
    assert s.precision == pytest.approx(16 / 20)
    assert s.recall == pytest.approx(16 / 24)
    assert s.f1 == pytest.approx(2 * 16 / (32 + 4 + 8))
    assert (s.objects, s.objects_found, s.false_objects) == (2, 1, 1)
    assert s.object_recall == 0.5


def test_the_tolerance_is_one_pixel() -> None:
    truth, found = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    truth[4, 4] = True
    found[2:7, 2:7] = True
    assert score(found, truth).false == 25 - 9


def test_nothing_found_of_nothing_is_no_number_and_no_harm() -> None:
    empty = np.zeros((8, 8), bool)
    s = score(empty, empty)
    assert np.isnan(s.precision)
    assert np.isnan(s.f1)
    assert harm_frac(empty) == 0
    assert harm_frac(~empty) == 1


@given(st.integers(0, 2**32 - 1))
def test_perfect_and_inverted_masks(seed: int) -> None:
    truth = np.random.default_rng(seed).random((24, 24)) < 0.1
    truth[3, 3] = True
    s = score(truth, truth)
    assert s.precision == s.recall == s.f1 == s.object_recall == 1
    assert s.false_objects == 0
    assert score(np.zeros_like(truth), truth).recall == 0


def test_counts_of_frames_add_up() -> None:
    truth = np.zeros((8, 8), bool)
    truth[2:4, 2:4] = True
    total = score(truth, truth) + score(np.zeros_like(truth), truth)
    assert total == Score(found=4, missed=4, objects=2, objects_found=1, frames=2, area_px=128)
    assert total.recall == 0.5


def test_false_alarms_are_told_for_a_2k_frame() -> None:
    found = np.zeros((778, 1024), bool)
    found[10, 10] = found[20, 20] = True
    s = score(found, np.zeros_like(found))
    assert s.false_objects_a_frame == 2
    assert s.false_objects_a_2k_frame == 8


def test_recall_by_kind() -> None:
    labels = np.zeros((4, 4), np.uint8)
    labels[0], labels[1] = 1, 5
    found = np.zeros((4, 4), bool)
    found[0, :3] = True
    counted = recalls(found, labels)
    assert (counted.of("dust"), counted.of("scratch")) == (0.75, 0)
    assert np.isnan(counted.of("blotch"))
    assert (counted + counted).of("dust") == 0.75
    assert Recalls() + counted == counted


def test_what_lasts_a_frame_is_scored_without_regard_to_scratches() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[:, 10] = 5
    labels[4:6, 4:6] = 2
    found = labels > 0
    assert score_transient(found, labels).f1 == 1
    assert score_transient(found & (labels != 5), labels).f1 == 1, "nor is a scratch left alone held against it"
    labels[:, 15] = 8
    assert score_transient(found, labels).f1 == 1, "nor a stain that stays"
    found[15, 3] = True
    assert score_transient(found, labels).false == 1
