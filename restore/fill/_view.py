"""One frame's holes and one neighbour in, what that neighbour would put there and how far to trust it out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.fill._site import Ground, Site
from restore.frames import Bits, support
from restore.motion.inward import Course
from restore.motion.points import TINY, Points, grow, inside, read
from restore.motion.proxy import scale_of
from restore.source import Plane
from restore.window import Window

SAFETY_PX = 1
"""A donor pixel must be this far from any damage of its own frame."""
TAPS = ((-1.2, 0.3125), (0.0, 0.375), (1.2, 0.3125))
"""Places and weights of three linear readings that together filter like (1, 4, 6, 4, 1) / 16, sigma 1 px."""
SNAP_PX = 0.1
"""A place this close to a pixel's centre is that pixel: then its very code value is copied."""
REFINEMENTS = 6
NUDGE_PX = 1.5
"""Longest single step of the refinement."""
ROBUST = 16.0
"""Differences beyond this many 8-bit levels say nothing more about motion."""
GAIN = (0.8, 1.25)
PRIOR = np.float32(200 * 4.0**2)
"""Sum of squares, in 8-bit levels, with which "no change of contrast" counts against the ring."""
PRIOR_COUNT = np.float32(8)
UNREST = 0.5
"""A donor must fit the surroundings better than this share of their own deviation."""
LIMITS = (2.0, 20.0)
"""8-bit levels of mismatch that are always accepted, and never."""


@dataclass(frozen=True)
class View:
    """What one neighbour shows at the holes."""

    step: int
    """Frame offset."""
    samples: tuple[Float, ...]
    """(n,) a plane: the neighbour's pixels, toned to the frame, code values."""
    low: tuple[Float, ...]
    """(n,) a plane: the same without the finest detail."""
    pure: tuple[Bits, ...]
    """(n,) a plane: where no damage of the neighbour's own has got into the low band."""
    weight: Float
    """(n,) of luma pixels; 0 where it must not be used."""
    error: Float
    """(n,) how far it may be off, in code values of plane 0."""


def view(window: Window, site: Site, step: int, tolerance: float) -> View:
    """Look at the holes of frame t from frame t + step."""
    u = site.t + step
    scale = scale_of(window.size)
    course = window.course(site.t, u)
    planes = window.picture(u).planes
    nudge = refine(window, site, u, course, scale)
    samples: list[Float] = []
    low, pure, errors, shares = [], [], [], []
    open_to = np.zeros(0, bool)
    for p, g in enumerate(site.grounds):
        at, ring = (places(g, points, course, nudge, scale) for points in (g.hole, g.ring))
        if p == 0:
            open_to = clear(window, u, at, 0)
        at = snap(at)
        usable = g.ring.of_proxy(course.valid, scale, g.shift) & clear(window, u, ring, p)
        fit = compare(g, site, site.known[p], read(planes[p], ring[:, 0], ring[:, 1]), usable)
        if g.shift == (0, 0):
            errors.append(fit.error)
            shares.append(fit.share)
        sharp = read(planes[p], at[:, 0], at[:, 1], cv2.INTER_CUBIC)
        samples.append(sharp * fit.gain + fit.offset)
        soft, clean = low_band(planes[p], near_damage(window, u, p), at)
        low.append(soft * fit.gain + fit.offset)
        pure.append(clean)
    error = np.mean(errors, 0)
    weight = trust(site, error, shares[0], tolerance) * open_to / np.float32(abs(step))
    return View(step, tuple(samples), tuple(low), tuple(pure), weight, np.maximum(error, site.grain + 0.5) / site.unit)


def places(g: Ground, points: Points, course: Course, nudge: Float, scale: int) -> Float:
    """Return where the motion takes points of a plane, corrected by the cells' nudges (rows, columns, 2) of luma."""
    by = g.cells.at(nudge, points)
    by /= np.array([1 << g.shift[1], 1 << g.shift[0]], np.float32)
    by += course.targets(points, scale, g.shift)
    return by


def snap(at: Float) -> Float:
    """Return places moved onto a pixel's centre where they are next to one."""
    whole = np.rint(at)
    return np.where(np.abs(at - whole) < SNAP_PX, whole, at).astype(np.float32)


def near_damage(window: Window, u: int, plane: int) -> Plane:
    """Return where a plane of frame u is damaged, or next to it: (h, w), 255 and 0."""
    def make() -> Plane:
        return grow(support(window.hidden(u), window.pixels, plane), SAFETY_PX).view(np.uint8) * np.uint8(255)

    return window.memo("damage-near", (u, window.pixels.shift(plane), window.hidden_digest(u)), make)


