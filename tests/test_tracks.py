"""Curves of neighbouring frames linked: one track a scratch, by where it lies on the film."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from restore.curves import Curve
from restore.tracks import GAP_FRAMES, in_json, in_lines, linked, summed

WIDTH = 2048


def curve(t: int, column: float, rows: tuple[int, int] = (0, 99), sign: int = 1, level: float = 40.0) -> Curve:
    return Curve(t, rows, (column, column), 1, 1, sign, profile=(0.0, sign * level, 0.0), layer="scratch")


def names(curves: list[Curve]) -> list[str]:
    return [c.track for c in linked(curves, WIDTH)]


def test_a_scratch_that_drifts_breaks_and_fades_is_one_track():
    drifting = [curve(t, 500 + 1.5 * t, ((7 * t) % 60, 99), level=40 * 0.95**t) for t in range(20) if t % 5 != 3]
    assert set(names(drifting)) == {"track-0-0-500"}


def test_two_scratches_side_by_side_stay_two():
    assert names([c for t in range(6) for c in (curve(t, 500 + t), curve(t, 515 - t))]) == [
        "track-0-0-500", "track-0-0-515"
    ] * 6


def test_sign_contrast_and_distance_part_tracks():
    for other in (curve(1, 500, sign=-1), curve(1, 500, level=300.0), curve(1, 530)):
        assert len(set(names([curve(0, 500), other]))) == 2


@pytest.mark.parametrize(("gap", "tracks"), [(GAP_FRAMES, 1), (GAP_FRAMES + 1, 2)])
def test_a_track_ends_when_nothing_shows_it_for_long(gap, tracks):
    assert len(set(names([curve(0, 500), curve(gap, 500)]))) == tracks


def test_pieces_one_above_the_other_are_one_track_and_pieces_beside_each_other_are_not():
    assert len(set(names([curve(0, 500, (0, 40)), curve(0, 501, (60, 99)), curve(1, 500)]))) == 1
    assert len(set(names([curve(0, 500), curve(0, 501)]))) == 2


def test_two_tracks_that_begin_at_one_column_have_two_names():
    assert names([curve(0, 500), curve(0, 500, sign=-1)]) == ["track-0-0-500", "track-0-0-500.2"]


@given(some.lists(some.tuples(some.integers(0, 12), some.integers(100, 160), some.sampled_from((-1, 1))), max_size=25))
def test_every_curve_has_one_track_no_two_of_a_frame_overlap_in_it_and_later_frames_change_nothing(drawn):
    curves = [curve(t, x, (x % 7 * 10, x % 7 * 10 + 15), sign) for t, x, sign in sorted(drawn)]
    whole = list(linked(curves, WIDTH))
    assert [replace(c, track="") for c in whole] == curves
    for t in range(12):
        early = [c for c in curves if c.frame <= t]
        assert list(linked(early, WIDTH)) == whole[: len(early)]
        for a in (c for c in whole if c.frame == t):
            same = [c for c in whole if c.frame == t and c.track == a.track]
            covered = np.concatenate([np.arange(c.rows[0], c.rows[-1]) for c in same])
            assert covered.size == np.unique(covered).size


def test_a_track_is_summed_up_for_people_and_programs():
    pieces = [replace(curve(t, 500 + t), confidence=0.5 + 0.1 * t, status=("undecided", "confirmed")[t % 2])
              for t in range(4)]
    (track,) = summed(linked(pieces, WIDTH))
    assert (track.frames, track.shown, track.filled, track.columns) == ((0, 4), 4, 2, (500, 503))
    assert (track.width_px, track.strength) == (3, 40)
    assert track.confidence == pytest.approx(0.65)
    assert json.loads(next(in_json([track])))["name"] == track.name
    assert track.name in list(in_lines([track]))[1]
    assert list(in_lines([])) == ["no such scratch"]
