"""Frames of interlaced material in, their two fields as pictures of their own out, and back: rows are moved, no more.

A field is every second row of a frame, caught a field's time apart from the others. Each parity (0: rows 0, 2, 4 ...,
1: rows 1, 3, 5 ...) is a film by itself: a field's neighbours are the fields of its own parity in the frames before and
after, so nothing is ever compared or copied between rows of different moments, whichever of the two comes first. Both
fields of a frame are made of one size: where the rows of a plane are odd in number, the second field repeats its last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.curves import Curve
from restore.frames import Patch, Picture
from restore.source import PixelFormat, Source

PARITIES = (0, 1)
Rows = npt.NDArray[Any]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Pair:
    """The two fields of one frame, by parity; what is held of a frame of interlaced material."""

    fields: tuple[Picture, Picture]

    @property
    def nbytes(self) -> int:
        """Bytes of the planes."""
        return sum(f.nbytes for f in self.fields)


def field_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the (H, W) of both fields of frames of a size."""
    return -(-size[0] // 2), size[1]


def field_pixels(pixels: PixelFormat) -> PixelFormat:
    """Return how a field's samples lie: a field is a whole picture."""
    return replace(pixels, fields=False)


def field_of(rows: Rows, parity: int) -> Rows:
    """Return the field (ceil(h / 2), w) of a plane (h, w), its own memory; a missing last row repeats the one above.

    Of a mask's missing row nothing is set, for there is nothing to fill.
    """
    out = rows[parity::2]
    short = -(-rows.shape[0] // 2) - out.shape[0]
    if not short:
        return np.ascontiguousarray(out)
    last = out[-1:] if out.shape[0] else rows[-1:]
    return np.concatenate([out, np.zeros_like(last) if rows.dtype == bool else last])


def woven(top: Rows, bottom: Rows, height: int) -> Rows:
    """Return the plane (height, w) of two fields."""
    out = np.empty((height, top.shape[1]), top.dtype)
    out[0::2], out[1::2] = top[: -(-height // 2)], bottom[: height // 2]
    return out


def pair_of(picture: Picture) -> Pair:
    """Take a frame apart."""
    a, b = (replace(picture, planes=tuple(field_of(p, k) for p in picture.planes)) for k in PARITIES)
    return Pair((a, b))


def picture_of(pair: Pair, pixels: PixelFormat, size: tuple[int, int]) -> Picture:
    """Put a frame together: the very samples that `pair_of` was given."""
    a, b = pair.fields
    planes = (
        woven(x, y, pixels.shape(p, size)[0]) for p, (x, y) in enumerate(zip(a.planes, b.planes, strict=True))
    )
    return replace(a, planes=tuple(planes))


def patch_of(patch: Patch, parity: int) -> Patch:
    """Return what a patch of a frame does to one of its fields."""
    planes = tuple(field_of(p, parity) for p in patch.planes)
    mask, origin, offset = (field_of(a, parity) for a in (patch.mask, patch.origin, patch.offset))
    return Patch(patch.index, mask, planes, origin, offset)


def woven_patch(top: Patch, bottom: Patch, pixels: PixelFormat, size: tuple[int, int]) -> Patch:
    """Return the patch of a frame that does to its fields what two patches do."""
    planes = tuple(
        woven(a, b, pixels.shape(p, size)[0]) for p, (a, b) in enumerate(zip(top.planes, bottom.planes, strict=True))
    )
    mask, origin, offset = (
        woven(a, b, size[0])
        for a, b in ((top.mask, bottom.mask), (top.origin, bottom.origin), (top.offset, bottom.offset))
    )
    return Patch(top.index, mask, planes, origin, offset)


def box_in_frame(box: Box, parity: int) -> Box:
    """Return the rows and columns of a frame that a box of a field spans."""
    y0, x0, y1, x1 = box
    return 2 * y0 + parity, x0, 2 * y1 - 1 + parity, x1


def curve_in_frame(curve: Curve, parity: int) -> Curve:
    """Return a field's curve on the rows of its frame: it covers every second one."""
    return replace(
        curve, rows=tuple(2 * y + parity for y in curve.rows), step_rows=2 * curve.step_rows,
        gaps=tuple((2 * a + parity, 2 * b + parity) for a, b in curve.gaps),
    )


def by_field(source: Source, wish: str = "auto") -> Source:
    """Return the source to be worked on by field or not: `wish` is auto (as it is flagged), on or off.

    The flags themselves stay as they are, and so do the output's.
    """
    fields = source.pixels.fields if wish == "auto" else wish == "on"
    told = ("flagged as" if source.field_order != "progressive" else "not flagged as") + " interlaced"
    order = f" (field order {source.field_order})" * (source.field_order != "progressive")
    how = "each field is restored on its own" if fields else "whole frames are restored, as --fields off says"
    notes = source.notes
    if fields or source.field_order != "progressive":
        notes = (*notes, f"the material is {told}{order}: {how}")
    return replace(source, notes=notes, pixels=replace(source.pixels, fields=fields))
