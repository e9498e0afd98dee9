"""Two frames on either side of a hole in, how the picture moves in the hole itself out: measured past it.

Motion carried in from around a hole (`motion.inward`) knows nothing of what moves only inside of it. Most damage lasts
one frame: then frames before and after show the place itself, and what lies between them is told by the motion from the
one to the other, here taken to be even over so few frames (as `between` does for slices; Ehrhardt et al. 2007).
"""

from __future__ import annotations

import numpy as np

from restore.colour import Float
from restore.frames import Bits
from restore.motion.dense import Dense
from restore.motion.flow import round_trip
from restore.motion.inward import RIM_PX
from restore.motion.points import Points, grow, read
from restore.motion.proxy import scale_of, shrink
from restore.source import Plane
from restore.window import Window

TURNS = 3
"""Times that a motion is looked up again where it has led to."""
SPOILT_PX = 2
"""Motion this close, in proxy pixels, to damage of the frames it is measured on is not believed."""


def across(window: Window, t: int, before: int, after: int) -> tuple[Dense, Dense]:
    """Return the motion from frame t to t + before (below 0) and t + after, as those two show it; all in one shot."""
    there, back = window.fields(t + before, t + after)
    scale, share = scale_of(window.size), np.float32(after / (after - before))
    near = Points.of(grow(shrink(window.hidden(t), scale), RIM_PX))
    here = np.stack([near.xs, near.ys], -1).astype(np.float32)
    first, fine = passing(there, back, here, 1 - share)
    second, good = passing(back, there, here, share)
    way = np.where((fine == good)[:, None], (first - second) / 2, np.where(fine[:, None], first, -second))
    to_a, to_b = (share - 1) * way, share * way
    known = fine | good
    for k, by in ((before, to_a), (after, to_b)):
        known &= read(spoilt(window, t + k, scale), *(here + by).T) == 0
    return spread(near, to_a, known), spread(near, to_b, known)


def passing(there: Float, back: Float, here: Float, share: np.float32) -> tuple[Float, Bits]:
    """Return the motion (n, 2) that passes places (n, 2) after a share of its length, and where its trip comes home."""
    way = np.zeros_like(here)
    for _ in range(TURNS):
        start = here - share * way
        way = read(there, start[:, 0], start[:, 1])
    end = start + way
    home = read(back, end[:, 0], end[:, 1])
    return way, round_trip(way[None], home[None], end[None], (there.shape[0], there.shape[1]))[0]


def spoilt(window: Window, t: int, scale: int) -> Plane:
    """Return where the motion from or to frame t is not to be believed: (h, w), 255 and 0."""
    near = grow(shrink(window.hidden(t), scale), SPOILT_PX).view(np.uint8)
    return np.multiply(near, np.uint8(255), out=near.copy())


def spread(near: Points, way: Float, known: Bits) -> Dense:
    """Return motion (n, 2) at points of the proxy as a field."""
    field, valid = np.zeros((*near.size, 2), np.float32), np.zeros(near.size, bool)
    field.reshape(-1, 2)[near.flat], valid.ravel()[near.flat] = way, known
    return Dense(field, valid)
