"""Red, green and blue light in, native planes in code values out, by the matrix and range of the pixel format."""

from __future__ import annotations

import cv2
import numpy as np

from restore import colour
from restore.colour import Float
from restore.source import PixelFormat, Plane


def levels(pixels: PixelFormat) -> tuple[Float, tuple[float, ...], tuple[float, ...]]:
    """Return what makes planes of red, green and blue (3, 3), and each plane's code values for 0 and for 1.

    Chroma planes run from -0.5 to 0.5 about `middle`, over the difference of the two values.
    Source: ITU-T H.273 (limited range 16 to 235 and 16 to 240, times 2 to the depth minus 8).
    """
    if pixels.family == "rgb":
        return np.eye(3, dtype=np.float32)[[1, 2, 0]], (0.0,) * 3, (pixels.peak,) * 3
    kr, kg = colour.LUMA_WEIGHTS.get(pixels.matrix, colour.BT601)
    kb = 1 - kr - kg
    cb, cr = 2 * (1 - kb), 2 * (1 - kr)
    matrix = np.array([[kr, kg, kb], [-kr / cb, -kg / cb, 0.5], [0.5, -kg / cr, -kb / cr]], np.float32)
    full = pixels.full_range if pixels.full_range is not None else pixels.family == "grey"
    unit = 2.0 ** (pixels.depth - 8) if pixels.depth < 32 else 1 / 255
    if full:
        return matrix, (0.0,) * 3, (pixels.peak,) * 3
    return matrix, (16 * unit, 0.0, 0.0), (235 * unit, 224 * unit, 224 * unit)


def middle(pixels: PixelFormat) -> float:
    """Return the code value of no colour in a chroma plane."""
    return 0.5 if pixels.depth == 32 else 2.0 ** (pixels.depth - 1)


def to_native(rgb: Float, pixels: PixelFormat) -> tuple[Plane, ...]:
    """Convert a picture (H, W, 3) float32 in [0, 1] to planes in code values; chroma is the mean of its pixels."""
    matrix, black, white = levels(pixels)
    n = pixels.colour_planes
    mixed = cv2.transform(rgb, matrix[:n]).reshape(*rgb.shape[:2], n)
    planes: list[Plane] = []
    for p in range(n):
        chroma = pixels.family == "yuv" and p > 0
        offset = middle(pixels) if chroma else black[p]
        value = reduce_plane(mixed[..., p], pixels.shift(p)) if chroma else mixed[..., p]
        planes.append(colour.to_codes(value * np.float32(white[p] - black[p]) + np.float32(offset), pixels))
    if pixels.alpha:
        planes.append(np.full(rgb.shape[:2], pixels.peak, pixels.dtype))
    return tuple(planes)


def reduce_plane(plane: Float, shift: tuple[int, int]) -> Float:
    """Return the plane averaged over blocks of 2 to the shift (y, x); edges repeat for odd sizes."""
    if shift == (0, 0):
        return plane
    sy, sx = 1 << shift[0], 1 << shift[1]
    h, w = -(-plane.shape[0] // sy), -(-plane.shape[1] // sx)
    pad_y, pad_x = h * sy - plane.shape[0], w * sx - plane.shape[1]
    whole = np.pad(plane, ((0, pad_y), (0, pad_x)), "edge") if pad_y or pad_x else np.ascontiguousarray(plane)
    return cv2.resize(whole, (w, h), interpolation=cv2.INTER_AREA)
