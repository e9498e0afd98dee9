"""Two passes over the same frame in, by how many pixels the second lies beside the first, and how sure that is.

A scanner takes infrared in a pass or through a lens path of its own, so a map may lie a few pixels off its picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.frames import Bits

MARGIN = 10
"""Shifts looked at beyond those allowed, in pixels: they say how high chance gets."""
APART = 3
"""Shifts nearer than this to the best one belong to its peak and not to chance."""
DETAIL_SIGMA_PX = 2.5
"""Only detail finer than this is compared: it is what fixes a place."""


SUREST_CHANCE_SIGMA = 7.0
"""Measured: passes that have nothing in common reach 4.3 sigma by chance, wrong shifts 6.7."""


@dataclass(frozen=True)
class Shift:
    """How a map has to be moved to lie on its picture."""

    y_px: float
    x_px: float
    sureness: float
    """How many robust standard deviations of chance the best shift stands out by."""
    within: bool
    """Whether it lies within the allowed shifts; one at or beyond their edge may be anything."""

    @property
    def plausible(self) -> bool:
        """Whether to believe it."""
        return self.within and self.sureness >= SUREST_CHANCE_SIGMA

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.y_px:+.2f} px down, {self.x_px:+.2f} px right (it stands out {self.sureness:.1f} sigma)"


def detail(picture: Float) -> Float:
    """Return fine detail (H, W), evened out so that no strong edge drowns the rest; the border fades to nothing."""
    blurred = cv2.GaussianBlur(picture, (0, 0), DETAIL_SIGMA_PX, borderType=cv2.BORDER_REFLECT)
    fine = picture - blurred
    energy = cv2.GaussianBlur(fine * fine, (0, 0), 8 * DETAIL_SIGMA_PX, borderType=cv2.BORDER_REFLECT)
    even: Float = fine / np.sqrt(energy + np.float32(1e-3) * energy.mean() + np.float32(1e-12))
    return np.clip(even, -6, 6)


def likeness(still: Float, moved: Float, reach_px: int) -> tuple[Float, Float]:
    """Return how alike two `detail`s are at each shift of the second, up to reach_px + MARGIN in each direction.

    Two planes (2r + 1, 2r + 1): of the details with their signs, and of their sizes alone, as dirt may be dark in one
    and bright in the other. Zero-mean correlations, divided by the number of pixels compared.
    """
    r = reach_px + MARGIN
    inner = moved[r:-r, r:-r]
    signed = cv2.matchTemplate(still, inner, cv2.TM_CCORR) / np.float32(inner.size)
    size_still, size_moved = np.abs(still), np.abs(moved)
    size_still -= size_still.mean()
    size_moved -= size_moved.mean()
    sizes = cv2.matchTemplate(size_still, size_moved[r:-r, r:-r], cv2.TM_CCORR) / np.float32(inner.size)
    return signed, sizes


def best(alike: Sequence[tuple[Float, Float]], reach_px: int) -> Shift:
    """Return the shift at which the frames together are most alike, to a fraction of a pixel."""
    signed, sizes = (np.mean([pair[k] for pair in alike], 0) for k in (0, 1))
    return max((_peak(plane, reach_px) for plane in (signed, -signed, sizes)), key=lambda s: s.sureness)


def _peak(plane: Float, reach_px: int) -> Shift:
    r = plane.shape[0] // 2
    y, x = (int(v) for v in np.unravel_index(int(np.argmax(plane)), plane.shape))
    ys, xs = np.ogrid[: plane.shape[0], : plane.shape[1]]
    chance = plane[np.hypot(ys - y, xs - x) > APART]
    middle = float(np.median(chance))
    sigma = 1.4826 * float(np.median(np.abs(chance - middle)))
    sureness = (float(plane[y, x]) - middle) / sigma if sigma > 0 else 0.0
    within = max(abs(y - r), abs(x - r)) < reach_px + 1
    if not (0 < y < 2 * r and 0 < x < 2 * r):
        return Shift(float(y - r), float(x - r), sureness, False)
    return Shift(y - r + _between(plane[y - 1 : y + 2, x]), x - r + _between(plane[y, x - 1 : x + 2]), sureness, within)


def _between(three: Float) -> float:
    """Return where a parabola through three neighbouring values has its top, from the middle one."""
    low, top, high = (float(v) for v in three)
    bend = low - 2 * top + high
    return 0.5 * (low - high) / bend if bend < 0 else 0.0


def moved(plane: Float, shift: Shift) -> tuple[Float, Bits]:
    """Return a map (H, W) moved by the shift, and where it is known: what comes in over the border is not."""
    matrix = np.array([[1, 0, shift.x_px], [0, 1, shift.y_px]], np.float64)
    h, w = plane.shape
    out, known = (
        cv2.warpAffine(a, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=border)
        for a, border in ((plane, cv2.BORDER_REPLICATE), (np.ones((h, w), np.float32), cv2.BORDER_CONSTANT))
    )
    return out, known > 0.999
