"""One frame's holes and one neighbour in, what that neighbour would put there and how far to trust it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.fill._site import Ground, Site
from restore.frames import Bits, support
from restore.motion.points import TINY, Points, grow, inside, read
from restore.motion.proxy import scale_of
from restore.motion.used import Used
from restore.source import Plane
from restore.window import Window

SAFETY_PX = 1
"""A donor pixel must be this far from any damage of its own frame."""
TAPS = ((-1.2, 0.3125), (0.0, 0.375), (1.2, 0.3125))
"""Places and weights of three linear readings that together filter like (1, 4, 6, 4, 1) / 16, sigma 1 px."""
TAPS_REACH_PX = 2
SNAP_PX = 0.1
"""A place this close to a pixel's centre is that pixel: then its very code value is copied."""
REFINEMENTS = 6
NUDGE_PX = 1.5
"""Longest single step of the refinement."""
STILL_PX = 0.01
"""A cell whose next step would be shorter has arrived."""
ROBUST = 16.0
"""Differences beyond this many 8-bit levels say nothing more about motion."""
GAIN = (0.8, 1.25)
PRIOR = np.float32(200 * 4.0**2)
"""Sum of squares, in 8-bit levels, with which "no change of contrast" counts against the ring."""
PRIOR_COUNT = np.float32(8)
UNREST = 0.5
"""A donor must fit the surroundings better than this share of their own deviation."""
SHARE = np.float32(0.45)
"""So much of the ring must be seen for a donor to be judged by it."""
WIDE_SHARE = np.float32(0.65)
"""And so much around wide holes, where motion is taken from their rim: it is carried far."""
LIMITS = (2.0, 20.0)
"""8-bit levels of mismatch that are always accepted, and never."""


class Way(Protocol):
    """Motion from frame t to another: `motion.inward.Course`, or `motion.dense.Dense`."""

    @property
    def valid(self) -> Bits:
        """Tell where it can be believed (h, w), on the proxy, for the rim around the holes."""

    def told_frac(self, scale: int) -> float:
        """Return for what part of a plane's rim it can be told at most whether it is valid."""

    def targets(self, points: Points, scale: int, shift: tuple[int, int] = (0, 0)) -> Float:
        """Return where points of a plane go: (n, 2) float32, (x, y) in that plane of the other frame."""


@dataclass(frozen=True)
class Shown:
    """What one neighbour shows at the holes of one plane, toned to the frame, code values."""

    sharp: Float
    """(n,)"""
    low: Float
    """(n,) the same without the finest detail."""
    pure: Bits
    """(n,) where no damage of the neighbour's own has got into the low band."""


@dataclass(frozen=True)
class View:
    """What one neighbour shows at the holes."""

    step: int
    """Frame offset."""
    planes: tuple[Shown, ...]
    weight: Float
    """(n,) of luma pixels; 0 where it must not be used."""
    error: Float
    """(n,) how far it may be off, in code values of plane 0."""
    told: Bits
    """(n,) where it shows no damage and enough of the ring to be judged by: if it is not used there, it did not fit."""


def view(
    window: Window, site: Site, step: int, tolerance: float, course: Way, least: np.float32 | Float = SHARE,
    nudge: Float | None = None,
) -> View:
    """Look at the holes of frame t from frame t + step, where a motion leads to.

    `least`, one or for each hole pixel (n,), is the part of the ring that has to be seen; `nudge` is what `refine`
    says, if it is known.
    """
    u = site.t + step
    scale = scale_of(window.size)
    planes = window.picture(u).planes
    nudge = refine(window, site, u, course, scale) if nudge is None else nudge
    shown: dict[int, Shown] = {}
    fits: list[Fit] = []
    open_to = np.zeros(0, bool)
    for g in {id(g): g for g in site.grounds}.values():
        at, ring = (places(g, points, course, nudge, scale) for points in (g.hole, g.ring))
        alike = [p for p, other in enumerate(site.grounds) if other is g]
        if not shown:
            open_to = clear(window, u, at, alike[0])
        at = snap(at)
        usable = g.ring.of_proxy(course.valid, scale, g.shift) & clear(window, u, ring, alike[0])
        pure = unspoilt(window, u, at, alike[0])
        for p in alike:
            fit = compare(g, site, site.known[p], read(planes[p], ring[:, 0], ring[:, 1]), usable)
            shown[p] = show(planes[p], at, fit, pure)
            if g.shift == (0, 0):
                fits.append(fit)
    error = np.mean([fit.error for fit in fits], 0)
    share = fits[0].share / np.float32(course.told_frac(scale))
    told = open_to & (share > least)
    weight = trust(site, error, share, tolerance) * told / np.float32(abs(step))
    doubt = np.maximum(error, site.grain + 0.5) / site.unit
    return View(step, tuple(shown[p] for p in sorted(shown)), weight, doubt, told)


