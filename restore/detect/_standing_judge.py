"""A thing that stays on the screen in, what the frames around say of it out: whether the scene goes on beneath it.

A thing on the glass stays while all around it goes; a thing of the scene goes along, or all around it stays too. Both
are asked of the pictures themselves and not of the measured motion alone, for motion is dragged along by what moves
nearby.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import _standing_view as views
from restore.detect._motion import BLOCK_PX, VALID_FRAC
from restore.detect._standing_view import Motions
from restore.frames import Bits
from restore.motion.proxy import scale_of
from restore.window import Window

Box = tuple[int, int, int, int]
Shift = tuple[float, float]
GAP_PX, NEAR_PX, RING_PX = 3, 12, 28
"""Beside it is what is so far from it, all around it what is up to so far, in small pixels."""
SEEN = 5.0, 2.0
"""Only what differs by so many 8-bit levels, and so many times the grain, tells whether something moves: bare walls
and roads seem to go along with whatever passes by."""
WITNESSES = 2.0
"""On a side that is said to move or to rest, so many pixels a pair have told."""
FARTHEST_PX = 60.0
"""Frames are not compared over more motion than this, in small pixels."""
NEAR_BLOCKS = 3
MOST_PAIRS = 12
MOVES, RESTS = 0.7, 1.1
"""A side moves where it fits so much better moved, and stands still where it fits so much worse."""
SECTORS = 4
CELLS = 12
"""The picture is asked in so many cells across and down whether the camera moves."""
STRONG = 0.33
"""A pair bears a thing out in which it stands out by this share of what it does in the mean."""


@dataclass(frozen=True)
class Thing:
    """Something that stays on the screen."""

    box: Box
    """(y0, x0, y1, x1) in small pixels, half-open."""
    shape: Bits
    """(bh, bw)."""
    sign: int
    thick_px: float
    """Small pixels."""


@dataclass(frozen=True)
class Pair:
    """Two frames between which the scene around a thing moved by more than the thing is thick."""

    first: int
    second: int
    shift: Shift
    """(dx, dy) in small pixels."""


@dataclass(frozen=True)
class Verdict:
    """What is known of a thing."""

    pairs: tuple[Pair, ...] = ()
    lift: float = 0.0
    """How far it stands out from what the scene is elsewhere, 8-bit levels."""
    clear: float = 0.0
    """That over what the mean difference wavers all around it."""
    steady: float = 0.0
    """Share of the pairs that bear it out."""
    stays: float = 0.0
    """How well its place fits where it was: difference to that over the difference to where the scene went."""
    moving: int = 0
    resting: int = 0
    """Sides of it on which the picture moves, or stands still."""


class Surround:
    """A thing and a piece of picture around it."""

    def __init__(self, window: Window, thing: Thing, others: Bits) -> None:
        self.window, self.thing = window, thing
        scale = scale_of(window.size)
        h, w = (-(-s // scale) for s in window.size)
        y0, x0, y1, x1 = thing.box
        room = RING_PX
        self.box = (max(y0 - room, 0), max(x0 - room, 0), min(y1 + room, h), min(x1 + room, w))
        top, left, bottom, right = self.box
        self.shape = np.zeros((bottom - top, right - left), bool)
        self.shape[y0 - top : y1 - top, x0 - left : x1 - left] = thing.shape
        distance = cv2.distanceTransform((~self.shape).astype(np.uint8), cv2.DIST_L2, 3)
        self.ring = np.asarray((distance > GAP_PX) & (distance <= RING_PX) & ~others[top:bottom, left:right])
        self.beside = np.asarray((distance > GAP_PX) & (distance <= NEAR_PX))
        ys, xs = np.nonzero(self.ring)
        cy, cx = (y0 + y1 - 1) / 2 - top, (x0 + x1 - 1) / 2 - left
        self.sector = (2 * (ys > cy) + (xs > cx)).astype(np.intp)

    def at(self, u: int, shift: Shift = (0.0, 0.0)) -> Float:
        """Return frame u's piece of picture, fetched from `shift` (dx, dy) further; NaN beyond its border."""
        return fetched(views.small(self.window, u), self.box, shift)