def clear(window: Window, u: int, at: Float, plane: int) -> Bits:
    """Tell which places (n, 2) of a plane of frame u lie in the picture and away from its damage."""
    hidden = near_damage(window, u, plane)
    free = read(hidden, at[:, 0], at[:, 1]) < 0.05 * 255
    return free & inside(at, (hidden.shape[0], hidden.shape[1]))


def low_band(plane: Plane, damaged: Plane, at: Float) -> tuple[Float, Bits]:
    """Return a plane without its finest detail at places (n, 2), and where no damage has got into it."""
    total, clean = np.zeros(len(at), np.float32), np.ones(len(at), bool)
    for dy, wy in TAPS:
        for dx, wx in TAPS:
            xs, ys = at[:, 0] + np.float32(dx), at[:, 1] + np.float32(dy)
            total += np.float32(wy * wx) * read(plane, xs, ys)
            clean &= read(damaged, xs, ys) == 0
    return total, clean


def refine(window: Window, site: Site, u: int, course: Course, scale: int) -> Float:
    """Return per cell the small shift (rows, columns, 2), in luma pixels, that fits the ring to frame u better.

    Gauss-Newton on the ring's own pixels, all cells at once, with the frame's own gradient, which needs no second
    look at the neighbour (Lucas and Kanade, IJCAI 1981; Baker and Matthews, IJCV 2004, for the gradient). A cell
    keeps a step only if its ring agrees better after it.
    """
    g, plane = site.grounds[0], window.picture(u).planes[0]
    start = course.targets(g.ring, scale)
    usable = g.ring.of_proxy(course.valid, scale, g.shift) & clear(window, u, start, 0)
    ring = Points(g.ring.size, g.ring.ys[usable], g.ring.xs[usable])
    start, cell, known = start[usable], g.cell[usable], site.known[0][usable] * site.unit
    gx, gy = site.slope_x[usable], site.slope_y[usable]
    n, sx, sy, xx, xy, yy = g.cells.sums(cell, gx, gy, gx * gx, gx * gy, gy * gy)
    count = np.maximum(n, TINY)
    xx, xy, yy = xx - sx * sx / count, xy - sx * sy / count, yy - sy * sy / count
    stiff = n * np.float32(0.5 + site.grain**2)
    det = np.maximum((xx + stiff) * (yy + stiff) - xy * xy, TINY)
    nudge = np.zeros((*g.cells.shape, 2), np.float32)
    step = nudge
    best = np.full(g.cells.shape, np.inf, np.float32)
    for _ in range(REFINEMENTS + 1):
        trial = nudge + step
        at = start + g.cells.at(trial, ring)
        error = known - read(plane, at[:, 0], at[:, 1]) * site.unit
        error = np.clip(error, -ROBUST, ROBUST)
        _, size, level, xe, ye = g.cells.sums(cell, np.abs(error), error, gx * error, gy * error)
        better = size < best * count
        nudge, best = np.where(better[..., None], trial, nudge), np.where(better, size / count, best)
        xe, ye = xe - sx * level / count, ye - sy * level / count  # a difference of tone is not motion
        step = np.stack([(yy + stiff) * xe - xy * ye, (xx + stiff) * ye - xy * xe], -1) / det[..., None]
        step = np.where(better[..., None], np.clip(step, -NUDGE_PX, NUDGE_PX), 0).astype(np.float32)
        if not step.any():
            break
    return nudge


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
    n, sx, sy, sxx, syy = g.cells.sums(cell, x, y, x * x, y * y)
    count = np.maximum(n, TINY)
    mx, my = sx / count, sy / count
    vx, vy = (np.maximum(s - count * m * m, 0) for s, m in ((sxx, mx), (syy, my)))
    gain = np.clip(np.sqrt((vy + PRIOR) / (vx + PRIOR)), *GAIN)
    offset = (n / (n + PRIOR_COUNT)) * (my - mx) + mx * (1 - gain)
    rest = np.abs(x * gain.ravel()[cell] + offset.ravel()[cell] - y)
    error = g.cells.sums(cell, rest)[1] / count
    offset = offset / site.unit + centre * (1 - gain)
    share = n / np.maximum(g.everywhere, TINY)
    of_all = g.cells.at(np.stack([gain, offset, error, share], -1), g.hole)
    return Fit(*of_all.T)


def trust(site: Site, error: Float, share: Float, tolerance: float) -> Float:
    """Return the weight (n,) of a neighbour from the mismatch in the ring, in levels, and its usable share."""
    limit = np.clip(np.maximum(4 * site.grain, UNREST * site.spread), *LIMITS) * np.float32(tolerance)
    good = (error < limit) & (share > 0.35)
    return np.where(good, share * np.exp(-error / 4), 0).astype(np.float32)