def show(plane: Plane, at: Float, fit: Fit, pure: Bits) -> Shown:
    """Read a plane of the neighbour at places (n, 2), and give it the frame's tone."""
    sharp = read(plane, at[:, 0], at[:, 1], cv2.INTER_CUBIC)
    return Shown(sharp * fit.gain + fit.offset, low_band(plane, at) * fit.gain + fit.offset, pure)


def places(g: Ground, points: Points, course: Way, nudge: Float, scale: int) -> Float:
    """Return where the motion takes points of a plane, corrected by the cells' nudges (rows, columns, 2) of luma."""
    by = g.used.cells.at(nudge, points)
    by /= np.array([1 << g.shift[1], 1 << g.shift[0]], np.float32)
    by += course.targets(points, scale, g.shift)
    return by


def snap(at: Float) -> Float:
    """Return places moved onto a pixel's centre where they are next to one."""
    whole = np.rint(at)
    return np.where(np.abs(at - whole) < SNAP_PX, whole, at).astype(np.float32)


def near_damage(window: Window, u: int, plane: int, px: int = SAFETY_PX) -> Plane:
    """Return where a plane of frame u is damaged, or at most `px` away from it: (h, w), 255 and 0."""
    def make() -> Plane:
        if px > SAFETY_PX:
            wider = 2 * (px - SAFETY_PX) + 1
            return cv2.dilate(near_damage(window, u, plane), np.ones((wider, wider), np.uint8))
        near = grow(support(window.hidden(u), window.pixels, plane), px).view(np.uint8)
        return np.multiply(near, np.uint8(255), out=near)

    return window.memo("damage-near", (u, window.pixels.shift(plane), px, window.hidden_digest(u)), make)


def clear(window: Window, u: int, at: Float, plane: int) -> Bits:
    """Tell which places (n, 2) of a plane of frame u lie in the picture and away from its damage."""
    hidden = near_damage(window, u, plane)
    free = read(hidden, at[:, 0], at[:, 1]) < 0.05 * 255
    return free & inside(at, (hidden.shape[0], hidden.shape[1]))


def unspoilt(window: Window, u: int, at: Float, plane: int) -> Bits:
    """Tell at which places (n, 2) of a plane of frame u no damage gets into the low band."""
    damaged = near_damage(window, u, plane, SAFETY_PX + TAPS_REACH_PX)
    h, w = damaged.shape
    xs, ys = (np.clip(np.rint(at[:, k]), 0, n - 1).astype(np.intp) for k, n in ((0, w), (1, h)))
    return damaged.ravel()[ys * w + xs] == 0


def low_band(plane: Plane, at: Float) -> Float:
    """Return a plane without its finest detail at places (n, 2)."""
    shifts = [(dx, dy, np.float32(wx * wy)) for dy, wy in TAPS for dx, wx in TAPS]
    xs = np.concatenate([at[:, 0] + np.float32(dx) for dx, _, _ in shifts])
    ys = np.concatenate([at[:, 1] + np.float32(dy) for _, dy, _ in shifts])
    total = np.zeros(len(at), np.float32)
    for tap, (_, _, weight) in zip(read(plane, xs, ys).reshape(len(shifts), -1), shifts, strict=True):
        total += weight * tap
    return total


@dataclass(frozen=True)
class Rim:
    """The ring points that a neighbour can be compared at, with what the refinement has to know of them."""

    points: Points
    cell: npt.NDArray[np.intp]
    start: Float
    """(m, 2) where the motion takes them."""
    known: Float
    slope_x: Float
    slope_y: Float
    """(m,) the frame's own value and gradient, 8-bit levels."""

    def pick(self, keep: Bits) -> Rim:
        """Return the points (m,) to keep."""
        at = np.flatnonzero(keep)
        points = Points(self.points.size, self.points.ys.take(at), self.points.xs.take(at))
        known, slope_x, slope_y = (a.take(at) for a in (self.known, self.slope_x, self.slope_y))
        return Rim(points, self.cell.take(at), self.start.take(at, 0), known, slope_x, slope_y)

    def sums(self, plane: Plane, unit: np.float32, used: Used, nudge: Float) -> Float:
        """Return over each cell (k, 4) the sums of |e|, e, and e times the gradient; e is how the planes differ."""
        at = used.at(nudge, self.points)
        at += self.start
        e = read(plane, at[:, 0], at[:, 1])
        e *= -unit
        e += self.known
        np.clip(e, -ROBUST, ROBUST, out=e)
        return used.own(self.cell, np.abs(e), e, self.slope_x * e, self.slope_y * e)


