"""A picture and a patch in, the restored picture out: one select in native planes, nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from restore.frames import Patch, Picture, support
from restore.source import PixelFormat


def compose(picture: Picture, patch: Patch | None, pixels: PixelFormat) -> Picture:
    """Return the picture with the samples under the patch's mask replaced; every other sample is the source's own."""
    if patch is None or not patch.mask.any():
        return picture
    planes = list(picture.planes)
    for p in range(pixels.colour_planes):
        under = np.flatnonzero(support(patch.mask, pixels, p))
        planes[p] = planes[p].copy()
        planes[p].ravel()[under] = patch.planes[p].ravel()[under]
    return replace(picture, planes=tuple(planes))
