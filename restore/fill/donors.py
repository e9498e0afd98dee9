"""Neighbouring frames in, the real pixels that damage hides out: copied along motion, toned to fit, never made up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from restore.colour import Float
from restore.fill import Filling
from restore.fill._across import across
from restore.fill._settle import settled
from restore.fill._view import SHARE, WIDE_SHARE, Shown, View, view
from restore.frames import Bits
from restore.motion.inward import Course
from restore.motion.points import TINY, Cells, Ints
from restore.motion.proxy import scale_of
from restore.motion.refined import refine
from restore.motion.shared import shared_frac
from restore.motion.site import Ground, Site
from restore.span import Span
from restore.window import Window

SURE = 0.02
"""Summed weight below which nothing is copied: no donor resembles the surroundings well enough."""

GAP_PX = 4
"""Cells over which it is told whether two frames agree."""
ALIKE = np.float32(0.1)
"""A difference in 8-bit levels that counts for nothing."""
ALONE = np.float32(4)
"""What one frame's word is worth where another says nothing: as much as two that differ by so many 8-bit levels."""
QUIET = np.float32(1.5)
"""Grain up to this, in 8-bit levels, counts as a difference from the ring."""
RING = np.float32(2)
"""What a difference from the ring counts beside one between two frames: both may show what was not there between."""

AS_WELL = np.float32(1.25)
"""Motion measured around a wide hole is believed up to so many times the error of that at its rim."""
OUTER = np.float32(4)
"""And only up to so many 8-bit levels more than grain explains: it knows less of what lies next to the hole."""
CLOSE = np.float32(2)
"""Frames further away than the next lend to narrow holes only where they show the ring to so many 8-bit levels and what
grain explains. They are asked behind scratches that last, once motion has carried a place out from there; where motion
was not followed they put a piece of something else there, which looks worse than any guess across a few pixels."""
NEAR_FRAMES, STRIDE = 8, 2
"""Frames further away lend to wide holes alone, and not all of them are asked: they show much the same."""
RIM_FRAMES, FAR_PX, NEVER = 2, 5.0, np.float32(2)
"""Frames further away lend to wide holes only what has moved by so little, in luma pixels, along the motion at their
rim. It is off by more in each of them, and puts pieces of what moves behind the hole where they are not, in every frame
others. No ring is seen to the share that is then asked for."""
CONTEST = 2.0
"""Donors that agree must weigh this many times more than those they contradict."""


