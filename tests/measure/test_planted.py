"""Damage planted on a clip: away from what is known, as much and of the polarity that the clip has."""

from __future__ import annotations

import numpy as np
import pytest

from restore.detect import Found
from restore.measure.bench import Clip
from restore.measure.detection import SCRATCH, grow
from restore.measure.planted import APART_PX, LEAST_SEVERITY, USUAL_SEVERITY, drawn_like, own_damage, plant
from restore.scenes.damage import Damage
from restore.scenes.film import Film
from restore.source import PixelFormat

SIZE, FRAMES = (120, 160), 4
YUV = PixelFormat("yuv422p10le", "yuv", 10, 1, 0, full_range=False)


@pytest.fixture(scope="module")
def clip() -> Clip:
    film = Film(5, SIZE, FRAMES)
    return Clip("leaves", [film.planes(t, YUV) for t in range(FRAMES)], YUV)


def test_nothing_is_planted_near_what_is_known_and_the_rest_stays(clip: Clip) -> None:
    damage = Damage(3, SIZE, 1.0, film_frames=FRAMES)
    known = np.zeros(SIZE, bool)
    known[40:60, :] = True
    free, kept = plant(clip, damage, {}), plant(clip, damage, {1: known})
    assert (free.frames[1].mask & known).any()
    assert not (kept.frames[1].mask & grow(known, APART_PX)).any()
    assert kept.frames[1].mask.any()
    assert not (kept.frames[1].mask & ~free.frames[1].mask).any()
    assert np.array_equal(kept.frames[2].mask, free.frames[2].mask)
    assert kept.apply((), 1, YUV) is kept.frames[1]


def test_a_line_is_interrupted_where_something_is_known(clip: Clip) -> None:
    seed = next(s for s in range(50) if Damage(s, SIZE, 1.0, ("scratch",), FRAMES).stamps(0))
    damage = Damage(seed, SIZE, 1.0, ("scratch",), FRAMES)
    known = np.zeros(SIZE, bool)
    known[60] = True
    labels = plant(clip, damage, {0: known}).frames[0].labels
    assert not labels[60 - APART_PX : 61 + APART_PX].any()
    assert (labels == SCRATCH).any()


def things(n: int, area: int = 20, level: float = 20.0) -> tuple[np.ndarray, np.ndarray, tuple[Found, ...]]:
    grey, mask = np.full(SIZE, 100, np.float32), np.zeros(SIZE, bool)
    found = []
    for k in range(n):
        y, x = 8 * (k // 16) + 2, 9 * (k % 16) + 3
        grey[y : y + 4, x : x + 4], mask[y : y + 4, x : x + 4] = level, True
        found.append(Found(0, "dirt", (y, x, y + 4, x + 4), area, 0.9))
    return grey, mask, tuple(found)


def test_severity_follows_what_was_found() -> None:
    few, many = own_damage([things(20)]), own_damage([things(150)])
    assert LEAST_SEVERITY <= few.severity < many.severity <= 1
    assert (few.usual, few.objects_a_frame) == (False, 20)
    larger = own_damage([things(20, area=200)])
    assert larger.severity > few.severity


def test_a_clean_clip_gets_the_usual_damage() -> None:
    own = own_damage([things(0), things(0)])
    assert (own.severity, own.usual, own.dark) == (USUAL_SEVERITY, True, None)


@pytest.mark.parametrize(("level", "dark"), [(20.0, True), (220.0, False)])
def test_polarity_is_that_of_what_was_found(level: float, dark: bool) -> None:
    own = own_damage([things(20, level=level)])
    assert own.dark is dark
    for seed in range(4):
        drawn = drawn_like(own, seed, SIZE, 26, range(12, 14))
        assert drawn.history.dark is dark
        assert any(s.start < 14 and s.stop > 12 for s in drawn.history.scratches)
        assert drawn == drawn_like(own, seed, SIZE, 26, range(12, 14))
