"""The motion from one frame to another in, the same corrected on what surrounds holes, and where it leads, out.

Motion is measured on a small picture whose holes are guessed: beside them it may be off by a pixel, even where nothing
moves. What both frames show around the holes tells better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits, support
from restore.motion.points import TINY, Points, grow, inside, read
from restore.motion.site import Ground, Site
from restore.motion.used import Used
from restore.source import Plane
from restore.window import Window

SAFETY_PX = 1
"""A donor pixel must be this far from any damage of its own frame."""
SNAP_PX = 0.1
"""A place this close to a pixel's centre is that pixel: then its very code value is copied."""
REFINEMENTS = 6
NUDGE_PX = 1.5
"""Longest single step of the refinement."""
STILL_PX = 0.01
"""A cell whose next step would be shorter has arrived."""
ROBUST = 16.0
"""Differences beyond this many 8-bit levels say nothing more about motion."""


class Way(Protocol):
    """Motion from frame t to another: `motion.inward.Course`, or `motion.dense.Dense`."""

    @property
    def valid(self) -> Bits:
        """Tell where it can be believed (h, w), on the proxy, for the rim around the holes."""

    def told_frac(self, scale: int) -> float:
        """Return for what part of a plane's rim it can be told at most whether it is valid."""

    def targets(self, points: Points, scale: int, shift: tuple[int, int] = (0, 0)) -> Float:
        """Return where points of a plane go: (n, 2) float32, (x, y) in that plane of the other frame."""


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


@dataclass(frozen=True)
class Slopes:
    """Sums of gradients around each of the cells in use, all (k,): what a Gauss-Newton step is solved from."""

    count: Float
    x: Float
    y: Float
    xx: Float
    xy: Float
    yy: Float
    det: Float

    @classmethod
    def of(cls, used: Used, cell: npt.NDArray[np.intp], gx: Float, gy: Float, grain: float) -> Self:
        """Add up gradients (m,), 8-bit levels a pixel, of points in cells (m,); the more grain, the stiffer."""
        n, x, y, xx, xy, yy = used.around(used.own(cell, np.ones_like(gx), gx, gy, gx * gx, gx * gy, gy * gy))
        count = np.maximum(n, TINY)
        stiff = n * np.float32(0.5 + grain**2)
        xx, xy, yy = xx - x * x / count + stiff, xy - x * y / count, yy - y * y / count + stiff
        return cls(count, x, y, xx, xy, yy, np.maximum(xx * yy - xy * xy, TINY))

    def step(self, level: Float, xe: Float, ye: Float) -> tuple[Float, Float]:
        """Return the step (x, y) each cell asks for, from the sums (k,) of differences, and of them times gradients."""
        xe, ye = xe - self.x * level / self.count, ye - self.y * level / self.count  # a change of tone is not motion
        dx, dy = self.yy * xe - self.xy * ye, self.xx * ye - self.xy * xe
        return np.clip(dx / self.det, -NUDGE_PX, NUDGE_PX), np.clip(dy / self.det, -NUDGE_PX, NUDGE_PX)


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
    known = Slopes.of(g.used, rim.cell, rim.slope_x, rim.slope_y, site.grain)
    n, count = len(known.count), known.count
    nudge: Float = np.zeros((n, 2), np.float32)
    step = np.zeros_like(nudge)
    best = np.full(n, np.inf, np.float32)
    own, near, moving = np.zeros((n, 4), np.float32), np.ones(n, bool), rim
    for _ in range(REFINEMENTS + 1):
        trial = nudge + step
        own[near] = moving.sums(plane, site.unit, g.used, trial)[near]
        size, level, xe, ye = g.used.around(own)
        better = size < best * count
        nudge[better], best[better] = trial[better], (size / count)[better]
        dx, dy = known.step(level, xe, ye)
        moves = better & (np.maximum(np.abs(dx), np.abs(dy)) > STILL_PX)
        if not moves.any():
            break
        step[:, 0], step[:, 1] = dx * moves, dy * moves
        near = g.used.touching(moves)
        moving = rim.pick(near[rim.cell])
    return g.used.spread(nudge)
