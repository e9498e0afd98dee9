"""Picture, Patch and the mask arithmetic that joins them: blocks in memory, native planes, code values.

A stage handles one picture at a time and asks for its neighbours, so what is in memory follows the reach of the
method and not the length of the film.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.source import PixelFormat, Plane

Bits = npt.NDArray[np.bool_]
"""A mask (H, W) bool on the luma grid: True where the picture is to be filled."""

UNTOUCHED, DONOR = 0, 1
"""Values of an origin layer: 0 not filled, 1 copied from another frame; a recipe's fillers follow from 2."""


@dataclass(frozen=True)
class Picture:
    """One decoded frame."""

    index: int
    planes: tuple[Plane, ...]
    """Native planes, each (h, w) in code values; never written to."""
    fault: str = ""
    """Why the decoder does not vouch for this frame ("slice CRC mismatch"); empty for a sound one."""

    @property
    def nbytes(self) -> int:
        """Bytes of the planes."""
        return sum(p.nbytes for p in self.planes)


@dataclass(frozen=True)
class Patch:
    """What is to replace the masked samples of one frame, and where each pixel came from."""

    index: int
    mask: Bits
    """(H, W) bool: the pixels this patch fills. What was asked for but could not be filled is not in it."""
    planes: tuple[Plane, ...]
    """Colour planes (h, w) in code values, zero outside `support(mask, ...)`."""
    origin: npt.NDArray[np.uint8]
    """(H, W): UNTOUCHED, DONOR, or 2 + the number of the filler in the recipe's ladder."""
    offset: npt.NDArray[np.int8]
    """(H, W): for DONOR pixels the frame offset of the main donor, else 0."""
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.mask.nbytes + self.origin.nbytes + self.offset.nbytes + sum(p.nbytes for p in self.planes)


def support(mask: Bits, pixels: PixelFormat, plane: int) -> Bits:
    """Project a luma mask (H, W) onto a plane (h, w): a sample is in if ANY luma pixel it covers is."""
    y, x = pixels.shift(plane)
    out = mask
    for axis, shift in ((0, y), (1, x)):
        for _ in range(shift):
            if out.shape[axis] % 2:
                out = np.concatenate([out, np.zeros_like(out.take([0], axis))], axis)
            out = out[0::2] | out[1::2] if axis == 0 else out[:, 0::2] | out[:, 1::2]
    return out


def spread(samples: Bits, pixels: PixelFormat, plane: int, size: tuple[int, int]) -> Bits:
    """Return the luma pixels (H, W) that lie under the given samples (h, w) of a plane."""
    y, x = pixels.shift(plane)
    out = samples.repeat(1 << y, 0) if y else samples
    out = out.repeat(1 << x, 1) if x else out
    return out[: size[0], : size[1]]


def touched(mask: Bits, pixels: PixelFormat) -> Bits:
    """Return every luma pixel (H, W) some restored sample of which may change: the mask closed over chroma."""
    if pixels.shift(1) == (0, 0):
        return mask
    return spread(support(mask, pixels, 1), pixels, 1, (mask.shape[0], mask.shape[1]))


def digest(*arrays: npt.NDArray[Any]) -> str:
    """Return a short name for the exact contents of arrays; "-" where all of them are zero."""
    if not any(a.any() for a in arrays):
        return "-"
    h = hashlib.blake2b(digest_size=12)
    for a in arrays:
        h.update(np.packbits(a) if a.dtype == bool else np.ascontiguousarray(a))
    return h.hexdigest()
