"""Overlays and label maps: read as what they are, and refused with a reason."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from overlay_made import made, rgba

from restore.errors import SourceError
from restore.measure.marked import axis, shapes


def test_what_a_folder_holds(tmp_path: Path) -> None:
    found = {s.kind: s for s in shapes(made(tmp_path))}
    assert sorted(found) == ["blotch", "dirt", "dust", "long_hair", "scratch"]
    assert found["dust"].pieces == 5
    assert found["blotch"].pieces == 1
    assert found["blotch"].alpha.max() == 160, "opacity is kept"
    assert found["blotch"].alpha.shape == (31, 31), "empty margins are cut off"
    assert found["dirt"].solid_px == pytest.approx(np.pi * 36, rel=0.2)
    assert found["scratch"].lean == pytest.approx(-np.pi / 4, abs=0.03)
    assert len(shapes(tmp_path)) == 5, "the slip of the pen and the square scuff are left out"


@pytest.mark.parametrize("degrees", [-80, -45, -10, 0, 10, 45, 80])
def test_the_long_axis(degrees: float) -> None:
    alpha = np.zeros((200, 200), np.uint8)
    dx, dy = 80 * np.sin(np.radians(degrees)), 80 * np.cos(np.radians(degrees))
    cv2.line(alpha, (round(100 - dx), round(100 - dy)), (round(100 + dx), round(100 + dy)), 255, 3)
    slender, lean = axis(alpha)
    assert slender > 20
    assert np.degrees(lean) == pytest.approx(degrees, abs=1)


@pytest.mark.parametrize(("spoil", "says"), [
    (lambda root: None, "holds no PNG"),
    (lambda root: rgba(root / "rust", "a.png", np.ones((4, 4))), "rust"),
    (lambda root: ((root / "dirt").mkdir(), cv2.imwrite(str(root / "dirt" / "a.png"), np.zeros((4, 4), np.uint8))),
     "alpha channel"),
    (lambda root: (root / "labels.png").write_bytes(b"no picture"), "label map"),
])
def test_what_is_neither_is_refused(tmp_path: Path, spoil, says: str) -> None:  # type: ignore[no-untyped-def]
    spoil(tmp_path)
    with pytest.raises(SourceError, match=says):
        shapes(tmp_path)
