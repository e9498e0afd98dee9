"""The lines of frame t and the frames around it in, whether each lies on the film or in the scene out.

Lines of the scene move with the scene; scratches do not (Newson, Almansa, Gousseau and Perez, ICIP 2013). Where the
scene stands still that test is silent; then a line is taken that comes or goes while everything beside it stays, or
one that wanders from frame to frame against the steady picture on both sides of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore import colour
from restore.colour import Float
from restore.detect import _lines
from restore.detect._lines import WIDE_2K_PX, Line
from restore.detect._motion import Paths, paths
from restore.detect._sway import UNKNOWN, Guess, Sway, sway
from restore.frames import Bits
from restore.motion.proxy import Proxy
from restore.motion.proxy import scale_of as proxy_scale
from restore.window import Window

POINTS = 10
"""Places along a line at which the scene's motion is asked for, on either side."""
BESIDE_2K_PX = 24.0
"""How far beside the line, and a patch of the flow's more: motion nearer to it is dragged along by the line."""
STILL_PX = 1.0
"""Scenes that move less than this stand still."""
Counts = npt.NDArray[np.intp]


@dataclass(frozen=True)
class View:
    """What is kept of a frame, small enough for all frames of a window at once."""

    lines: tuple[Line, ...]
    columns: Float
    """(n, s) their columns at all strips, carried on straight."""
    shape: Float
    """(n, 5): first strip, stop, sign, contrast, width in pixels."""
    strips: npt.NDArray[np.uint8]
    """(s, W) luma averaged over the rows of each strip."""
    small: Proxy
    """(h, w) half-size picture."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.columns.nbytes + self.strips.nbytes + self.small.nbytes + sum(v.nbytes for v in self.lines)


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
    still: int = 0
    """Frames in which nothing beside it moves."""
    lost: int = 0
    """Frames in which nobody knows how the scene beside it moves."""
    pace_px: float = 0.0
    """How fast the scene beside it moves sideways, pixels a frame (median)."""
    sway: Sway = UNKNOWN
    """How it moves sideways against the scene beside it."""
    is_new: bool = True
    """Whether no frame just before shows it."""


def view(window: Window, t: int) -> View:
    """Return what is kept of frame t, made once."""
    return window.fact("scratch-view", t, lambda: _view(window, t))


def _view(window: Window, t: int) -> View:
    h, w = window.size
    if not _lines.is_large(h, w):
        return View((), np.zeros((0, 1), np.float32), np.zeros((0, 5), np.float32), np.zeros((1, w), np.uint8),
                    window.proxy(t))
    # Nobody else asks for it so far ahead: kept, it would only push out what is needed now.
    found = _lines.ridges(colour.grey(window.picture(t).planes, window.pixels))
    lines = _lines.lines_in(found)
    s = found.strips.shape[0]
    columns = np.array([_carried(v, s) for v in lines], np.float32).reshape(len(lines), s)
    shape = np.array([(v.first, v.stop, v.sign, v.contrast, v.left_px + v.right_px + 1) for v in lines], np.float32)
    return View(lines, columns, shape.reshape(-1, 5), cv2.convertScaleAbs(found.strips), window.proxy(t))


def _carried(line: Line, strips: int) -> Float:
    """Return a line's columns (s,) at all strips, carried on straight beyond its ends."""
    at = np.arange(strips, dtype=np.float32) - line.first
    n = line.columns.size
    tilt = float(line.columns[-1] - line.columns[0]) / max(n - 1, 1)
    beyond = np.minimum(at, 0) + np.maximum(at - (n - 1), 0)
    return np.asarray(np.interp(at, np.arange(n), line.columns) + tilt * beyond, np.float32)


def scale_of(window: Window) -> float:
    """Return the picture's width in units of a 2K scan's."""
    return window.size[1] / WIDE_2K_PX


def pictures(window: Window, t: int, reach: int) -> list[npt.NDArray[np.uint8]]:
    """Return the strips (s, W) of frame t and the frames within `reach` of it in its shot."""
    return [view(window, u).strips for u in window.shot(t, reach)]


def slack_px(window: Window, apart: int) -> float:
    """Return how far a scratch may have gone sideways between frames so many apart."""
    return min(3 + 1.5 * abs(apart), 10) * scale_of(window) + 1


