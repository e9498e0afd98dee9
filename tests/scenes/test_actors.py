"""Those who play in a scene: seen, moving smoothly, the same every time, and never taken for damage."""

from __future__ import annotations

import numpy as np
import pytest

from restore.scenes.actors import Stage, draw_actors, troupe
from restore.scenes.actors._brush import areas, strokes, uneven_strokes
from restore.scenes.actors.birds import Bird
from restore.scenes.actors.fall import Fall
from restore.scenes.atlas import painted
from restore.scenes.layers import Motion
from restore.scenes.lesson import Lesson

SIZE = (48, 64)
NAMES = [name for name, _ in troupe()]


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(SIZE, (800, 1200), Motion(), painted(0), 5, moving=True)


@pytest.mark.parametrize("name", NAMES)
def test_everyone_is_seen_and_is_no_damage(name: str) -> None:
    told = [Lesson(seed, SIZE, 5, only=(name,), severity=0.0) for seed in range(0, 128, 8)]
    empty = [Lesson(seed, SIZE, 5, negatives=0.0, severity=0.0) for seed in range(0, 128, 8)]
    shown = [(a.at(2), b.at(2)) for a, b in zip(told, empty, strict=True)]
    assert not any(a.mask.any() for a, _ in shown)
    assert np.mean([np.abs(a.clean - b.clean).max() > 0.05 for a, b in shown]) > 0.3


@pytest.mark.parametrize("name", NAMES)
def test_playing_is_a_function_of_time_alone_and_stays_within_range(stage: Stage, name: str) -> None:
    cast = [a for n in range(4) for a in draw_actors(stage, (n,), 1.0, (name,))]
    again = [a for n in range(4) for a in draw_actors(stage, (n,), 1.0, (name,))]
    for times in ((0.0, 3.5), (3.5, 0.0)):
        for t in times:
            first, second = (np.full((*SIZE, 3), 0.5, np.float32) for _ in range(2))
            for a, b in zip(cast, again, strict=True):
                a.play(first, t)
                b.play(second, t)
            assert np.array_equal(first, second)
            assert first.dtype == np.float32
            assert first.min() >= -1e-5
            assert first.max() <= 1 + 1e-5


def test_a_file_more_changes_nothing_about_the_others(stage: Stage) -> None:
    alone = draw_actors(stage, (3,), 1.0, ("birds",))
    together = [a for a in draw_actors(stage, (3,), 1.0, ("birds", "wires", "things")) if isinstance(a, Bird)]
    assert len(alone) == len(together) > 0
    for a, b in zip(alone, together, strict=True):
        assert isinstance(a, Bird)
        assert np.array_equal(a.at, b.at)


def test_snow_falls_on_its_way_and_does_not_flicker(stage: Stage) -> None:
    falls = [a for n in range(6) for a in draw_actors(stage, (n,), 1.0, ("fall",)) if isinstance(a, Fall)]
    for fall in falls:
        a, b, c = (fall.places(t) for t in (1.0, 2.0, 3.0))
        bent = np.abs(a - 2 * b + c).max()
        assert bent <= (fall.wander[:, 0] * fall.wander[:, 1] ** 2).max() + 1e-3
        assert np.abs(b - a).max() > 0


def test_birds_are_on_the_picture_at_mid_clip_and_flap(stage: Stage) -> None:
    birds = [a for n in range(8) for a in draw_actors(stage, (n,), 1.0, ("birds",)) if isinstance(a, Bird)]
    middles = np.stack([bird.at + bird.velocity * 2.5 for bird in birds])
    assert (np.abs(middles) <= np.array((SIZE[1], SIZE[0])) / 2 + 1).all()
    assert np.std([np.ptp(birds[0].outlines(t)[1][:, 1]) for t in range(8)]) > 0


def test_brushes_cover_what_their_lines_and_outlines_enclose() -> None:
    box = (0, 0, 40, 40)
    line = np.array([[-5, 20.0], [45, 20.0]], np.float32)
    for width in (0.5, 1.0, 3.0, 7.0):
        assert strokes([line], width, box)[:, 20].sum() == pytest.approx(width, abs=0.3)
        assert uneven_strokes([line], [width], box)[:, 20].sum() == pytest.approx(width, abs=0.3)
    square = np.array([[10, 10], [30, 10], [30, 30], [10, 30]], np.float32)
    assert areas([square], box).sum() == pytest.approx(400, rel=0.05)
    covers = [areas([square + np.float32(dx)], box).sum(0) for dx in (0, 0.25)]
    middles = [np.average(np.arange(40), weights=c) for c in covers]
    assert middles == pytest.approx([20, 20.25], abs=0.15)


def test_nobody_unknown_is_asked_to_play(stage: Stage) -> None:
    with pytest.raises(ValueError, match="dragons"):
        draw_actors(stage, (1,), 1.0, ("dragons",))
