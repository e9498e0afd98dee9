from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from films import GREY, frames, line, texture, window

from restore.cache import Cache
from restore.detect import _line_verdict, _lines, _motion, _tracks
from restore.detect.scratch import Scratch
from restore.errors import PartError
from restore.source import PixelFormat

COUNT, SIZE, MIDDLE = 13, (200, 320), 6
LAYOUTS = [
    GREY, PixelFormat("gray16le", "grey", 16), PixelFormat("yuv420p10le", "yuv", 10, 1, 1),
    PixelFormat("gbrp", "rgb", 8),
]


def film(draw=lambda picture, t: None, step=4.0, **more):
    return frames(draw, count=COUNT, size=SIZE, step=step, **more)


def statuses(found):
    return {f.status for f in found.objects}


@pytest.mark.parametrize("pixels", LAYOUTS, ids=lambda p: p.name)
def test_a_scratch_over_a_panning_scene_is_confirmed_in_every_layout(pixels):
    shown = window(film(lambda picture, t: line(picture, 150, 1, 60)), pixels)
    found = Scratch().detect(shown, MIDDLE)
    assert found.mask[:, 150].all()
    assert found.mask[:, [149, 151]].mean() > 0.85
    far = np.abs(np.arange(SIZE[1]) - 150) > 6
    assert not found.mask[:, far].any()
    assert "confirmed" in statuses(found)


