"""One line of frame t and the frames around it in, whether it lies on the film or in the scene out.

Lines of the scene move with the scene; scratches do not (Newson, Almansa, Gousseau and Perez, ICIP 2013). Where the
scene stands still that test is silent: then only a line that comes or goes while everything beside it stays is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import _align, _lines
from restore.detect._lines import WIDE_2K_PX, Line
from restore.frames import Bits
from restore.motion.proxy import scale_of as proxy_scale
from restore.window import Window

POINTS = 10
"""Places along a line at which the scene's motion is asked for, on either side."""
BESIDE_2K_PX = 24.0
"""How far beside the line, and a patch of the flow's more: motion nearer to it is dragged along by the line."""
STILL_PX = 1.0
"""Scenes that move less than this stand still."""


@dataclass(frozen=True)
class Votes:
    """What the frames around say about a line."""

    film: int = 0
    """Frames in which the scene has moved away and the line is still where it was."""
    scene: int = 0
    """Frames in which it has moved with the scene."""
    gone: int = 0
    """Frames in which the scene stands still and the line is not there."""
    seen: int = 0
    """Frames in which a line is at its place."""
    frames: int = 0
    """Frames that were looked at."""
    shake_px: float = 0.0
    """How unsteadily it moves sideways from frame to frame while the scene stands still (root mean square)."""


def lines_of(window: Window, t: int) -> tuple[Line, ...]:
    """Return the lines of frame t, found once."""
    return window.memo("lines", t, lambda: _lines.lines(window.grey(t)))


def scale_of(window: Window) -> float:
    """Return the picture's width in units of a 2K scan's."""
    return window.size[1] / WIDE_2K_PX


def votes(window: Window, t: int, lines: tuple[Line, ...], reach: int) -> list[Votes]:
    """Return what the frames within `reach` of t in its shot say about each of its lines."""
    counts = [{"film": 0, "scene": 0, "gone": 0, "seen": 0, "frames": 0} for _ in lines]
    still: list[list[tuple[int, float]]] = [[(t, 0.0)] for _ in lines]
    for u, each in drifts(window, t, lines, reach):
        for line, count, stay, drift in zip(lines, counts, still, each, strict=True):
            vote, gap = _vote(window, t, line, u, drift)
            count["frames"] += 1
            count["seen"] += gap is not None
            if vote:
                count[vote] += 1
            elif gap is not None and _is_still(drift.sideways, scale_of(window)):
                stay.append((u, gap))
    return [Votes(**count, shake_px=_shake(stay)) for count, stay in zip(counts, still, strict=True)]


@dataclass(frozen=True)
class Drift:
    """How the scene beside a line goes from frame t to another."""

    start: Float
    """(n, 2) places (x, y) in t, luma pixels."""
    end: Float
    """(n, 2) the same places in the other frame."""

    line: Line
    tilt: float
    """Columns a row of the line."""

    @property
    def sideways(self) -> Float:
        """Return how far (n,) each went off to the right of the line: what runs along a line does not leave it."""
        gone = self.end - self.start
        return gone[:, 0] - np.float32(self.tilt) * gone[:, 1]

    @property
    def leftmost(self) -> Bits:
        """Return which places (n,) are to the left of the line."""
        return self.start[:, 0] < np.float32(np.median(self.line.columns))

    def leaves(self, far: float) -> bool:
        """Tell whether the scene went away under the line: on both sides, and to the same one.

        Rails ahead of a moving camera stay where they are while the scene parts to their left and right.
        """
        left, right = self.sideways[self.leftmost], self.sideways[~self.leftmost]
        if not left.size or not right.size:
            return False
        a, b = float(np.median(left)), float(np.median(right))
        return min(abs(a), abs(b)) >= far and a * b > 0


def _shake(gaps: list[tuple[int, float]]) -> float:
    """Return how far (frame, column) strays from a straight path; 0 where too few frames can tell."""
    if len(gaps) < 5:
        return 0.0
    at, x = np.array(sorted(gaps)).T
    line = np.polyfit(at - at.mean(), x, 1)
    return float(np.sqrt(np.mean(np.square(x - np.polyval(line, at - at.mean())))))


def _is_still(drift: Float, scale: float) -> bool:
    """Tell whether nothing beside the line moves."""
    return float(np.quantile(np.abs(drift), 0.8)) <= STILL_PX * scale + 0.5


def drifts(window: Window, t: int, lines: tuple[Line, ...], reach: int) -> Iterator[tuple[int, list[Drift]]]:
    """Yield each different frame of the shot near t, with how the scene beside each line goes there."""
    starts = [beside(window, line) for line in lines]
    ends = np.cumsum([len(s) for s in starts])[:-1]
    start = np.concatenate(starts)
    for step in (-1, 1):
        # Added up at places that stay beside the line: places that went along would cross it and be dragged by it.
        places, last = start.copy(), t
        for u in _align.others(window, t, step, reach):
            places = places + motion_at(window, last, u, start)
            last = u
            each = zip(starts, np.split(places, ends), lines, strict=True)
            yield u, [Drift(a, b, line, _tilt(window, line)) for a, b, line in each]


