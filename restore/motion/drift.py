"""Motion between two frames and what is hidden in them in, how the surroundings of each wide hole move as a whole out.

Motion next to a hole is measured on squares that reach into it, where there is only a guess of the picture: an error
of a pixel or two, which a narrow hole hides and a wide one shows. What lasts (a thing that is taken out) has its
guesses in both frames, and they move as it does. So around wide holes the motion is taken from further out, where
neither frame's damage has a say, and one affine motion is fitted to it that no part of it can spoil (iteratively
reweighted least squares; Black and Anandan, CVIU 1996, for robust affine motion). Where most of it does not follow,
there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.motion.dense import Dense
from restore.motion.flow import round_trip
from restore.motion.inward import RIM_PX
from restore.motion.points import Points, grow, read
from restore.source import Plane

WIDE_PX = 8
"""Holes that are nowhere so wide, in proxy pixels, are left to the motion at their rim."""
APART_PX, FAR_PX = 8, 24
"""Motion is taken from so far outside of a hole, in proxy pixels: no square it is measured on reaches inside."""
LEAST, MOST = 48, 4096
"""Places that tell the motion: fewer are not asked, and no more are needed."""
ROUNDS = 10
ROOM = 0.25
"""Proxy pixels by which every place may be off."""
NEAR_PX, FOLLOW = 0.5, 0.7
"""A motion is one if so large a part of what tells it follows it so closely, in proxy pixels; else it is several."""
SPAN_PX = 64.0
FIRM = 1e-3
"""What "no motion" counts, in places: keeps the sums apart from zero."""


@dataclass(frozen=True)
class WideHole:
    """One wide hole of a frame, on the proxy."""

    size: tuple[int, int]
    """(h, w) of the proxy."""
    corner: tuple[int, int]
    """(y, x) of the part that is kept of it: the hole and FAR_PX around."""
    hole: Bits
    """That part."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.hole.nbytes

    @property
    def part(self) -> tuple[slice, slice]:
        """Where that part lies in the proxy."""
        return tuple(slice(c, c + n) for c, n in zip(self.corner, self.hole.shape, strict=True))  # type: ignore[return-value]

    def within(self, px: int, but: Bits | None = None) -> Points:
        """Return the places of the proxy in the hole and up to `px` around it, without those of a mask (h, w)."""
        near = grow(self.hole, px)
        some = Points.of(near if but is None else near & ~but[self.part])
        return Points(self.size, some.ys + self.corner[0], some.xs + self.corner[1])


def wide(hidden: Bits) -> tuple[WideHole, ...]:
    """Return those of the holes (h, w) of a proxy that are somewhere wide."""
    core = cv2.erode(hidden.view(np.uint8), np.ones((WIDE_PX, WIDE_PX), np.uint8), borderValue=1).view(np.bool_)
    if not core.any():
        return ()
    _, labels, stats, _ = cv2.connectedComponentsWithStats(hidden.view(np.uint8))
    return tuple(_cut(labels, int(k), stats[k]) for k in np.unique(labels[core & hidden]))


def _cut(labels: npt.NDArray[np.int32], label: int, box: npt.NDArray[np.int32]) -> WideHole:
    left, top, width, height = (int(v) for v in box[:4])
    y, x = max(0, top - FAR_PX), max(0, left - FAR_PX)
    part = labels[y : top + height + FAR_PX, x : left + width + FAR_PX]
    return WideHole((labels.shape[0], labels.shape[1]), (y, x), np.asarray(part == label))


def together(holes: Sequence[WideHole], size: tuple[int, ...]) -> Bits:
    """Return wide holes as one mask (h, w)."""
    out = np.zeros(size, bool)
    for hole in holes:
        out[hole.part] |= hole.hole
    return out


def murky(hidden: Bits) -> Bits:
    """Return where damage (h, w) has a say in the motion that is measured on a proxy."""
    return grow(hidden, APART_PX)


def drift(there: Float, back: Float, holes: Sequence[WideHole], murk: tuple[Bits, Bits]) -> Dense:
    """Return the motion around and in the wide holes of a frame, from the fields (h, w, 2) to another one and back.

    `murk` (h, w) is where damage of either frame has a say in the fields. It is valid around and in those holes whose
    surroundings move as one.
    """
    out = Dense.nowhere(there.shape[:2])
    clouded = murk[1].view(np.uint8) * np.uint8(255)
    for hole in holes:
        told = fitted(hole, there, back, murk[0], clouded)
        if told is not None:
            rim = hole.within(RIM_PX)
            out.field.reshape(-1, 2)[rim.flat] = moved(terms(rim, hole.corner), told)
            out.valid.ravel()[rim.flat] = True
    return out


def fitted(hole: WideHole, there: Float, back: Float, murk: Bits, clouded: Plane) -> Float | None:
    """Return the affine motion (3, 2) of what surrounds a hole; None where too little is seen, or it is not one."""
    places = hole.within(FAR_PX, but=murk)
    places = every(places, -(-len(places) // MOST))
    if len(places) < LEAST:
        return None
    way = there.reshape(-1, 2).take(places.flat, 0)
    at = way + np.stack([places.xs, places.ys], -1).astype(np.float32)
    home = read(back, at[:, 0], at[:, 1])
    good = round_trip(way[None], home[None], at[None], hole.size)[0]
    good &= read(clouded, at[:, 0], at[:, 1]) == 0
    if good.sum() < LEAST:
        return None
    given, way = terms(places.pick(good), hole.corner), way[good]
    fit = robust(given, way)
    followed = np.hypot(*(way - moved(given, fit)).T) < NEAR_PX
    return fit if followed.mean() >= FOLLOW else None


def every(points: Points, step: int) -> Points:
    """Return one of so many points, spread over rows and columns alike."""
    return points if step <= 1 else points.pick((points.ys * 3 + points.xs) % step == 0)


def terms(points: Points, corner: tuple[int, int]) -> Float:
    """Return what an affine motion multiplies, (n, 3) float32."""
    y, x = (v.astype(np.float32) - np.float32(c) for v, c in zip((points.ys, points.xs), corner, strict=True))
    return np.stack([np.ones_like(x), x / np.float32(SPAN_PX), y / np.float32(SPAN_PX)], -1)


def moved(given: Float, fit: Float) -> Float:
    """Return an affine motion (3, 2) at terms (n, 3): (n, 2). Sums in one order, whatever the threads."""
    return np.asarray(np.einsum("nk,kc->nc", given, fit), np.float32)


def robust(given: Float, way: Float) -> Float:
    """Return the affine motion (3, 2) that most of the vectors (n, 2) follow."""
    x, y = given.astype(np.float64), way.astype(np.float64)
    fit = np.zeros((3, 2))
    fit[0] = np.median(y, 0)
    for _ in range(ROUNDS):
        off = np.hypot(*(y - np.einsum("nk,kc->nc", x, fit)).T)
        scale = max(ROOM, 1.5 * float(np.median(off)))
        weighted = x * np.square(1 / (1 + np.square(off / scale)))[:, None]
        square = np.einsum("nk,nj->kj", weighted, x) + FIRM * np.eye(3)
        fit = np.linalg.solve(square, np.einsum("nk,nc->kc", weighted, y))
    return fit.astype(np.float32)