def votes(window: Window, t: int, reach: int) -> list[Votes]:
    """Return what the frames within `reach` of t in its shot say about each line of frame t."""
    here = view(window, t)
    if not here.lines:
        return []
    near = paths(window, t, reach)
    drift = drifts(window, here, near)
    each = [match(window, t, u, here, drift.of(i)) for i, u in enumerate(near.frames)]
    around = np.stack([view(window, u).strips for u in near.frames]) if near.frames else here.strips[:0, None]
    return [_count(window, t, near, drift, each, around, i) for i in range(len(here.lines))]


@dataclass(frozen=True)
class Drift:
    """How the scene beside each line of frame t goes to each other frame: what runs along a line does not leave it."""

    start: Float
    """(n, 2, POINTS, 2) places (x, y) in t to the left and to the right of each line, luma pixels."""
    moved: Float
    """(u, n, 2, POINTS, 2) how far each went."""
    known: Bits
    """(u, n, 2, POINTS) whether it is in the picture and its motion is to be believed."""
    sides: Float
    """(u, n, 2) how far each side went off to the right of the line; nan where nothing is known."""
    halves: Float
    """(u, n, 2, 2) the same of its upper and its lower half."""

    @property
    def middle(self) -> Float:
        """Return how far (u, n) the scene went off; nan where one side is not known."""
        return self.sides.mean(-1)

    def of(self, i: int) -> Drift:
        """Return the drift to one of the frames."""
        return Drift(self.start, self.moved[i : i + 1], self.known[i : i + 1], self.sides[i : i + 1],
                     self.halves[i : i + 1])

    def nearest(self) -> Float:
        """Return how far (u, n) the scene went off, that half counting which went less."""
        halves = self.halves.mean(-1)
        least = np.take_along_axis(halves, np.abs(halves).argmin(-1)[..., None], -1)[..., 0]
        return np.where(np.isnan(halves).any(-1), self.middle, least)


def left_behind(sides: Float, far: Float) -> Bits:
    """Tell (...) whether both sides (..., 2) of a line went away from it: to the same side, and about as far.

    Rails ahead of a moving camera stay where they are while the scene parts to their left and right. Where a line runs
    over things at different depths, its halves may be left by different ways.
    """
    a, b = sides[..., 0], sides[..., 1]
    least, most = np.minimum(abs(a), abs(b)), np.maximum(abs(a), abs(b))
    return np.asarray((least >= far) & (a * b > 0) & (most <= 3 * least), bool)


