from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.report.palette import COPIED, LEFT, SHADES, shade_of_origin
from restore.report.summary import summarise
from restore.report.views import LEAST_SIDE_PX, MOST_SIDE_PX, WORST, frame_around, outlined, worst_frames
from tests.report.projects import project, source_of


@given(st.data(), st.integers(50, 300), st.integers(50, 300))
def test_a_close_up_lies_in_the_picture_on_the_chroma_grid(data: st.DataObject, height: int, width: int) -> None:
    mask = np.zeros((height, width), bool)
    y, x = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    mask[y:y + data.draw(st.integers(1, 300)), x:x + data.draw(st.integers(1, 300))] = True
    y0, x0, y1, x1 = frame_around(mask, (2, 4))
    assert 0 <= y0 < y1 <= height
    assert 0 <= x0 < x1 <= width
    assert (y0 % 2, x0 % 4) == (0, 0)
    assert y1 - y0 < MOST_SIDE_PX + 2
    assert x1 - x0 < MOST_SIDE_PX + 4
    assert mask[y0:y1, x0:x1].any()


def test_a_close_up_goes_to_the_largest_repair_and_keeps_surroundings() -> None:
    mask = np.zeros((200, 200), bool)
    mask[10:13, 10:13] = True
    mask[120:140, 150:160] = True
    y0, x0, y1, x1 = frame_around(mask, (2, 2))
    assert y0 < 120 < 140 < y1
    assert x0 < 150 < 160 < x1
    assert y1 - y0 == LEAST_SIDE_PX


def test_outlines_leave_what_is_under_the_mask_as_it_is() -> None:
    rgb = np.random.default_rng(1).integers(0, 255, (80, 80, 3)).astype(np.uint8)
    kinds = np.zeros((20, 20), np.int16)
    kinds[5:10, 5:10] = 2
    out = outlined(rgb, kinds, 4, lambda kind: SHADES[shade_of_origin(kind - 1, (), ())])
    big = kinds.repeat(4, 0).repeat(4, 1) > 0
    assert np.array_equal(out[big], rgb[big])
    assert tuple(out[19, 30]) == SHADES[COPIED]
    far = np.ones_like(big)
    far[14:46, 14:46] = False
    assert np.array_equal(out[far], rgb[far])


@pytest.mark.parametrize(("origin", "shade"), [(0, LEFT), (1, COPIED), (3, "made0"), (4, "made1")])
def test_pictures_and_plot_share_their_colours(origin: int, shade: str) -> None:
    assert shade_of_origin(origin, ("donors", "rows", "harmonic"), ("rows", "harmonic")) == shade


def test_worst_frames_are_spread_over_the_film_and_skip_faults(tmp_path: Path) -> None:
    made = project(tmp_path, source_of(400), grid=50)
    counts = dict.fromkeys(range(400), 100) | {t: 5000 - t for t in range(100, 140)} | {300: 9000}
    made.finish({t: {"donors": n, "unfilled": 0, "rows": 0, "harmonic": 0} for t, n in counts.items()},
                faults=lambda span: {"300": "torn"} if 300 in span else {})
    s = summarise(made.store)
    chosen = worst_frames(s)
    assert len(chosen) == WORST
    assert chosen[0] == 100
    assert 300 not in chosen
    assert all(abs(a - b) >= 10 for a in chosen for b in chosen if a != b)


def test_few_frames_are_all_shown(tmp_path: Path) -> None:
    made = project(tmp_path, source_of(400), grid=50)
    made.finish({t: {"donors": 9, "unfilled": 0, "rows": 0, "harmonic": 0} for t in (50, 51, 52)})
    s = summarise(made.store)
    assert worst_frames(s) == [50, 51, 52]
    assert worst_frames(replace(s, series=replace(s.series, masked_px=(0,) * 400))) == []
