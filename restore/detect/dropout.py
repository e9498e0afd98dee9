"""A slice and those beside it in, rows, columns and whole slices that a scanner lost out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restore.colour import Float
from restore.detect import Detection, Found
from restore.errors import PartError
from restore.frames import Bits
from restore.window import Window

WIDEST_PX = 3
"""Dead lines are as wide as this at most: across wider ones nothing says how the picture goes on."""
SEEN_LEVELS, DARK_PERCENT = 6.0, 2.0
"""Differences of fewer 8-bit levels are none, and what is less above the darkest samples is background."""
SHARE = 0.8
"""Share of the samples along a line that must stand out, of those that would be seen to."""
LIVE_FRAC = 0.25
"""Share of a row along which there must be picture on both sides, or nothing says that it went on."""
NEAR_PX = 8
USUAL = 4.0
"""Times what rows near by stand out from theirs, that a line must stand out."""
DRAWN = 0.5
"""Sides in which this share of samples is the same as the next are areas of a drawing, and the line a stroke of it."""
ELSEWHERE = 0.3
"""A line that is not all of one value must be missing from the slices beside, where a smaller share stands out."""
ALIKE, UNLIKE = 0.6, 0.2
"""Slices around a lost one must be correlated at least so; a lost one that is not all of one value, with none more."""


@dataclass(frozen=True)
class Dropout:
    """Good at dead rows and columns and lost slices of scans; finds no specks, and no part of a line or of a slice.

    A line stands out from both its sides along nearly all its length, while they agree with each other; it is of one
    value, or the slices beside have none there. A lost slice is of one value, or has nothing in common with the slices
    beside, which resemble each other. What is drawn into a picture (scales, frames, text) has nothing to go on behind
    it and is left alone. What is wrong in all slices and varies along the line looks like anatomy, and is.
    """

    version: ClassVar[int] = 1

    reach: int = 3
    """How many slices before and after are looked at: fewer than that may be lost in a row."""
    contrast_levels: float = 8.0
    """By how much, in 8-bit levels, a line has to stand out on average."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        if not 1 <= self.reach <= 8 or not 0 < self.contrast_levels <= 255:
            raise PartError(f"dropout: reach is {self.reach} and contrast_levels {self.contrast_levels}; needed are 1 "
                            "to 8 slices, and more than 0 up to 255 levels.")

    @property
    def reach_frames(self) -> int:
        """How many slices before and after are looked at."""
        return self.reach

    def detect(self, window: Window, t: int) -> Detection:
        """Return what is lost of slice t."""
        h, w = window.size
        if self._is_lost(window, t):
            return Detection(np.ones((h, w), bool), (Found(t, "lost slice", (0, 0, h, w), h * w, 1.0),))
        mask, found = np.zeros((h, w), bool), []
        for axis in (0, 1):
            for at, width in self._lines(window, t, axis):
                part = np.s_[at : at + width, :] if axis == 0 else np.s_[:, at : at + width]
                mask[part] = True
                box = (at, 0, at + width, w) if axis == 0 else (0, at, h, at + width)
                kind = "dead row" if axis == 0 else "dead column"
                found.append(Found(t, kind, box, width * (w if axis == 0 else h), 1.0))
        return Detection(mask, tuple(found))

    # Slices

    def _is_lost(self, window: Window, t: int) -> bool:
        before, after = self._sound(window, t, -1), self._sound(window, t, 1)
        if before is None or after is None:
            return False
        alike = _correlation(window, before, after)
        if alike < ALIKE:
            return False
        if _is_flat(window, t):
            return True
        return after - before == 2 and max(_correlation(window, t, u) for u in (before, after)) < UNLIKE * alike

    def _sound(self, window: Window, t: int, step: int) -> int | None:
        """Return the nearest slice of the same volume on one side that is not all of one value."""
        for k in range(1, self.reach + 1):
            u = t + step * k
            if u not in window.film or max(u, u - step) in window.breaks:
                return None
            if not _is_flat(window, u):
                return u
        return None

    # Lines

    def _lines(self, window: Window, t: int, axis: int) -> Iterator[tuple[int, int]]:
        """Yield the first row and the width of each dead line along an axis."""
        grey = _turned(window, t, axis)
        flat = _flat_rows(window, t, axis)
        beside = [_turned(window, u, axis) for u in (t - 1, t + 1) if self._goes_on(window, t, u)]
        taken = np.zeros(len(grey), bool)
        for width in range(1, WIDEST_PX + 1):
            for at in _standing_out(grey, width, self.contrast_levels):
                rows = np.s_[at : at + width]
                near = np.s_[max(0, at - 1) : at + width + 1]
                if not taken[near].any() and (flat[rows].all() or self._is_only_here(beside, at, width)):
                    taken[rows] = True
                    yield at, width

    @staticmethod
    def _is_only_here(beside: list[Float], at: int, width: int) -> bool:
        """Tell whether the slices beside have no such line; where there are none, nothing says so."""
        shares = [_share(other, at, width)[0] for other in beside]
        return bool(shares) and max(shares) < ELSEWHERE

    @staticmethod
    def _goes_on(window: Window, t: int, u: int) -> bool:
        return u in window.film and max(t, u) not in window.breaks


