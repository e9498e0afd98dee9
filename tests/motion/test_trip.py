"""What is remembered of the motion between two frames gives back what it was made of; and it is measured once."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

import numpy as np
import pytest

from restore import window as windows
from restore.frames import Bits
from restore.motion.dense import Dense
from restore.motion.inward import Course
from restore.motion.trip import Trip
from restore.scenes.reel import FILM_10BIT
from restore.window import Window


def test_a_trip_gives_back_both_ways_of_telling_motion() -> None:
    rng = np.random.default_rng(3)
    valid, around = (rng.random((24, 32)) < share for share in (0.2, 0.1))
    course = Course(rng.random((6, 8, 2), np.float32), valid)
    drift = Dense(np.where(around[..., None], rng.random((24, 32, 2), np.float32), np.float32(0)), around)
    trip = Trip.of(course, drift)
    assert np.array_equal(trip.course.field, course.field)
    assert np.array_equal(trip.course.valid, course.valid)
    assert np.array_equal(trip.drift.field, drift.field)
    assert np.array_equal(trip.drift.valid, drift.valid)


def test_no_drift_takes_no_room() -> None:
    trip = Trip.of(Course(np.zeros((6, 8, 2), np.float32), np.zeros((24, 32), bool)), Dense.nowhere((24, 32)))
    assert not trip.way.size
    assert not trip.around.size
    assert not trip.drift.valid.any()
    assert trip.drift.field.shape == (24, 32, 2)


@pytest.fixture
def torn() -> Window:
    """Return a window over textured frames with a wide hole in each."""
    rng = np.random.default_rng(5)
    wide = np.kron(rng.integers(200, 800, (30, 50)), np.ones((4, 4))).astype(np.uint16)
    frames = [
        tuple(np.ascontiguousarray(np.roll(wide, 2 * t, 1)[:96, : 160 >> s]) for s in (0, 1, 1)) for t in range(4)
    ]
    holes: list[Bits] = [np.zeros((96, 160), bool) for _ in frames]
    for t, hole in enumerate(holes):
        hole[30:54, 40 + 5 * t : 64 + 5 * t] = True
    return Window.of(frames, FILM_10BIT, holes)


def test_all_that_is_asked_of_a_pair_of_frames_is_measured_once(torn: Window) -> None:
    asked: Counter[str] = Counter()
    vectors = windows.vectors

    def counted(*args: object) -> object:
        asked["vectors"] += 1
        return vectors(*args)  # type: ignore[arg-type]

    with patch.object(windows, "vectors", counted):
        for t, u in ((1, 2), (2, 1), (1, 2)):
            torn.course(t, u)
            torn.drift(t, u)
    assert asked["vectors"] == 2


def test_raw_fields_leave_behind_what_is_asked_for_later(torn: Window) -> None:
    there, back = torn.fields(0, 2)
    with patch.object(windows, "vectors", side_effect=AssertionError("measured again")):
        course, drift = torn.course(2, 0), torn.drift(0, 2)
    fresh = Window.of([torn.picture(t).planes for t in range(4)], FILM_10BIT, [torn.hidden(t) for t in range(4)])
    assert there.shape == back.shape == (*drift.valid.shape, 2)
    assert np.array_equal(course.field, fresh.course(2, 0).field)
    assert np.array_equal(drift.field, fresh.drift(0, 2).field)


def test_far_frames_are_asked_for_what_surrounds_wide_holes_alone(torn: Window) -> None:
    drift = torn.drift(0, 3)
    assert drift.field.shape == (96, 160, 2)
    assert np.array_equal(drift.field, torn.drift(0, 3).field)
