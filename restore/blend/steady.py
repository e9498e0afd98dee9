"""Patches of neighbouring frames in, invented pixels that agree with each other over time out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import cv2
import numpy as np

from restore.blend._touch import Restored, invented, plane_of, rewrite
from restore.colour import Float
from restore.frames import Bits, Patch, support
from restore.motion.points import Points, inside, read
from restore.motion.proxy import scale_of
from restore.motion.refined import places, refine, snap
from restore.motion.shared import shared_frac
from restore.motion.site import Ground, Site
from restore.window import Window

NEAR_FRAMES = 2
LOW_PX = 1.0
"""Deviation of the Gaussian that parts the low band of a copied pixel from its own."""


@dataclass(frozen=True)
class Steady:
    """Good at calming what was invented anew in every frame (long scratches, stains). Cannot mend a fill that is wrong.

    A finite window, the same on both sides, so that no frame depends on where a run began: each invented pixel is
    averaged with what frames within reach show at the same place of the scene, the less the more they differ.
    Copied pixels are real and stay as they are; only those that come from further away than the next frame, and so
    from others in every frame, are averaged: their low band, as that of donors is, and of the fine detail what the
    frames have in common. (Weights after the recursive filter of Lai et al., ECCV 2018.)
    """

    version: ClassVar[int] = 5

    reach_frames: int = 2
    """How many frames before and after are averaged: where a wide hole's surroundings move as one, all of them, for
    there it is known for longer what belongs together; elsewhere those of NEAR_FRAMES."""
    share: float = 1.0
    """Weight of a neighbour that agrees fully; the frame's own pixel has 1."""
    alike_levels: float = 20.0
    """8-bit levels above the grain by which a neighbour may differ and still count more than half. What was invented is
    a guess, so that other guesses at the same place, and what is really seen there, count nearly as much as it."""

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        if not (0 <= self.reach_frames <= 8 and 0 <= self.share <= 1 and self.alike_levels > 0):
            raise ValueError(f"needs reach_frames 0 to 8, share 0 to 1 and alike_levels above 0, not {self}")

    def blend(self, window: Window, t: int, patch: Callable[[int], Patch]) -> Patch:
        """Return frame t's patch with its invented samples averaged over time, and the low band of far copies."""
        own = patch(t)
        if not own.mask.any() or not self.reach_frames:
            return own
        made_up = invented(own)
        where = made_up | (own.mask & (np.abs(own.offset) > 1))
        if not where.any():
            return own
        sums = []
        for p, plane in enumerate(own.planes):
            q = Points.of(support(where, window.pixels, p))
            real = ~support(made_up, window.pixels, p)[q.ys, q.xs]
            sums.append(Sums.of(q, plane.ravel()[q.flat].astype(np.float32), real, window.pixels.shift(p)))
        site = around(window, own, where)
        for u in window.shot(t, self.reach_frames):
            if u != t:
                self._add(window, site, u, patch(u), sums)
        return rewrite(own, [s.points for s in sums], [s.calmed() for s in sums], window.pixels)

    def _add(self, window: Window, site: Site, u: int, theirs: Patch, sums: list[Sums]) -> None:
        """Add what frame u shows, as far as it may be believed, to the sums of each plane."""
        picture, t, scale = window.picture(u), site.t, scale_of(window.size)
        nudge = refine(window, site, u, window.course(t, u), scale) if abs(t - u) <= NEAR_FRAMES else None
        open_there = window.hidden(u) & ~theirs.mask
        calm = np.float32((self.alike_levels + 3 * window.grain(t)) * window.pixels.peak / 255)
        for p, (own, ground) in enumerate(zip(sums, site.grounds, strict=True)):
            known, at = self._places(window, (t, u), own.points, ground, nudge)
            if not known.any():
                return
            seen = Restored.of(window, picture, theirs, p).between(at)
            near = np.exp(-np.square(seen - own.begin[known]) / (2 * calm * calm)) * np.float32(self.share)
            near *= usable(support(open_there, window.pixels, p), at)
            own.add(known, near, seen)

    def _places(
        self, window: Window, ends: tuple[int, int], points: Points, ground: Ground, nudge: Float | None
    ) -> tuple[Bits, Float]:
        """Return which points (n,) of a plane of one frame have a place in another that is known, and that (k, 2)."""
        scale, drift = scale_of(window.size), window.drift(*ends)
        known = points.of_proxy(drift.valid, scale, ground.shift)
        along = drift.targets(points.pick(known), scale, ground.shift)
        if nudge is None:
            return known, along
        at = snap(places(ground, points, window.course(*ends), nudge, scale))
        at[known] = along
        return np.ones(len(points), bool), at


