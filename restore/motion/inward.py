"""Motion around damage in, motion under the damage out: it is carried inwards from where it can be believed.

What DIS says under a hole is measured on a guess of the picture, so it is replaced by the average of the motion
around the hole, weighted by its forward-backward validity (normalised convolution, Knutsson and Westin, CVPR 1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from restore.colour import Float
from restore.frames import Bits
from restore.motion.flow import round_trip
from restore.motion.points import TINY, Cells, Points, every_other, grow, read

RIM_PX = 6
"""How far around a hole, in proxy pixels, motion is taken from."""
CELL_PX = 4


@dataclass(frozen=True)
class Shore:
    """Where the damage of one frame lies on its proxy, and where motion is taken from."""

    size: tuple[int, int]
    rim: Points
    """Every other pixel of it, as on a chessboard."""

    @classmethod
    def of(cls, hidden: Bits) -> Self:
        """Gather the `hidden` pixels (h, w) of a proxy and what surrounds them."""
        return cls((hidden.shape[0], hidden.shape[1]), Points.of(every_other(grow(hidden, RIM_PX) & ~hidden)))

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return 16 * len(self.rim)


@dataclass(frozen=True)
class Course:
    """Motion t to u as it is to be used in and near the damage of t: smooth, and known for all of the picture."""

    field: Float
    """(rows, columns, 2) float32, (dx, dy) in proxy pixels, one a cell of CELL_PX x CELL_PX proxy pixels."""
    valid: Bits
    """(h, w): where the trip comes home, told for the rim around the holes only."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.field.nbytes + self.valid.nbytes

    def told_frac(self, scale: int) -> float:
        """Return for what part of a plane's rim it can be told at most whether it is valid.

        Motion is looked at on the fields of one colour of a chessboard; where planes are as large as the proxy, what
        is compared lies on the same fields.
        """
        return 1.0 if scale == 1 else 0.5

    def targets(self, points: Points, scale: int, shift: tuple[int, int] = (0, 0)) -> Float:
        """Return where points of a plane go: (n, 2) float32, (x, y) in that plane of u."""
        step_y, step_x = (1 << shift[0]) / scale, (1 << shift[1]) / scale
        xs, ys = points.xs.astype(np.float32), points.ys.astype(np.float32)
        half, to_x, to_y = np.float32(0.5), np.float32(step_x / CELL_PX), np.float32(step_y / CELL_PX)
        by = read(self.field, (xs + half) * to_x - half, (ys + half) * to_y - half)
        by[:, 0] = by[:, 0] / np.float32(step_x) + xs
        by[:, 1] = by[:, 1] / np.float32(step_y) + ys
        return by


def inward(there: Float, back: Float, shore: Shore) -> Course:
    """Return the motion t to u near the damage of t, made smooth and carried into it."""
    rim, cells = shore.rim, Cells(shore.size, CELL_PX, CELL_PX)
    if not len(rim):  # nothing but damage: no motion is known, and nothing may be believed
        return Course(np.zeros((*cells.shape, 2), np.float32), np.zeros(shore.size, bool))
    vector = there.reshape(-1, 2).take(rim.flat, 0)
    at = vector + np.stack([rim.xs, rim.ys], -1).astype(np.float32)
    home = read(back, at[:, 0], at[:, 1])
    good = round_trip(vector[None], home[None], at[None], shore.size)[0]
    valid = np.zeros(shore.size, bool)
    valid.ravel()[rim.flat[good]] = True
    n, x, y = cells.sums(cells.of(rim)[good], vector[good, 0], vector[good, 1])
    return Course(cv2.merge([x, y]) / np.maximum(n, TINY)[..., None], valid)