def _tilt(window: Window, line: Line) -> float:
    """Return the columns a row by which a line leans."""
    rows = -(-window.size[0] // _lines.STRIPS)
    return float(line.columns[-1] - line.columns[0]) / max((line.columns.size - 1) * rows, 1)


def beside(window: Window, line: Line) -> Float:
    """Return places (n, 2) as (x, y) in luma pixels on both sides of the line, those in the picture."""
    h, w = window.size
    rows = -(-h // _lines.STRIPS)
    strips = np.linspace(line.first, line.stop - 1, POINTS).round().astype(int)
    x = line.columns[strips - line.first]
    y = (strips + 0.5) * rows
    off = BESIDE_2K_PX * scale_of(window) + 12 * proxy_scale(window.size)
    both = [np.stack([x - line.left_px - off, y], 1), np.stack([x + line.right_px + off, y], 1)]
    places = np.concatenate(both).astype(np.float32)
    inside = places[(places[:, 0] >= 0) & (places[:, 0] <= w - 1)]
    return inside if inside.size else places


def motion_at(window: Window, t: int, u: int, places: Float) -> Float:
    """Return the motion (n, 2) from t to u at places (n, 2) of t, in luma pixels."""
    flow = window.flow(t, u)
    at = (places + 0.5) / flow.scale - 0.5
    moved = cv2.remap(
        flow.vectors, np.ascontiguousarray(at[:, None]), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return moved[:, 0] * np.float32(flow.scale)


def _vote(window: Window, t: int, line: Line, u: int, drift: Drift) -> tuple[str, float | None]:
    """Return ("film", "scene", "gone" or "", by how much a line near its place is off, None without one)."""
    scale = scale_of(window)
    slack = min(3 + 1.5 * abs(u - t), 10) * scale + 1
    far = max(2 * (line.left_px + line.right_px), 6 * scale + 2)
    there = [other for other in lines_of(window, u) if other.sign == line.sign and _overlap(line, other) >= 0.3]
    gaps = [_gap(line, other) for other in there]
    # What the line may have become, had it moved, is as tall as it is.
    alike = [g for other, g in zip(there, gaps, strict=True) if 2 * other.columns.size >= line.columns.size]
    nearest = min(gaps, key=abs, default=np.inf)
    here = nearest if abs(nearest) <= slack else None
    middle = float(np.median(drift.sideways))
    if drift.leaves(far):
        along = abs(middle) > slack and any(abs(g - middle) <= slack for g in alike)
        if along == (here is not None) or not _is_motion(window, t, u, drift):
            return "", here
        return ("scene" if along else "film"), here
    if here is not None or not _is_still(drift.sideways, scale):
        return "", here
    passing = any(abs(g) <= 8 * slack for g in alike)
    return ("gone" if not passing and _gone(window, t, line, u) else ""), None


PATCH = np.stack(np.meshgrid(np.arange(-6, 7, 2), np.arange(-6, 7, 2)), -1).reshape(-1, 2).astype(np.float32)


def _is_motion(window: Window, t: int, u: int, drift: Drift) -> bool:
    """Tell whether the picture bears the motion out on one side at least: moved, it fits clearly better than left.

    Flow is dragged along by what moves nearby; plain walls and striped paper then seem to move and do not. (Only one
    side, because what comes from the other side has crossed the line on its way.)
    """
    stay, move = drift.start[:, None] + PATCH, drift.end[:, None] + PATCH
    was = _look(window.grey(t), stay)
    left, moved = (np.abs(_look(window.grey(u), at) - was).mean(1) for at in (stay, move))
    first = drift.leftmost
    return any(
        np.median(moved[side]) < 0.6 * np.median(left[side]) and np.mean(moved[side] < left[side]) >= 0.7
        for side in (first, ~first) if side.any()
    )


def _look(grey: Float, at: Float) -> Float:
    """Return the picture at places (n, m, 2) as (x, y)."""
    return cv2.remap(grey, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _overlap(a: Line, b: Line) -> float:
    """Return the strips two lines share, as a share of the shorter one."""
    shared = min(a.stop, b.stop) - max(a.first, b.first)
    return max(shared, 0) / min(a.columns.size, b.columns.size)


def _gap(a: Line, b: Line) -> float:
    """Return how many pixels b lies to the right of a, in the middle of what they share."""
    middle = 0.5 * (max(a.first, b.first) + min(a.stop, b.stop) - 1)
    return b.at(middle) - a.at(middle)


def _gone(window: Window, t: int, line: Line, u: int) -> bool:
    """Tell whether frame u shows at the line's place what lies beside it there, and beside it the same as frame t."""
    profiles = [_profile(window, k, line) for k in (t, u)]
    wide = int(line.left_px + line.right_px) + 1
    sides = [np.concatenate([p[: len(p) // 2 - wide], p[len(p) // 2 + wide + 1 :]]) for p in profiles]
    if not sides[0].size:
        return False
    changed = float(np.abs(sides[0] - sides[1]).mean())
    tops = [line.sign * (float(p[len(p) // 2]) - float(np.median(s))) for p, s in zip(profiles, sides, strict=True)]
    return changed < max(2.0, 0.15 * line.contrast) and tops[1] < 0.2 * tops[0]


def _profile(window: Window, t: int, line: Line) -> Float:
    """Return the mean cross-section (n,) of frame t along the line's path, the line in the middle."""
    h = window.size[0]
    rows = -(-h // _lines.STRIPS)
    room = 3 * (int(line.left_px + line.right_px) + 3)
    ys = (np.arange(line.first, line.stop) + 0.5) * rows - 0.5
    xs = line.columns[:, None] + np.arange(-room, room + 1, dtype=np.float32)
    grey = window.grey(t)
    at_y = np.broadcast_to(ys[:, None].astype(np.float32), xs.shape)
    return _look(grey, np.ascontiguousarray(np.stack([xs, at_y], -1))).mean(0)
