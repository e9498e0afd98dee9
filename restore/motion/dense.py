"""One motion for every pixel of a proxy in, where the points of any plane go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from restore.colour import Float
from restore.frames import Bits
from restore.motion.points import Points, read


@dataclass(frozen=True)
class Dense:
    """Motion from one frame to another, in and near damage; to be used where a `Course` is."""

    field: Float
    """(h, w, 2) float32, (dx, dy) in proxy pixels; zero away from damage."""
    valid: Bits
    """(h, w): where it can be believed."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.field.nbytes + self.valid.nbytes

    @classmethod
    def nowhere(cls, size: tuple[int, ...]) -> Self:
        """Return motion that is known nowhere on a proxy of a size (h, w)."""
        return cls(np.zeros((*size, 2), np.float32), np.zeros(size, bool))

    def told_frac(self, scale: int) -> float:
        """Return for what part of a plane's rim it can be told at most whether it is valid: all of it."""
        return 1.0

    def targets(self, points: Points, scale: int, shift: tuple[int, int] = (0, 0)) -> Float:
        """Return where points of a plane go: (n, 2) float32, (x, y) in that plane of the other frame."""
        step_y, step_x = np.float32((1 << shift[0]) / scale), np.float32((1 << shift[1]) / scale)
        xs, ys, half = points.xs.astype(np.float32), points.ys.astype(np.float32), np.float32(0.5)
        by = read(self.field, (xs + half) * step_x - half, (ys + half) * step_y - half)
        by[:, 0], by[:, 1] = by[:, 0] / step_x + xs, by[:, 1] / step_y + ys
        return by
