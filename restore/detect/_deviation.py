"""A defect map in, how far each pixel stands out from what is usual around it, as a share of full scale or of that."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits

MAD_TO_SIGMA = 1.4826
DARKEST = 1 / 256
"""Levels below this share are taken as this: a ratio to nothing means nothing."""
TOE = 0.02
"""Added to colours before their logarithm is taken: darker than this is noise, and a map's ghost of it is faint."""
FITS = 4
"""How often a ghost is fitted anew without what did not fit."""


def local_level(level: Float, block_px: int) -> Float:
    """Return the median (H, W) of the blocks of about block_px around each pixel, smoothly joined.

    What covers less than half of a block does not change it; the median of 3 x 3 blocks does away with the others.
    Beyond the border the slope goes on, so that a corner that falls off does not stand out.
    """
    h, w = level.shape
    ys, xs = (np.linspace(0, n, max(1, round(n / block_px)) + 1).astype(int) for n in (h, w))
    step = 2 if block_px >= 16 else 1  # a quarter of so many pixels has the same median, in a quarter of the time
    grid = np.array(
        [[np.median(level[a:b:step, c:d:step]) for c, d in pairwise(xs)] for a, b in pairwise(ys)], np.float32
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


def logged(share: Float) -> Float:
    """Return shares of full scale as logarithms; what is darker than any scanner sees is no number to divide by."""
    return np.log(np.maximum(share, np.float32(DARKEST)))


def ghost(map_log: Float, rgb: Float, block_px: int) -> tuple[Float, Float]:
    """Return what of a map's logarithm (H, W) the scene accounts for, and how far that may be off where it is dark.

    rgb (H, W, 3) is the picture in [0, 1].

    Dyes pass a little less infrared where they are dense (cyan above all), so that the logarithm of the map follows
    those of the colours: a weight each, fitted by least squares to the finer detail of both, on a picture of half the
    size, and over again without what lies beyond 3 sigma of it, so that defects, which follow no picture, have no say.
    """
    colours = [np.log(rgb[..., c] + np.float32(TOE)) for c in range(rgb.shape[2])]
    y, *xs = (_detail(plane, block_px) for plane in (map_log, *colours))
    x = np.stack(xs, -1).astype(np.float64)
    weights: npt.NDArray[np.floating[Any]] = np.zeros(x.shape[1])
    kept = np.abs(y) <= 3 * spread(y, 1e-6)
    for _ in range(FITS):
        seen = x[kept]
        # einsum, and no product of BLAS, whose last bits depend on the number of threads
        square = np.einsum("ni,nj->ij", seen, seen)
        # In grey pictures the colours are one: the small term shares the weight among them.
        square[np.diag_indices_from(square)] += 1e-3 * max(float(np.trace(square)), 1e-9)
        weights = np.linalg.solve(square, np.einsum("ni,n->i", seen, y[kept].astype(np.float64)))
        rest = y - np.einsum("ni,i->n", x, weights).astype(np.float32)
        kept = np.abs(rest) <= 3 * spread(rest, 1e-6)
    pairs = [(np.float32(w), c) for w, c in zip(weights, colours, strict=True)]
    # With the toe a logarithm ends where, without it, it would go on falling: by about this much.
    doubt = [np.abs(w) * np.float32(TOE) * np.exp(-c) for w, c in pairs]
    return np.sum([w * c for w, c in pairs], 0, dtype=np.float32), np.sum(doubt, 0, dtype=np.float32)


def _detail(plane: Float, block_px: int) -> Float:
    """Return what of a plane is finer than the blocks, at half its size, in a row."""
    half = cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    side = max(3, block_px // 2)
    fine: Float = half - cv2.blur(half, (side, side), borderType=cv2.BORDER_REFLECT)
    return fine.ravel()


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
