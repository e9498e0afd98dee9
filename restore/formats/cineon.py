"""Cineon film scans: their samples out, and a copy with other samples in which every other bit is the source's.

Layout after Kodak, "Cineon Image File Format Draft" 2.1 (1995): generic header, image header at byte 192, film at 1024.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from restore.errors import SourceError
from restore.formats import AGAIN, Header
from restore.formats._fields import Fields, row_bytes
from restore.formats._scan import HEAD_BYTES, Scan, beginning
from restore.layout import planar_format
from restore.source import PixelFormat
from restore.timing import told_rate

MAGIC = {b"\x80\x2a\x5f\xd7": ">", b"\xd7\x5f\x2a\x80": "<"}
LEAST_BYTES = 712
"""The image header ends here."""
CHANNELS_AT, CHANNEL_BYTES, FORMAT_AT = 196, 28, 680
FILM_RATE_AT = 1072
UNDEFINED = 0xFFFFFFFF
ORDERS = {1: ("gray", (0,)), 3: ("gbrp", (1, 2, 0))}
"""By the number of channels the kind of picture, and the places of its native planes."""
PACKINGS = ("packed to the last bit", "bytes, left", "bytes, right", "16-bit words, left", "16-bit words, right",
            "32-bit words, left", "32-bit words, right")
HINT = "write it again as 10-bit Cineon filled to words, or as DPX"


class Cineon(Scan):
    """Cineon: RGB of 8 to 16 bits, samples of a pixel together; grey only of 8 or 16 bits; no planes apart."""

    name: ClassVar[str] = "cineon"
    suffixes: ClassVar[tuple[str, ...]] = (".cin",)
    name_at: ClassVar[int] = 32

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these."""
        return head[:4] in MAGIC

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the one header of a file, of which nothing but the headers is read."""
        head, size = beginning(file, HEAD_BYTES)
        fields, pixels = _located(file, head, size)
        rate = None
        if fields.start >= FILM_RATE_AT + 4:
            rate = told_rate(float(np.frombuffer(head, f"{MAGIC[head[:4]]}f4", 1, FILM_RATE_AT)[0]))
        turned = (f"{file.name}: its picture is stored turned or mirrored (orientation {head[192]}); it is worked on "
                  "as it is stored")
        return (Header(fields.size, pixels, self.name, (turned,) if head[192] else (), rate),)

    def located(self, file: Path, head: bytes, size: int) -> tuple[Fields, PixelFormat]:
        """Return where samples lie in a file of `size` bytes that begins so, and what they are."""
        return _located(file, head, size)


def _located(file: Path, head: bytes, size: int) -> tuple[Fields, PixelFormat]:
    """Return where samples lie in a file of `size` bytes that begins so, and what they are; see dpx.located."""
    if head[:4] not in MAGIC or len(head) < LEAST_BYTES:
        raise SourceError(f"{file}: not a Cineon file, or only the first {len(head)} bytes of one; {AGAIN}")
    end = MAGIC[head[:4]]
    (start,) = struct.unpack_from(f"{end}I", head, 4)
    count = head[193]
    found = {struct.unpack_from(f"{end}BxII", head, CHANNELS_AT + 2 + CHANNEL_BYTES * c) for c in range(min(count, 8))}
    interleave, packing, sign, _, line_pad, channel_pad = struct.unpack_from(f"{end}4BII", head, FORMAT_AT)
    odd = f"{count} channels" if count not in ORDERS else "channels of several kinds" if len(found) > 1 else ""
    odd = odd or ("its channels one after the other" if count > 1 and interleave & 0x7F else "")
    odd = odd or ("signed samples" if sign else "gaps between channels" if 0 < channel_pad < UNDEFINED else "")
    if odd:
        raise SourceError(f"{file}: a Cineon file with {odd} is not read; {HINT}")
    bits, width, height = found.pop()
    if not width or not height or start < LEAST_BYTES:
        raise SourceError(f"{file}: damaged: its header says {width}x{height} pixels at byte {start}; {AGAIN}")
    kind, order = ORDERS[count]
    word, shifts = _words(file, bits, packing, count, end)
    used = row_bytes(width * count, bits, word, len(shifts))
    fields = Fields((height, width), order, bits, word, shifts, start,
                    -(-used // 4) * 4 + (line_pad if line_pad < UNDEFINED else 0))
    if fields.end > size:
        raise SourceError(f"{file}: damaged: the Cineon file ends early, {fields.end - size} bytes of samples are "
                          f"missing; {AGAIN}")
    return fields, replace(planar_format(kind, bits), full_range=True)


def _words(file: Path, bits: int, packing: int, count: int, end: str) -> tuple[str, tuple[int, ...]]:
    """Return the type of the words that samples lie in, and how many bits lie below each sample of a word."""
    how = packing & 0x7F
    if bits == 8 and how in (0, 1, 2):
        return f"{end}u1", (0,)
    if bits in (10, 12, 16) and how in (3, 4):
        return f"{end}u2", (16 - bits if how == 3 else 0,)
    if bits == 16 and how == 0:
        return f"{end}u2", (0,)
    if bits == 10 and how in (5, 6) and count == 3:
        low = 2 if how == 5 else 0
        return f"{end}u4", (low + 20, low + 10, low)
    named = PACKINGS[how] if how < len(PACKINGS) else f"number {how}"
    raise SourceError(f"{file}: a Cineon file of {count} channels of {bits} bits in packing {packing} ({named}) is not "
                      f"read; {HINT}")


FORMAT = Cineon()
