"""A line in strips in, what is drawn of it and what is written down about it out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from restore.curves import Curve, corners, runs
from restore.detect import Found, _lines
from restore.detect._lines import Line
from restore.detect._network import Table


def found_of(line: Line, found: Found, size: tuple[int, int]) -> Found:
    """Return the record of a line with its box and area on a picture (H, W)."""
    h, w = size
    rows = -(-h // _lines.STRIPS)
    box = (
        line.first * rows, max(0, int(line.columns.min() - line.left_px)),
        min(h, line.stop * rows), min(w, int(line.columns.max() + line.right_px) + 1),
    )
    return replace(found, box=box, area_px=int(line.shows.sum()) * rows * round(line.left_px + line.right_px + 1))


def curve_of(line: Line, t: int, h: int, margin_px: float) -> Curve:
    """Return a line of frame t as a curve on a picture h rows high: what is drawn, and what a person may move."""
    rows = -(-h // _lines.STRIPS)
    ys = np.arange(line.first * rows, min(line.stop * rows, h))
    at = (ys + 0.5) / rows - 0.5 - line.first
    column: Table = np.asarray(np.interp(at, np.arange(line.columns.size), line.columns), np.float64).round(2)
    shows = line.shows[np.clip(np.rint(at).astype(int), 0, line.shows.size - 1)]
    kept = corners(ys, column)
    return Curve(
        t, tuple(ys[kept].tolist()), tuple(column[kept].tolist()), line.left_px, line.right_px, line.sign,
        round(margin_px, 2), runs(~shows, int(ys[0])), tuple(np.round(line.profile.astype(np.float64), 1).tolist()),
    )
