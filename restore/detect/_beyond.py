"""The lines of frame t and what lies beyond its shot and beyond its scene in, whether they go on there, out.

A scratch lies on the film: it goes on over a cut, where nothing of the scene does, and it runs on into the black above
and below a picture that does not fill its frame. Either is proof, where it cannot be chance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restore.detect import _tracks
from restore.detect._lines import Line, Strips
from restore.frames import Bits
from restore.window import Window

SURE_NFA = -5.0
"""Only lines as certain as this (log10 of false alarms) are compared: of weak ones there are many, at every column."""
NEAR_2K_PX = 2.0
"""On the other side of a cut a line is the same one within this and a pixel: of ten lines there, one in a hundred is
by chance."""
ASIDE_FRAC = 0.01
"""At the picture's sides lines stay over cuts for other reasons: edges of the frame, of a mask."""
BLACK, FLAT, EDGE = 24, 4, 6
"""A bar is no brighter than this, its brightness varies by no more, and it ends where most columns rise by this."""
LEAST_SHARE, MOST_SHARE = 1 / 50, 1 / 4
"""A bar is so high, as shares of the picture's height."""
RISE_LEVELS = 4.0
"""By so much a line stands out in a bar."""


RIM_FRAC = 1 / 6
"""A picture that is narrower than its frame ends within this share of the width."""
INNER_PX = 4
"""Columns on the other side of its rim, which have to be brighter: scenes at night are black too."""


def over_cuts(window: Window, t: int, reach: int) -> npt.NDArray[np.intp]:
    """Return for each line of frame t how many frames within `reach` but of other shots show it at its place."""
    here, shot = _tracks.view(window, t), window.shot(t, reach)
    out = np.zeros(len(here.lines), np.intp)
    others = [u for u in range(t - reach, t + reach + 1) if u in window.film and u not in shot]
    if not others or not here.lines:
        return out
    w, scale = window.size[1], _tracks.scale_of(window)
    middle = here.columns.mean(1)
    sure = _sure(here.lines) & (middle > ASIDE_FRAC * w) & (middle < (1 - ASIDE_FRAC) * w)
    for u in others if sure.any() else ():
        there = _tracks.view(window, u)
        if there.lines:
            gaps, _, alike = _tracks.pairs(here, there)
            out += sure & (alike & _sure(there.lines) & (abs(gaps) <= NEAR_2K_PX * scale + 1)).any(1)
    return out


def _sure(lines: tuple[Line, ...]) -> Bits:
    return np.array([v.log_nfa <= SURE_NFA for v in lines], bool)


def bars(strips: Strips) -> tuple[int, int]:
    """Return how many strips (s, W) of black there are above and below a picture; 0 where it fills its frame."""
    return _bar(strips), _bar(strips[::-1])


def _bar(strips: Strips) -> int:
    """Return how many of the first strips are black, if they end at a straight edge."""
    most = int(MOST_SHARE * len(strips)) + 1
    # A scratch that runs through a bar is not part of its brightness.
    low, high = np.percentile(strips[:most], (5, 95), axis=1)
    black = (high <= BLACK) & (high - low <= FLAT)
    n = int(black.argmin()) if not black.all() else most
    if not LEAST_SHARE * len(strips) <= n < most:
        return 0
    rise = strips[min(n + 1, most)].astype(np.int16) - np.int16(np.median(strips[:n]))
    return n if float((rise > EDGE).mean()) >= 0.5 else 0


def in_bars(strips: Strips, line: Line, black: tuple[int, int]) -> bool:
    """Tell whether a line of a picture (s, W) runs on into the black above or below it, which `bars` has measured."""
    above, below = black
    s = len(strips)
    spans = ([(1, above - 1)] if above > 2 and line.first <= above + s // 10 else []) + (
        [(s - below + 1, s - 1)] if below > 2 and line.stop >= s - below - s // 10 else []
    )
    return line.sign > 0 and any(_stands_out(strips, line, *span) for span in spans)


def _stands_out(strips: Strips, line: Line, first: int, stop: int) -> bool:
    """Tell whether a bright line, carried on straight, shows in the strips first ... stop - 1."""
    room = int(line.left_px + line.right_px) + 4
    rows = np.arange(first, stop)
    if not rows.size:
        return False
    middle = np.rint([line.at(float(y)) for y in rows]).astype(np.intp)[:, None]
    column = middle + np.arange(-3 * room, 3 * room + 1)
    if column.min() < 0 or column.max() >= strips.shape[1]:
        return False
    profile = strips[rows[:, None], column].astype(np.float32)
    core = profile[:, 2 * room : 4 * room + 1].max(1)
    sides = np.median(profile, 1)
    noise = float(np.std(profile[:, : 2 * room]))
    return float(np.median(core - sides)) >= RISE_LEVELS + 4 * noise


def at_rim(strips: Strips, line: Line) -> bool:
    """Tell whether a line is the bright rim of a picture (s, W) that has black to its left or right, up to the frame.

    It weaves in the gate with its picture and flickers, as scratches do.
    """
    w, rows = strips.shape[1], strips[line.first : line.stop].astype(np.float32)
    left, right = int(line.columns.min() - line.left_px), int(np.ceil(line.columns.max() + line.right_px))
    if left < RIM_FRAC * w:
        outer, inner = rows[:, : max(left, 1)], rows[:, right + 2 : right + 2 + INNER_PX]
    elif right > (1 - RIM_FRAC) * w:
        outer, inner = rows[:, min(right + 1, w - 1) :], rows[:, max(left - 1 - INNER_PX, 0) : max(left - 1, 1)]
    else:
        return False
    black = np.median(outer, 0).max() <= BLACK and np.median(outer.std(0)) <= FLAT
    return bool(black and inner.mean() > outer.mean() + EDGE)
