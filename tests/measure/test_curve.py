"""Precision over recall against a sort, and against answers known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.measure.curve import curve
from restore.measure.detection import grow, score


def by_sorting(strength: np.ndarray, truth: np.ndarray) -> float:
    """Return the average precision, threshold by threshold."""
    out = last = 0.0
    for threshold in sorted(set(strength[strength > 0].tolist()), reverse=True):
        s = score(strength >= threshold, truth)
        if s.found + s.false:
            out += (s.recall - last) * s.precision
            last = s.recall
    return out


@given(st.integers(0, 2**32 - 1))
def test_it_is_the_sum_over_all_thresholds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.random((24, 24)) < 0.05
    truth[3, 3] = True
    # Whole powers of two and their halves are told apart whatever the bins.
    strength = np.where(rng.random(truth.shape) < 0.4, 2.0 ** rng.integers(-6, 7, truth.shape), 0).astype(np.float32)
    got = curve(strength, truth)
    assert got.average_precision == pytest.approx(by_sorting(strength, truth))
    recall, precision = got.points()
    assert (np.diff(recall) >= 0).all()
    assert ((precision >= 0) & (precision <= 1)).all()
    best = max(score(strength >= v, truth).f1 for v in np.unique(strength[strength > 0]))
    assert got.best_f1 == pytest.approx(best)


def test_perfect_hopeless_and_absent() -> None:
    truth = np.zeros((10, 10), bool)
    truth[4:6, 4:6] = True
    assert curve(truth.astype(np.float32), truth).average_precision == 1
    assert curve((~grow(truth, 1)).astype(np.float32), truth).average_precision == 0
    assert curve(np.zeros((10, 10), np.float32), truth).average_precision == 0
    assert np.isnan(curve(truth.astype(np.float32), np.zeros_like(truth)).average_precision)


def test_any_unit_will_do_and_certainty_may_be_infinite() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((40, 40)) < 0.1
    strength = (rng.random(truth.shape) + 0.5 * truth).astype(np.float32)
    plain = curve(strength, truth).average_precision
    assert curve(strength * np.float32(1e-3), truth).average_precision == pytest.approx(plain, abs=0.01)
    assert curve(strength * np.float32(1e6), truth).average_precision == pytest.approx(plain, abs=0.01)
    sure = np.where(truth, np.float32(np.inf), strength)
    assert curve(sure, truth).average_precision == 1


def test_counts_of_frames_add_up() -> None:
    rng = np.random.default_rng(2)
    truth, strength = rng.random((20, 30)) < 0.1, rng.random((20, 30)).astype(np.float32)
    gap = np.zeros((3, 30))
    both = curve(np.vstack([strength, gap.astype(np.float32), strength]), np.vstack([truth, gap > 0, truth]))
    assert (curve(strength, truth) + curve(strength, truth)).average_precision == pytest.approx(both.average_precision)
