"""A found mask and the true one in, numbers out: precision, recall and F1 of pixels, recall of objects, harm.

The protocol is that of the detection literature: pixels with a tolerance of one, objects by their overlap, false alarms
a frame. Lengths of scratches are in `lines`, scores over all thresholds in `curve`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.frames import Bits
from restore.scenes import wear

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
    area_px: int = 0
    """Pixels of all frames together."""

    def __add__(self, other: Score) -> Score:
        """Join two counts."""
        return Score(
            self.found + other.found, self.missed + other.missed, self.false + other.false,
            self.objects + other.objects, self.objects_found + other.objects_found,
            self.false_objects + other.false_objects, self.frames + other.frames,
            self.area_px + other.area_px,
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

    @property
    def false_objects_a_2k_frame(self) -> float:
        """False alarms on 2048 x 1556 pixels: what a frame of a 2K scan would have."""
        return ratio(self.false_objects * wear.FRAME_2K_PX, self.area_px)


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
        objects, objects_found, parts - true_parts, 1, int(truth.size),
    )


Labels = npt.NDArray[np.uint8]
"""(H, W): label (`wear`) of what lies on each pixel, 0 where it is undamaged."""
SCRATCH = wear.SCRATCH_LABEL
NAMED = wear.LABELS | wear.LASTING | {"dropout": wear.DROPOUT_LABEL} | wear.STILL_LABELS
KINDS = max(NAMED.values()) + 1
TRANSIENT = tuple(k.label for k in wear.PARTICLES)
"""What lasts a frame; hairs in the gate share a label with loose ones."""


def score_transient(found: Bits, labels: Labels) -> Score:
    """Score what lasts a frame alone.

    What is found on other damage, or within the tolerance of it, is neither right nor wrong here.
    """
    truth = np.isin(labels, TRANSIENT)
    return score(found & ~beside(labels, truth), truth)


def beside(labels: Labels, truth: Bits) -> Bits:
    """Return where damage lies, or is within the tolerance, that is not the one in question (all (H, W))."""
    return grow((labels > 0) & ~truth, TOLERANCE_PX) & ~truth


@dataclass(frozen=True)
class Recalls:
    """Damaged pixels by label, of one or many frames."""

    found: tuple[int, ...] = (0,) * KINDS
    total: tuple[int, ...] = (0,) * KINDS

    def __add__(self, other: Recalls) -> Recalls:
        """Join two counts."""
        return Recalls(
            tuple(a + b for a, b in zip(self.found, other.found, strict=True)),
            tuple(a + b for a, b in zip(self.total, other.total, strict=True)),
        )

    def of(self, kind: str) -> float:
        """Return the share found of the pixels of a kind of `NAMED`; NaN where there were none."""
        return ratio(self.found[NAMED[kind]], self.total[NAMED[kind]])


def recalls(found: Bits, labels: Labels) -> Recalls:
    """Count by label (H, W) which damaged pixels were found."""
    total = np.bincount(labels.ravel(), minlength=KINDS)
    right = np.bincount(labels[found], minlength=KINDS)
    return Recalls((0, *(int(v) for v in right[1:])), (0, *(int(v) for v in total[1:])))


def harm_frac(found: Bits) -> float:
    """Return the share of an undamaged picture's pixels (H, W) that would be touched."""
    return float(found.mean())
