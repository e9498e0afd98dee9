"""A frame's things and its neighbours in, how much of each seems to come from one side and go on to the other out.

What moves leaves a hole where it was and covers what it comes to: one neighbour alone differs there. Dirt lies on one
frame, and both neighbours show the same around it, but for dirt of their own, which lies anywhere. Unlike the motion
that is measured, this holds for what is faster, smaller or more blurred than any motion estimate follows.
"""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float
from restore.detect._things import Ints, Scene, Table, Things

REACH, REACH_PX = 2.0, 16
"""A thing is looked for within so many times its longer side around it, and so many half-size pixels more."""
SHARE, LEVELS = 0.5, 6.0
"""A neighbour differs where it does by this share of the thing's own excess, by so many 8-bit levels at least ..."""
ALONE = 0.7
"""... and differs alone where the other one does by less than this share of it."""
BEND = 0.3
"""A path may bend by this share of the thing's longer side."""


def travel(scene: Scene, found: Things, some: Ints) -> Table:
    """Return (m, 3) for some things (m,): the greatest share of their area that one neighbour alone differs in
    somewhere near, the same for the neighbour that does less, and for both at opposite places; each 0 to 1.
    """
    return np.array([_travel(scene, found, int(i)) for i in some], np.float64).reshape(-1, 3)


def _travel(scene: Scene, found: Things, i: int) -> tuple[float, float, float]:
    y0, x0, y1, x1 = (int(v) for v in found.boxes[i])
    side = max(y1 - y0, x1 - x0)
    reach = round(REACH * side) + REACH_PX
    (h, w), top, left = scene.here.shape, max(y0 - reach, 0), max(x0 - reach, 0)
    at = np.s_[top : min(y1 + reach, h), left : min(x1 + reach, w)]
    places = found.at[found.starts[i] :][: found.area[i]]
    shape = np.zeros((y1 - y0, x1 - x0), np.float32)
    shape[places // w - y0, places % w - x0] = 1
    level = max(SHARE * float(scene.excess.ravel()[places].mean()), LEVELS)
    room = (reach - (y0 - top), reach - (at[0].stop - y1), reach - (x0 - left), reach - (at[1].stop - x1))
    was, will = (
        found_at(cv2.copyMakeBorder(alone, *room, cv2.BORDER_CONSTANT, value=0.0), shape)
        for alone in changed(scene, at, shape, (y0 - top, x0 - left), level)
    )
    bend = 2 * int(BEND * side / 2 + 1) + 1
    opposite = cv2.dilate(np.ascontiguousarray(will[::-1, ::-1]), np.ones((bend, bend), np.uint8))
    sides = float(was.max()), float(will.max())
    return max(sides), min(sides), float(np.minimum(was, opposite).max())


def changed(
    scene: Scene, at: tuple[slice, slice], shape: Float, corner: tuple[int, int], level: float
) -> tuple[Float, Float]:
    """Return 1 where the frame before alone differs, and where the one after does, within a crop; not inside the thing,
    whose `shape` (bh, bw) has its upper left corner there.
    """
    here = scene.here[at]
    before, after = cv2.absdiff(scene.before[at], here), cv2.absdiff(scene.after[at], here)
    free = np.ones(here.shape, np.float32)
    (y, x), (bh, bw) = corner, shape.shape
    free[y : y + bh, x : x + bw] -= shape
    was = ((before > level) & (after < ALONE * before)) * free
    will = ((after > level) & (before < ALONE * after)) * free
    return was, will


def found_at(alone: Float, shape: Float) -> Float:
    """Return for each place how much of a `shape` (bh, bw) laid there is covered by what is 1, as a share of it."""
    # Counts: rounded, they are the same however the sum was made.
    return np.asarray(np.rint(cv2.matchTemplate(alone, shape, cv2.TM_CCORR)) / shape.sum(), np.float32)
