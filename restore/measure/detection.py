"""A found mask and the true one in, numbers out: precision, recall and F1 of pixels, recall of objects, harm."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.frames import Bits

TOLERANCE_PX = 1
"""A false pixel this close to a true one is the softness of its edge, not a false alarm."""
HIT = 0.1
"""An object is found where more than this share of it is."""


@dataclass(frozen=True)
class Score:
    """Counts of one or many frames."""

    found: int = 0
    """Pixels found that are damaged."""
    missed: int = 0
    """Damaged pixels not found."""
    false: int = 0
    """Pixels found that are not damaged, nor within the tolerance of one that is."""
    objects: int = 0
    objects_found: int = 0
    false_objects: int = 0
    """Connected parts of the found mask that touch no damage."""
    frames: int = 0

    def __add__(self, other: Score) -> Score:
        """Join two counts."""
        return Score(
            self.found + other.found, self.missed + other.missed, self.false + other.false,
            self.objects + other.objects, self.objects_found + other.objects_found,
            self.false_objects + other.false_objects, self.frames + other.frames,
        )

    @property
    def precision(self) -> float:
        """Share of what was found that is damaged."""
        return ratio(self.found, self.found + self.false)

    @property
    def recall(self) -> float:
        """Share of the damaged pixels that were found."""
        return ratio(self.found, self.found + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return ratio(2 * self.found, 2 * self.found + self.false + self.missed)

    @property
    def object_recall(self) -> float:
        """Share of the damaged objects that were found."""
        return ratio(self.objects_found, self.objects)

    @property
    def false_objects_a_frame(self) -> float:
        """False alarms a frame."""
        return ratio(self.false_objects, self.frames)


def ratio(part: float, whole: float) -> float:
    """Return part / whole, NaN where there is no whole."""
    return part / whole if whole else float("nan")


def grow(mask: Bits, px: int) -> Bits:
    """Return the mask (H, W) widened by `px` in all eight directions."""
    kernel = np.ones((2 * px + 1, 2 * px + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def components(mask: Bits, other: Bits) -> tuple[int, int]:
    """Count the connected parts of a mask, and those more than HIT of which lies in another (both (H, W))."""
    n, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    area = np.bincount(labels.ravel(), minlength=n)[1:]
    inside = np.bincount(labels[other], minlength=n)[1:]
    return n - 1, int((inside > HIT * area).sum())


def score(found: Bits, truth: Bits) -> Score:
    """Compare a found mask with the true one, both (H, W)."""
    near = grow(truth, TOLERANCE_PX)
    objects, objects_found = components(truth, found)
    parts, true_parts = components(found, near)
    return Score(
        int((found & truth).sum()), int((truth & ~found).sum()), int((found & ~near).sum()),
        objects, objects_found, parts - true_parts, 1,
    )


def recall_by_label(found: Bits, labels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> dict[int, float]:
    """Return for each label of a label map (H, W), 0 apart, the share of its pixels that were found."""
    kinds = (int(k) for k in np.unique(labels) if k)
    return {k: float(found[labels == k].mean()) for k in kinds}


def harm_frac(found: Bits) -> float:
    """Return the share of an undamaged picture's pixels (H, W) that would be touched."""
    return float(found.mean())
