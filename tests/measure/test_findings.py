"""Rows of figures: their means, the table and the CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import fields, replace

import numpy as np

from restore.measure.csv_rows import to_csv
from restore.measure.findings import Finding, means, table

NAMES = [f.name for f in fields(Finding)]
ROW = Finding("dirt", "a", "moving", 4, *(0.5 for _ in NAMES[4:]))


def test_means_are_over_clips_and_leave_out_what_was_not_there() -> None:
    rows = [ROW, replace(ROW, clip="b", f1=0.7, scratch_recall=float("nan")), replace(ROW, clip="c", camera="static"),
            replace(ROW, part="sdip", f1=0.1)]
    out = {(r.part, r.camera): r for r in means(rows)}
    assert list(out) == [("dirt", "moving"), ("sdip", "moving"), ("dirt", "static"), ("dirt", "both")]
    assert np.isclose(out["dirt", "moving"].f1, 0.6)
    assert out["dirt", "moving"].scratch_recall == 0.5
    assert np.isclose(out["dirt", "both"].f1, (0.5 + 0.7 + 0.5) / 3)
    assert out["dirt", "both"].frames == 12
    assert np.isnan(means([replace(ROW, f1=float("nan"))])[0].f1)


def test_the_table_is_for_people() -> None:
    lines = table([replace(ROW, harm_frac=0.000123, blotch_recall=float("nan")), ROW]).splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert "| harm % |" in lines[0]
    assert "| -      | 0.50       | 0.50  | 0.012  |" in lines[2]
    assert "stain" not in table([replace(ROW, stain_recall=float("nan"))])
    assert "clip" not in table(means([ROW])).splitlines()[0]


def test_the_csv_is_for_programs() -> None:
    read = list(csv.DictReader(io.StringIO(to_csv([ROW, replace(ROW, part="sdip")]))))
    assert list(read[0]) == NAMES
    assert [r["part"] for r in read] == ["dirt", "sdip"]
    assert float(read[0]["harm_frac"]) == 0.5
