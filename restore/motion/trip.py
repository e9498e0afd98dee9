"""The motion between two frames in, all that is remembered of it out: what is used of it, without the empty rest.

Fields are megabytes and are needed for a moment; what is made of them lies in and near damage. It is small enough to be
kept from when a frame is filled until its patch is settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.motion.dense import Dense
from restore.motion.inward import Course

Places = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Trip:
    """The motion from one frame to another; `course` and `drift` give back exactly what it was made of."""

    size: tuple[int, ...]
    """(h, w) of the proxy."""
    field: Float
    """(rows, columns, 2) of the course."""
    home: Places
    """Where the course is valid, in the flattened proxy."""
    around: Places
    """Where the drift is valid."""
    way: Float
    """(n, 2) the drift there."""

    @classmethod
    def of(cls, course: Course, drift: Dense) -> Self:
        """Gather both: a drift is zero wherever it is not valid."""
        home, around = (np.flatnonzero(valid).astype(np.int32) for valid in (course.valid, drift.valid))
        return cls(course.valid.shape, course.field, home, around, drift.field.reshape(-1, 2).take(around, 0))

    @property
    def course(self) -> Course:
        """Return the motion in and near all damage."""
        return Course(self.field, self._valid(self.home))

    @property
    def drift(self) -> Dense:
        """Return the motion around wide holes."""
        field = np.zeros((*self.size, 2), np.float32)
        field.reshape(-1, 2)[self.around] = self.way
        return Dense(field, self._valid(self.around))

    def _valid(self, places: Places) -> npt.NDArray[np.bool_]:
        valid = np.zeros(self.size, bool)
        valid.ravel()[places] = True
        return valid
