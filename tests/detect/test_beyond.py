"""Lines that go on where nothing of the scene does: over a cut, and into the black around the picture."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from films import frames, line, window

from restore.detect import _beyond, _tracks
from restore.detect._lines import Line
from restore.detect.scratch import Scratch

SIZE, EACH = (200, 320), 9


def two_shots(first, second, **more):
    """Return a film of two still shots of nine frames, each with its own thing drawn on it."""
    shots = [frames(draw, count=EACH, size=SIZE, step=0.0, seed=seed, grain=1.5)
             for seed, draw in ((1, first), (2, second))]
    return window([*shots[0], *(255 - p for p in shots[1])] if more.get("negative") else [*shots[0], *shots[1]])


def scratch(picture, t):
    line(picture, 150, 1.5, 60)


def nothing(picture, t):
    pass


def test_a_line_that_goes_on_over_a_cut_lies_on_the_film():
    shown = two_shots(scratch, scratch)
    assert shown.is_cut(EACH)
    for t in (EACH - 2, EACH, EACH + 2):
        assert Scratch().detect(shown, t).mask[:, 150].mean() > 0.9


@pytest.mark.parametrize("other", [nothing, lambda picture, t: line(picture, 170, 1.5, 60),
                                   lambda picture, t: line(picture, 150, 1.5, -60)])
def test_a_line_of_one_shot_alone_is_not_confirmed_by_the_other(other):
    shown = two_shots(scratch, other)
    assert shown.is_cut(EACH)
    assert not Scratch().detect(shown, EACH - 1).mask[:, 145:156].any()


def test_where_many_lines_meet_those_of_the_next_shot_they_may_do_so_by_chance():
    def fence(picture, t):
        for x in range(40, 300, 40):
            line(picture, x, 1.5, 60)

    shown = two_shots(fence, fence)
    assert shown.is_cut(EACH)
    assert not Scratch().detect(shown, EACH - 1).mask.any()


def test_frames_of_one_shot_say_nothing_of_cuts():
    shown = window(frames(scratch, count=EACH, size=SIZE, step=0.0, grain=1.5))
    assert not _beyond.over_cuts(shown, 4, 8).any()


def at_the_side(picture, t):
    line(picture, 2, 1.0, 60)


def test_edges_of_the_frame_stay_over_cuts_and_are_no_proof():
    shown = two_shots(at_the_side, at_the_side)
    lines, counts = _tracks.view(shown, EACH).lines, _beyond.over_cuts(shown, EACH, 8)
    assert not any(n for v, n in zip(lines, counts, strict=True) if v.columns.mean() < 3.2)


def boxed(reaches):
    def draw(picture, t):
        picture[:20] = picture[-20:] = 8
        line(picture, 150, 1.5, 60, slice(None) if reaches else slice(20, -20))

    return draw


def test_a_line_that_runs_on_into_the_bars_lies_on_the_film():
    shown = window(frames(boxed(True), count=EACH, size=SIZE, step=0.0, grain=1.0))
    assert _beyond.bars(_tracks.view(shown, 4).strips) == (20, 20)
    assert Scratch().detect(shown, 4).mask[30:170, 150].all()


def test_one_that_ends_where_the_picture_does_is_not_confirmed():
    shown = window(frames(boxed(False), count=EACH, size=SIZE, step=0.0, grain=1.0))
    assert not Scratch().detect(shown, 4).mask[:, 145:156].any()


def test_night_over_a_street_is_no_bar():
    night = np.full((200, 320), 8, np.uint8)
    night[30:] = np.linspace(9, 200, 320).astype(np.uint8)  # bright to one side alone: no straight edge
    night[30:, :200] = 10
    assert _beyond.bars(night) == (0, 0)
    assert _beyond.bars(np.full((200, 320), 8, np.uint8)) == (0, 0)  # a fade to black


@pytest.mark.parametrize(("bar_px", "black", "rim"), [(6, 4, True), (6, 90, False), (0, 4, False)])
def test_the_rim_of_a_picture_beside_black_is_told_from_a_scratch_at_its_edge(bar_px, black, rim):
    strips = 90 + np.random.default_rng(1).normal(0, 1.5, (200, 220))
    strips[:, :bar_px] = black
    strips[:, 7:9] += 40
    for flip in (1, -1):
        columns = np.full(100, 7.5 if flip > 0 else 219 - 7.5, np.float32)
        at = Line(1, 50, columns, 1.0, 1.0, 40.0, np.ones(100, bool), -30.0)
        assert _beyond.at_rim(strips[:, ::flip].astype(np.uint8), at) is rim


def test_a_scratch_over_a_black_scene_is_no_rim():
    strips = 6 + np.abs(np.random.default_rng(1).normal(0, 1.5, (200, 220)))
    strips[:, 7:9] += 40
    at = Line(1, 50, np.full(100, 7.5, np.float32), 1.0, 1.0, 40.0, np.ones(100, bool), -30.0)
    assert not _beyond.at_rim(strips.astype(np.uint8), at)
