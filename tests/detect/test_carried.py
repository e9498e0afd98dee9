"""A scratch that frames around are sure of is found on a frame that shows it, where it shows, and on no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from restore.detect._carried import carried
from restore.detect._lines import Line, Strips

SIZE = (200, 220)


def line() -> Line:
    return Line(1, 60, np.full(100, 100, np.float32), 1.0, 1.0, 20.0, np.ones(100, bool), -30.0)


def strips(column: int, first: int = 0, stop: int = SIZE[0], level: float = 20.0, rim: int | None = None) -> Strips:
    picture = 90 + np.random.default_rng(1).normal(0, 1.0, SIZE)
    if rim is not None:
        picture[:, rim:] += 60
    picture[first:stop, column - 1 : column + 2] += level
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("column", [96, 100, 104])
def test_it_is_found_where_it_has_drifted_to(column: int) -> None:
    found = carried(line(), strips(column), 5)
    assert found is not None
    assert abs(found.columns - column).max() <= 1
    assert found.shows.mean() > 0.95


def test_it_is_found_beside_the_rim_of_something() -> None:
    found = carried(line(), strips(101, rim=108), 5)
    assert found is not None
    assert abs(found.columns - 101).max() <= 1


def test_it_ends_where_it_ends() -> None:
    found = carried(line(), strips(100, first=80), 5)
    assert found is not None
    assert 74 <= found.first <= 82
    assert found.columns.size == found.shows.size


@pytest.mark.parametrize("picture", [strips(120), strips(100, level=0), strips(100, stop=100), strips(100, level=-20)],
                         ids=["too far off", "nothing", "less than half", "of the other sign"])
def test_where_it_is_not_nothing_is_found(picture: Strips) -> None:
    assert carried(line(), picture, 5) is None


def test_a_line_that_shows_nowhere_is_carried_nowhere() -> None:
    assert carried(replace(line(), shows=np.zeros(100, bool)), strips(100), 5) is None
