"""A window and a picture in, what the network for single pictures looks at out: each pixel beside its surroundings.

A speck of dust is small, sharper than the lens of the picture, lighter or darker than anything about it, and alone.
Each of these is a channel of its own, so that a small network has little left to find out.
"""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float

CHANNELS = (
    "near", "far",  # luma less what is around it, near and far
    "spike",  # luma less its median over a few pixels
    "bright", "dark",  # how much of it is in things narrower than THIN_PX (top-hats, both 0 or more)
    "alone",  # the spike over how much of that is usual around
    "above", "below",  # by how much it is beyond the lightest and the darkest around, small things left out
    "level",  # luma
    "busy",  # log of the deviation around
    "grain",
)
THIN = [CHANNELS.index("bright"), CHANNELS.index("dark")]
LEVELS = np.float32(1 / 16)
"""Differences are given in units of 16 8-bit levels."""
NEAR_PX, AROUND_PX, FAR_PX, SPIKE_PX, THIN_PX = 9, 31, 41, 5, 9
REACH_PX = FAR_PX // 2 + SPIKE_PX // 2
"""How far away what decides a pixel's channels may lie."""
MOST = 4.0


def sight(grey: Float, grain: float) -> Float:
    """Return what is seen of luma (H, W) in 8-bit levels, (channels, H, W) float32 in the order of `CHANNELS`.

    `grain` is the deviation of the whole picture's, in levels.
    """
    out = np.empty((len(CHANNELS), *grey.shape), np.float32)
    calm = cv2.medianBlur(grey, SPIKE_PX)
    spike = cv2.subtract(grey, calm)
    around = np.ones((AROUND_PX, AROUND_PX), np.uint8)
    thin = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (THIN_PX, THIN_PX))
    levels = (
        cv2.subtract(grey, cv2.blur(grey, (NEAR_PX, NEAR_PX))),
        cv2.subtract(grey, cv2.blur(grey, (FAR_PX, FAR_PX))),
        spike, cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, thin), cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, thin),
    )
    for channel, values in zip(out, levels, strict=False):
        np.multiply(values, LEVELS, out=channel)
    out[5] = spike / (4 + 4 * cv2.blur(cv2.absdiff(grey, calm), (FAR_PX, FAR_PX)))
    out[6] = cv2.subtract(grey, cv2.dilate(calm, around)) * LEVELS
    out[7] = cv2.subtract(cv2.erode(calm, around), grey) * LEVELS
    out[8] = grey / 64 - 2
    mean = cv2.blur(calm, (AROUND_PX, AROUND_PX))
    square = cv2.blur(np.square(calm), (AROUND_PX, AROUND_PX)) - np.square(mean)
    out[9] = 0.5 * np.log1p(np.sqrt(np.maximum(square, 0))) - 1
    out[10] = grain / 8
    return np.clip(out, -MOST, MOST, out=out)
