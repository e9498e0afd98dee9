"""The bench of detectors: those that know all, nothing or too much get the figures they deserve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from restore.detect import Detection, Found
from restore.detect.scratch import Scratch
from restore.measure.bench import Clip
from restore.measure.finding import Candidate, camera_of, judge, look, measured_px, said_lines, strength_of
from restore.scenes.damage import Damage
from restore.scenes.film import Film
from restore.source import PixelFormat
from restore.window import Window

SIZE, FRAMES = (96, 128), 4
YUV = PixelFormat("yuv420p10le", "yuv", 10, 1, 1, full_range=False)
DAMAGE = Damage(2, SIZE, 0.9, film_frames=FRAMES, damaged_frac=0.05)


@pytest.fixture(scope="module")
def clip() -> Clip:
    film = Film(1, SIZE, FRAMES, grain=2.0)
    return Clip("leaves", [film.planes(t, YUV) for t in range(FRAMES)], YUV, 3.0)


@dataclass(frozen=True)
class Oracle:
    """Knows the labels; says nothing on the clean clip."""

    labels: tuple[np.ndarray, ...]
    clean: tuple[np.ndarray, ...]
    kinds: tuple[int, ...] = (1, 2, 3, 4, 5, 6)

    def detect(self, window: Window, t: int) -> Detection:
        hurt = not np.array_equal(window.picture(t).planes[0], self.clean[t])
        mask = np.isin(self.labels[t], self.kinds) & hurt
        box = (0, 0, *window.size)
        return Detection(mask, (Found(t, "scratch", box, 1, 1.0),) if self.kinds == (5,) and mask.any() else ())


@dataclass(frozen=True)
class Sure(Oracle):
    """... and how sure it is: a little more of what is there than of a corner that is not."""

    def score(self, window: Window, t: int) -> np.ndarray:
        out = self.detect(window, t).mask * np.float32(2)
        out[:4, :4] = np.maximum(out[:4, :4], 1)
        return out.astype(np.float32)


@dataclass(frozen=True)
class Lines(Sure):
    """... of scratches."""

    finds: ClassVar[str] = "scratch"


@dataclass(frozen=True)
class Greedy:
    """Takes all."""

    def detect(self, window: Window, t: int) -> Detection:
        return Detection(np.ones(window.size, bool))


@dataclass(frozen=True)
class Blind:
    """Takes nothing."""

    def detect(self, window: Window, t: int) -> Detection:
        return Detection(np.zeros(window.size, bool))


@pytest.fixture(scope="module")
def truth(clip: Clip) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    labels = tuple(DAMAGE.apply(p, t, YUV).labels for t, p in enumerate(clip.pictures))
    assert {1, 2, 5} <= set(np.unique(np.stack(labels)))
    return labels, tuple(p[0] for p in clip.pictures)


def test_all_nothing_and_too_much(clip: Clip, truth) -> None:
    some = [Candidate("oracle", (Sure(*truth),)), Candidate("greedy", (Greedy(),)), Candidate("blind", (Blind(),))]
    oracle, greedy, blind = (v.row for v in judge(clip, DAMAGE, some, range(1, 3)))
    assert (oracle.precision, oracle.recall, oracle.f1, oracle.harm_frac) == (1, 1, 1, 0)
    assert (oracle.transient_f1, oracle.scratch_recall, oracle.dust_recall) == (1, 1, 1)
    assert oracle.transient_best_f1 == pytest.approx(1)
    assert oracle.transient_average_precision == pytest.approx(1)
    assert oracle.false_objects_a_frame == 0
    assert oracle.camera == "moving"
    assert oracle.frames == 2
    assert greedy.recall == greedy.harm_frac == 1
    assert greedy.precision < 0.3
    assert np.isnan(greedy.transient_average_precision)
    assert (blind.f1, blind.scratch_recall, blind.harm_frac) == (0, 0, 0)
    assert np.isnan(blind.precision)


def test_a_detector_of_scratches_is_judged_by_scratches(clip: Clip, truth) -> None:
    lines = Candidate("lines", (Lines(*truth, kinds=(5,)),))
    row = judge(clip, DAMAGE, [lines], range(FRAMES))[0].row
    assert (row.scratch_recall, row.scratch_precision) == (1, 1)
    assert row.scratch_average_precision == pytest.approx(1)
    assert np.isnan(row.transient_average_precision)
    assert row.transient_recall < 0.2
    plain = Candidate("no threshold", (Oracle(*truth, kinds=(5,)),))
    verdict = judge(clip, DAMAGE, [plain], range(FRAMES))[0]
    assert verdict.tally.only_lines
    assert verdict.row.scratch_recall == 1
    assert np.isnan(verdict.row.scratch_average_precision)


def test_together_one_has_a_threshold_and_the_others_stand_as_they_are(clip: Clip, truth) -> None:
    together = Candidate("both", (Sure(*truth, kinds=(1, 2, 3, 4, 6)), Oracle(*truth, kinds=(5,))))
    verdict = judge(clip, DAMAGE, [together], range(FRAMES))[0]
    assert verdict.row.f1 == verdict.row.scratch_precision == 1
    assert verdict.row.transient_average_precision == pytest.approx(1)
    # A line said to run where there is none is a false scratch, not false dirt.
    false = np.zeros(SIZE, np.uint8)
    false[:, 100] = 5
    wrong = Candidate("wrong", (Sure(*truth, kinds=(1, 2, 3, 4, 6)), Oracle((false,) * FRAMES, truth[1], kinds=(5,))))
    row = judge(clip, DAMAGE, [wrong], range(FRAMES))[0].row
    assert row.transient_f1 == 1
    assert row.scratch_precision == 0
    assert row.precision < 1
    two = Candidate("two", (Sure(*truth), Sure(*truth)))
    assert np.isnan(judge(clip, DAMAGE, [two], [1])[0].row.transient_average_precision), "their units may differ"


def test_a_threshold_for_dirt_is_judged_beside_one_for_scratches(clip: Clip, truth) -> None:
    both = Candidate("both", (Sure(*truth, kinds=(1, 2, 3, 4, 6)), Lines(*truth, kinds=(5,))))
    row = judge(clip, DAMAGE, [both], range(FRAMES))[0].row
    assert row.transient_average_precision == pytest.approx(1)
    assert np.isnan(row.scratch_average_precision)


def test_our_own_scratches_have_a_threshold_of_their_own(clip: Clip) -> None:
    verdict = judge(clip, DAMAGE, [Candidate("scratch", (Scratch(),))], [1])[0]
    assert verdict.tally.only_lines
    assert np.isnan(verdict.row.transient_average_precision)


@dataclass(frozen=True)
class Certain:
    """Two things, of which it takes those it is certain enough of."""

    certainty: float = 0.8

    def detect(self, window: Window, t: int) -> Detection:
        mask, objects = np.zeros(window.size, bool), []
        for x, sure in ((10, 0.9), (30, 0.3)):
            status = "confirmed" if sure >= self.certainty else "undecided"
            if status == "confirmed":
                mask[5:8, x : x + 3] = True
            objects.append(Found(t, "dirt", (5, x, 8, x + 3), 9, sure, status))
        return Detection(mask, tuple(objects))


def test_a_certainty_makes_a_strength(clip: Clip) -> None:
    window = Window.of(clip.pictures, YUV)
    assert Certain().detect(window, 1).mask.sum() == 9
    strength = strength_of(Certain(), window, 1)
    assert strength is not None
    assert sorted(set(strength.ravel().tolist())) == pytest.approx([0, 0.3, 0.9])
    assert np.array_equal(strength >= Certain().certainty, Certain().detect(window, 1).mask)
    assert strength_of(Greedy(), window, 1) is None
    assert not look(Candidate("c", (Certain(),)), window, 1).lines.any()


def test_which_part_of_a_mask_is_said_to_be_scratches() -> None:
    mask = np.zeros((20, 30), bool)
    mask[:, 10:13] = mask[4:7, 20:23] = True
    line, dirt = Found(0, "scratch", (0, 10, 20, 12), 40, 1.0), Found(0, "dirt", (4, 20, 7, 23), 9, 1.0)
    both = said_lines(Detection(mask, (line, dirt)))
    assert both[:, 10:12].all()
    assert not both[:, 12:].any()
    assert np.array_equal(said_lines(Detection(mask, (line, replace(dirt, status="undecided")))), mask)
    assert not said_lines(Detection(mask, (replace(line, status="undecided"), dirt))).any()
    assert not said_lines(Detection(mask)).any()


def test_moving_and_static() -> None:
    for speed, seed, wanted in ((1.0, 23, "moving"), (0.0, 23, "static")):
        film = Film(seed, (180, 240), 4, speed=speed, grain=1.0)
        step = float(np.median(np.hypot(*np.moveaxis(film.flow(1, 2), -1, 0))))
        clip = Clip("f", [film.planes(t, YUV) for t in range(4)], YUV, step)
        window = Window.of(clip.pictures, YUV)
        assert camera_of(clip, window, range(3)) == wanted
        assert camera_of(replace(clip, step_px=None), window, range(4)) == wanted, "measured as it is known"
        assert measured_px(window, range(3)) == pytest.approx(step, abs=0.15)
    assert measured_px(window, [3]) == 0, "the last frame goes nowhere"