def fetched(picture: views.Bytes | Float, box: Box, shift: Shift) -> Float:
    """Return what a picture (H, W) shows at a box moved by `shift` (dx, dy), NaN beyond its border."""
    top, left, bottom, right = box
    if shift == (0.0, 0.0):
        return picture[top:bottom, left:right].astype(np.float32)
    (h, w), (dx, dy) = picture.shape, shift
    y0, x0 = (min(max(floor(s + d) - 2, 0), n) for s, d, n in ((top, dy, h), (left, dx, w)))
    y1, x1 = (min(max(ceil(s + d) + 3, 0), n) for s, d, n in ((bottom, dy, h), (right, dx, w)))
    if y1 - y0 < 2 or x1 - x0 < 2:
        return np.full((bottom - top, right - left), np.nan, np.float32)
    matrix = np.array([[1, 0, left + dx - x0], [0, 1, top + dy - y0]], np.float32)
    return np.asarray(cv2.warpAffine(
        picture[y0:y1, x0:x1].astype(np.float32), matrix, (right - left, bottom - top),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan"),
    ), np.float32)


def judge(window: Window, t: int, thing: Thing, others: Bits, motion: Motions, hop: int) -> Verdict:
    """Return what the frames of a span say about a thing of frame t; `others` (h, w) is where other things may stay."""
    near = Surround(window, thing, others)
    pairs = pairs_of(near, run(window, t, thing, motion, hop), motion)
    return asked(near, pairs, max(SEEN[0], SEEN[1] * window.grain(t))) if pairs else Verdict()


