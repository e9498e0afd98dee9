"""Lessons of one picture, and the sheets on which people look at lessons."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.scenes import wear
from restore.scenes.atlas import atlas_for, draw_cut
from restore.scenes.cracks import draw_any_scratch, draw_crack, draw_fold, draw_foxing
from restore.scenes.lesson import Lesson
from restore.scenes.look import Look
from restore.scenes.sheet import LABELS, coloured, save_sheet, sheet
from restore.scenes.still import StillLesson

SIZE = (64, 80)
SEEDS = range(0, 96, 8)


def test_a_still_is_the_same_every_time_and_differs_from_the_next() -> None:
    a, b = (StillLesson(8, SIZE, severity=0.7).picture() for _ in range(2))
    assert np.array_equal(a.damaged, b.damaged)
    assert np.array_equal(a.labels, b.labels)
    assert not np.array_equal(a.clean, StillLesson(16, SIZE, severity=0.7).picture().clean)


def test_the_mask_of_a_still_is_where_it_changed() -> None:
    for seed in SEEDS:
        shown = StillLesson(seed, SIZE, severity=0.8, look=Look()).picture()
        assert np.array_equal(np.abs(shown.damaged - shown.clean).max(-1) > wear.FAINTEST / 255, shown.mask)
        assert not StillLesson(seed, SIZE, severity=0.0).picture().mask.any()


def test_cracks_folds_scratches_and_stains_all_turn_up() -> None:
    labels = np.stack([StillLesson(seed, SIZE, severity=1.0).picture().labels for seed in range(0, 240, 8)])
    for name in ("crack", "fold", "scratch", "stain", "dust"):
        assert (labels == LABELS[name]).any(), name


def test_large_damage_is_labelled_thin_and_on_the_picture() -> None:
    rng = np.random.default_rng(3)
    base = (0.9, 0.88, 0.8)
    for stamps, label in (
        (draw_crack(SIZE, 1.0, base, rng), wear.STILL_LABELS["crack"]),
        (draw_fold(SIZE, 1.0, base, rng), wear.STILL_LABELS["fold"]),
        (draw_any_scratch(SIZE, 1.0, base, rng), wear.SCRATCH_LABEL),
        (draw_foxing(SIZE, 1.0, rng), wear.LASTING["stain"]),
    ):
        assert {s.label for s in stamps} == {label}
        assert all(s.alpha.min() >= 0 and s.alpha.max() <= 1 for s in stamps)
        assert all(s.alpha.dtype == np.float32 for s in stamps)


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="severity"):
        StillLesson(1, SIZE, severity=2.0)
    with pytest.raises(ValueError, match="no pictures"):
        Lesson(1, SIZE, textures=tmp_path).at(0)
    with pytest.raises(ValueError, match=r"\.png"):
        save_sheet(tmp_path / "sheet.xyz", np.zeros((4, 4, 3), np.uint8))


def test_photographs_serve_as_scenes(tmp_path: Path) -> None:
    blue = np.zeros((90, 120, 3), np.uint8)
    blue[..., 0] = 200
    cv2.imwrite(str(tmp_path / "a.png"), blue)
    names = {atlas_for(n, tmp_path).name for n in range(6)}
    assert "a.png" in names
    n = next(n for n in range(8) if atlas_for(n, tmp_path).name == "a.png")
    cut = draw_cut(atlas_for(n, tmp_path), (1.0, 1.0), np.random.default_rng(1))
    piece = cut.over(np.eye(3), (0, 0, 16, 16))
    assert piece[..., 2].mean() > 5 * piece[..., 0].mean()


def test_sheets_show_every_label_in_a_colour_of_its_own(tmp_path: Path) -> None:
    shown = StillLesson(8, SIZE, severity=0.9).picture()
    assert len({tuple(c) for c in coloured(shown)[shown.mask]}) == len(np.unique(shown.labels[shown.mask]))
    for stills in (False, True):
        picture = sheet(0, 1, stills)
        assert picture.dtype == np.uint8
        assert picture.shape[1] > 800
    assert cv2.imread(str(save_sheet(tmp_path / "sheet.png", picture))).shape == picture.shape
