from __future__ import annotations

import numpy as np
import pytest

from restore.detect._lines import Line
from restore.detect._unrest import SEGMENTS, Unrest, unrest

STRIPS, WIDTH, FRAMES, COLUMN = 120, 160, 9, 80


def line(column=COLUMN, strips=STRIPS, width=2.0):
    return Line(
        1, 0, np.full(strips, column, np.float32), width / 2, width / 2, 30.0, np.ones(strips, bool), -40.0
    )


def pictures(strength, seed=1, grain=1.0, light=None):
    """Strips of a still wall with a line whose strength is given for each frame and strip (FRAMES, STRIPS)."""
    rng = np.random.default_rng(seed)
    wall = 110 + 10 * np.sin(np.arange(WIDTH) / 9)
    out = []
    for t in range(FRAMES):
        picture = np.tile(wall, (STRIPS, 1)) * (1 if light is None else light[t])
        picture[:, COLUMN - 1 : COLUMN + 2] += strength[t][:, None]
        out.append(np.clip(np.rint(picture + rng.normal(0, grain, picture.shape)), 0, 255).astype(np.uint8))
    return out


def own_pieces(seed=2):
    pieces = np.random.default_rng(seed).uniform(0, 60, (FRAMES, SEGMENTS))
    return np.repeat(pieces, STRIPS // SEGMENTS, 1)


def test_a_line_that_stays_as_it_is_rests():
    found = unrest(line(), pictures(np.full((FRAMES, STRIPS), 30.0)))
    assert found.strength > 20
    assert found.line < 2 * max(found.beside, 0.3)
    assert found.line < 0.05 * found.strength


def test_a_line_whose_pieces_change_on_their_own_does_not():
    found = unrest(line(), pictures(own_pieces()))
    assert found.line > 5 * found.beside
    assert found.line > 0.3 * found.strength


@pytest.mark.parametrize("light", [np.linspace(0.7, 1.2, FRAMES), np.tile([0.9, 1.1], FRAMES)[:FRAMES]])
def test_what_changes_in_all_of_the_line_at_once_says_nothing(light):
    strength = 30 * light[:, None] * np.ones(STRIPS)
    found = unrest(line(), pictures(strength, light=np.ones(FRAMES)))
    assert found.line < 0.06 * found.strength


def test_where_the_picture_beside_it_changes_nothing_is_believed():
    calm = pictures(np.full((FRAMES, STRIPS), 30.0))
    for t, picture in enumerate(calm):  # a shadow walks down along the line
        picture[t * 13 : t * 13 + 13] = picture[t * 13 : t * 13 + 13] // 2
    found = unrest(line(), calm)
    assert found.line < 0.1 * found.strength


@pytest.mark.parametrize("case", ["edge", "short", "few"])
def test_what_cannot_be_measured_is_nothing(case):
    shown = pictures(own_pieces())
    at = {"edge": line(1), "short": line(strips=2 * SEGMENTS - 1), "few": line()}[case]
    assert unrest(at, shown[: 3 if case == "few" else None]) == Unrest()


def test_a_line_is_looked_for_a_little_beside_its_place():
    strength = own_pieces()
    shown = pictures(strength)
    moved = [np.roll(p, 2 * (t % 2), 1) for t, p in enumerate(shown)]
    assert unrest(line(), moved).line == pytest.approx(unrest(line(), shown).line, rel=0.3)
