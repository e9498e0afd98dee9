"""Strengths and the truth in, precision and recall at every threshold and their average out; counts that add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.measure.detection import TOLERANCE_PX, grow

BINS = 1 << 15
"""One for each value of the upper half of a positive float32: steps of 1/128 of the value at any magnitude, whatever
unit a detector's strength has."""
Counts = npt.NDArray[np.int64]
Table = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """Pixels by strength, of one or many frames."""

    right: Counts
    """(BINS,) damaged pixels."""
    false: Counts
    """(BINS,) undamaged ones, those within the tolerance of damage left out."""
    damaged: int
    """All damaged pixels, those of no strength among them."""

    def __add__(self, other: Curve) -> Curve:
        """Join two counts."""
        return Curve(self.right + other.right, self.false + other.false, self.damaged + other.damaged)

    def points(self) -> tuple[Table, Table]:
        """Return (recall, precision) (n,) at each threshold, the highest first."""
        right, false = (np.cumsum(c[::-1]) for c in (self.right, self.false))
        new = (self.right + self.false)[::-1] > 0
        if not self.damaged:
            return np.zeros(0), np.zeros(0)
        return right[new] / self.damaged, right[new] / (right + false)[new]

    @property
    def average_precision(self) -> float:
        """Return the sum over thresholds of precision times the gain in recall; what is never found counts as 0.

        NaN where nothing was damaged.
        """
        recall, precision = self.points()
        return float(np.sum(np.diff(recall, prepend=0.0) * precision)) if self.damaged else float("nan")

    @property
    def best_f1(self) -> float:
        """Return the F1 at the threshold that suits this very material best: no default can do better."""
        recall, precision = self.points()
        both = recall + precision
        return float(np.max(2 * recall * precision / np.where(both > 0, both, 1), initial=0.0))


def curve(strength: Float, truth: Bits) -> Curve:
    """Count the pixels of a strength (H, W), 0 for none, by whether they are damaged (H, W)."""
    positive = strength > 0
    far = positive & ~grow(truth, TOLERANCE_PX)
    return Curve(spread(strength[positive & truth]), spread(strength[far]), int(truth.sum()))


def spread(values: Float) -> Counts:
    """Count positive values (n,) by the upper half of their bits, which order as they do (IEEE 754)."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32) >> 16
    return np.bincount(bits, minlength=BINS)
