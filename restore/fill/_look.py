"""Native planes in, a part of a frame as patches are compared on it out: luma, and at its size the colour."""

from __future__ import annotations

import numpy as np

from restore.colour import BT601, Float
from restore.fill._membrane import pyramid
from restore.frames import Bits, support
from restore.source import PixelFormat


def look(planes: tuple[Float, ...], seen: Bits, part: tuple[slice, slice], pixels: PixelFormat) -> Float:
    """Return a part of the frame (h, w, c) in 8-bit levels; of what is not `seen` (H, W) colour is guessed.

    The part begins where a sample of every plane does.
    """
    unit = np.float32(255 / pixels.peak)
    luma = planes[0][part] * unit
    if pixels.family == "rgb":
        blue, red = (p[part] * unit for p in planes[1:3])
        luma = luma * np.float32(BT601[1]) + red * np.float32(BT601[0]) + blue * np.float32(1 - sum(BT601))
        return np.stack([luma, blue - luma, red - luma], -1)
    colours = (_chroma(planes[p], p, seen[part], part, pixels) * unit for p in range(1, len(planes)))
    return np.stack([luma, *colours], -1)


def _chroma(plane: Float, p: int, seen: Bits, part: tuple[slice, slice], pixels: PixelFormat) -> Float:
    """Return a plane at luma's size; its samples that reach into a hole hold damage, and are guessed."""
    down, right = pixels.shift(p)
    damaged = support(~seen, pixels, p)
    top, left = part[0].start >> down, part[1].start >> right
    own = plane[top : top + damaged.shape[0], left : left + damaged.shape[1]]
    if not damaged.all():
        own = pyramid(own, damaged)
    return own.repeat(1 << down, 0).repeat(1 << right, 1)[: seen.shape[0], : seen.shape[1]]
