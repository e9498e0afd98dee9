"""Time: which film frames a frame of video shows, and when what they show took place."""

from __future__ import annotations

import numpy as np
import pytest

from restore.scenes.clock import SHARES, Clock, draw_clock


@pytest.mark.parametrize("sort", SHARES)
@pytest.mark.parametrize("offset", [0, 3, 7])
def test_time_begins_at_nought_and_never_runs_back(sort: str, offset: int) -> None:
    clock = Clock(sort, 4, offset)  # type: ignore[arg-type]
    shown = [clock.shows(t) for t in range(30)]
    assert shown[0][0] == 0
    flat = [k for pair in shown for k in pair]
    assert flat == sorted(flat)
    times = [clock.scene_time(k) for k in flat]
    assert times == sorted(times)
    assert max(np.diff(times)) <= 2


def test_repeats_are_where_they_belong() -> None:
    assert [Clock("double").shows(t)[0] for t in range(6)] == [0, 0, 1, 1, 2, 2]
    assert [Clock("every", 4).shows(t)[0] for t in range(9)] == [0, 1, 2, 3, 3, 4, 5, 6, 6]
    assert [Clock("pulldown").shows(t) for t in range(6)] == [(0, 0), (1, 1), (1, 2), (2, 3), (3, 3), (4, 4)]
    assert [Clock("fields").shows(t) for t in range(2)] == [(0, 1), (2, 3)]
    assert [Clock("twos", 4).scene_time(k) for k in range(5)] == [0, 0, 2, 2, 4]


def test_fields_lie_in_alternate_lines_or_are_averaged() -> None:
    a, b = np.zeros((4, 2, 3), np.float32), np.ones((4, 2, 3), np.float32)
    assert Clock("fields").mixed(a, b)[:, 0, 0].tolist() == [0, 1, 0, 1]
    assert Clock("fields", blended=True).mixed(a, b).mean() == 0.5


def test_a_cut_lies_within_what_is_seen() -> None:
    clocks = [draw_clock(5, np.random.default_rng(n)) for n in range(300)]
    cuts = [c for c in clocks if c.cut is not None]
    assert 0.05 < len(cuts) / 300 < 0.2
    assert all(c.scenes(0)[0][0] == 0 for c in cuts)
    assert all(sum(share for _, share in c.scenes(k)) == pytest.approx(1) for c in cuts for k in range(12))
    slow = Clock(cut=4, dissolve_frames=3)
    assert [dict(slow.scenes(k)).get(1, 0) for k in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]
    assert {c.sort for c in clocks} == set(SHARES)
