"""The bytes of an OpenEXR chunk in, its rows of samples out, and back: uncompressed, RLE, ZIPS and ZIP.

A chunk that would not get smaller is stored as it is, in every compression there is, and readers tell by its size
("OpenEXR File Layout", openexr.com). So a changed chunk of any compression can be written without loss.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
NONE, RLE, ZIPS, ZIP = range(4)
LEVEL = 4
"""OpenEXR's own; Deflate's usual 6 takes three times as long for less than a hundredth."""


def unpacked(stored: bytes, compression: int, wanted: int) -> bytes:
    """Return a chunk's `wanted` bytes. Raises ValueError where it does not give them."""
    if compression == NONE or len(stored) == wanted:
        out = stored
    elif compression == RLE:
        out = _joined(_runs(stored, wanted))
    else:
        try:
            out = _joined(zlib.decompressobj().decompress(stored, wanted))
        except zlib.error as e:
            raise ValueError(str(e)) from e
    if len(out) != wanted:
        raise ValueError(f"a chunk of {len(out)} bytes, not {wanted}")
    return out


def packed(raw: bytes, compression: int) -> bytes:
    """Return a chunk's bytes as they are stored: deflated for ZIP and ZIPS, else as they are."""
    if compression not in (ZIPS, ZIP):
        return raw
    out = zlib.compress(_parted(raw), LEVEL)
    return out if len(out) < len(raw) else raw


def _runs(stored: bytes, wanted: int) -> bytes:
    """Undo the run lengths: a negative count is followed by that many bytes, another by one to repeat."""
    out, at = bytearray(), 0
    while at < len(stored) and len(out) <= wanted:
        count = stored[at] - 256 if stored[at] > 127 else stored[at]
        if count < 0:
            out += stored[at + 1 : at + 1 - count]
            at += 1 - count
        else:
            out += stored[at + 1 : at + 2] * (count + 1)
            at += 2
    return bytes(out)


def _joined(steps: bytes) -> bytes:
    """Undo the differences, each stored plus 128, and lay the two halves' bytes in turn."""
    sums = np.frombuffer(steps, np.uint8).copy()
    sums[1:] -= np.uint8(128)
    sums = np.cumsum(sums, dtype=np.uint8)
    half = (len(sums) + 1) // 2
    out = np.empty_like(sums)
    out[0::2], out[1::2] = sums[:half], sums[half:]
    return out.tobytes()


def _parted(raw: bytes) -> bytes:
    """Lay even bytes before odd ones, and replace each but the first by its difference to the one before, plus 128."""
    data = np.frombuffer(raw, np.uint8)
    halves = np.concatenate([data[0::2], data[1::2]])
    steps = halves.copy()
    steps[1:] = halves[1:] - halves[:-1] + np.uint8(128)
    return steps.tobytes()
