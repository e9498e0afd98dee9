"""What several frames show at the same places in, how much of its detail they have in common out.

What they share (texture, noise that a codec carries along with the picture) an average keeps, and it is calmer than any
one of them; what each has for itself (the grain of film, detail that motion has not put in its place) it would lose.
"""

from __future__ import annotations

import numpy as np

from restore.colour import Float
from restore.motion.points import TINY, Cells, Points

CELL_PX = 8
"""Cells over whose surroundings detail is compared."""
SPARE = np.float32(0.05)
"""Averages that keep less than so much beside one frame's own count as that one: there is nothing to tell."""


def shared_frac(points: Points, own: Float, mean: Float, alone: Float, shift: tuple[int, int] = (0, 0)) -> Float:
    """Return what part (n,) of the detail around points of a plane is common to the frames that were averaged: 0 to 1.

    `own` (n,) is the energy of one frame's detail, `mean` (n,) that of the weighted average's, and `alone` (n,) what
    of it an average keeps that has nothing in common: the sum of the squared weights, which sum to one. With that the
    result is the mean correlation of two frames.
    """
    cells = Cells(points.size, max(1, CELL_PX >> shift[0]), max(1, CELL_PX >> shift[1]))
    _, has, keeps, least = cells.sums(cells.of(points), own, mean, alone * own)
    common = (keeps - least) / np.maximum(has - least, SPARE * has + TINY)
    return np.clip(cells.at(common, points), 0, 1).astype(np.float32)
