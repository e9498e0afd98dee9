"""What is asked of lines that look like the rims of things, that travel, or that their own frame speaks against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from restore.detect._company import Company, company, strays
from restore.detect._line_verdict import AGAINST, RIM_STEP, SHORT_CERTAINTY, Known, verdict
from restore.detect._lines import STRIPS, Line
from restore.detect._sway import Sway
from restore.detect._tracks import Votes
from restore.detect.scratch import Scratch

SIZE = (1080, 2048)


def line(column: float = 100.0, contrast: float = 20.0) -> Line:
    return Line(1, 0, np.full(STRIPS, column, np.float32), 1.0, 1.0, contrast, np.ones(STRIPS, bool), -30.0)


def known(score: float = 3.0, votes: Votes | None = None, **more: Company) -> Known:
    return Known(0, line(), votes or Votes(seen=9, frames=16), (), score, **more)  # type: ignore[arg-type]


def is_confirmed(of: Known, probable: float) -> bool:
    return verdict(Scratch(), of, SIZE, probable)[1] == ""


@pytest.mark.parametrize(("left", "right", "steps"), [(80, 80, 0.0), (80, 180, 5.0), (180, 80, 5.0), (80, 86, 0.3)])
def test_sides_that_differ_are_a_step(left: int, right: int, steps: float) -> None:
    strips = np.full((STRIPS, 200), left, np.uint8)
    strips[:, 100:] = right
    strips[:, 99:102] = 200
    assert company(line(), strips).step == pytest.approx(steps)


@pytest.mark.parametrize("column", [0.0, 1.0, 198.0])
def test_at_the_edge_of_a_picture_sides_are_alike(column: float) -> None:
    assert company(line(column), np.full((STRIPS, 200), 80, np.uint8)).step == 0


def surface(of: np.ndarray, seed: int = 3) -> np.ndarray:
    """Return strips whose brightness varies downwards as given (STRIPS, 2) to the left and the right of a line."""
    strips = np.repeat(of, 100, 1) + np.random.default_rng(seed).normal(0, 0.5, (STRIPS, 200))
    strips[:, 99:102] += 20
    return np.clip(np.rint(strips), 0, 255).astype(np.uint8)


def test_a_line_over_one_surface_is_told_from_a_rim_between_two() -> None:
    rng = np.random.default_rng(8)
    one, two = rng.normal(90, 10, (STRIPS, 1)), rng.normal(90, 10, (STRIPS, 2))
    over, between = company(line(), surface(np.repeat(one, 2, 1))), company(line(), surface(two))
    assert over.agree > 0.9
    assert abs(between.agree) < 0.2
    assert over.crosses > 1.2 * between.crosses
    even = company(line(), surface(np.full((STRIPS, 2), 90.0)))
    assert abs(even.agree) < 0.1
    assert even.crosses < 0.1


@pytest.mark.parametrize(("bend_px", "strayed_px"), [(0.0, 0.0), (4.0, 4 / np.sqrt(2))])
def test_a_bent_line_strays_and_a_slanted_one_does_not(bend_px: float, strayed_px: float) -> None:
    at = np.linspace(0, 1, STRIPS)
    bent = replace(line(), columns=(100 + 6 * at + bend_px * np.cos(6 * np.pi * at)).astype(np.float32))
    assert strays(bent) == pytest.approx(strayed_px, abs=0.25)


def test_a_rim_has_to_be_more_certain() -> None:
    assert is_confirmed(known(company=Company(step=0.3)), 0.6)
    assert not is_confirmed(known(company=Company(step=RIM_STEP)), 0.6)
    assert is_confirmed(known(company=Company(step=RIM_STEP)), 0.95)


def test_a_short_line_has_to_be_more_certain() -> None:
    for strips, confirmed in ((STRIPS // 10, False), (STRIPS // 2, True)):
        short = replace(known(), line=replace(line(), columns=np.full(strips, 100, np.float32)))
        assert is_confirmed(short, 0.9) is confirmed
        assert is_confirmed(short, SHORT_CERTAINTY)


def test_what_its_own_frame_speaks_against_is_not_taken_for_what_others_say() -> None:
    assert is_confirmed(known(AGAINST + 0.1), 0.7)
    assert not is_confirmed(known(AGAINST - 0.1), 0.7)


def test_a_line_that_travels_does_not_lie_on_the_film_whatever_frames_say() -> None:
    for stays_px, confirmed in ((1.0, True), (9.0, False)):
        votes = Votes(film=9, seen=9, frames=16, sway=Sway(known=True, stays_px=stays_px))
        assert is_confirmed(known(votes=votes), 0.2) is confirmed
