"""PNG: its samples out, and a copy of it with other samples: all but the picture data is copied chunk by chunk.

Written from the PNG specification (W3C, third edition; ISO/IEC 15948). Every chunk is checked against its checksum,
because OpenCV, which undoes the compression, hands out damaged pictures without a word.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from restore.errors import SourceError
from restore.formats import AGAIN, Deed, Header, content
from restore.formats._interleaved import Samples, interleave, layout, separate
from restore.formats.plain import in_order, unpacked
from restore.frames import Changes, changed_planes
from restore.source import PixelFormat, Plane

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Samples a pixel to PNG's colour type: grey, grey-alpha, RGB, RGB-alpha."""
REMADE = (b"IHDR", b"IDAT", b"IEND")
OF_THE_LAYOUT = (b"PLTE", b"tRNS", b"bKGD", b"hIST", b"sBIT")
"""Chunks that mean something only with the colour type and depth they were written for."""
LEVEL = 6


class Png:
    """PNG of 8 or 16 bits, grey or RGB, with or without alpha; no palettes, no animations."""

    name: ClassVar[str] = "png"
    suffixes: ClassVar[tuple[str, ...]] = (".png",)
    writes: ClassVar[bool] = True

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these."""
        return head.startswith(SIGNATURE)

    def arrange(self, files: Sequence[Path]) -> None:
        """Leave the order to the names."""

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the one header of a file."""
        found: dict[bytes, bytes] = {}
        for kind, body in chunks(file):
            found.setdefault(kind, body)
        width, height, depth, colour = struct.unpack(">IIBB", found[b"IHDR"][:10])
        channels = {c: n for n, c in COLOUR_TYPES.items()}.get(colour)
        odd = "a palette" if colour == 3 else f"{depth} bits a sample" if depth not in (8, 16) else ""
        odd = odd or ("a colour key (tRNS)" if b"tRNS" in found else "an animation" if b"acTL" in found else "")
        if odd or channels is None:
            odd = odd or "an unknown colour type"
            raise SourceError(f"{file}: a PNG with {odd} is not read; needed: 8 or 16 bit grey or RGB. "
                              "Write it again so")
        return (Header((height, width), layout(channels, depth), self.name),)

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of the one picture."""
        (header,) = self.inspect(file)
        picture = in_order(unpacked(file, content(file)))
        if header.pixels.family == "grey" and picture.ndim == 3:
            # OpenCV makes four channels of grey and alpha: the first and the last of them are what the file holds.
            picture = picture[..., [0, -1]] if header.pixels.alpha else picture[..., 0]
        return separate(picture, header.pixels)

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Write a copy of `like` with other samples."""
        planes = changed_planes(self.read(like, 0), changed[0])
        _written(path, interleave(planes), like)

    def make(self, path: Path, planes: tuple[Plane, ...], pixels: PixelFormat) -> None:
        """Write a picture that says no more than its samples."""
        _written(path, interleave(planes), None)

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return nothing: everything is kept."""
        return ()


def chunks(file: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and body of each chunk, each checked against its CRC. Raises SourceError where one is damaged."""
    data = content(file)
    at = len(SIGNATURE)
    if data[:at] != SIGNATURE:
        raise SourceError(f"{file}: not a PNG file, whatever its name says; name it as what it is")
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        end = at + 8 + size
        if end + 4 > len(data):
            break
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise SourceError(f"{file}: damaged: the checksum of its {kind.decode('latin1')} chunk is wrong; {AGAIN}")
        if at == len(SIGNATURE) and (kind != b"IHDR" or size != 13):
            break
        yield kind, data[at + 8 : end]
        if kind == b"IEND":
            return
        at = end + 4
    raise SourceError(f"{file}: damaged: the PNG ends early, after {len(data)} bytes; {AGAIN}")


def _written(path: Path, samples: Samples, like: Path | None) -> None:
    """Write samples uint8 or uint16 (H, W) or (H, W, C), with the other chunks of the PNG `like` around them."""
    header = _header(samples)
    before, after = _others(like, header) if like is not None else ([], [])
    data = zlib.compress(_filtered(samples), LEVEL)
    with path.open("wb") as file:
        file.write(SIGNATURE)
        for kind, body in [(b"IHDR", header), *before, (b"IDAT", data), *after, (b"IEND", b"")]:
            file.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))


def _header(samples: Samples) -> bytes:
    """Return the IHDR for samples."""
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    height, width = samples.shape[:2]
    return struct.pack(">IIBBBBB", width, height, 8 * samples.itemsize, COLOUR_TYPES[channels], 0, 0, 0)


def _others(like: Path, header: bytes) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]:
    """Return the source's other chunks, those before its picture data and those after."""
    before: list[tuple[bytes, bytes]] = []
    after: list[tuple[bytes, bytes]] = []
    into, same = before, True
    for kind, body in chunks(like):
        if kind == b"IHDR":
            same = body[8:10] == header[8:10]
        elif kind == b"IDAT":
            into = after
        elif kind not in REMADE and (same or kind not in OF_THE_LAYOUT):
            into.append((kind, body))
    return before, after


def _filtered(samples: Samples) -> bytes:
    """Return the rows, each behind the number of the filter under which it varies least."""
    height = samples.shape[0]
    rows = np.ascontiguousarray(samples.astype(samples.dtype.newbyteorder(">"))).view(np.uint8).reshape(height, -1)
    step = samples.itemsize * (1 if samples.ndim == 2 else samples.shape[2])
    best = np.zeros((height, 1 + rows.shape[1]), np.uint8)
    least = np.full(height, np.iinfo(np.int64).max)
    for number, candidate in _candidates(rows, step):
        cost = np.abs(candidate.view(np.int8).astype(np.int16)).sum(1, dtype=np.int64)
        better = cost < least
        best[better, 0], best[better, 1:] = number, candidate[better]
        least = np.minimum(least, cost)
    return best.tobytes()


def _candidates(rows: npt.NDArray[np.uint8], step: int) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield PNG's filters 1 (left), 2 (above) and 4 (Paeth) of all rows at once, wrapping in 8 bits."""
    left, above = np.zeros_like(rows), np.zeros_like(rows)
    left[:, step:], above[1:] = rows[:, :-step], rows[:-1]
    corner = np.zeros_like(rows)
    corner[1:, step:] = rows[:-1, :-step]
    yield 1, rows - left
    yield 2, rows - above
    a, b, c = (v.astype(np.int16) for v in (left, above, corner))
    pa, pb, pc = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    guess = np.where((pa <= pb) & (pa <= pc), left, np.where(pb <= pc, above, corner))
    yield 4, rows - guess


FORMAT = Png()
