"""Native planes in, working grey or RGB out (and back): the only place that converts between code values and light."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restore.source import PixelFormat, Plane

Float = npt.NDArray[np.float32]

LUMA_WEIGHTS = {1: (0.2126, 0.7152), 9: (0.2627, 0.6780), 10: (0.2627, 0.6780)}
"""(Kr, Kg) for matrix codes of ISO/IEC 23091-2: BT.709 and BT.2020; everything else is taken as BT.601."""
BT601 = (0.299, 0.587)


def grey(planes: tuple[Plane, ...], pixels: PixelFormat) -> Float:
    """Return luma (H, W) float32 in 8-bit levels (0 to 255, fractions kept), straight from code values.

    The range is not expanded: thresholds speak of code values, whatever light they stand for.
    """
    scale = np.float32(255.0 / pixels.peak)
    if pixels.family != "rgb":
        return planes[0].astype(np.float32) * scale
    g, b, r = (p.astype(np.float32) for p in planes[:3])
    kr, kg = BT601
    return (g * np.float32(kg) + b * np.float32(1 - kr - kg) + r * np.float32(kr)) * scale


def to_rgb(planes: tuple[Plane, ...], pixels: PixelFormat) -> Float:
    """Return RGB (H, W, 3) float32 in [0, 1], for looking at and for nets; chroma is repeated, not interpolated."""
    h, w = planes[0].shape
    if pixels.family == "rgb":
        g, b, r = (p.astype(np.float32) / np.float32(pixels.peak) for p in planes[:3])
        return np.clip(np.stack([r, g, b], -1), 0, 1)
    full = pixels.full_range if pixels.full_range is not None else pixels.family == "grey"
    unit = 1.0 if pixels.depth == 32 else float(2 ** (pixels.depth - 8))
    offset, luma_scale, chroma_scale = (0.0, pixels.peak, pixels.peak) if full else (16 * unit, 219 * unit, 224 * unit)
    y = (planes[0].astype(np.float32) - offset) / luma_scale
    if pixels.family == "grey":
        return np.clip(np.repeat(y[..., None], 3, -1), 0, 1)
    cb, cr = ((_enlarged(p.astype(np.float32), pixels)[:h, :w] - 128 * unit) / chroma_scale for p in planes[1:3])
    kr, kg = LUMA_WEIGHTS.get(pixels.matrix, BT601)
    kb = 1 - kr - kg
    r, b = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    return np.clip(np.stack([r, (y - kr * r - kb * b) / kg, b], -1), 0, 1)


def _enlarged(chroma: Float, pixels: PixelFormat) -> Float:
    """Return a chroma plane (h, w) repeated to the luma grid, or a little more; in fields, each row within its own."""
    sy, sx = 1 << pixels.shift_y, 1 << pixels.shift_x
    if not (pixels.fields and pixels.shift_y):
        return chroma.repeat(sy, 0).repeat(sx, 1)
    out = np.empty((chroma.shape[0] * sy, chroma.shape[1] * sx), np.float32)
    rows = np.arange(out.shape[0])
    out[:] = chroma[np.minimum(2 * (rows // 2 // sy) + rows % 2, chroma.shape[0] - 1)].repeat(sx, 1)
    return out


def to_codes(plane: Float, pixels: PixelFormat) -> Plane:
    """Round working values of one plane back to legal code values of the format (clipped, never wrapped)."""
    if pixels.depth == 32:
        return plane.astype(np.float32)
    return np.clip(np.rint(plane), 0, pixels.peak).astype(pixels.dtype)
