"""One plane and its holes in, what OpenCV's inpainting makes of them out, at full depth."""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float
from restore.fill import Filling
from restore.frames import Bits, support
from restore.source import PixelFormat

FULL_SCALE = 65535.0
"""OpenCV's Telea adds terms in grey levels, which are lost on [0, 1]: float planes are stretched to this."""
MARGIN_PX = 16
SMALLEST_PX = 4
"""On pictures with a shorter side OpenCV answers with not-a-number."""


def inpaint_frame(planes: tuple[Float, ...], hole: Bits, pixels: PixelFormat, radius_px: float, method: int) -> Filling:
    """Fill all of the hole (H, W) in every plane; a frame without one known pixel is left as it is."""
    if hole.all() or not hole.any():
        return Filling(planes, np.zeros(hole.shape, bool))
    out = (inpaint(p, support(hole, pixels, k), pixels.peak, radius_px, method) for k, p in enumerate(planes))
    return Filling(tuple(out), hole)


def inpaint(plane: Float, hole: Bits, peak: float, radius_px: float, method: int) -> Float:
    """Return the plane (h, w) float32 with the hole filled; OpenCV takes float32 of one channel only."""
    if hole.all() or not hole.any():
        return plane
    x, y, w, h = cv2.boundingRect(hole.view(np.uint8))
    part = np.s_[max(0, y - MARGIN_PX) : y + h + MARGIN_PX, max(0, x - MARGIN_PX) : x + w + MARGIN_PX]
    if min(plane.shape) < SMALLEST_PX:
        low, high = SMALLEST_PX, (slice(SMALLEST_PX, -SMALLEST_PX),) * 2
        return inpaint(np.pad(plane, low, "edge"), np.pad(hole, low, "edge"), peak, radius_px, method)[high]
    stretch = np.float32(FULL_SCALE / peak)
    filled = cv2.inpaint(plane[part] * stretch, hole[part].astype(np.uint8), radius_px, method) / stretch
    out = plane.copy()
    out[part] = np.where(hole[part], filled, plane[part])
    return out
