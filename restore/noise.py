"""Luma in, the strength of its grain out: thresholds everywhere are relative to it."""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float

LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
"""Blind to planes and to horizontal and vertical edges; unit gain for white noise (Immerkaer, CVIU 1996)."""
BLOCK_PX = 16
QUIET = 0.25
"""Share of the blocks taken as free of texture."""


def grain_sigma(grey: Float) -> float:
    """Return the standard deviation of the grain of (H, W) float32, in its own units, from its quietest blocks.

    Blocks clipped to one level (leaders, black borders) say nothing and are left out.
    """
    h, w = (s // BLOCK_PX * BLOCK_PX for s in grey.shape)
    if not h or not w:
        return 0.0
    high = np.abs(cv2.filter2D(grey, -1, LAPLACE)[:h, :w])
    blocks = high.reshape(h // BLOCK_PX, BLOCK_PX, w // BLOCK_PX, BLOCK_PX).mean((1, 3))
    lively = blocks[blocks > 1e-3]
    # For a normal variable the mean of |x| is sqrt(2/pi) sigma.
    return float(np.quantile(lively, QUIET) * np.sqrt(np.pi / 2)) if lively.size else 0.0
