"""A patch and what surrounds it in, the patch without a step at its edge out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from restore.blend._touch import Restored, invented, rewrite
from restore.colour import Float
from restore.frames import Bits, Patch, support
from restore.motion.points import TINY, Cells, Points, grow
from restore.source import Plane
from restore.window import Window

CELL_PX = 4
SKIP_PX = 1
"""Pixels next to a patch that are not compared with: a trace of the damage may be left in them."""
RING_PX = 4
NOISE = 0.5
"""Differences up to this many 8-bit levels are nobody's seam."""
MOST = 8.0
"""Largest correction in 8-bit levels: beyond it the fill is wrong, and a feather would only smear it."""


@dataclass(frozen=True)
class Seam:
    """Good at an invented fill a little too dark or bright at its rim. Cannot join pictures that do not fit.

    The mean of the outermost fill is brought to the mean of the ring around it as far as the difference exceeds
    what the ring's own unrest explains, and the correction fades out inwards: a dirty rim is not spread over the
    fill, as solving Poisson's equation would do. Copied pixels were toned to their ring and stay as they are.
    """

    version: ClassVar[int] = 1

    feather_px: int = 3
    """How far into the patch the correction reaches."""

    def __post_init__(self) -> None:
        """Refuse feathers that are none or too wide."""
        if not 1 <= self.feather_px <= 32:
            raise ValueError(f"feather_px must be 1 to 32, not {self.feather_px}")

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def blend(self, window: Window, t: int, patch: Callable[[int], Patch]) -> Patch:
        """Return frame t's patch with its rim brought to its surroundings."""
        own = patch(t)
        made_up = invented(own)
        if not made_up.any():
            return own
        picture = window.picture(t)
        unknown = made_up | (window.hidden(t) & ~own.mask)
        points, values = [], []
        rims: dict[tuple[int, int], tuple[Points, Points, Float]] = {}
        for p in range(len(own.planes)):
            shift = window.pixels.shift(p)
            if shift not in rims:
                rims[shift] = self._rim(*(support(m, window.pixels, p) for m in (made_up, unknown)))
            rim, outside, fade = rims[shift]
            shown = Restored.of(window, picture, own, p)
            here = shown.at(rim.ys, rim.xs)
            step = self._step(rim, outside, here, shown.at(outside.ys, outside.xs), 255 / window.pixels.peak)
            points.append(rim)
            values.append(here + fade * step)
        return rewrite(own, points, values, window.pixels)

    def _rim(self, under: Bits, not_ring: Bits) -> tuple[Points, Points, Float]:
        """Return the outermost samples of the fill, the ring around it, and what share of a step each sample takes."""
        depth = depths(under, self.feather_px)
        rim = Points.of(depth > 0)
        outside = Points.of(grow(under, RING_PX) & ~grow(not_ring, SKIP_PX))
        return rim, outside, 1 - (depth.ravel()[rim.flat].astype(np.float32) - 1) / np.float32(self.feather_px)

    def _step(self, rim: Points, outside: Points, here: Float, there: Float, unit: float) -> Float:
        """Return for each rim pixel the correction in code values; `unit` is 8-bit levels a code value."""
        cells = Cells(rim.size, CELL_PX, CELL_PX)
        centre = there.mean() if there.size else np.float32(0)
        there, here = ((v - centre) * np.float32(unit) for v in (there, here))
        n, total, squares = cells.sums(cells.of(outside), there, there * there)
        m, inner = cells.sums(cells.of(rim), here)
        mean = total / np.maximum(n, TINY)
        unrest = np.sqrt(np.maximum(squares / np.maximum(n, TINY) - mean * mean, 0)) + np.float32(NOISE)
        gap = mean - inner / np.maximum(m, TINY)
        gap = np.where(n > 0, np.sign(gap) * np.clip(np.abs(gap) - unrest, 0, MOST), 0)
        return cells.at(gap.astype(np.float32), rim) / np.float32(unit)


def depths(mask: Bits, px: int) -> Plane:
    """Return how deep each pixel lies in the mask: 1 next to its edge, up to px; 0 outside and deeper down."""
    total = inner = mask.view(np.uint8)
    for _ in range(px - 1):
        inner = cv2.erode(inner, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
        total = cv2.add(total, inner)
    deeper = cv2.erode(inner, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return total * (1 - deeper)
