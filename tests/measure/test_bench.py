"""The quality table: known restorers and detectors get the figures they deserve."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from restore.frames import Bits, Patch, support
from restore.measure.bench import Clip, bench_detect, bench_fill, judge, mean_gain, table, telea
from restore.measure.csv_rows import to_csv
from restore.scenes.damage import Damage
from restore.scenes.film import Film
from restore.source import PixelFormat
from restore.window import Window

SIZE, FRAMES = (96, 128), 4
YUV = PixelFormat("yuv420p10le", "yuv", 10, 1, 1, full_range=False)


@pytest.fixture(scope="module")
def clip() -> Clip:
    film = Film(1, SIZE, FRAMES, grain=2.0)
    return Clip("leaves", [film.planes(t, YUV) for t in range(FRAMES)], YUV)


DAMAGE = Damage(2, SIZE, 0.8, film_frames=FRAMES, damaged_frac=0.03)


def patch_of(planes: tuple[np.ndarray, ...], t: int, mask: Bits, origin: int) -> Patch:
    kept = tuple(np.where(support(mask, YUV, p), plane, 0) for p, plane in enumerate(planes))
    return Patch(t, mask, kept, np.where(mask, origin, 0).astype(np.uint8), np.zeros(mask.shape, np.int8))


def test_the_truth_wins_and_telea_ties_with_itself(clip: Clip) -> None:
    def oracle(window: Window, t: int) -> Patch:
        return patch_of(clip.pictures[t], t, window.hidden(t), 1)

    def plain(window: Window, t: int) -> Patch:
        return patch_of(telea(window.picture(t).planes, window.hidden(t), YUV), t, window.hidden(t), 2)

    best, same = bench_fill(clip, DAMAGE, oracle), bench_fill(clip, DAMAGE, plain)
    assert best.psnr == float("inf")
    assert best.fine == pytest.approx(best.fine_truth)
    assert (best.donor_frac, best.unfilled_frac) == (1, 0)
    assert same.gain == pytest.approx(0)
    assert same.fine == pytest.approx(same.fine_telea)
    assert same.donor_frac == 0
    assert 15 < same.psnr < 40
    assert same.damaged_frac == best.damaged_frac > 0.01


def test_of_what_was_filled_alone_the_rest_is_only_counted(clip: Clip) -> None:
    def upper_half(window: Window, t: int) -> Patch:
        mask = window.hidden(t).copy()
        mask[SIZE[0] // 2 :] = False
        return patch_of(clip.pictures[t], t, mask, 1)

    whole, part = (bench_fill(clip, DAMAGE, upper_half, filled_only=only) for only in (False, True))
    assert whole.psnr < 60
    assert part.psnr == float("inf")
    assert 0 < part.unfilled_frac < 1
    assert (part.unfilled_frac, part.damaged_frac) == (whole.unfilled_frac, whole.damaged_frac)


def test_what_is_left_unfilled_is_counted(clip: Clip) -> None:
    def lazy(window: Window, t: int) -> Patch:
        return patch_of(window.picture(t).planes, t, np.zeros(SIZE, bool), 2)

    row = bench_fill(clip, DAMAGE, lazy, frames=[1, 2])
    assert row.frames == 2
    assert row.unfilled_frac == 1
    assert row.gain < 0


def test_detectors_that_know_all_nothing_and_too_much(clip: Clip) -> None:
    masks = [DAMAGE.apply(p, t, YUV).mask for t, p in enumerate(clip.pictures)]

    def oracle(window: Window, t: int) -> Bits:
        hurt = not np.array_equal(window.picture(t).planes[0], clip.pictures[t][0])
        return masks[t] if hurt else np.zeros(SIZE, bool)

    row = bench_detect(clip, DAMAGE, oracle)
    assert (row.precision, row.recall, row.f1, row.harm_frac) == (1, 1, 1, 0)
    greedy = bench_detect(clip, DAMAGE, lambda window, t: np.ones(window.size, bool))
    assert greedy.recall == 1
    assert greedy.precision < 0.2
    assert greedy.harm_frac == 1


def test_telea_keeps_what_is_not_masked_and_its_depth(clip: Clip) -> None:
    hurt = DAMAGE.apply(clip.pictures[0], 0, YUV)
    filled = telea(hurt.planes, hurt.mask, YUV)
    for p in range(3):
        assert filled[p].dtype == np.uint16
        outside = ~support(hurt.mask, YUV, p)
        assert np.array_equal(filled[p][outside], clip.pictures[0][p][outside])
    assert not np.array_equal(filled[0], hurt.planes[0])


def test_tables_are_written_for_people_and_for_programs(clip: Clip) -> None:
    row = bench_fill(clip, DAMAGE, lambda w, t: patch_of(clip.pictures[t], t, w.hidden(t), 1), frames=[0])
    text = table([row, row])
    assert text.splitlines()[0].startswith("| clip")
    assert text.splitlines()[-1].startswith("| mean")
    assert "gain dB" in text
    read = list(csv.DictReader(io.StringIO(to_csv([row, row]))))
    assert [r["clip"] for r in read] == ["leaves", "leaves"]
    assert float(read[0]["psnr_telea"]) == row.psnr_telea
    assert table([]) == to_csv([]) == ""
    assert mean_gain([row]) == row.gain


def test_a_verdict_holds_a_row_a_clip_and_leaves_out_what_was_not_given(clip: Clip) -> None:
    verdict = judge([clip, clip], None, lambda window, t: np.zeros(window.size, bool), frames=[1])
    assert verdict.fill == ()
    assert [r.clip for r in verdict.detect] == ["leaves", "leaves"]
    assert verdict.detect[0].recall == 0
    assert "harm %" in str(verdict)