@dataclass(frozen=True)
class Donors:
    """Good at what other frames of the shot show undamaged: dirt, dust, moving lines. Cannot fill what stays hidden.

    Several donors are averaged in the low band, which holds errors of motion and tone down. The high band is that of
    the best one, which keeps the grain and the texture of a real frame (the two-band trade-off; Burt and Adelson,
    ACM TOG 1983, for the idea of joining bands separately), and their average as far as they have it in common.
    """

    version: ClassVar[int] = 6
    invents: ClassVar[bool] = False

    reach_frames: int = 3
    """How many frames before and after may lend pixels: to wide holes whose surroundings move as one, all of them; to
    others those of NEAR_FRAMES."""
    seek_frac: float = 0.05
    """Frames further away than the nearest are asked only while more than this share of the hole is open."""
    tolerance: float = 1.0
    """How much a donor may differ from the surroundings of a hole; 1 is measured to be right, 0.5 is strict."""

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        if not (0 <= self.reach_frames <= 32 and 0 <= self.seek_frac <= 1 and self.tolerance > 0):
            raise ValueError(f"needs reach_frames 0 to 32, seek_frac 0 to 1 and tolerance above 0, not {self}")

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Copy the hole pixels of frame t that frames within reach show."""
        done, offset = np.zeros(hole.shape, bool), np.zeros(hole.shape, np.int8)
        into = Filling(tuple(np.zeros(p.shape, np.float32) for p in planes), done, offset)
        site = Site.of(window, t, planes, hole)
        worth = max(1.0, self.seek_frac * len(site.hole))
        for steps in self._steps(window.shot(t, self.reach_frames), t):
            if steps[-1] > NEAR_FRAMES or steps[0] < -NEAR_FRAMES:
                site = site.narrow(in_wide(window, site))
            if len(site.hole) and (-1 in steps or 1 in steps or len(site.hole) >= worth):
                views = self._views(window, site, steps, worth)
                told = np.any([v.told for v in views], 0)
                # What a frame shows and does not fit moves in a way that is not followed: more so the further away.
                site = site.narrow(~(write(into, site, views) | told))
        return into

    def _steps(self, shot: Span, t: int) -> Iterator[list[int]]:
        """Yield the frames to ask, equally far ones together: all that are near, of others every STRIDEth."""
        near = min(self.reach_frames, NEAR_FRAMES)
        for distance in (*range(1, near + 1), *range(NEAR_FRAMES + STRIDE, self.reach_frames + 1, STRIDE)):
            if steps := [s for s in (-distance, distance) if t + s in shot]:
                yield steps

    def _views(self, window: Window, site: Site, steps: list[int], worth: float) -> list[View]:
        """Return what frames at one distance show, along the motion around the holes or that seen past them."""
        if steps[-1] > NEAR_FRAMES or steps[0] < -NEAR_FRAMES:
            return [self._outer(window, site, k) for k in steps]
        around = [self._along(window, site, k) for k in steps]
        if steps != [-1, 1]:
            return around
        pairs = [around, self._past(window, site, steps)]
        single = ~np.any([both(pair) for pair in pairs], 0)
        if single.sum() >= worth:  # one of the two is damaged there, as where holes lie close: there is a next frame
            shot = window.shot(site.t, min(2, self.reach_frames))
            for ends in ([-1, 2], [-2, 1]):
                if all(site.t + k in shot for k in ends):
                    found = self._past(window, site, ends)
                    seen = single & both(found)
                    pairs.append([replace(v, weight=v.weight * seen, told=v.told & seen) for v in found])
        return better(site, pairs)

    def _along(self, window: Window, site: Site, step: int) -> View:
        """Return what one frame shows along the motion at the rim of holes, or around wide ones where that does."""
        inside = in_wide(window, site)
        course = window.course(site.t, site.t + step)
        least = np.where(inside, WIDE_SHARE, SHARE)
        if abs(step) > RIM_FRAMES:
            least[inside & far(window, site, course)] = NEVER
        near = view(window, site, step, self.tolerance, course, least)
        if abs(step) > 1:
            near = replace(near, weight=near.weight * (inside | fits(near, site, CLOSE)))
        if not inside.any():
            return near
        some = site.narrow(inside)
        return either(near, site, self._outer(window, some, step), some)

    def _outer(self, window: Window, site: Site, step: int) -> View:
        """Return what one frame shows of wide holes along the motion around them, as far as it fits."""
        found = view(window, site, step, self.tolerance, window.drift(site.t, site.t + step))
        return replace(found, weight=found.weight * fits(found, site, OUTER))

    def _past(self, window: Window, site: Site, steps: list[int]) -> list[View]:
        """Return what a frame before and one after show along the motion between the two."""
        ways, scale = across(window, site.t, *steps), scale_of(window.size)
        rough = [refine(window, site, site.t + k, way, scale) for k, way in zip(steps, ways, strict=True)]
        fine = settled(window, site, steps, ways, rough)
        return [view(window, site, k, self.tolerance, way, nudge=nudge)
                for k, way, nudge in zip(steps, ways, fine, strict=True)]


def fits(found: View, site: Site, spare: np.float32) -> Bits:
    """Tell where (n,) a view shows the ring as it is, but for what grain explains and so many 8-bit levels."""
    return np.asarray(found.error * site.unit < spare + 2 * np.float32(site.grain), bool)


def far(window: Window, site: Site, course: Course) -> Bits:
    """Tell which hole pixels (n,) a motion takes further than FAR_PX."""
    own = np.stack([site.hole.xs, site.hole.ys], -1).astype(np.float32)
    by = course.targets(site.hole, scale_of(window.size)) - own
    return np.asarray(np.hypot(*by.T) > FAR_PX, bool)


def in_wide(window: Window, site: Site) -> Bits:
    """Tell which hole pixels (n,) lie in wide holes."""
    return site.hole.of_proxy(window.in_wide(site.t), scale_of(window.size), (0, 0))


def write(into: Filling, site: Site, views: list[View]) -> Bits:
    """Put what the views show into a filling; return which of the site's hole pixels (n,) that did."""
    weight = agree(views)
    sure = weight.sum(0) > SURE
    flat = site.hole.flat[sure]
    into.done.ravel()[flat] = True
    if into.offset is not None:
        into.offset.ravel()[flat] = np.array([v.step for v in views], np.int8)[weight.argmax(0)[sure]]
    for p, plane in enumerate(into.planes):
        there, share = site.share(p, np.where(sure, weight, 0))
        sharp, low, pure = (np.stack([getattr(v.planes[p], name) for v in views]) for name in ("sharp", "low", "pure"))
        joined = join(sharp, low, pure, share, site.grounds[p])
        used = share.sum(0) > 0
        plane.ravel()[there[used]] = joined[used]
    return sure


