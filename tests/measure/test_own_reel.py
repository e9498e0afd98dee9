"""What counts on somebody's own reel: planted damage is known, what was there before counts neither way."""

from __future__ import annotations

import numpy as np
import pytest

from restore.detect import Detection, Found
from restore.detect.dirt import Dirt
from restore.errors import RecipeError
from restore.measure.finding import LEAST_CERTAIN
from restore.measure.own_reel import SHIPPED, Clock, Count, Step, attempts, counted, least_certain, spelled
from restore.recipe import load
from restore.scenes.wear import LABELS

SIZE = (40, 60)


def box(y: int, x: int, side: int = 4) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[y : y + side, x : x + side] = True
    return mask


def test_what_was_known_before_is_neither_right_nor_wrong() -> None:
    labels = np.where(box(5, 5), LABELS["dirt"], 0).astype(np.uint8)
    before, false = box(20, 20), box(30, 50)
    count = counted([Detection(box(5, 5) | before | false)], labels, before)
    assert (count.judged.found, count.judged.false, count.judged.missed) == (16, 16, 0)
    assert (count.every.found, count.every.false) == (16, 32)
    assert (count.dirt.object_recall, count.dirt.false_objects) == (1, 1)
    both = count + count
    assert (both.judged.found, both.every.frames, both.touched_px) == (32, 2, 0)
    assert (Count(touched_px=3) + Count(touched_px=4)).touched_px == 7


def test_only_who_says_lines_is_said_to_say_lines() -> None:
    labels = np.zeros(SIZE, np.uint8)
    mask = np.zeros(SIZE, bool)
    mask[:, 30] = True
    line = Found(0, "scratch", (0, 30, 40, 31), 40, 0.9)
    assert counted([Detection(mask, (line,))], labels, ~mask).says_lines
    assert not counted([Detection(mask)], labels, ~mask).says_lines
    assert not counted([Detection(mask, (line,))], labels, mask).says_lines


def test_a_step_is_spelled_for_the_detectors_that_know_its_field() -> None:
    film = load("film")
    assert spelled(Step("x", ("*.certainty=0.9",)), film) == (
        "dirt.certainty=0.9", "scratch.certainty=0.9", "standing.certainty=0.9"
    )
    assert spelled(Step("x", ("*.contrast_levels=9",)), film) == ("dirt.contrast_levels=9",)
    assert spelled(Step("x", ("policy.strict=true",)), film) == ("policy.strict=true",)


def test_steps_that_change_nothing_are_left_out() -> None:
    steps = (Step(SHIPPED), Step("same", (f"*.certainty={Dirt().certainty}",)), Step("none", ("*.nowhere=1",)),
             Step("bold", ("*.certainty=0.4",)))
    tried = attempts("dust", steps)
    assert [a.step.name for a in tried] == [SHIPPED, "bold"]
    assert tried[1].parts[0].made.certainty == 0.4
    wary = least_certain(tried)
    assert [p.made.certainty for p in wary] == [LEAST_CERTAIN]


def test_a_recipe_that_finds_nothing_by_itself_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"masks.*Choose another --workflow"):
        attempts("masks")


def test_time_is_a_median_for_the_first_frame_pays_for_its_neighbours() -> None:
    clock = Clock()
    clock.seconds["a"] += [9.0, 1.0, 1.2]
    assert (clock.of("a"), clock.of("b")) == (1.2, 0)