def refine(window: Window, site: Site, u: int, course: Way, scale: int) -> Float:
    """Return per cell the small shift (rows, columns, 2), in luma pixels, that fits the ring to frame u better.

    Gauss-Newton on the ring's own pixels, all cells at once, with the frame's own gradient, which needs no second
    look at the neighbour (Lucas and Kanade, IJCAI 1981; Baker and Matthews, IJCV 2004, for the gradient). A cell
    keeps a step only if its ring agrees better after it; only around cells that still move is anything read again.
    """
    g, plane = site.grounds[0], window.picture(u).planes[0]
    start = course.targets(g.ring, scale)
    usable = g.ring.of_proxy(course.valid, scale, g.shift) & clear(window, u, start, 0)
    rim = Rim(g.ring, g.cell, start, site.known[0] * site.unit, site.slope_x, site.slope_y).pick(usable)
    gx, gy = rim.slope_x, rim.slope_y
    n, sx, sy, xx, xy, yy = g.used.around(g.used.own(rim.cell, np.ones_like(gx), gx, gy, gx * gx, gx * gy, gy * gy))
    count = np.maximum(n, TINY)
    stiff = n * np.float32(0.5 + site.grain**2)
    xx, xy, yy = xx - sx * sx / count + stiff, xy - sx * sy / count, yy - sy * sy / count + stiff
    det = np.maximum(xx * yy - xy * xy, TINY)
    nudge: Float = np.zeros((len(n), 2), np.float32)
    step = np.zeros_like(nudge)
    best = np.full(len(n), np.inf, np.float32)
    own, near, moving = np.zeros((len(n), 4), np.float32), np.ones(len(n), bool), rim
    for _ in range(REFINEMENTS + 1):
        trial = nudge + step
        own[near] = moving.sums(plane, site.unit, g.used, trial)[near]
        size, level, xe, ye = g.used.around(own)
        better = size < best * count
        nudge[better], best[better] = trial[better], (size / count)[better]
        xe, ye = xe - sx * level / count, ye - sy * level / count  # a difference of tone is not motion
        dx, dy = (np.clip(v / det, -NUDGE_PX, NUDGE_PX) for v in (yy * xe - xy * ye, xx * ye - xy * xe))
        moves = better & (np.maximum(np.abs(dx), np.abs(dy)) > STILL_PX)
        if not moves.any():
            break
        step[:, 0], step[:, 1] = dx * moves, dy * moves
        near = g.used.touching(moves)
        moving = rim.pick(near[rim.cell])
    return g.used.spread(nudge)


@dataclass(frozen=True)
class Fit:
    """How a neighbour's ring relates to the frame's, at each hole sample (n,)."""

    gain: Float
    offset: Float
    """Code values."""
    error: Float
    """Mean difference of the toned ring, 8-bit levels."""
    share: Float
    """Part of the ring that could be compared."""


def compare(g: Ground, site: Site, known: Float, seen: Float, usable: Bits) -> Fit:
    """Fit the tone of a neighbour's ring to the frame's, and measure what is left.

    The gain is the ratio of standard deviations: least squares would shrink it wherever grain or a small error of
    motion blurs the relation. Both are drawn to "no change" by prior counts, so that few samples change little.
    """
    centre = np.float32(known.mean()) if known.size else np.float32(0)
    cell = g.cell[usable]
    x, y = ((v[usable] - centre) * site.unit for v in (seen, known))  # small numbers keep their digits
    n, sx, sy, sxx, syy = g.used.around(g.used.own(cell, np.ones_like(x), x, y, x * x, y * y))
    count = np.maximum(n, TINY)
    mx, my = sx / count, sy / count
    vx, vy = (np.maximum(s - count * m * m, 0) for s, m in ((sxx, mx), (syy, my)))
    gain = np.clip(np.sqrt((vy + PRIOR) / (vx + PRIOR)), *GAIN)
    offset = (n / (n + PRIOR_COUNT)) * (my - mx) + mx * (1 - gain)
    rest = np.abs(x * gain[cell] + offset[cell] - y)
    error = g.used.around(g.used.own(cell, rest))[0] / count
    offset = offset / site.unit + centre * (1 - gain)
    share = n / np.maximum(g.everywhere, TINY)
    of_all = g.used.at(np.stack([gain, offset, error, share], -1), g.hole)
    return Fit(*of_all.T)


def trust(site: Site, error: Float, share: Float, tolerance: float) -> Float:
    """Return the weight (n,) of a neighbour from the mismatch in the ring, in levels, and its usable share."""
    limit = np.clip(np.maximum(4 * site.grain, UNREST * site.spread), *LIMITS) * np.float32(tolerance)
    return np.where(error < limit, share * np.exp(-error / 4), 0).astype(np.float32)
