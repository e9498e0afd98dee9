"""One frame's holes and one neighbour in, what that neighbour would put there and how far to trust it out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.frames import Bits
from restore.motion.points import TINY, read
from restore.motion.proxy import scale_of
from restore.motion.refined import SAFETY_PX, Way, clear, near_damage, places, refine, snap
from restore.motion.site import Ground, Site
from restore.source import Plane
from restore.window import Window

TAPS = ((-1.2, 0.3125), (0.0, 0.375), (1.2, 0.3125))
"""Places and weights of three linear readings that together filter like (1, 4, 6, 4, 1) / 16, sigma 1 px."""
TAPS_REACH_PX = 2
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
