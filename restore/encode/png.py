"""Samples and the source's PNG in, a PNG with these samples and everything else of the source's out.

Written from the PNG specification (W3C, third edition; ISO/IEC 15948). Only the picture data is made anew: text, colour
profile, resolution and the like are copied chunk by chunk.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from restore.encode.interleave import Samples
from restore.errors import OutputError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Samples a pixel to PNG's colour type: grey, grey-alpha, RGB, RGB-alpha."""
REMADE = (b"IHDR", b"IDAT", b"IEND")
OF_THE_LAYOUT = (b"PLTE", b"tRNS", b"bKGD", b"hIST", b"sBIT")
"""Chunks that mean something only with the colour type and depth they were written for."""
LEVEL = 6


def write(path: Path, samples: Samples, like: Path | None = None) -> None:
    """Write samples uint8 or uint16 (H, W) or (H, W, C), with the other chunks of the PNG `like` around them."""
    header = _header(samples)
    before, after = _others(like, header) if like is not None else ([], [])
    data = zlib.compress(_filtered(samples), LEVEL)
    with path.open("wb") as file:
        file.write(SIGNATURE)
        for kind, body in [(b"IHDR", header), *before, (b"IDAT", data), *after, (b"IEND", b"")]:
            file.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))


def chunks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and body of each chunk. Raises OutputError where the file is cut short or is no PNG."""
    data = path.read_bytes()
    at = len(SIGNATURE)
    if data[:at] != SIGNATURE:
        raise OutputError(f"{path}: not a PNG file, though named so; rename it and probe again")
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            break
        yield kind, data[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        at += 12 + length
    raise OutputError(f"{path}: the PNG file is cut short at byte {at}; its other contents cannot be carried over")


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