def drifts(window: Window, here: View, near: Paths) -> Drift:
    """Return how the scene beside each line goes to each of the frames."""
    h, w = window.size
    rows = -(-h // _lines.STRIPS)
    first, last = here.shape[:, :1], here.shape[:, 1:2] - 1
    strip = np.rint(first + (last - first) * np.linspace(0, 1, POINTS, dtype=np.float32)).astype(np.intp)
    x = np.take_along_axis(here.columns, strip, 1)
    off = BESIDE_2K_PX * scale_of(window) + 12 * proxy_scale(window.size)
    left, right = (np.array([getattr(v, name) for v in here.lines])[:, None] for name in ("left_px", "right_px"))
    xs = np.stack([x - left - off, x + right + off], 1)
    ys = np.repeat((strip[:, None] + np.float32(0.5)) * rows, 2, 1)
    start = np.stack([xs, ys], -1).astype(np.float32)
    moved, known = near.at(start)
    known = known & ((xs >= 0) & (xs <= w - 1))
    tilt = (x[:, -1] - x[:, 0]) / np.maximum((last - first)[:, 0] * rows, 1)
    sideways = moved[..., 0] - tilt[:, None, None] * moved[..., 1]
    half = POINTS // 2
    halves = np.stack([_median(sideways[..., k], known[..., k]) for k in (np.s_[:half], np.s_[half:])], -2)
    return Drift(start, moved, known, _median(sideways, known), halves)


def _median(values: Float, known: Bits) -> Float:
    """Return the median along the last axis of what is known; nan where that is less than three."""
    ordered = np.sort(np.where(known, values, np.inf), -1)
    n = known.sum(-1)
    low, high = (np.take_along_axis(ordered, np.maximum(k, 0)[..., None], -1)[..., 0] for k in ((n - 1) // 2, n // 2))
    return np.asarray(np.where(n >= 3, 0.5 * (low + high), np.nan), np.float32)


@dataclass(frozen=True)
class Match:
    """What one other frame says about each of the n lines of frame t."""

    gap: Float
    """(n,) by how much the like line nearest to its place is off to the right; nan without one."""
    there: Bits
    """(n,) whether any line of its sign is at its place."""
    film: Bits
    scene: Bits
    still: Bits
    """(n,) whether nothing beside it moves."""
    passing: Bits
    """(n,) whether a line like it is not far off."""


def match(window: Window, t: int, u: int, here: View, drift: Drift) -> Match:
    """Return what frame u says about the lines of frame t."""
    there, scale = view(window, u), scale_of(window)
    slack = slack_px(window, u - t)
    width, middle = here.shape[:, 4], drift.middle[0]
    far = np.maximum(2 * (width - 1), 6 * scale + 2)
    gaps, near, alike = pairs(here, there)
    at_place: Bits = np.asarray((near & (abs(gaps) <= slack)).any(1))
    like = np.where(alike & (abs(gaps) <= slack), abs(gaps), np.inf)
    gap = _close(here, there, like)
    # What the line may have become, had it moved, lies where the scene's motion took it, as far as that is known.
    went = np.stack([middle, drift.nearest()[0]])[:, :, None]
    along = (alike & (abs(gaps - went) <= 1.5 * scale + 1 + 0.25 * abs(went))).any(2)
    whole: Bits = left_behind(drift.sides[0], far) & np.asarray(abs(middle) > slack)
    layers: Bits = left_behind(drift.halves[0], far[:, None]).all(-1) & np.asarray(abs(went[1, :, 0]) > slack)
    film, scene = (whole | layers) & ~np.isnan(gap) & ~along.any(0), whole & along[0] & ~at_place
    if film.any():
        film &= is_motion(here, there, drift, film, proxy_scale(window.size))
    still: Bits = np.asarray(np.nan_to_num(abs(drift.sides[0]).max(-1), nan=np.inf) <= STILL_PX * scale + 0.5)
    passing: Bits = np.asarray((alike & (abs(gaps) <= 8 * slack)).any(1))
    return Match(gap, at_place, film, scene, still, passing)


def pairs(here: View, there: View) -> tuple[Float, Bits, Bits]:
    """Return for the lines (n, m) of two frames the gap between them, which are of one sign, and which are alike."""
    a, b = here.shape[:, None], there.shape[None]
    start, stop = np.maximum(a[..., 0], b[..., 0]), np.minimum(a[..., 1], b[..., 1])
    tall_a, tall_b = a[..., 1] - a[..., 0], b[..., 1] - b[..., 0]
    near = (a[..., 2] == b[..., 2]) & (stop - start >= 0.3 * np.minimum(tall_a, tall_b))
    middle = np.clip(0.5 * (start + stop - 1), 0, max(here.columns.shape[1] - 1, 0)).astype(np.intp)
    n, m = np.ogrid[: len(a), : b.shape[1]]
    gaps = there.columns[m, middle] - here.columns[n, middle]
    bright = np.maximum(a[..., 3], b[..., 3]) <= 2.5 * np.minimum(a[..., 3], b[..., 3])
    wide = abs(a[..., 4] - b[..., 4]) <= 2 + 0.5 * np.maximum(a[..., 4], b[..., 4])
    return gaps, near, near & bright & wide & (2 * tall_b >= tall_a)


def _close(here: View, there: View, distance: Float) -> Float:
    """Return the mean gap (n,) of each line to the one least distant (n, m); nan without one."""
    n, s = here.columns.shape
    none = np.full(n, np.nan, np.float32)
    if not distance.shape[1]:
        return none
    best = distance.argmin(1)
    a, b, at = here.shape[:, :2], there.shape[best, :2], np.arange(s)
    both = (at >= np.maximum(a[:, :1], b[:, :1])) & (at < np.minimum(a[:, 1:], b[:, 1:]))
    gap = ((there.columns[best] - here.columns) * both).sum(1) / np.maximum(both.sum(1), 1)
    return np.where(np.isfinite(distance.min(1)), gap, none)


PATCH = np.stack(np.meshgrid(np.arange(-6, 7, 2), np.arange(-6, 7, 2)), -1).reshape(-1, 2).astype(np.float32)


def is_motion(here: View, there: View, drift: Drift, asked: Bits, scale: int) -> Bits:
    """Tell of the lines asked about (n,) whether the picture bears the motion out, on one side at least.

    Moved, it fits clearly better than left where it was. Flow is dragged along by what moves nearby; plain walls and
    striped paper then seem to move and do not. (Only one side, because what comes from the other side has crossed the
    line on its way.)
    """
    start, known = drift.start[asked][..., None, :] + PATCH, drift.known[0][asked]
    end = start + drift.moved[0][asked][..., None, :]
    was, left, moved = (
        _look(small, at, scale) for small, at in ((here.small, start), (there.small, start), (there.small, end))
    )
    stay, go = abs(left - was).mean(-1), abs(moved - was).mean(-1)
    better = ((go < stay) & known).sum(-1) >= 0.7 * np.maximum(known.sum(-1), 1)
    out = np.zeros(asked.shape, bool)
    out[asked] = (better & (_median(go, known) < 0.6 * _median(stay, known))).any(-1)
    return out


def _look(small: Proxy, at: Float, scale: int) -> Float:
    """Return the small picture at places (..., 2) as (x, y) in luma pixels."""
    flat = ((at + 0.5) / scale - 0.5).reshape(-1, PATCH.shape[0], 2).astype(np.float32)
    out = cv2.remap(small, flat, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.float32).reshape(at.shape[:-1])


def _count(
    window: Window, t: int, near: Paths, drift: Drift, each: list[Match], around: npt.NDArray[np.uint8], i: int
) -> Votes:
    """Return the votes about line i; `around` (u, s, W) are the strips of the frames near."""
    frames = near.frames
    gone = 0
    film, scene, seen = (sum(bool(getattr(m, name)[i]) for m in each) for name in ("film", "scene", "there"))
    line = view(window, t).lines[i]
    if not scene and 2 * seen <= len(frames):
        gone = sum(
            bool(m.still[i] and not m.there[i] and not m.passing[i]) and is_gone(window, t, line, u)
            for u, m in zip(frames, each, strict=True)
        )
    before = [bool(m.there[i]) for u, m in zip(frames, each, strict=True) if u < t]
    still = sum(bool(m.still[i]) for m in each)
    pace = np.abs(drift.middle[:, i] / np.abs(np.array(frames, np.float32) - t))
    lost = int(np.isnan(pace).sum())
    speed = float(np.nanmedian(pace)) if lost < len(frames) else 0.0
    own = swayed(window, t, near, drift, around, i)
    return Votes(film, scene, gone, seen, len(frames), still, lost, speed, own, not any(before))


def swayed(window: Window, t: int, near: Paths, drift: Drift, around: npt.NDArray[np.uint8], i: int) -> Sway:
    """Return how line i of frame t moves sideways against the scene; nothing of lines too weak to be taken."""
    here = view(window, t)
    if here.lines[i].log_nfa > 0 or not near.frames:
        return UNKNOWN
    apart, search = np.array(near.frames, np.intp) - t, int(np.ceil(slack_px(window, 99)))
    rows = -(-window.size[0] // _lines.STRIPS)
    down = _median(drift.moved[:, i, ..., 1], drift.known[:, i]) / np.float32(rows)
    return sway(here.lines[i], here.strips, around, apart, Guess(drift.sides[:, i], down), search)


def is_gone(window: Window, t: int, line: Line, u: int) -> bool:
    """Tell whether frame u shows at the line's place what lies beside it there, and beside it the same as frame t."""
    profiles = [_profile(view(window, k).strips, line) for k in (t, u)]
    wide = int(line.left_px + line.right_px) + 1
    sides = [np.concatenate([p[: len(p) // 2 - wide], p[len(p) // 2 + wide + 1 :]]) for p in profiles]
    if not sides[0].size:
        return False
    changed = float(np.abs(sides[0] - sides[1]).mean())
    tops = [line.sign * (float(p[len(p) // 2]) - float(np.median(s))) for p, s in zip(profiles, sides, strict=True)]
    return changed < max(2.0, 0.15 * line.contrast) and tops[1] < 0.2 * tops[0]


def _profile(strips: npt.NDArray[np.uint8], line: Line) -> Float:
    """Return the mean cross-section (n,) of a frame's strips along the line's path, the line in the middle."""
    room = 3 * (int(line.left_px + line.right_px) + 3)
    offsets = np.arange(-room, room + 1)
    column = np.clip(np.rint(line.columns)[:, None] + offsets, 0, strips.shape[1] - 1).astype(np.intp)
    return np.asarray(strips[np.arange(line.first, line.stop)[:, None], column].mean(0), np.float32)
