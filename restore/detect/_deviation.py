"""A defect map in, how far each pixel stands out from what is usual around it, as a share of full scale or of that."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits

MAD_TO_SIGMA = 1.4826
DARKEST = 1 / 256
"""Levels below this share are taken as this: a ratio to nothing means nothing."""
BLOCKS_PX = 2
"""A ghost is fitted on every so many-th pixel of a row and column: enough, at a quarter of the time."""
FITS = 4
"""How often a ghost is fitted anew without what did not fit."""


def local_level(level: Float, block_px: int) -> Float:
    """Return the median (H, W) of the blocks of about block_px around each pixel, smoothly joined.

    What covers less than half of a block does not change it; the median of 3 x 3 blocks does away with the others.
    Beyond the border the slope goes on, so that a corner that falls off does not stand out.
    """
    h, w = level.shape
    ys, xs = (np.linspace(0, n, max(1, round(n / block_px)) + 1).astype(int) for n in (h, w))
    grid = np.array(
        [[np.median(level[a:b, c:d]) for c, d in pairwise(xs)] for a, b in pairwise(ys)], np.float32
    )
    pad = tuple(min(2, n - 1) for n in grid.shape)
    grid = cv2.medianBlur(np.pad(grid, [(p, p) for p in pad], "reflect", reflect_type="odd"), 3)
    rows, columns = (_centres(edges, p) for edges, p in zip((ys, xs), pad, strict=True))
    tall = np.stack([np.interp(np.arange(h), rows, column) for column in grid.T], 1)
    return np.stack([np.interp(np.arange(w), columns, row) for row in tall]).astype(np.float32)


def _centres(edges: npt.NDArray[np.int_], pad: int) -> npt.NDArray[np.float64]:
    """Return where the middles of blocks lie, with those of `pad` more to either side."""
    return np.pad((edges[:-1] + edges[1:] - 1) / 2, pad, "reflect", reflect_type="odd")


def from_usual(level: Float) -> Float:
    """Return how far each pixel lies above (+) or below (-) the map's median, in shares of full scale."""
    return level - np.float32(np.median(level))


def from_local(level: Float, block_px: int) -> Float:
    """Return how far each pixel lies above (+) or below (-) its surroundings' median, as a log ratio (H, W)."""
    seen = np.maximum(level, np.float32(DARKEST))
    return np.log(seen / np.maximum(local_level(seen, block_px), np.float32(DARKEST)))


def without_ghost(stands_out: Float, picture: Float) -> tuple[Float, float]:
    """Return a map's log ratios less the share of the picture's that shows in them, and that share.

    Dyes and silver pass a little less infrared where they are dense, so that a map's density follows the picture's:
    a straight line through the origin, fitted by least squares to what lies within 3 sigma of it, so that defects,
    which follow no picture, have no say.
    """
    y = stands_out[::BLOCKS_PX, ::BLOCKS_PX].ravel()
    x = picture[::BLOCKS_PX, ::BLOCKS_PX].ravel()
    kept = np.abs(y) <= 3 * spread(y, 1e-6)
    share = 0.0
    for _ in range(FITS):
        energy = float(np.dot(x[kept], x[kept]))
        share = float(np.dot(x[kept], y[kept])) / energy if energy > 0 else 0.0
        rest = y - np.float32(share) * x
        kept = np.abs(rest) <= 3 * spread(rest, 1e-6)
    return stands_out - np.float32(share) * picture, share


def spread(values: Float, least: float) -> float:
    """Return the robust standard deviation of values around 0: from the median of their sizes, at least `least`."""
    return max(MAD_TO_SIGMA * float(np.median(np.abs(values))), least)


def heavier_side(stands_out: Float, sigma: float) -> tuple[float, float]:
    """Return by how much in all the pixels lie more than 6 sigma above, and below, what is usual."""
    beyond = np.abs(stands_out) - np.float32(6 * sigma)
    above, below = beyond[(beyond > 0) & (stands_out > 0)], beyond[(beyond > 0) & (stands_out < 0)]
    return float(above.sum(dtype=np.float64)), float(below.sum(dtype=np.float64))


def without_small(mask: Bits, least_px: float) -> Bits:
    """Return the mask without its connected things (8 neighbours) of fewer than least_px pixels."""
    if least_px <= 1 or not mask.any():
        return mask
    _, labels, facts, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    large = facts[:, cv2.CC_STAT_AREA] >= least_px
    large[0] = False
    kept: Bits = large[labels]
    return kept


def grown(mask: Bits, radius_px: float) -> Bits:
    """Return every pixel whose centre is at most radius_px from that of one of the mask."""
    if radius_px < 1 or not mask.any():
        return mask
    distance = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near: Bits = distance <= radius_px + 1e-3
    return near
