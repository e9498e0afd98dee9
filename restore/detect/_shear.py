"""A picture of ones and zeros in, its sums along all slanted columns out, for whole heights and parts of them.

Exact, and fine to coarse: sums over pairs of bands are made of the sums over each (Brady, SIAM J. Computing
27(1), 1998).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Hits = npt.NDArray[np.uint8]
BANDS = 8
"""Sums start in this many bands and are joined two by two; 256 in a column of 256 rows counts as 255."""


def sheared(hits: Hits, reach: int) -> list[Hits]:
    """Return sums along slanted columns: per level (bands, 2d+1, W) uint8, of 8, 4, 2 and 1 bands.

    Entry [b, d + k, x] is the sum down a line that enters band b at column x and leaves it k columns to the right;
    `reach` is the greatest k over the whole height.
    """
    s, w = hits.shape
    n = s // BANDS
    d = -(-reach // BANDS)
    pad = BANDS * d + 2
    wide = cv2.copyMakeBorder(hits, 0, 0, pad, pad, cv2.BORDER_CONSTANT, value=0)
    level = np.zeros((BANDS, 2 * d + 1, w + 2 * pad), np.uint8)
    for i in range(n):
        row = wide[i : n * BANDS : n]
        for k in range(-d, d + 1):
            shift = round(k * i / max(n - 1, 1))
            level[:, d + k, pad:-pad] += row[:, pad + shift : pad + shift + w]
    levels = [level]
    while level.shape[0] > 1:
        level = _joined(level, pad, w)
        levels.append(level)
    return [v[:, :, pad : pad + w] for v in levels]


def _joined(level: Hits, pad: int, w: int) -> Hits:
    """Return the sums over pairs of bands: the upper leaves where the lower enters."""
    d = level.shape[1] // 2
    out = np.zeros((level.shape[0] // 2, 4 * d + 1, level.shape[2]), np.uint8)
    for k in range(-2 * d, 2 * d + 1):
        upper = k // 2
        lower = min(max(k - upper, -d), d)
        moved = level[1::2, d + lower, pad + upper : pad + upper + w]
        total = cv2.add(np.ascontiguousarray(level[0::2, d + upper, pad : pad + w]), np.ascontiguousarray(moved))
        out[:, 2 * d + k, pad : pad + w] = total
    return out
