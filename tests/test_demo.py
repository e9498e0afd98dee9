"""The reel that `lacuna demo` makes, small."""

from __future__ import annotations

from pathlib import Path

import cv2

from restore import demo
from restore.restoration import carry_out, prepare
from restore.scenes.reel import Reel

SMALL = Reel((96, 128), 8, damaged_frac=0.02)


def test_a_reel_is_made_once_restored_and_shown(tmp_path: Path) -> None:
    said: list[str] = []
    wish = demo.damaged_reel(tmp_path / "demo", said.append, SMALL)
    assert said == [f"making a damaged reel of 8 frames: {tmp_path / 'demo' / 'damaged.mkv'}"]
    assert demo.damaged_reel(tmp_path / "demo", said.append, SMALL) == wish
    assert len(said) == 1, "the reel was there already"
    prepared = prepare(wish)
    assert carry_out(prepared).ok
    sheet = cv2.imread(str(demo.picture(prepared)))
    assert sheet.shape[1] > 3 * 128
    assert sorted(p.name for p in (tmp_path / "demo").iterdir()) == [
        "before_after.png", "damaged.mkv", "restored.mkv", "restored.mkv.lacuna"
    ]
