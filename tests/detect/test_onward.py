"""What is asked of a line once it is known, or nearly known, to be a scratch."""

from __future__ import annotations

import numpy as np
import pytest

from restore.detect._company import Company, neighbours
from restore.detect._kin import is_flank, is_one
from restore.detect._line_verdict import IN_A_ROW, Known, travels, verdict
from restore.detect._lines import Line
from restore.detect._onward import onward
from restore.detect._sway import Sway
from restore.detect._tracks import Votes
from restore.detect.scratch import Scratch


def line(first=80, count=60, x=100.0, sign=1, contrast=40.0):
    return Line(sign, first, np.full(count, x, np.float32), 1.0, 1.0, contrast, np.ones(count, bool), -30.0)


def strips(first, stop, level=20.0):
    """A quiet picture with a bright line at column 100 in some strips."""
    picture = 90 + np.random.default_rng(1).normal(0, 1.0, (200, 220))
    picture[first:stop, 99:102] += level
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_a_line_is_followed_as_far_as_it_shows_and_no_farther():
    longer = onward(line(), strips(30, 190))
    assert abs(longer.first - 30) <= 5
    assert abs(longer.stop - 190) <= 5
    assert longer.columns.size == longer.shows.size == longer.stop - longer.first
    np.testing.assert_allclose(longer.columns, 100, atol=0.01)


def test_a_line_that_bends_away_is_followed():
    picture = 90 + np.random.default_rng(2).normal(0, 1.0, (200, 220))
    path = 100 - 4 * np.clip((80 - np.arange(200)) / 80, 0, 1)
    for y in range(200):
        picture[y, np.rint(path[y]).astype(int) + np.arange(-1, 2)] += 20
    longer = onward(line(), np.clip(picture, 0, 255).astype(np.uint8))
    assert longer.first <= 4
    np.testing.assert_allclose(longer.columns, path[longer.first : longer.stop], atol=1.6)


def test_a_fainter_rest_is_found_where_it_is_quiet_beside_it_however_busy_it_is_farther_on():
    picture = 90 + np.random.default_rng(3).normal(0, 0.5, (200, 220))
    picture[80:140, 99:102] += 40
    picture[140:, 99:102] += 3
    picture[:60] += np.random.default_rng(4).normal(0, 25, 220)
    assert onward(line(), np.clip(np.rint(picture), 0, 255).astype(np.uint8)).stop > 190


def test_a_line_that_ends_is_left_as_it_is():
    same = onward(line(), strips(80, 140))
    assert abs(same.first - 80) <= 5
    assert abs(same.stop - 140) <= 5


def test_what_begins_again_far_off_is_another_line():
    picture = strips(80, 140)
    picture[180:, 99:102] = 130
    assert onward(line(), picture).stop < 175


@pytest.mark.parametrize(("x", "first", "flank"), [(106.0, 90, True), (140.0, 90, False), (101.0, 150, False)])
def test_the_side_of_a_line_is_told_from_one_that_goes_on(x, first, flank):
    assert is_flank(line(first, 40, x), line(), 0.5) is flank


@pytest.mark.parametrize(
    ("other", "one"),
    [(line(), True), (line(x=100.8), True), (line(x=102.0), False), (line(sign=-1), False), (line(120, 60), False)],
    ids=["the same", "nearly", "beside it", "of the other sign", "hardly shared"],
)
def test_two_finds_of_one_line_are_told_from_two_lines(other, one):
    assert is_one(line(), other) is one
    assert is_one(other, line()) is one


@pytest.mark.parametrize(("stays_px", "far"), [(1.0, False), (4.0, True)])
def test_lines_that_go_over_the_screen_travel(stays_px, far):
    assert travels(Votes(sway=Sway(known=True, stays_px=stays_px)), 2048) is far


def test_lines_whose_motion_is_unknown_do_not_travel():
    assert not travels(Votes(sway=Sway(known=False, stays_px=9.0)), 2048)


def row(columns, strengths):
    """Strips of a quiet wall with upright bright lines of some strengths."""
    picture = 90 + np.random.default_rng(5).normal(0, 0.7, (200, 220))
    for x, level in zip(columns, strengths, strict=True):
        picture[:, x - 1 : x + 2] += level
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("columns", "strengths", "many"),
    [
        ((100,), (20,), False), ((100, 110), (20, 20), False), ((84, 92, 100, 108), (20, 18, 20, 22), True),
        ((84, 92, 100, 108), (6, 6, 20, 6), False), ((20, 100, 180), (20, 20, 20), False),
    ],
    ids=["alone", "two", "a row", "the strongest", "far off"],
)
def test_a_line_among_others_like_it_is_told_from_one_that_is_alone(columns, strengths, many):
    found = neighbours(line(), row(columns, strengths))
    assert (found >= IN_A_ROW) is many


def test_a_stripe_among_others_has_to_be_more_certain():
    part, votes = Scratch(), Votes(seen=9, frames=16)
    for near, sure in ((0, True), (3, False)):
        known = Known(0, line(), votes, (), 0.0, company=Company(neighbours=near))
        assert (verdict(part, known, (1080, 2048), 0.6)[1] == "") is sure
        assert verdict(part, known, (1080, 2048), 0.95)[1] == ""
