"""Native planes in, working grey or RGB out (and back): the only place that converts between code values and light.

Stages work on code values as they are: what a camera, a telecine or a scanner wrote is made to be looked at. Signed
numbers, floats and light without a transfer are not, so stages see 16-bit code values of those instead (`working`), and
what they fill is turned back. What they do not fill is never turned at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.layout import planar_format
from restore.source import PixelFormat, Plane

Float = npt.NDArray[np.float32]

LUMA_WEIGHTS = {1: (0.2126, 0.7152), 9: (0.2627, 0.6780), 10: (0.2627, 0.6780)}
"""(Kr, Kg) for matrix codes of ISO/IEC 23091-2: BT.709 and BT.2020; everything else is taken as BT.601."""
BT601 = (0.299, 0.587)


WORKING_PEAK = 65535
SCREEN_FRAC = 0.6
"""How much of the working range what a screen can show takes of linear light; above it lie 16 stops."""
STOPS = 16
SRGB_KNEE, SRGB_SLOPE, SRGB_POWER, SRGB_GAIN = 0.0031308, 12.92, 1 / 2.4, 1.055
"""IEC 61966-2-1."""


def working(pixels: PixelFormat) -> PixelFormat:
    """Return the layout that stages see: the file's own, or 16-bit code values where that is nothing to look at."""
    if not pixels.sample:
        return pixels
    kind = ("gray" if pixels.family == "grey" else "gbrp") if not pixels.alpha else "gbrap"
    plain = planar_format(kind, 16)
    if pixels.family == "grey" and pixels.alpha:
        plain = PixelFormat("ya16le", "grey", 16, alpha=True)
    return replace(plain, full_range=True, primaries=pixels.primaries)


def to_working(plane: npt.NDArray[Any], pixels: PixelFormat) -> Plane:
    """Return native samples of any shape as stages see them; each native value has one working value."""
    if not pixels.sample:
        return plane
    v = plane.astype(np.float64)
    share = _screen(v) if _is_light(pixels) else (v - pixels.low) / (pixels.high - pixels.low)
    share = np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0)
    return np.rint(np.clip(share, 0, 1) * WORKING_PEAK).astype(np.uint16)


def to_native(plane: npt.NDArray[Any], pixels: PixelFormat) -> Plane:
    """Return working samples of any shape as the file keeps them."""
    if not pixels.sample:
        return plane
    share = plane.astype(np.float64) / WORKING_PEAK
    v = _light(share) if _is_light(pixels) else pixels.low + share * (pixels.high - pixels.low)
    return v.astype(pixels.dtype) if pixels.dtype.kind == "f" else np.rint(v).astype(pixels.dtype)


def _is_light(pixels: PixelFormat) -> bool:
    return pixels.low == pixels.high


def _screen(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return linear light as a share of the working range: sRGB's curve up to white, stops above it."""
    low = np.clip(light, 0, 1)
    curve = np.where(low <= SRGB_KNEE, SRGB_SLOPE * low, SRGB_GAIN * low**SRGB_POWER - (SRGB_GAIN - 1))
    above = np.log2(np.maximum(light, 1)) / STOPS
    return SCREEN_FRAC * curve + (1 - SCREEN_FRAC) * above


def _light(share: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    curve = np.minimum(share / SCREEN_FRAC, 1)
    below = np.where(
        curve <= SRGB_KNEE * SRGB_SLOPE, curve / SRGB_SLOPE, ((curve + SRGB_GAIN - 1) / SRGB_GAIN) ** (1 / SRGB_POWER)
    )
    above = np.exp2(np.maximum(share - SCREEN_FRAC, 0) / (1 - SCREEN_FRAC) * STOPS)
    return np.where(share > SCREEN_FRAC, above, below)


def grey(planes: tuple[Plane, ...], pixels: PixelFormat) -> Float:
    """Return luma (H, W) float32 in 8-bit levels (0 to 255, fractions kept), straight from code values.

    The range is not expanded: thresholds speak of code values, whatever light they stand for.
    """
    if pixels.sample:
        planes, pixels = tuple(to_working(p, pixels) for p in planes), working(pixels)
    scale = np.float32(255.0 / pixels.peak)
    if pixels.family != "rgb":
        return planes[0].astype(np.float32) * scale
    g, b, r = (p.astype(np.float32) for p in planes[:3])
    kr, kg = BT601
    return (g * np.float32(kg) + b * np.float32(1 - kr - kg) + r * np.float32(kr)) * scale


def to_rgb(planes: tuple[Plane, ...], pixels: PixelFormat) -> Float:
    """Return RGB (H, W, 3) float32 in [0, 1], for looking at and for nets; chroma is repeated, not interpolated."""
    if pixels.sample:
        planes, pixels = tuple(to_working(p, pixels) for p in planes), working(pixels)
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
