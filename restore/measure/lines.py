"""Found and true scratches in, how much of their length was found, and how much of what was found is one, out.

Scratches are judged by length and not by pixels: a scratch half as wide as the true one is found, one half as long is
not (the protocol of segment recall, matched length over total length). The unit is one row of one scratch.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.frames import Bits
from restore.measure.detection import SCRATCH, TOLERANCE_PX, Labels, ratio

GAP_PX = 3
"""Pixels of one row no farther apart than this are one scratch: its bright core and its dark flanks, with the two
columns between them where it changes nothing."""
COVER = 1 / 3
"""A row of a true scratch is found where what was found, widened by the tolerance, covers this share of it: the core of
a scratch with light bent about it is a third of what it touches, and chance hits in noise cover less."""


@dataclass(frozen=True)
class Length:
    """Rows of scratches, of one or many frames."""

    true: int = 0
    true_found: int = 0
    claimed: int = 0
    """Rows of what was said to be a scratch; those on other damage, where nobody can tell, left out."""
    claimed_right: int = 0

    def __add__(self, other: Length) -> Length:
        """Join two counts."""
        return Length(
            self.true + other.true, self.true_found + other.true_found,
            self.claimed + other.claimed, self.claimed_right + other.claimed_right,
        )

    @property
    def recall(self) -> float:
        """Share of the length of all true scratches that was found; NaN where there are none."""
        return ratio(self.true_found, self.true)

    @property
    def precision(self) -> float:
        """Share of the length said to be scratches that lies on one; NaN where nothing was said."""
        return ratio(self.claimed_right, self.claimed)


@dataclass(frozen=True)
class Runs:
    """The runs of set pixels in every row of a mask, row by row: half-open [starts, stops) of the flattened mask."""

    starts: np.ndarray[tuple[int], np.dtype[np.intp]]
    stops: np.ndarray[tuple[int], np.dtype[np.intp]]

    def count(self, mask: Bits) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Return how many pixels of a mask (H, W) lie in each run (n,)."""
        sums = np.concatenate([[0], np.cumsum(mask.ravel())])
        return sums[self.stops] - sums[self.starts]


def runs(mask: Bits) -> Runs:
    """Return the runs of a mask (H, W), gaps up to GAP_PX closed."""
    width = mask.shape[1]
    edge = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (rows, x0), (_, x1) = np.nonzero(edge == 1), np.nonzero(edge == -1)
    starts, stops = rows * width + x0, rows * width + x1
    apart = (np.diff(rows) > 0) | (x0[1:] - x1[:-1] > GAP_PX)
    first, last = np.concatenate([[True], apart]), np.concatenate([apart, [True]])
    return Runs(starts[first[: starts.size]], stops[last[: stops.size]])


def widened(mask: Bits) -> Bits:
    """Return a mask (H, W) with the tolerance to the left and right of each pixel."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((1, 2 * TOLERANCE_PX + 1), np.uint8)) > 0


def length(found: Bits, claimed: Bits, labels: Labels) -> Length:
    """Compare scratches found with true ones, row by row.

    `found` (H, W) is everything found, whatever it was taken for: a scratch is mended by whoever finds it. `claimed`
    (H, W) is what was said to be a scratch; a row of it is right where it comes within the tolerance of a true scratch,
    and does not count where it lies on other damage instead.
    """
    scratched = labels == SCRATCH
    true = runs(scratched)
    covered, size = true.count(widened(found) & scratched), true.count(scratched)
    said = runs(claimed)
    right = said.count(widened(scratched)) > 0
    void = ~right & (said.count(labels > 0) > 0)
    return Length(
        int(size.size), int((covered >= COVER * size).sum()), int((~void).sum()), int(right.sum()),
    )
