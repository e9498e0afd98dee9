"""Truevision Targa in, its 8-bit samples out; none is written: what is restored becomes PNG.

Header after "Truevision TGA File Format Specification" 2.0. OpenImageIO reads the samples.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from restore.errors import OutputError, SourceError
from restore.formats import AGAIN, Deed, Header, _oiio
from restore.formats._interleaved import layout
from restore.formats._scan import beginning
from restore.frames import Changes
from restore.source import PixelFormat, Plane

HEAD_BYTES = 18
KINDS = {(2, 24): 3, (10, 24): 3, (2, 32): 4, (10, 32): 4, (3, 8): 1, (11, 8): 1}
"""(image type, bits a pixel): samples a pixel."""
RUNS = 8
"""This bit of the image type says that samples are run-length encoded."""
MOST_TIMES = 128
"""A run is one byte and a pixel that stand for so many."""
NAMES = {1: ("Y",), 3: ("G", "B", "R"), 4: ("G", "B", "R", "A")}


class Targa:
    """Targa of 8-bit grey, RGB or RGB-alpha; no palettes, no 15 or 16-bit pixels; restored, it becomes PNG."""

    name: ClassVar[str] = "targa"
    suffixes: ClassVar[tuple[str, ...]] = (".tga",)
    writes: ClassVar[bool] = False

    def claims(self, head: bytes) -> bool:
        """Tell nothing: a Targa file begins with no signature and is known by its name alone."""
        return False

    def arrange(self, files: Sequence[Path]) -> None:
        """Leave the order to the names."""

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the one header of a file."""
        size, pixels = _facts(file)
        return (Header(size, pixels, self.name),)

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of the one picture."""
        size, pixels = _facts(file)
        with _oiio.opened(file) as found:
            names = NAMES[pixels.planes]
            planes = _oiio.region(file, found, names, ["uint8"] * len(names))
        if any(p.shape != size for p in planes):
            raise SourceError(f"{file}: damaged: {planes[0].shape} samples where {size} were promised; {AGAIN}")
        return tuple(planes)

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Refuse: such files are not written."""
        raise OutputError(f"{path}: Targa files are not written; choose .png or .tif")

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return nothing: there are no changed copies."""
        return ()


def _facts(file: Path) -> tuple[tuple[int, int], PixelFormat]:
    head, count = beginning(file, HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        raise SourceError(f"{file}: not a Targa file: {count} bytes are not even its header; {AGAIN}")
    name_bytes, palette, kind = head[:3]
    width, height, bits, how = struct.unpack_from("<HHBB", head, 12)
    channels = KINDS.get((kind, bits), 0)
    if palette or not channels or (channels == 4) != (how & 15 == 8):
        raise SourceError(f"{file}: a Targa file of type {kind} with {bits} bits a pixel, {how & 15} of them alpha, is "
                          "not read; needed: 8-bit grey, RGB or RGB-alpha without a palette. Write it again as PNG")
    room = (count - HEAD_BYTES - name_bytes) * (MOST_TIMES if kind & RUNS else 1)
    if not width or not height or width * height * channels > room:
        raise SourceError(f"{file}: damaged: {width}x{height} pixels do not fit into {count} bytes; {AGAIN}")
    return (height, width), layout(channels, 8)


FORMAT = Targa()