def _is_flat(window: Window, t: int) -> bool:
    """Tell whether a slice is all of one value."""
    planes = window.picture(t).planes[: window.pixels.colour_planes]
    return bool(window.fact("dropout-flat", t, lambda: all(p.min() == p.max() for p in planes)))


def _correlation(window: Window, t: int, u: int) -> float:
    def measure() -> float:
        a, b = (g - g.mean() for g in (window.grey(t), window.grey(u)))
        norm = float(np.sqrt(np.square(a).sum(dtype=np.float64) * np.square(b).sum(dtype=np.float64)))
        return float((a * b).sum(dtype=np.float64)) / norm if norm else 0.0

    return float(window.fact("dropout-alike", (min(t, u), max(t, u)), measure))


def _turned(window: Window, t: int, axis: int) -> Float:
    grey = window.grey(t)
    return grey if axis == 0 else np.ascontiguousarray(grey.T)


def _flat_rows(window: Window, t: int, axis: int) -> Bits:
    """Return which rows (or columns) are all of one value."""
    planes = window.picture(t).planes[: window.pixels.colour_planes]
    return np.all([p.min(1 - axis) == p.max(1 - axis) for p in planes], 0)


def _standing_out(grey: Float, width: int, contrast: float) -> Iterator[int]:
    """Yield the rows at which a line of a width stands out from sides that agree."""
    if len(grey) < width + 2 + NEAR_PX:
        return
    up, down = grey[: -width - 1], grey[width + 1 :]
    between = (up + down) / 2
    off = np.mean([np.abs(grey[k + 1 : k + 1 + len(up)] - between).mean(1) for k in range(width)], 0)
    apart = np.abs(up - down).mean(1)
    usual = np.array([_usual(off, y, width) for y in range(len(off))])
    for y in np.flatnonzero((off >= contrast) & (off > 2 * apart) & (off > USUAL * usual)):
        share, live = _share(grey, int(y) + 1, width)
        if share >= SHARE and live >= LIVE_FRAC:
            yield int(y) + 1


def _usual(off: Float, y: int, width: int) -> float:
    """Return what rows near by, that have no part in a line at y, stand out."""
    near = np.concatenate([off[max(0, y - NEAR_PX - width) : max(0, y - width)], off[y + width + 1 :][:NEAR_PX]])
    return float(np.median(near)) if near.size else 0.0


def _share(grey: Float, at: int, width: int) -> tuple[float, float]:
    """Return the share of the samples of rows that stand out, and along which share of them there is picture."""
    up, down, rows = grey[at - 1], grey[at + width], grey[at : at + width]
    out = (np.abs(rows - (up + down) / 2) > np.abs(up - down) / 2 + SEEN_LEVELS).all(0)
    live = np.minimum(up, down) > np.percentile(grey, DARK_PERCENT) + SEEN_LEVELS
    if not live.any() or any(_is_drawn(side, live) for side in (up, down)):
        return 0.0, 0.0
    seen = out | live
    return float(out.sum() / max(1, seen.sum())), float((out & live).mean())


def _is_drawn(side: Float, live: Bits) -> bool:
    """Tell whether what lies along a line (n,) has areas of one value, as drawings have and pictures have not."""
    seen = side[live]
    return bool(side.std() < SEEN_LEVELS or (np.diff(seen) == 0).mean() > DRAWN) if seen.size > 1 else True
