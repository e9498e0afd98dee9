from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.report.plot import COLUMNS, beyond, bins, plot, sections
from restore.report.summary import summarise
from tests.report.projects import project, source_of


@given(st.integers(1, 5000), st.integers(1, 700))
def test_bins_cut_every_frame_once_and_evenly(frames: int, most: int) -> None:
    edges = bins(frames, most).edges
    widths = [b - a for a, b in itertools.pairwise(edges)]
    assert (edges[0], edges[-1]) == (0, frames)
    assert len(widths) == min(frames, most)
    assert max(widths) - min(widths) <= 1


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=50), st.integers(1, 60))
def test_means_keep_the_sum(px: list[int], most: int) -> None:
    cut = bins(len(px), most)
    widths = [b - a for a, b in zip(cut.edges, cut.edges[1:], strict=False)]
    assert sum(m * w for m, w in zip(cut.mean(px), widths, strict=True)) == pytest.approx(sum(px))


def drawn(folder: Path, counts: dict[int, int], frames: int = 40) -> tuple[str, float]:
    made = project(folder, source_of(frames))
    made.finish({t: {"donors": n, "unfilled": 0, "rows": 0, "harmonic": 0} for t, n in counts.items()})
    s = summarise(made.store)
    return str(plot(s)), beyond(s)


def test_the_height_of_a_column_is_its_share(tmp_path: Path) -> None:
    svg, over = drawn(tmp_path, {3: 48, 4: 24})
    assert over == 0.0
    outline = re.search(r'd="(M[^"]*)" class="band copied"', svg)
    assert outline is not None
    ys = [float(v) for v in re.findall(r"V([\d.]+)H", outline[1])][:40]
    floor = ys[0]
    assert {k for k, y in enumerate(ys) if y < floor} == {3, 4}
    assert (floor - ys[3]) / (floor - ys[4]) == pytest.approx(2, rel=0.01)


def test_one_torn_frame_does_not_press_the_rest_flat(tmp_path: Path) -> None:
    svg, over = drawn(tmp_path, dict.fromkeys(range(40), 10) | {7: 6000})
    assert over == 6000 / (64 * 96)
    assert svg.count('class="arrow"') == 1
    tops = [float(v) for v in re.findall(r"V([\d.]+)H", svg.partition('class="band')[0].rpartition("<path")[2])]
    assert max(tops) - sorted(tops)[len(tops) // 4] > 50, "ordinary frames stay tall enough to read"


def test_sections_add_up(tmp_path: Path) -> None:
    made = project(tmp_path, source_of(37))
    made.finish({t: {"donors": t, "unfilled": 1, "rows": 2, "harmonic": 0} for t in range(37)})
    s = summarise(made.store)
    rows = list(sections(s))
    assert len(rows) == 10
    assert rows[0][0] == "0 to 2"
    assert sum(int(str(r[1]).replace(",", "")) for r in rows) == s.totals.donors_px
    assert sum(int(str(r[3]).replace(",", "")) for r in rows) == s.totals.unfilled_px


def test_no_more_columns_than_there_is_room_for() -> None:
    assert len(bins(1_000_000).edges) == COLUMNS + 1


def test_sections_not_begun_say_so_and_hold_no_number(tmp_path: Path) -> None:
    made = project(tmp_path, source_of(40))
    for span in made.spans()[:5]:
        made.fill(span, {t: {"donors": 1, "unfilled": 0} for t in span})
    rows = list(sections(summarise(made.store)))
    assert [row[1] for row in rows] == ["4"] * 5 + ["not yet"] * 5
