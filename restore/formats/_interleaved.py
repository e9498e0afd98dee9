"""Native planes in, one array as picture files keep it out, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.layout import planar_format
from restore.source import PixelFormat, Plane

Samples = npt.NDArray[Any]
"""(H, W), or (H, W, C) in the order grey-alpha, R-G-B or R-G-B-alpha."""
PLACES = {1: (0,), 2: (0, 1), 3: (1, 2, 0), 4: (1, 2, 0, 3)}
"""Where each native plane (grey, alpha, or G, B, R, alpha) lies among the samples of a pixel, by their number."""


def interleave(planes: tuple[Plane, ...]) -> Samples:
    """Return planes as one array of samples."""
    if len(planes) == 1:
        return planes[0]
    order = np.argsort(PLACES[len(planes)])
    return np.stack([planes[p] for p in order], -1)


def separate(samples: Samples, pixels: PixelFormat) -> tuple[Plane, ...]:
    """Return the native planes of samples."""
    if samples.ndim == 2:
        return (np.array(samples, pixels.dtype, order="C"),)
    return tuple(np.array(samples[..., c], pixels.dtype, order="C") for c in PLACES[samples.shape[2]])


def layout(channels: int, depth: int) -> PixelFormat:
    """Return the native layout of so many samples a pixel; 32 bits are float."""
    if channels == 2:
        name = {8: "ya8", 16: "ya16le"}.get(depth, f"ya{depth}")
        return PixelFormat(name, "grey", depth, alpha=True, full_range=True)
    kind = {1: "gray", 3: "gbrp", 4: "gbrap"}[channels]
    return replace(planar_format(kind, depth), full_range=True)
