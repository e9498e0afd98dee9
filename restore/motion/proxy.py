"""Luma in code values in, the small 8-bit picture that motion is measured on out."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits

Proxy = npt.NDArray[np.uint8]
SMALL_PX = 360
"""Pictures whose shorter side is not larger than this are not halved: there is nothing to save and detail to lose."""


def scale_of(size: tuple[int, int]) -> int:
    """Return how many luma pixels one proxy pixel spans in each direction: 2, or 1 for small pictures."""
    return 1 if min(size) <= SMALL_PX else 2


def proxy(grey: Float) -> Proxy:
    """Return the 8-bit proxy (h, w) of luma (H, W) float32 in 8-bit levels; a median takes out thin specks."""
    if scale_of((grey.shape[0], grey.shape[1])) == 2:
        odd_y, odd_x = grey.shape[0] % 2, grey.shape[1] % 2
        if odd_y or odd_x:  # so that every proxy pixel is exactly two luma pixels wide
            grey = cv2.copyMakeBorder(grey, 0, odd_y, 0, odd_x, cv2.BORDER_REPLICATE)
        grey = cv2.resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.medianBlur(cv2.convertScaleAbs(grey), 3)


def shrink(mask: Bits, scale: int) -> Bits:
    """Return the proxy pixels (h, w) that any masked pixel of (H, W) falls into."""
    for axis in (0, 1) if scale == 2 else ():
        if mask.shape[axis] % 2:
            mask = np.concatenate([mask, np.zeros_like(mask.take([0], axis))], axis)
        mask = mask[0::2] | mask[1::2] if axis == 0 else mask[:, 0::2] | mask[:, 1::2]
    return mask


def prefill(small: Proxy, hidden: Bits) -> Proxy:
    """Replace the hidden pixels (h, w) of a proxy by a smooth guess from around them, so that damage does not move.

    Push-pull: normalised averages at growing scales, the finest one that saw anything wins.
    """
    if not hidden.any():
        return small
    out = small.copy()
    left = cv2.dilate(hidden.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    known = (~left).astype(np.float32)
    value = small.astype(np.float32) * known
    for radius in (2, 4, 8, 16, 32, 64):
        box = (2 * radius + 1, 2 * radius + 1)
        weight = cv2.blur(known, box)
        reached = left & (weight > 1e-3)
        if reached.any():
            out[reached] = np.clip(cv2.blur(value, box)[reached] / weight[reached] + 0.5, 0, 255).astype(np.uint8)
            left &= ~reached
        if not left.any():
            break
    return out