@pytest.mark.parametrize("half", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("level", [-50.0, 50.0])
def test_widths_and_both_signs(half, level):
    shown = window(film(lambda picture, t: line(picture, 200, half, level), grain=2))
    mask = Scratch().detect(shown, MIDDLE).mask
    assert mask[:, 200].mean() > 0.9
    assert not mask[:, :190].any()
    assert not mask[:, 211:].any()


def test_a_scratch_may_lean_and_wander():
    def draw(picture, t):
        for y in range(SIZE[0]):
            line(picture, 120 + 0.04 * y + np.sin(t), 1, 70, slice(y, y + 1))

    mask = Scratch().detect(window(film(draw)), MIDDLE).mask
    path = np.round(120 + 0.04 * np.arange(SIZE[0]) + np.sin(MIDDLE)).astype(int)
    assert mask[np.arange(SIZE[0]), path].mean() > 0.9
    assert mask.sum() < 9 * SIZE[0]


def test_a_pole_that_moves_with_the_scene_is_left_alone():
    shown = window(film(lambda picture, t: line(picture, 200 - 4 * t, 1.5, -60)))
    found = Scratch().detect(shown, MIDDLE)
    assert not found.mask.any()
    assert "confirmed" not in statuses(found)


def test_a_pole_in_a_still_shot_is_undecided_and_asked_about_once():
    shown = window(film(lambda picture, t: line(picture, 150, 1.5, -60), step=0.0, grain=1.5))
    found = [Scratch().detect(shown, t) for t in range(COUNT)]
    assert not any(f.mask.any() for f in found)
    assert statuses(found[0]) == {"undecided"}
    assert all(f.why for f in found[0].objects)
    assert not any(f.objects for f in found[1:])


def test_faint_and_short_lines_of_a_still_shot_are_not_asked_about():
    def draw(picture, t):
        line(picture, 150, 1.5, -60, slice(0, 60))
        line(picture, 220, 1.5, 5)

    shown = window(film(draw, step=0.0, grain=1.5))
    assert not any(Scratch().detect(shown, t).objects for t in range(COUNT))


def test_a_line_that_wanders_over_a_still_scene_is_a_scratch():
    path = 150 + np.random.default_rng(2).normal(0, 1.0, COUNT)
    shown = window(film(lambda picture, t: line(picture, path[t], 1, 60), step=0.0, grain=1.5))
    mask = Scratch().detect(shown, MIDDLE).mask
    assert mask[:, round(path[MIDDLE])].mean() > 0.9
    assert not mask[:, np.abs(np.arange(SIZE[1]) - path[MIDDLE]) > 6].any()


@pytest.mark.parametrize("depth", [1.0, 1.7])
def test_a_pole_that_shakes_with_the_camera_is_left_alone(depth):
    shake = np.random.default_rng(3).normal(0, 1.2, COUNT)
    big = texture(SIZE[0], SIZE[1] + 16, 5)
    pictures = []
    for t in range(COUNT):
        at = np.float32([[1, 0, 8 + shake[t]], [0, 1, 0]])
        picture = cv2.warpAffine(big, at, SIZE[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        line(picture, 150 - depth * shake[t], 1, 60)
        pictures.append(picture)
    assert not any(Scratch().detect(window(pictures), t).mask.any() for t in range(0, COUNT, 3))


def test_a_frame_is_looked_at_once_however_few_pictures_are_held(monkeypatch):
    made = []
    measured = Scratch.measured
    monkeypatch.setattr(Scratch, "measured", lambda self, shown, t: (made.append(t), measured(self, shown, t))[1])
    shown = replace(window(film(lambda picture, t: line(picture, 150, 1, 60))), cache=Cache(1))
    for t in shown.film:
        Scratch().detect(shown, t)
    assert sorted(made) == list(shown.film)


def test_what_is_kept_of_a_frame_is_small():
    shown = window(film(lambda picture, t: line(picture, 150, 1, 60)))
    Scratch().detect(shown, MIDDLE)
    luma = SIZE[0] * SIZE[1]
    assert _tracks.view(shown, MIDDLE).nbytes < 3 * luma
    assert _motion.step(shown, MIDDLE).nbytes < luma / 2


def test_a_line_that_comes_and_goes_in_a_still_shot_is_a_scratch():
    def draw(picture, t):
        if t in (5, 6, 7):
            line(picture, 150, 1.5, 60)

    shown = window(film(draw, step=0.0, grain=1.5))
    assert Scratch().detect(shown, MIDDLE).mask[:, 149:152].mean() > 0.9
    assert not Scratch().detect(shown, 3).mask.any()


def test_scratch_and_pole_are_told_apart_in_one_picture():
    def draw(picture, t):
        line(picture, 240 - 4 * t, 1.5, 60)
        line(picture, 90, 1.5, 60)

    mask = Scratch().detect(window(film(draw)), MIDDLE).mask
    assert mask[:, 90].mean() > 0.9
    assert not mask[:, 100:].any()


@pytest.mark.parametrize(("step", "grain"), [(0.0, 0.0), (0.0, 5.0), (3.0, 0.0), (5.0, 5.0)])
def test_nothing_is_found_on_clean_footage(step, grain):
    shown = window(film(step=step, grain=grain, seed=9))
    assert not any(Scratch().detect(shown, t).mask.any() for t in (0, MIDDLE, COUNT - 1))


def test_noise_has_no_lines():
    rng = np.random.default_rng(4)
    assert not [v for v in _lines.lines(rng.normal(120, 8, (300, 400)).astype(np.float32)) if v.log_nfa < 0]


def test_a_horizontal_line_is_not_looked_for():
    picture = texture(200, 320, 3)
    before = len(_lines.lines(picture))
    picture[100:103] += 70
    assert len(_lines.lines(picture)) <= before
    assert not [v for v in _lines.lines(picture) if v.columns.size > 60]


def test_a_photograph_cannot_tell_unless_it_is_told_to():
    picture = film(lambda picture, t: line(picture, 150, 1.5, 60))[:1]
    asked = Scratch().detect(window(picture), 0)
    assert not asked.mask.any()
    assert statuses(asked) == {"undecided"}
    assert Scratch(still=True).detect(window(picture), 0).mask[:, 149:152].mean() > 0.9


def test_no_frame_of_another_shot_is_asked():
    one = film(lambda picture, t: line(picture, 150, 1, 60), seed=1)
    two = [255 - p for p in film(lambda picture, t: line(picture, 60, 1, 60), seed=2)]
    joined, alone = window(one + two), window(one)
    assert joined.is_cut(COUNT)
    for t in (COUNT - 2, COUNT - 1):
        a, b = Scratch().detect(joined, t), Scratch().detect(alone, t)
        assert np.array_equal(a.mask, b.mask)
        assert a.objects == b.objects


def test_the_answer_does_not_depend_on_what_was_asked_before():
    pictures = film(lambda picture, t: line(picture, 150, 1, 60))
    shown = window(pictures)
    asked = {t: Scratch().detect(shown, t) for t in (9, 2, MIDDLE, 0)}
    for t, found in asked.items():
        fresh = Scratch().detect(window(pictures), t)
        assert np.array_equal(fresh.mask, found.mask)
        assert fresh.objects == found.objects


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (33, 33)])
def test_tiny_pictures_are_answered(size):
    shown = window([np.full(size, 90, np.float32)] * 3)
    assert Scratch().detect(shown, 1).mask.shape == size
    assert not Scratch().detect(shown, 1).mask.any()


def test_heights_that_no_strip_divides_are_painted_to_the_last_row_that_was_seen():
    pictures = frames(lambda picture, t: line(picture, 150, 1, 60), count=9, size=(521, 320), step=4.0)
    mask = Scratch().detect(window(pictures), 4).mask
    assert mask.shape == (521, 320)
    assert mask[:, 150].mean() > 0.95


@pytest.mark.parametrize("bad", [{"reach": 0}, {"witnesses": 0}, {"shortest_frac": 2.0}, {"margin_px": -1.0}])
def test_parameters_out_of_range_are_refused(bad):
    with pytest.raises(PartError, match=next(iter(bad))):
        Scratch(**bad)


@pytest.mark.parametrize(("others", "held"), [(0.9, True), (0.25, False)])
def test_a_line_that_is_sure_in_frames_around_needs_less(monkeypatch, others, held):
    def together(self, shown, t):
        return [0.25 if t == MIDDLE else others for _ in self.known(shown, t)]

    monkeypatch.setattr(Scratch, "together", together)
    monkeypatch.setattr(_line_verdict, "AGAINST", -99.0)  # what the line's own frame says is not asked for here
    shown = window(film(lambda picture, t: line(picture, 150, 1.5, -60), step=0.0, grain=1.5))
    assert not any(j.is_sure for j in Scratch().judged(shown, MIDDLE))
    assert bool(Scratch().detect(shown, MIDDLE).mask[:, 150].any()) is held


def test_a_line_whose_pieces_move_apart_is_not_held_by_frames_around(monkeypatch):
    def together(self, shown, t):
        return [0.6 if t == MIDDLE else 0.995 for _ in self.known(shown, t)]

    monkeypatch.setattr(Scratch, "together", together)
    monkeypatch.setattr(_line_verdict, "AGAINST", -99.0)
    shown = window(film(lambda picture, t: line(picture, 150, 1.5, -60), step=0.0, grain=1.5))
    assert Scratch().detect(shown, MIDDLE).mask[:, 150].any()
    monkeypatch.setattr(_line_verdict, "LOOSE_PX", (-1.0, -1.0))  # now every line whose motion is known is such
    assert any(k.votes.sway.known for k in Scratch().known(shown, MIDDLE))
    fresh = window(film(lambda picture, t: line(picture, 150, 1.5, -60), step=0.0, grain=1.5))
    assert not Scratch().detect(fresh, MIDDLE).mask[:, 150].any()


@pytest.mark.parametrize(("sure", "taken"), [((4, 5, 7), True), ((4, 7), False)])
def test_where_no_line_is_found_a_scratch_is_taken_that_enough_frames_around_are_sure_of(monkeypatch, sure, taken):
    judged = Scratch.judged
    monkeypatch.setattr(Scratch, "judged", lambda self, shown, t: judged(self, shown, t) if t in sure else ())
    shown = window(film(lambda picture, t: line(picture, 150, 1, 60)))
    assert MIDDLE not in sure
    assert all(any(j.is_sure for j in judged(Scratch(), shown, t)) for t in sure)
    assert bool(Scratch().detect(shown, MIDDLE).mask[:, 150].any()) is taken
