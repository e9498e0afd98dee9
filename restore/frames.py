"""Picture, Patch and the mask arithmetic that joins them: blocks in memory, native planes, code values.

A stage handles one picture at a time and asks for its neighbours, so what is in memory follows the reach of the
method and not the length of the film.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.source import PixelFormat, Plane

Bits = npt.NDArray[np.bool_]
"""A mask (H, W) bool on the luma grid: True where the picture is to be filled."""

UNTOUCHED, DONOR = 0, 1
"""Values of an origin layer: 0 not filled, 1 copied from another frame; a recipe's fillers follow from 2."""


Changes = tuple[tuple[npt.NDArray[np.int32], Plane], ...]
"""For each plane the places of changed samples in the flattened plane, rising, and their new code values."""


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

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.mask.nbytes + self.origin.nbytes + self.offset.nbytes + sum(p.nbytes for p in self.planes)


@dataclass(frozen=True)
class Packed:
    """A patch without its empty part: what caches hold while a span's neighbours are worked on."""

    index: int
    where: npt.NDArray[np.int32]
    """Places of the mask's pixels in the flattened picture."""
    samples: tuple[tuple[npt.NDArray[np.int32], Plane], ...]
    """For each plane the places of its samples and their code values."""
    origin: npt.NDArray[np.uint8]
    offset: npt.NDArray[np.int8]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        arrays = [self.where, self.origin, self.offset, *(a for pair in self.samples for a in pair)]
        return sum(a.nbytes for a in arrays)

    def turned(self, turn: Callable[[Plane], Plane]) -> Packed:
        """Return the same with other code values in the same places."""
        return replace(self, samples=tuple((at, turn(values)) for at, values in self.samples))

    @property
    def digest(self) -> str:
        """Return a short name for the exact contents; "-" for a patch that changes nothing."""
        if not self.where.size:
            return "-"
        h = hashlib.blake2b(digest_size=12)
        for a in (self.where, self.origin, self.offset, *(values for _, values in self.samples)):
            h.update(np.ascontiguousarray(a).data)
        return h.hexdigest()


def pack(patch: Patch, pixels: PixelFormat) -> Packed:
    """Return the patch without its empty part."""
    where = np.flatnonzero(patch.mask).astype(np.int32)
    samples = []
    for p, plane in enumerate(patch.planes):
        at = np.flatnonzero(support(patch.mask, pixels, p)).astype(np.int32)
        samples.append((at, plane.ravel()[at]))
    return Packed(patch.index, where, tuple(samples), patch.origin.ravel()[where], patch.offset.ravel()[where])


def under(picture: Picture, packed: Packed) -> Packed:
    """Return the picture's own samples at exactly the places that a packed patch replaces."""
    samples = tuple((at, picture.planes[p].ravel()[at]) for p, (at, _) in enumerate(packed.samples))
    return replace(packed, samples=samples)


def unpack(packed: Packed, pixels: PixelFormat, size: tuple[int, int]) -> Patch:
    """Return the patch that `pack` was given."""
    planes = []
    for p, (at, values) in enumerate(packed.samples):
        plane = np.zeros(pixels.shape(p, size), pixels.dtype)
        plane.ravel()[at] = values
        planes.append(plane)
    mask, origin, offset = np.zeros(size, bool), np.zeros(size, np.uint8), np.zeros(size, np.int8)
    mask.ravel()[packed.where] = True
    origin.ravel()[packed.where] = packed.origin
    offset.ravel()[packed.where] = packed.offset
    return Patch(packed.index, mask, tuple(planes), origin, offset)


def empty_patch(t: int, pixels: PixelFormat, size: tuple[int, int]) -> Patch:
    """Return a patch that changes nothing."""
    planes = tuple(np.zeros(pixels.shape(p, size), pixels.dtype) for p in range(pixels.colour_planes))
    return Patch(t, np.zeros(size, bool), planes, np.zeros(size, np.uint8), np.zeros(size, np.int8))


def support(mask: Bits, pixels: PixelFormat, plane: int) -> Bits:
    """Project a luma mask (H, W) onto a plane (h, w): a sample is in if ANY luma pixel it covers is."""
    y, x = pixels.shift(plane)
    if pixels.fields and y:
        return _by_field(lambda m: support(m, replace(pixels, fields=False), plane), mask, -(-mask.shape[0] >> y))
    out = mask
    for axis, shift in ((0, y), (1, x)):
        for _ in range(shift):
            if out.shape[axis] % 2:
                out = np.concatenate([out, np.zeros_like(out.take([0], axis))], axis)
            # Two neighbouring bools read as one number are zero if both are: one pass instead of two strided ones.
            out = out[0::2] | out[1::2] if axis == 0 else np.ascontiguousarray(out).view(np.uint16) != 0
    return out


def spread(samples: Bits, pixels: PixelFormat, plane: int, size: tuple[int, int]) -> Bits:
    """Return the luma pixels (H, W) that lie under the given samples (h, w) of a plane."""
    y, x = pixels.shift(plane)
    if pixels.fields and y:
        plain, field = replace(pixels, fields=False), (-(-size[0] // 2), size[1])
        return _by_field(lambda s: spread(s, plain, plane, field), samples, size[0])
    out = samples.repeat(1 << y, 0) if y else samples
    out = out.repeat(1 << x, 1) if x else out
    return out[: size[0], : size[1]]


def _by_field(work: Callable[[Bits], Bits], rows: Bits, height: int) -> Bits:
    """Return what `work` makes of the even rows and of the odd rows, put together again to (height, w)."""
    made = [work(np.ascontiguousarray(rows[k::2])) for k in (0, 1)]
    out = np.zeros((height, made[0].shape[1]), bool)
    for k, half in enumerate(made):
        n = min(half.shape[0], out[k::2].shape[0])
        out[k::2][:n] = half[:n]
    return out


def touched(mask: Bits, pixels: PixelFormat) -> Bits:
    """Return every luma pixel (H, W) some restored sample of which may change: the mask closed over chroma."""
    if pixels.shift(1) == (0, 0):
        return mask
    return spread(support(mask, pixels, 1), pixels, 1, (mask.shape[0], mask.shape[1]))


def differs(a: Plane, b: Plane) -> Bits:
    """Tell where bits differ: for float samples NaN equals itself and 0 does not equal -0."""
    if a.dtype.kind == "f":
        a, b = (np.ascontiguousarray(p).view(f"u{p.dtype.itemsize}") for p in (a, b))
    unlike: Bits = a != b
    return unlike


def changes(before: tuple[Plane, ...], after: tuple[Plane, ...]) -> Changes:
    """Return what makes one picture's planes the other's."""
    out = []
    for a, b in zip(before, after, strict=True):
        at = np.flatnonzero(differs(a, b)).astype(np.int32)
        out.append((at, b.ravel()[at]))
    return tuple(out)


def changed_planes(planes: tuple[Plane, ...], wanted: Changes) -> tuple[Plane, ...]:
    """Return planes with the changed samples in them; those without any are not copied."""
    out = list(planes)
    for p, (at, values) in enumerate(wanted):
        if at.size:
            out[p] = out[p].copy()
            out[p].ravel()[at] = values
    return tuple(out)


def digest(*arrays: npt.NDArray[Any]) -> str:
    """Return a short name for the exact contents of arrays; "-" where all of them are zero."""
    if not any(a.any() for a in arrays):
        return "-"
    h = hashlib.blake2b(digest_size=12)
    for a in arrays:
        h.update((np.packbits(a) if a.dtype == bool else np.ascontiguousarray(a)).data)
    return h.hexdigest()