def run(window: Window, t: int, thing: Thing, motion: Motions, hop: int) -> list[int]:
    """Return the frames around t that show the thing, ascending, no picture twice."""
    y0, x0, y1, x1 = thing.box
    least = max(views.LEVELS, views.GRAINS * window.grain(t))
    known = views.votes(motion.span)
    here = min(max(t // views.TRIO, known[0]), known[-1])
    shown: list[int] = []
    for way in (-1, 1):
        n, missed = here if way == 1 else here - 1, 0
        while n in known and abs(n - here) <= views.NEAR_VOTES:
            odd = thing.sign * views.vote(window, n, hop)[y0:y1, x0:x1].astype(np.float32)
            missed = 0 if odd[thing.shape].mean() >= 0.7 * least else missed + 1
            if missed > 1:
                break
            if not missed:
                shown.append(n)
            n += way
    frames = (views.TRIO * n + i for n in sorted(shown) for i in range(views.TRIO))
    return [u for u in frames if u == motion.span.start or not motion.same[u - 1 - motion.span.start]]


def pairs_of(near: Surround, shown: list[int], motion: Motions) -> tuple[Pair, ...]:
    """Return pairs of frames between which the scene around moved by more than the thing is thick."""
    moved, known = around(near, motion)
    path = np.concatenate([np.zeros((1, 2), np.float32), np.cumsum(moved, 0)])
    lost = np.concatenate([[0], np.cumsum(~known)])
    needed = max(1.5, 1.1 * near.thing.thick_px)
    out = []
    for i, u in enumerate(shown):
        for v in shown[i + 1 :]:
            a, b = u - motion.span.start, v - motion.span.start
            gap = path[b] - path[a]
            far = float(np.hypot(*gap))
            if lost[b] > lost[a] or far > FARTHEST_PX:
                break
            if far >= needed:
                out.append(Pair(u, v, (float(gap[0]), float(gap[1]))))
                break
    return tuple(out[:: -(-len(out) // MOST_PAIRS)]) if out else ()


def around(near: Surround, motion: Motions) -> tuple[Float, Bits]:
    """Return how the scene around a thing moves from each frame to the next (n - 1, 2), and where that is known."""
    _, bh, bw, _ = motion.steps.shape
    y0, x0, y1, x1 = near.thing.box
    rows = slice(max(y0 // BLOCK_PX - NEAR_BLOCKS, 0), min(-(-y1 // BLOCK_PX) + NEAR_BLOCKS, bh))
    columns = slice(max(x0 // BLOCK_PX - NEAR_BLOCKS, 0), min(-(-x1 // BLOCK_PX) + NEAR_BLOCKS, bw))
    ys, xs = np.mgrid[rows, columns]
    inside = (ys >= y0 // BLOCK_PX) & (ys < -(-y1 // BLOCK_PX)) & (xs >= x0 // BLOCK_PX) & (xs < -(-x1 // BLOCK_PX))
    if inside.all():
        return np.zeros((len(motion.steps), 2), np.float32), np.zeros(len(motion.steps), bool)
    fields = motion.steps[:, rows, columns][:, ~inside]
    valid = fields[..., 2] >= VALID_FRAC
    moved = np.median(fields[..., :2], axis=1)
    return np.asarray(moved, np.float32), np.asarray(valid.mean(1) >= 0.5)


def asked(near: Surround, pairs: tuple[Pair, ...], seen: float) -> Verdict:
    """Return what pairs of frames say."""
    pieces = np.stack([
        (near.at(p.first), near.at(p.second), near.at(p.second, p.shift), near.at(p.first, (-p.shift[0], -p.shift[1])))
        for p in pairs
    ])
    was, is_, went, came = np.moveaxis(pieces, 1, 0)
    apart = near.thing.sign * np.concatenate([was - went, is_ - came])
    core = core_of(near.shape, apart)
    if not core.any():
        return Verdict()
    lifts = means(apart[:, core])
    lift = float(np.nanmean(lifts))
    rested, gone = abs(is_ - was), abs(went - was)
    stay, go = sums(near, rested, gone, seen)
    least = WITNESSES * len(pairs) * seen
    known = ~np.isnan(gone) & core
    inner = float(rested[known].sum() / max(gone[known].sum(), 1e-3)) if known.any() else 1.0
    steady = float(np.mean(lifts[~np.isnan(lifts)] > STRONG * lift))
    return Verdict(
        pairs, lift, lift / wavering(near.beside, apart), steady, inner,
        int(((go < MOVES * stay) & (stay > least)).sum()), int(((go > RESTS * stay) & (go > least)).sum()),
    )


def wavering(ring: Bits, apart: Float) -> float:
    """Return how much the mean over (n, h, w) wavers on a ring (h, w), 8-bit levels."""
    known = ~np.isnan(apart)
    mean = np.where(known, apart, 0).sum(0) / np.maximum(known.sum(0), 1)
    return 0.5 + 1.4826 * float(np.median(abs(mean[ring]))) if ring.any() else float("inf")


def core_of(shape: Bits, apart: Float) -> Bits:
    """Return the part of a shape (h, w) that stands out by half of the most in the mean over (n, h, w)."""
    known = ~np.isnan(apart)
    mean = np.where(known, apart, 0).sum(0) / np.maximum(known.sum(0), 1)
    inside = shape & (2 * known.sum(0) >= len(apart))
    if not inside.any():
        return inside
    return np.asarray(inside & (mean >= 0.5 * max(float(mean[inside].max()), 1e-3)))


def means(values: Float) -> Float:
    """Return the means (n,) of what is known of (n, m), NaN where less than half is."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(1)
    return np.asarray(np.where(2 * known.sum(1) >= values.shape[1], total / np.maximum(known.sum(1), 1), np.nan))


def sums(near: Surround, rested: Float, gone: Float, seen: float) -> tuple[Float, Float]:
    """Return the differences (n, h, w) of either kind added up on each side of the thing, where there are any."""
    known = ~np.isnan(gone) & (np.fmax(rested, gone) > seen)
    both = (np.where(known, v, 0).sum(0)[near.ring] for v in (rested, gone))
    stay, go = (np.bincount(near.sector, v, SECTORS).astype(np.float32) for v in both)
    return stay, go


def camera(window: Window, t: int, hop: int) -> tuple[int, int]:
    """Return in how many cells of the picture frame t moves to the frames around, and in how many it stands still.

    Where cars pass over a bare road, measured motion says that all of it moves; the specks on the road say otherwise.
    """
    return window.memo("standing-camera", (t, hop, window.preset), lambda: _camera(window, t, hop))


def _camera(window: Window, t: int, hop: int) -> tuple[int, int]:
    shot = window.shot(t, hop)
    if len(shot) < 2:
        return 0, 0
    motion, here, seen = views.motions(window, shot), views.small(window, t), max(SEEN[0], SEEN[1] * window.grain(t))
    stay, go = (np.zeros((CELLS, CELLS), np.float32) for _ in range(2))
    others = {views.away(motion, t, way, far) for way in (-1, 1) for far in views.HOPS_PX} - {None}
    for u in sorted(u for u in others if u is not None):
        rested = cv2.absdiff(here, views.small(window, u))
        gone = cv2.absdiff(here, views.moved(window, u, motion.between(t, u)))
        told = cv2.threshold(cv2.max(rested, gone), seen, 1, cv2.THRESH_BINARY)[1]
        for total, each in ((stay, rested), (go, gone)):
            part = cv2.multiply(each, told).astype(np.float32)
            total += cv2.resize(part, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    least = WITNESSES * max(len(others), 1) * seen * CELLS**2 / here.size
    return int(((go < MOVES * stay) & (stay > least)).sum()), int(((go > RESTS * stay) & (go > least)).sum())
