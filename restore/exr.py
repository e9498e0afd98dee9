"""The bytes of an OpenEXR file in, its channels by name out: scan lines, uncompressed, RLE, ZIPS or ZIP.

Layout after "OpenEXR File Layout" (openexr.com); other compressions, tiles, parts and subsampled channels are refused.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.errors import SourceError

MAGIC = 20000630
TYPES = {0: "<u4", 1: "<f2", 2: "<f4"}
LINES = {0: 1, 1: 1, 2: 1, 3: 16}
"""Scan lines in a chunk, by compression: none, RLE, ZIPS, ZIP."""
COMPRESSIONS = ("none", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB")
MOST_PX = 1 << 28
"""A header that asks for more than 16384 x 16384 is damaged."""
AGAIN = "write it again as scan lines with ZIP compression, or as TIFF"
CUT = "the EXR is damaged or ends early; copy it again from its source"


@dataclass(frozen=True)
class _Head:
    channels: tuple[tuple[str, str], ...]
    """(name, numpy type) in the order of the file."""
    compression: int
    data: tuple[int, int, int, int]
    """x0, y0, x1, y1 of what is stored, inclusive."""
    shown: tuple[int, int, int, int]
    """The same of the picture."""


def read(data: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """Return channels by name, each (H, W) float32 on the display window, 0 where nothing is stored.

    Raises SourceError for what is no EXR, is damaged, or is stored in a way this does not take apart.
    """
    try:
        head, at = _head(data)
        x0, y0, x1, y1 = head.data
        h, w = y1 - y0 + 1, x1 - x0 + 1
        stored = {name: np.zeros((h, w), np.float32) for name, _ in head.channels}
        lines = LINES[head.compression]
        for offset in struct.unpack_from(f"<{-(-h // lines)}Q", data, at):
            first, size = struct.unpack_from("<iI", data, offset)
            top = first - y0
            _scatter(_unpacked(data[offset + 8 : offset + 8 + size], head, w * min(lines, h - top)), head, top, stored)
        return {name: _shown(plane, head) for name, plane in stored.items()}
    except (struct.error, zlib.error, IndexError, ValueError, OverflowError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{CUT} ({error})") from error


def _head(data: bytes) -> tuple[_Head, int]:
    magic, version = struct.unpack_from("<II", data, 0)
    if magic != MAGIC:
        raise SourceError("not an EXR file, whatever its name says; name it as what it is")
    if version & 0x1A00:
        raise SourceError(f"an EXR with tiles, deep data or several parts is not read; {AGAIN}")
    facts: dict[str, bytes] = {}
    at = 8
    while data[at]:
        name, at = _text(data, at)
        _, at = _text(data, at)
        (size,) = struct.unpack_from("<I", data, at)
        facts[name] = data[at + 4 : at + 4 + size]
        at += 4 + size
    if missing := {"channels", "compression", "dataWindow", "displayWindow"} - facts.keys():
        raise SourceError(f"{CUT} (no {', '.join(sorted(missing))})")
    kind = facts["compression"][0]
    if kind not in LINES:
        named = COMPRESSIONS[kind] if kind < len(COMPRESSIONS) else f"number {kind}"
        raise SourceError(f"an EXR in compression {named} is not read; {AGAIN}")
    stored, shown = (struct.unpack("<4i", facts[k]) for k in ("dataWindow", "displayWindow"))
    for x0, y0, x1, y1 in (stored, shown):
        if x1 < x0 or y1 < y0 or (x1 - x0 + 1) * (y1 - y0 + 1) > MOST_PX:
            raise SourceError(f"{CUT} (a window of {x0}, {y0} to {x1}, {y1})")
    return _Head(_channels(facts["channels"]), kind, stored, shown), at + 1


def _channels(data: bytes) -> tuple[tuple[str, str], ...]:
    out, at = [], 0
    while data[at]:
        name, at = _text(data, at)
        kind, _, step_x, step_y = struct.unpack_from("<iIii", data, at)
        if kind not in TYPES or (step_x, step_y) != (1, 1):
            raise SourceError(f"an EXR whose channel {name} is of type {kind}, every {step_x}x{step_y}, is not read; "
                              + AGAIN)
        out.append((name, TYPES[kind]))
        at += 16
    return tuple(out)


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b"\0", at)
    return data[at:end].decode("latin1"), end + 1


def _unpacked(chunk: bytes, head: _Head, pixels: int) -> bytes:
    wanted = pixels * sum(np.dtype(t).itemsize for _, t in head.channels)
    if head.compression == 0 or len(chunk) == wanted:  # what did not get smaller is stored as it was
        out = chunk
    else:
        out = _joined(_runs(chunk) if head.compression == 1 else zlib.decompressobj().decompress(chunk, wanted))
    if len(out) != wanted:
        raise SourceError(f"{CUT} (a chunk of {len(out)} bytes, not {wanted})")
    return out


def _runs(chunk: bytes) -> bytes:
    """Undo the run lengths: a negative count is followed by that many bytes, another by one to repeat."""
    out, at = bytearray(), 0
    while at < len(chunk):
        count = chunk[at] - 256 if chunk[at] > 127 else chunk[at]
        if count < 0:
            out += chunk[at + 1 : at + 1 - count]
            at += 1 - count
        else:
            out += chunk[at + 1 : at + 2] * (count + 1)
            at += 2
    return bytes(out)


def _joined(packed: bytes) -> bytes:
    """Undo the differences, each stored plus 128, and lay the two halves' bytes in turn."""
    steps = np.frombuffer(packed, np.uint8).astype(np.int64)
    steps[1:] -= 128
    sums = (np.cumsum(steps) & 255).astype(np.uint8)
    half = (len(sums) + 1) // 2
    out = np.empty_like(sums)
    out[0::2], out[1::2] = sums[:half], sums[half:]
    return out.tobytes()


def _scatter(lines: bytes, head: _Head, top: int, into: dict[str, npt.NDArray[np.float32]]) -> None:
    """Write a chunk's lines, each one channel after the other, into the planes from row `top`."""
    w = head.data[2] - head.data[0] + 1
    at, row = 0, top
    while at < len(lines):
        for name, kind in head.channels:
            samples: npt.NDArray[Any] = np.frombuffer(lines, kind, w, at)
            into[name][row] = samples
            at += samples.nbytes
        row += 1


def _shown(plane: npt.NDArray[np.float32], head: _Head) -> npt.NDArray[np.float32]:
    """Return the display window (H, W) of what is stored."""
    if head.data == head.shown:
        return plane
    (x0, y0, x1, y1), (a0, b0, a1, b1) = head.data, head.shown
    out = np.zeros((b1 - b0 + 1, a1 - a0 + 1), np.float32)
    left, top, right, bottom = max(x0, a0), max(y0, b0), min(x1, a1), min(y1, b1)
    if left <= right and top <= bottom:
        out[top - b0 : bottom - b0 + 1, left - a0 : right - a0 + 1] = (
            plane[top - y0 : bottom - y0 + 1, left - x0 : right - x0 + 1]
        )
    return out
