"""Length of scratches against rows counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.measure.lines import GAP_PX, Length, length, runs

EMPTY = np.zeros((20, 40), bool)


def scratched(*columns: int, width: int = 1, rows: slice = slice(None)) -> np.ndarray:
    labels = np.zeros((20, 40), np.uint8)
    for x in columns:
        labels[rows, x : x + width] = 5
    return labels


def test_a_scratch_is_found_row_by_row_within_the_tolerance() -> None:
    labels = scratched(10)
    found = np.zeros_like(EMPTY)
    found[:12, 11] = True
    counted = length(found, found, labels)
    assert (counted.recall, counted.precision) == (0.6, 1)
    found[:, 11] = False
    found[:12, 12] = True
    counted = length(found, found, labels)
    assert (counted.recall, counted.precision) == (0, 0)


def test_two_scratches_are_twice_the_length_and_one_in_three_lobes_is_one() -> None:
    assert length(EMPTY, EMPTY, scratched(5, 20)).true == 40
    assert length(EMPTY, EMPTY, scratched(5, 8, 11)).true == 20
    assert length(EMPTY, EMPTY, scratched(5, 5 + GAP_PX + 2)).true == 40


def test_a_third_of_a_wide_scratch_is_enough_and_less_is_not() -> None:
    labels, found = scratched(10, width=9), np.zeros_like(EMPTY)
    found[:, 14] = True
    assert length(found, found, labels).recall == 1
    labels = scratched(10, width=10)
    assert length(found, found, labels).recall == 0


def test_precision_counts_what_was_said_to_be_a_scratch_alone() -> None:
    labels, found = scratched(10), np.zeros_like(EMPTY)
    found[:, 10] = found[:, 30] = True
    claimed = found.copy()
    claimed[:, 30] = False
    assert length(found, claimed, labels).precision == 1
    assert length(found, found, labels).precision == 0.5
    assert length(found, EMPTY, labels).recall == 1, "a scratch is mended by whoever finds it"
    assert np.isnan(length(found, EMPTY, labels).precision)


def test_a_line_said_to_run_over_a_blotch_is_neither_right_nor_wrong_there() -> None:
    labels = np.zeros((20, 40), np.uint8)
    labels[:10, 28:33] = 6
    claimed = np.zeros_like(EMPTY)
    claimed[:, 30] = True
    counted = length(claimed, claimed, labels)
    assert (counted.claimed, counted.claimed_right, counted.true) == (10, 0, 0)


def test_counts_add_up() -> None:
    a = Length(4, 2, 3, 3)
    assert a + Length() == a
    assert (a + a).recall == 0.5
    assert np.isnan(Length().recall)


@given(st.integers(0, 2**32 - 1))
def test_runs_are_those_of_a_walk_along_each_row(seed: int) -> None:
    mask = np.random.default_rng(seed).random((5, 30)) < 0.2
    wanted = []
    for y, row in enumerate(mask):
        xs = np.flatnonzero(row)
        for x in xs:
            if wanted and wanted[-1][0] == y and x - wanted[-1][2] <= GAP_PX:
                wanted[-1] = (y, wanted[-1][1], x + 1)
            else:
                wanted.append((y, x, x + 1))
    got = runs(mask)
    assert [(y * 30 + a, y * 30 + b) for y, a, b in wanted] == list(zip(got.starts, got.stops, strict=True))
    assert got.count(mask).sum() == mask.sum()


def test_the_whole_picture_and_nothing() -> None:
    assert runs(np.ones((3, 4), bool)).starts.tolist() == [0, 4, 8]
    assert runs(np.zeros((3, 4), bool)).starts.size == 0
    full = length(~EMPTY, ~EMPTY, scratched(10))
    assert (full.recall, full.precision) == (1, pytest.approx(1))
