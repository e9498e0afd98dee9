"""Sequences of pictures and single ones, the whole way."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from restore.proof import prove
from restore.restoration import Wish

from .runs import SIZE, restore_it, scene, true_masks


def test_a_picture_sequence_comes_back_as_one(tmp_path: Path, masks: Path) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    for t, planes in enumerate(scene("gray16le", 5)):
        cv2.imwrite(str(folder / f"reel_{t + 100:05d}.png"), planes[0])
    few = true_masks(tmp_path / "few", 5)
    restore_it(Wish(str(folder), str(tmp_path / "clean"), masks=str(few), rate=Fraction(18)))
    names = sorted(p.name for p in (tmp_path / "clean").iterdir())
    assert names == [f"reel_{t + 100:05d}.png" for t in range(5)]
    assert (tmp_path / "clean/reel_00100.png").read_bytes() == (folder / "reel_00100.png").read_bytes()
    assert prove(str(folder), str(tmp_path / "clean"), tmp_path / "clean.lacuna").holds


def test_one_picture_in_one_picture_out(tmp_path: Path) -> None:
    rgb = np.stack(scene("gray16le", 1, damaged=False)[0] * 3, -1)
    cv2.imwrite(str(tmp_path / "photo.tif"), rgb)
    few = tmp_path / "m"
    few.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[30:40, 50] = 255
    cv2.imwrite(str(few / "0.png"), mask)
    restore_it(Wish(str(tmp_path / "photo.tif"), str(tmp_path / "clean.tif"), workflow="stills", masks=str(few)))
    after = cv2.imread(str(tmp_path / "clean.tif"), cv2.IMREAD_UNCHANGED)
    assert after.dtype == np.uint16
    assert np.array_equal(after[mask == 0], rgb[mask == 0])
    assert not np.array_equal(after, rgb)