def either(near: View, site: Site, outer: View, some: Site) -> View:
    """Return two views of one frame as one: the second, of some holes of a site, where it fits about as well."""
    at = np.searchsorted(site.hole.flat, some.hole.flat)
    take = (outer.weight > 0) & ((near.weight[at] <= 0) | (outer.error <= AS_WELL * near.error[at]))
    planes = []
    for p, (first, second) in enumerate(zip(near.planes, outer.planes, strict=True)):
        there = np.searchsorted(site.grounds[p].hole.flat, some.grounds[p].hole.flat)
        planes.append(Shown(*put(first, second, ("sharp", "low", "pure"), there, some.under(p, take))))
    return View(near.step, tuple(planes), *put(near, outer, ("weight", "error", "told"), at, take))


def put(first: object, second: object, names: Sequence[str], at: Ints, take: Bits) -> Iterator[Any]:
    """Yield arrays (n,) of the first, with those of the second (m,) that are to be taken at their places (m,)."""
    for name in names:
        out = getattr(first, name).copy()
        out[at[take]] = getattr(second, name)[take]
        yield out


def both(pair: list[View]) -> Bits:
    """Tell where (n,) both views of a pair can be used."""
    return np.all([v.weight > 0 for v in pair], 0)


def better(site: Site, pairs: list[list[View]]) -> list[View]:
    """Return the views of several pairs, of which each weighs the less the more its frames differ from each other."""
    worth = np.stack([1 / np.square(apart(site, pair) + ALIKE) for pair in pairs])
    return [replace(v, weight=(v.weight * part).astype(np.float32))
            for pair, part in zip(pairs, worth / worth.sum(0), strict=True) for v in pair]


def apart(site: Site, pair: list[View]) -> Float:
    """Return how far a pair's frames are from each other and from the ring around each hole pixel (n,), 8-bit levels.

    A pair of which neither can be used takes its share of the weight too: what others show badly is left open.
    """
    low, error = np.stack([v.planes[0].low for v in pair]), np.stack([v.error for v in pair]) * site.unit
    used = np.stack([v.weight > 0 for v in pair])
    cells = Cells(site.hole.size, GAP_PX, GAP_PX)
    n, total = cells.sums(cells.of(site.hole), np.abs(low[0] - low[1]) * site.unit)
    near = cells.at(total / np.maximum(n, TINY), site.hole)
    between = np.where(used.all(0), near, np.where(used.any(0), ALONE, 2 * ALONE))
    # What is taken for much grain, a lively scene maybe, is in every donor's error, and speaks against none of them.
    error = error - np.maximum(np.float32(site.grain) - QUIET, 0)
    return np.asarray(between + RING * (error * used).sum(0) / np.maximum(used.sum(0), 1), np.float32)


def agree(views: list[View]) -> Float:
    """Return the weights (k, n) of the views, zero for those that contradict what most of them show.

    Where the contradicting ones weigh nearly as much, none is believed: something moves there that flow has not
    followed, and a smooth fill is better than a piece of a limb in the wrong place.
    """
    weight = np.stack([v.weight for v in views])
    low = np.stack([v.planes[0].low for v in views])
    tolerance = np.stack([v.error for v in views])
    best = weight.argmax(0)
    centre = np.take_along_axis(low, best[None], 0)[0]
    if len(views) >= 3:
        centre = np.where((weight > 0).sum(0) >= 3, middle(low, weight), centre)
    kept = np.where(np.abs(low - centre) <= 3 * tolerance, weight, 0)
    clear = kept.sum(0) >= CONTEST * (weight - kept).sum(0)
    return np.where(clear, kept, 0).astype(np.float32)


def middle(values: Float, weight: Float) -> Float:
    """Return the weighted median (n,) of values (k, n)."""
    order = values.argsort(0, kind="stable")
    cumulative = np.take_along_axis(weight, order, 0).cumsum(0)
    at = (cumulative >= 0.5 * cumulative[-1]).argmax(0)
    return np.take_along_axis(np.take_along_axis(values, order, 0), at[None], 0)[0]


def join(sharp: Float, low: Float, pure: Bits, weight: Float, ground: Ground) -> Float:
    """Return (n,) the weighted mean of the low bands (k, n) with the high band of the heaviest donor.

    As far as donors share what is in the high band, its weighted mean stands for it. Impure low bands are left out;
    where the heaviest donor's is impure, that donor stands alone.
    """
    best = weight.argmax(0)[None]
    high = sharp - low
    mine, my_high, my_weight = (np.take_along_axis(a, best, 0)[0] for a in (sharp, high, weight))
    alone = ~np.take_along_axis(pure, best, 0)[0]
    weight = weight * pure / np.maximum((weight * pure).sum(0), 1e-12)
    mean = (weight * high).sum(0)
    own, least = (weight * high * high).sum(0), (weight * weight).sum(0)
    fine = my_high + shared_frac(ground.hole, own, mean * mean, least, ground.shift) * (mean - my_high)
    return np.where(alone | (my_weight <= 0), mine, (weight * low).sum(0) + fine).astype(np.float32)
