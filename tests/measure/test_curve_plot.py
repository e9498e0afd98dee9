"""The plot: well-formed, one curve a candidate, dots where they are set."""

from __future__ import annotations

from dataclasses import fields, replace
from xml.etree import ElementTree

import numpy as np

from restore.measure.curve import curve
from restore.measure.curve_plot import PANEL, drawing
from restore.measure.detection import Recalls, Score
from restore.measure.finding import Tally, Verdict
from restore.measure.findings import Finding
from restore.measure.lines import Length

SVG = "{http://www.w3.org/2000/svg}"
ROW = Finding("dirt", "a", "moving", 1, *(0.5 for _ in fields(Finding)[4:]))
RNG = np.random.default_rng(0)
TRUTH = RNG.random((30, 30)) < 0.1
DIRT = Tally(Score(8, 2, 8, 1, 1, 1, 1, 900), Score(8, 2, 8, 1, 1, 1, 1, 900), Length(), Recalls(),
             curve((RNG.random(TRUTH.shape) + TRUTH).astype(np.float32), TRUTH), None, "dirt", False, True)
LINES = replace(DIRT, curve=None, scratches=Length(10, 5, 4, 3), finds="", says_lines=True, says_else=False)


def parsed(*verdicts: Verdict) -> ElementTree.Element:
    return ElementTree.fromstring(drawing(verdicts))


def test_a_panel_a_camera_and_a_curve_a_candidate() -> None:
    root = parsed(Verdict(ROW, DIRT), Verdict(replace(ROW, part="<lines>"), LINES),
                  Verdict(replace(ROW, clip="b", camera="static"), DIRT))
    words = [e.text for e in root.iter(f"{SVG}text")]
    assert "Camera moves (1 clip)" in words
    assert "Camera stands still (1 clip)" in words
    assert "<lines>" in words
    marks = [e.findtext(f"{SVG}title") for e in root.iter(f"{SVG}circle")]
    assert "dirt: recall 0.80, precision 0.50" in marks
    assert "<lines>: recall 0.50, precision 0.75" in marks
    stroked = [e for e in root.iter(f"{SVG}path") if e.get("class") == "curve"]
    assert len(stroked) == 2 + 2, "two curves and two lines of the legend"


def test_all_of_it_lies_in_the_drawing() -> None:
    root = parsed(Verdict(ROW, DIRT))
    assert PANEL < float(root.get("width", 0)) < 1200
    dot = next(e for e in root.iter(f"{SVG}circle") if e.find(f"{SVG}title") is not None)
    assert 0 < float(dot.get("cx", 0)) < float(root.get("width", 0))
    assert 0 < float(dot.get("cy", 0)) < float(root.get("height", 0))


def test_clips_are_pooled() -> None:
    other = replace(DIRT, transient=Score(2, 8, 2, frames=1))
    root = parsed(Verdict(ROW, DIRT), Verdict(replace(ROW, clip="b"), other))
    marks = [e.findtext(f"{SVG}title") for e in root.iter(f"{SVG}circle")]
    assert "dirt: recall 0.50, precision 0.50" in marks
