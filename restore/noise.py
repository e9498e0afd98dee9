"""Luma in, the strength of its grain out: thresholds everywhere are relative to it."""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float
from restore.source import Plane

AROUND_PX = 7
"""Grain is what differs from the mean over this many pixels: grain that is correlated over a pixel or two still counts
in full, where a Laplacian (Immerkaer, CVIU 1996) sees half of it or less."""
BLOCK_PX = 16
QUIET = 0.15
"""Share of the blocks taken as free of texture."""

MANY_ROWS = 40
"""Rows of blocks from which on a picture is large."""


def grain_sigma(luma: Plane, unit: float = 1.0) -> float:
    """Return the standard deviation of the grain of (H, W), in 8-bit levels, from its quietest blocks.

    `unit` is 8-bit levels a value. Blocks clipped to one level (leaders, black borders) say nothing and are left out.
    Of large pictures every third row of blocks is looked at: there are blocks enough.
    """
    rows, columns = (s // BLOCK_PX for s in luma.shape)
    if not rows or not columns:
        return 0.0
    luma = luma[: rows * BLOCK_PX, : columns * BLOCK_PX]
    power = np.concatenate([_power(luma, row, unit) for row in range(0, rows, 3 if rows >= MANY_ROWS else 1)])
    lively = power[power > 1e-3]
    # What the mean itself takes away of white noise is given back.
    return float(np.sqrt(np.quantile(lively, QUIET) / (1 - AROUND_PX**-2))) if lively.size else 0.0


def _power(luma: Plane, row: int, unit: float) -> Float:
    """Return the power (columns,) of the grain in one row of blocks."""
    top = max(0, row * BLOCK_PX - AROUND_PX // 2)
    band = luma[top : (row + 1) * BLOCK_PX + AROUND_PX // 2].astype(np.float32) * np.float32(unit)
    high = cv2.subtract(band, cv2.blur(band, (AROUND_PX, AROUND_PX)))[row * BLOCK_PX - top :][:BLOCK_PX]
    mean = cv2.resize(cv2.multiply(high, high), (luma.shape[1] // BLOCK_PX, 1), interpolation=cv2.INTER_AREA)
    return mean[0]
