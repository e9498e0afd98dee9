"""Pieces of native planes in, a full-size RGB piece for a network out, and back; nothing is clipped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from restore.colour import BT601, LUMA_WEIGHTS, Float
from restore.source import PixelFormat

Matrix = npt.NDArray[np.float64]
Sample = TypeVar("Sample", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Turn:
    """From planes, as they are numbered, to red, green and blue in [0, 1]."""

    matrix: Matrix
    """(3, 3): multiplies planes from which `zero` was taken."""
    zero: Matrix
    """(3,) code values."""
    back: Matrix


@lru_cache(maxsize=8)
def turn(pixels: PixelFormat) -> Turn:
    """Return how samples of a format become RGB (ITU-R BT.601, BT.709, BT.2020; ISO/IEC 23091-2), and back."""
    if pixels.family == "rgb":
        matrix = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]) / pixels.peak
        return Turn(matrix, np.zeros(3), np.asarray(np.linalg.inv(matrix), np.float64))
    full = pixels.full_range if pixels.full_range is not None else pixels.family == "grey"
    unit = 1 / 255 if pixels.depth == 32 else 2.0 ** (pixels.depth - 8)
    zero, luma, chroma = (0.0, pixels.peak, pixels.peak) if full else (16 * unit, 219 * unit, 224 * unit)
    if pixels.family == "grey":
        return Turn(np.eye(3) / luma, np.full(3, zero), np.eye(3) * luma)
    kr, kg = LUMA_WEIGHTS.get(pixels.matrix, BT601)
    kb = 1 - kr - kg
    red, blue = 2 * (1 - kr), 2 * (1 - kb)
    ypp = np.array([[1, 0, red], [1, -blue * kb / kg, -red * kr / kg], [1, blue, 0]])
    matrix = np.asarray(ypp / np.array([luma, chroma, chroma]), np.float64)
    middle = 0.5 if pixels.depth == 32 else 128 * unit
    return Turn(matrix, np.array([zero, middle, middle]), np.asarray(np.linalg.inv(matrix), np.float64))


def to_rgb(pieces: tuple[Float, ...], pixels: PixelFormat) -> Float:
    """Return (3, h, w) from pieces of the colour planes; h and w are those of the first.

    One plane is repeated; smaller ones are drawn large sample by sample.
    """
    how, size = turn(pixels), pieces[0].shape
    whole = [large(p, pixels.shift(k), (size[0], size[1])) for k, p in enumerate(pieces)]
    around = np.stack(whole * 3 if len(whole) == 1 else whole) - how.zero.astype(np.float32)[:, None, None]
    return np.einsum("ij,jhw->ihw", how.matrix.astype(np.float32), around)


def from_rgb(rgb: Float, pixels: PixelFormat) -> tuple[Float, ...]:
    """Return pieces of the colour planes from (3, h, w): means where planes are smaller, and for grey."""
    how = turn(pixels)
    planes = np.einsum("ij,jhw->ihw", how.back.astype(np.float32), rgb) + how.zero.astype(np.float32)[:, None, None]
    if pixels.family == "grey":
        return (planes.mean(0),)
    return tuple(small(p, pixels.shift(k)) for k, p in enumerate(planes))


def large(plane: npt.NDArray[Sample], shift: tuple[int, int], size: tuple[int, int]) -> npt.NDArray[Sample]:
    """Return a plane with each sample repeated for the luma pixels it covers, (H, W)."""
    if shift == (0, 0):
        return plane
    return plane.repeat(1 << shift[0], 0).repeat(1 << shift[1], 1)[: size[0], : size[1]]


def small(plane: Float, shift: tuple[int, int]) -> Float:
    """Return the mean of the luma pixels each sample covers; sides are multiples of what it covers."""
    y, x = (1 << s for s in shift)
    h, w = plane.shape
    return plane.reshape(h // y, y, w // x, x).mean((1, 3)) if (y, x) != (1, 1) else plane
