"""Luma in code values in, the small 8-bit picture that motion is measured on out."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restore.frames import Bits
from restore.source import Plane

Proxy = npt.NDArray[np.uint8]
SMALL_PX = 360
"""Pictures whose shorter side is not larger than this are not halved: there is nothing to save and detail to lose."""

RADII_PX = (2, 4, 8, 16, 32, 64)
FEWEST_FRAC = 1e-3
"""Share of a square that has to be known for its mean to count."""


def scale_of(size: tuple[int, int]) -> int:
    """Return how many luma pixels one proxy pixel spans in each direction: 2, or 1 for small pictures."""
    return 1 if min(size) <= SMALL_PX else 2


def proxy(luma: Plane, unit: float = 1.0) -> Proxy:
    """Return the 8-bit proxy (h, w) of luma (H, W); a median takes out thin specks. `unit`: 8-bit levels a value."""
    if scale_of((luma.shape[0], luma.shape[1])) == 2:
        odd_y, odd_x = luma.shape[0] % 2, luma.shape[1] % 2
        if odd_y or odd_x:  # so that every proxy pixel is exactly two luma pixels wide
            luma = cv2.copyMakeBorder(luma, 0, odd_y, 0, odd_x, cv2.BORDER_REPLICATE)
        luma = cv2.resize(luma, (luma.shape[1] // 2, luma.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.medianBlur(cv2.convertScaleAbs(luma, alpha=unit), 3)


def shrink(mask: Bits, scale: int) -> Bits:
    """Return the proxy pixels (h, w) that any masked pixel of (H, W) falls into."""
    for axis in (0, 1) if scale == 2 else ():
        if mask.shape[axis] % 2:
            mask = np.concatenate([mask, np.zeros_like(mask.take([0], axis))], axis)
        mask = mask[0::2] | mask[1::2] if axis == 0 else mask[:, 0::2] | mask[:, 1::2]
    return mask


def prefill(small: Proxy, hidden: Bits) -> Proxy:
    """Replace the hidden pixels (h, w) of a proxy by a smooth guess from around them, so that damage does not move.

    Push-pull: averages over growing squares, the smallest one that sees enough wins. Sums come from integral images
    (Crow, SIGGRAPH 1984) of whole numbers, so the cost follows the damage and nothing is rounded.
    """
    if not hidden.any():
        return small
    out = small.copy()
    spot = cv2.dilate(hidden.view(np.uint8), np.ones((3, 3), np.uint8))
    known = cv2.integral(1 - spot)
    value = cv2.integral(cv2.multiply(small, 1 - spot))
    left = np.flatnonzero(spot.view(np.bool_))
    for radius in RADII_PX:
        count, total = (square(sums, left, radius) for sums in (known, value))
        reached = count > FEWEST_FRAC * (2 * radius + 1) ** 2
        out.ravel()[left[reached]] = np.rint(total[reached] / count[reached]).astype(np.uint8)
        left = left[~reached]
        if not left.size:
            break
    return out


def square(sums: npt.NDArray[np.int32], flat: npt.NDArray[np.intp], radius: int) -> npt.NDArray[np.int32]:
    """Return the sums (n,) over squares around places of the flattened picture, from its integral (h + 1, w + 1)."""
    h, w = sums.shape[0] - 1, sums.shape[1] - 1
    ys = flat // w
    xs = flat - ys * w
    top, bottom = np.maximum(ys - radius, 0) * (w + 1), np.minimum(ys + radius + 1, h) * (w + 1)
    left, right = np.maximum(xs - radius, 0), np.minimum(xs + radius + 1, w)
    line = sums.ravel()
    return line[bottom + right] - line[bottom + left] - line[top + right] + line[top + left]