@dataclass(frozen=True)
class Sums:
    """What frames show at some points of one plane, added up."""

    points: Points
    begin: Float
    """(n,) what the frame itself begins with, code values."""
    real: Bits
    """(n,): copied, not made up."""
    shift: tuple[int, int]
    total: Float
    weight: Float
    squares: Float
    """(n,) sums of weight times value, of weights, and of squared weights."""

    @classmethod
    def of(cls, points: Points, begin: Float, real: Bits, shift: tuple[int, int]) -> Self:
        """Begin with the frame itself, which counts one."""
        one = np.ones(len(points), np.float32)
        return cls(points, begin, real, shift, begin.copy(), one, one.copy())

    def add(self, known: Bits, weight: Float, seen: Float) -> None:
        """Add values and their weights (k,) at those of the points (n,) that are known."""
        self.total[known] += weight * seen
        self.weight[known] += weight
        self.squares[known] += weight * weight

    def calmed(self) -> Float:
        """Return the averages (n,); of what is real, only the low band and the detail that the frames share."""
        out, real = self.total / self.weight, self.real
        if real.any():
            some, own, mean = self.points.pick(real), self.begin[real], out[real]
            low = smooth(some, mean - own, self.shift)
            own_fine, fine = (v - smooth(some, v, self.shift) for v in (own, mean))
            alone = np.asarray(self.squares[real] / np.square(self.weight[real]), np.float32)
            part = shared_frac(some, own_fine * own_fine, fine * fine, alone, self.shift)
            out[real] = own + low + part * (mean - own - low)
        return out


def around(window: Window, patch: Patch, where: Bits) -> Site:
    """Return what surrounds some of the pixels (H, W) of a patch: all motion is corrected on that."""
    picture, colours = window.picture(patch.index), len(patch.planes)
    site = Site.of(window, patch.index, tuple(p.astype(np.float32) for p in picture.planes[:colours]), patch.mask)
    return site.narrow(where.ravel()[site.hole.flat])


def smooth(points: Points, values: Float, shift: tuple[int, int]) -> Float:
    """Return the low band (n,) of values (n,) at some points of a plane, of which there is one at least."""
    y, x = (LOW_PX / (1 << s) for s in shift)
    top, left = int(points.ys.min()), int(points.xs.min())
    size = (int(points.ys.max()) + 1 - top, int(points.xs.max()) + 1 - left)
    sums = np.zeros((*size, 2), np.float32)
    sums[points.ys - top, points.xs - left] = np.stack([values, np.ones(len(points), np.float32)], -1)
    sums = cv2.GaussianBlur(sums, (0, 0), sigmaX=x, sigmaY=y, borderType=cv2.BORDER_CONSTANT)
    total, count = sums[points.ys - top, points.xs - left].T
    return np.asarray(total / count, np.float32)


def usable(open_there: Bits, at: Float) -> Bits:
    """Tell which places (n, 2) lie in the picture and touch nothing that is still damaged there."""
    free = read(plane_of(open_there), at[:, 0], at[:, 1]) == 0
    return free & inside(at, (open_there.shape[0], open_there.shape[1]))

