"""What is asked of lines that look like the rims of things, that travel, or that their own frame speaks against."""

from __future__ import annotations

import numpy as np
import pytest

from restore.detect._company import step
from restore.detect._line_verdict import AGAINST, RIM_STEP, Known, verdict
from restore.detect._lines import STRIPS, Line
from restore.detect._sway import Sway
from restore.detect._tracks import Votes
from restore.detect.scratch import Scratch

SIZE = (1080, 2048)


def line(column: float = 100.0, contrast: float = 20.0) -> Line:
    return Line(1, 0, np.full(STRIPS, column, np.float32), 1.0, 1.0, contrast, np.ones(STRIPS, bool), -30.0)


def known(score: float = 3.0, votes: Votes | None = None, **more: float) -> Known:
    return Known(0, line(), votes or Votes(seen=9, frames=16), (), score, **more)  # type: ignore[arg-type]


def is_confirmed(of: Known, probable: float) -> bool:
    return verdict(Scratch(), of, SIZE, probable)[1] == ""


@pytest.mark.parametrize(("left", "right", "steps"), [(80, 80, 0.0), (80, 180, 5.0), (180, 80, 5.0), (80, 86, 0.3)])
def test_sides_that_differ_are_a_step(left: int, right: int, steps: float) -> None:
    strips = np.full((STRIPS, 200), left, np.uint8)
    strips[:, 100:] = right
    strips[:, 99:102] = 200
    assert step(line(), strips) == pytest.approx(steps)


@pytest.mark.parametrize("column", [0.0, 1.0, 198.0])
def test_at_the_edge_of_a_picture_sides_are_alike(column: float) -> None:
    assert step(line(column), np.full((STRIPS, 200), 80, np.uint8)) == 0


def test_a_rim_has_to_be_more_certain() -> None:
    assert is_confirmed(known(step=0.3), 0.6)
    assert not is_confirmed(known(step=RIM_STEP), 0.6)
    assert is_confirmed(known(step=RIM_STEP), 0.95)


def test_what_its_own_frame_speaks_against_is_not_taken_for_what_others_say() -> None:
    assert is_confirmed(known(AGAINST + 0.1), 0.7)
    assert not is_confirmed(known(AGAINST - 0.1), 0.7)


def test_a_line_that_travels_does_not_lie_on_the_film_whatever_frames_say() -> None:
    for stays_px, confirmed in ((1.0, True), (9.0, False)):
        votes = Votes(film=9, seen=9, frames=16, sway=Sway(known=True, stays_px=stays_px))
        assert is_confirmed(known(votes=votes), 0.2) is confirmed
