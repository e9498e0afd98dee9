"""Curves: drawn like the detector's masks, unchanged by a round trip through any file, refused where they are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from restore.curve_list import export, read
from restore.curve_table import Curves
from restore.curves import STRAIGHT_PX, Curve, corners, of_json, paint, painted, runs, to_json
from restore.detect import _lines
from restore.detect._line_shape import curve_of
from restore.errors import MaskError, OutputError, StoreError
from restore.span import Span

SIZE = (60, 80)
hundredths = some.integers(-2000, 10000).map(lambda v: v / 100)
widths = some.integers(0, 900).map(lambda v: v / 100)


@some.composite
def curves(draw) -> Curve:
    rows = sorted(draw(some.sets(some.integers(-20, 90), min_size=1, max_size=6)))
    columns = draw(some.lists(hundredths, min_size=len(rows), max_size=len(rows)))
    cuts = sorted(draw(some.sets(some.integers(-20, 90), max_size=6)))
    gaps = tuple(zip(cuts[::2], cuts[1::2], strict=False))
    return Curve(
        draw(some.integers(0, 99)), tuple(rows), tuple(columns), draw(widths), draw(widths),
        draw(some.sampled_from((-1, 1))), draw(widths), gaps,
        tuple(draw(some.lists(some.integers(-2000, 2000).map(lambda v: v / 10), max_size=5))),
        draw(some.integers(0, 1000)) / 1000, draw(some.sampled_from(("confirmed", "undecided", "rejected"))),
        "scratch", draw(some.sampled_from(("", "scratch-1-0-30"))),
    )


@given(some.lists(curves(), min_size=1, max_size=4))
def test_curves_come_back_from_either_file_and_from_the_project_as_they_were(tmp_path_factory, many):
    folder = tmp_path_factory.mktemp("curves")
    for name in ("all.csv", "all.jsonl"):
        assert export(many, folder / name) == len(many)
        assert read(folder / name) == many
    table = Curves(folder / "kept")
    table.write(Span(0, 9), many)
    assert table.read(Span(0, 9)) == tuple(many)
    assert [of_json(to_json(c), "it") for c in many] == many


@given(curves())
def test_a_curve_covers_what_lies_within_its_width_of_its_path_and_nothing_else(curve):
    mask = painted([curve], SIZE)
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]]
    column = np.interp(ys, curve.rows, curve.columns)
    shows = (ys >= curve.rows[0]) & (ys <= curve.rows[-1])
    for start, stop in curve.gaps:
        shows &= (ys < start) | (ys >= stop)
    off = xs - column
    left, right = -curve.left_px - curve.margin_px, curve.right_px + curve.margin_px
    # On its very border the last bit of a sum decides.
    clear = (np.abs(off - left) > 1e-9) & (np.abs(off - right) > 1e-9)
    assert np.array_equal(mask & clear, shows & (off >= left) & (off <= right) & clear)


@given(curves(), some.integers(-30, 30))
def test_moved_sideways_by_whole_pixels_it_covers_the_same_moved(curve, by):
    wide = (SIZE[0], 400)
    here = replace(curve, columns=tuple(c + 150 for c in curve.columns))
    there = replace(here, columns=tuple(round(c + by, 2) for c in here.columns))
    # A sum of hundredths may fall on the other side of a pixel's middle by the last bit.
    clear = replace(here, margin_px=here.margin_px + 0.003), replace(there, margin_px=there.margin_px + 0.003)
    assert np.array_equal(np.roll(painted([clear[0]], wide), by, 1), painted([clear[1]], wide))


@given(some.lists(some.floats(0, 50), min_size=2, max_size=60))
def test_corners_stay_near_the_path(columns):
    rows, path = np.arange(3, 3 + len(columns)), np.array(columns)
    kept = corners(rows, path)
    assert kept[0] == 0
    assert kept[-1] == len(columns) - 1
    assert np.abs(np.interp(rows, rows[kept], path[kept]) - path).max() <= STRAIGHT_PX + 1e-9


def test_runs_are_counted_from_where_they_begin():
    assert runs(np.array([1, 1, 0, 0, 1], bool), 7) == ((7, 9), (11, 12))
    assert runs(np.zeros(3, bool), 7) == ()


def test_a_line_becomes_a_curve_with_its_breaks_width_and_sign():
    shows = np.ones(50, bool)
    shows[20:30] = False
    line = _lines.Line(-1, 5, np.linspace(30, 35, 50).astype(np.float32), 1.0, 2.0, 40.0, shows, -30.0,
                       np.array([0, -20, -40, -20, 0], np.float32))
    curve = curve_of(line, 3, SIZE[0], 0.75)
    assert (curve.frame, curve.sign, curve.left_px, curve.right_px, curve.margin_px) == (3, -1, 1.0, 2.0, 0.75)
    assert curve.gaps == ((25, 35),)
    assert (curve.rows[0], curve.rows[-1]) == (5, 54)
    assert len(curve.rows) == 2  # it is straight
    assert min(curve.profile) == -40
    mask = painted([curve], SIZE)
    assert not mask[25:35].any()
    assert mask[5, 29:33].all()
    assert mask[5].sum() == 4


def test_what_lies_beyond_the_picture_is_left_out():
    mask = np.zeros(SIZE, bool)
    paint(mask, Curve(0, (0, 59), (-40.0, -40.0), 2, 2, 1))
    paint(mask, Curve(0, (70, 90), (30.0, 30.0), 2, 2, 1))
    assert not mask.any()


GOOD = {"frame": 3, "rows": [0, 9], "columns": [4.0, 5.0], "left_px": 1, "right_px": 1, "sign": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": [9, 0]}, {"rows": []}, {"columns": [1.0]}, {"left_px": -1}, {"sign": 0}, {"status": "sure"},
        {"confidence": 2}, {"columns": [1.0, float("nan")]}, {"rows": "x"}, {"gaps": [[1]]}, {"colour": "red"},
    ],
)
def test_what_is_no_curve_is_refused(wrong):
    assert of_json(GOOD, "line 1").frame == 3
    with pytest.raises(MaskError):
        of_json(GOOD | wrong, "line 1")


@pytest.mark.parametrize("name", list(GOOD))
def test_a_missing_field_is_named(name):
    with pytest.raises(MaskError, match=name):
        of_json({k: v for k, v in GOOD.items() if k != name}, "line 1")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", "{"), ("a.jsonl", "[1]"), ("a.jsonl", ""), ("a.csv", "frame,rows\n1\n"), ("a.csv", "frame\nx\n"),
        ("a.txt", "{}"), ("a.jsonl", "\udcff"),
    ],
)
def test_files_without_curves_are_refused(tmp_path: Path, name, text):
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(MaskError):
        read(path)


def test_an_export_needs_a_format_and_a_damaged_table_says_what_to_do(tmp_path: Path):
    with pytest.raises(OutputError, match="csv"):
        export([], tmp_path / "a.xml")
    table = Curves(tmp_path)
    assert table.read(Span(0, 3)) == ()
    table.path(Span(0, 3)).write_bytes(b"no gzip")
    with pytest.raises(StoreError, match="run again"):
        table.read(Span(0, 3))
