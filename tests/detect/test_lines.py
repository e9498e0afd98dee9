"""What the finder of lines is asked for: fine ones, ones beside the edge of something; and never an edge itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.colour import Float
from restore.detect._lines import Line, lines, widths

SIZE = (320, 480)


def picture(left: float = 110, right: float = 110, blur_px: float = 1.2) -> Float:
    """Return a quiet picture whose left and right halves differ, softly."""
    grey = np.full(SIZE, left, np.float32)
    grey[:, 240:] = right
    grey = cv2.GaussianBlur(grey, (0, 0), blur_px)
    return (grey + np.random.default_rng(1).normal(0, 0.7, SIZE)).astype(np.float32)


def at(found: tuple[Line, ...], column: float) -> list[Line]:
    return [v for v in found if abs(float(v.columns.mean()) - column) <= 1.5]


def test_a_scratch_one_column_wide_between_two_bright_ones_is_found() -> None:
    grey = picture()
    for x, level in ((96, 30), (100, -30), (104, 30)):
        grey[:, x] += level
    (dark,) = (v for v in at(lines(grey), 100) if v.sign < 0)
    assert dark.columns.size > 150  # of 160 strips


@pytest.mark.parametrize(("depth", "found"), [(60, True), (12, False)])
def test_beside_the_edge_of_something_a_line_has_to_stand_out_by_more_than_the_edge(depth: float, found: bool) -> None:
    grey = picture(90, 125)
    grey[:, 239:242] = 90 - depth
    assert bool(at(lines(grey), 240)) is found


def test_an_edge_is_no_line() -> None:
    assert not lines(picture(60, 160))


@pytest.mark.parametrize("width", [480, 960, 2048, 4096])
def test_widths_are_odd_and_begin_with_one(width: int) -> None:
    assert widths(width)[0] == 1
    assert all(px % 2 for px in widths(width))
