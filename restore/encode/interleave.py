"""Native planes in, one array as picture files keep it out, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from restore.source import PixelFormat, Plane

Samples = npt.NDArray[Any]
"""(H, W), or (H, W, C) in the order grey-alpha, R-G-B or R-G-B-alpha."""
ORDER = (2, 0, 1)
"""R, G, B among the native planes G, B, R."""


def interleave(planes: tuple[Plane, ...], pixels: PixelFormat) -> Samples:
    """Return planes of a grey or RGB picture as one array of samples."""
    if pixels.family == "grey":
        return np.stack(planes, -1) if pixels.alpha else planes[0]
    return np.stack([planes[p] for p in ORDER] + list(planes[3:]), -1)


def storable(pixels: PixelFormat) -> bool:
    """Tell whether picture files hold these samples as they are: grey or RGB in 8 or 16 bits."""
    return pixels.family in ("grey", "rgb") and pixels.depth in (8, 16)
