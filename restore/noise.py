"""Luma in, the strength of its grain out: thresholds everywhere are relative to it."""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float

AROUND_PX = 7
"""Grain is what differs from the mean over this many pixels: grain that is correlated over a pixel or two still counts
in full, where a Laplacian (Immerkaer, CVIU 1996) sees half of it or less."""
BLOCK_PX = 16
QUIET = 0.15
"""Share of the blocks taken as free of texture."""


def grain_sigma(grey: Float) -> float:
    """Return the standard deviation of the grain of (H, W) float32, in its own units, from its quietest blocks.

    Blocks clipped to one level (leaders, black borders) say nothing and are left out.
    """
    h, w = (s // BLOCK_PX for s in grey.shape)
    if not h or not w:
        return 0.0
    grey = grey[: h * BLOCK_PX, : w * BLOCK_PX]
    high = cv2.subtract(grey, cv2.blur(grey, (AROUND_PX, AROUND_PX)))
    power = cv2.resize(cv2.multiply(high, high), (w, h), interpolation=cv2.INTER_AREA)
    lively = power[power > 1e-3]
    # What the mean itself takes away of white noise is given back.
    return float(np.sqrt(np.quantile(lively, QUIET) / (1 - AROUND_PX**-2))) if lively.size else 0.0
