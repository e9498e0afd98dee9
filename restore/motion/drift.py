"""Motion between two frames and what is hidden in them in, how the surroundings of each wide hole move as a whole out.

Motion next to a hole is measured on squares that reach into it, where there is only a guess of the picture: an error of
a pixel or two, which a narrow hole hides and a wide one shows. What lasts (a thing that is taken out) has its guesses in
both frames, and they move as it does. So around wide holes the motion is taken from further out, where neither frame's
damage has a say, and one affine motion is fitted to it that no part of it can spoil (iteratively reweighted least
squares; Black and Anandan, CVIU 1996, for robust affine motion).
"""

from __future__ import annotations

from collections.abc import Sequence

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
"""A motion is one if so large a part of what tells it follows it so closely, in proxy pixels: else there are several."""
SPAN_PX = 64.0

Wide = npt.NDArray[np.float64]


def drift(there: Float, back: Float, holes: Sequence[Bits], murky: tuple[Bits, Bits]) -> Dense:
    """Return the motion around and in the wide holes of a frame, from the fields (h, w, 2) to another one and back.

    `holes` are its wide holes, `murky` where damage of either frame has a say in the motion, (h, w) of the proxy.
    """
    field, valid = np.zeros_like(there), np.zeros(there.shape[:2], bool)
    clouded = murky[1].view(np.uint8) * np.uint8(255)
    for hole in holes:
        found = fitted(hole, there, back, murky[0], clouded)
        if found is not None:
            rim = Points.of(grow(hole, RIM_PX))
            field.reshape(-1, 2)[rim.flat] = terms(rim, found[0]) @ found[1]
            valid.ravel()[rim.flat] = True
    return Dense(field, valid)


def wide(hidden: Bits) -> list[Bits]:
    """Return each of the holes (h, w) of a proxy that is somewhere wide."""
    core = cv2.erode(hidden.view(np.uint8), np.ones((WIDE_PX, WIDE_PX), np.uint8), borderValue=1).view(np.bool_)
    if not core.any():
        return []
    _, labels = cv2.connectedComponents(hidden.view(np.uint8))
    return [np.asarray(labels == k) for k in np.unique(labels[core & hidden])]


def murky(hidden: Bits) -> Bits:
    """Return where damage (h, w) has a say in the motion that is measured on a proxy."""
    return grow(hidden, APART_PX)


def fitted(hole: Bits, there: Float, back: Float, murky: Bits, clouded: Plane) -> tuple[Float, Float] | None:
    """Return the middle (2,) of a hole and the affine motion (3, 2) around it; None where too little is seen."""
    places = Points.of(grow(hole, FAR_PX) & ~murky)
    places = every(places, -(-len(places) // MOST))
    way = there.reshape(-1, 2).take(places.flat, 0)
    at = way + np.stack([places.xs, places.ys], -1).astype(np.float32)
    home = read(back, at[:, 0], at[:, 1])
    good = round_trip(way[None], home[None], at[None], (hole.shape[0], hole.shape[1]))[0]
    good &= read(clouded, at[:, 0], at[:, 1]) == 0
    if good.sum() < LEAST:
        return None
    ys, xs = np.nonzero(hole)
    centre = np.array([xs.mean(), ys.mean()], np.float32)
    given, way = terms(places.pick(good), centre), way[good]
    fit = robust(given, way)
    followed = np.hypot(*(way - given @ fit).T) < NEAR_PX
    return (centre, fit) if followed.mean() >= FOLLOW else None


def every(points: Points, step: int) -> Points:
    """Return one of so many points, spread over rows and columns alike."""
    return points if step <= 1 else points.pick((points.ys * 3 + points.xs) % step == 0)


def terms(points: Points, centre: Float) -> Float:
    """Return what an affine motion multiplies, (n, 3) float32."""
    x, y = ((v.astype(np.float32) - c) / np.float32(SPAN_PX) for v, c in zip((points.xs, points.ys), centre, strict=True))
    return np.stack([np.ones_like(x), x, y], -1)


def robust(given: Float, way: Float) -> Float:
    """Return the affine motion (3, 2) that most of the vectors (n, 2) follow."""
    x, y = given.astype(np.float64), way.astype(np.float64)
    fit: Wide = np.zeros((3, 2))
    fit[0] = np.median(y, 0)
    for _ in range(ROUNDS):
        off = np.hypot(*(y - x @ fit).T)
        scale = max(ROOM, 1.5 * float(np.median(off)))
        weighted = x * np.square(1 / (1 + np.square(off / scale)))[:, None]
        fit = np.linalg.solve(weighted.T @ x + 1e-3 * np.eye(3), weighted.T @ y)
    return fit.astype(np.float32)
