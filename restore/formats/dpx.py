"""DPX film scans: their samples out, and a copy with other samples in which every other bit is the source's.

Layout after SMPTE ST 268-1: generic header at byte 0, image header at 768, film header at 1664, television at 1920.
Where the standard leaves the order of samples in a word open, they are taken as FFmpeg and OpenImageIO take them.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from restore.errors import SourceError
from restore.formats import AGAIN, Header, content
from restore.formats._fields import Fields, row_bytes
from restore.formats._scan import HEAD_BYTES, Scan, beginning
from restore.layout import planar_format
from restore.source import UNSPECIFIED, PixelFormat
from restore.timing import told_rate

MAGIC = {b"SDPX": ">", b"XPDS": "<"}
LEAST_BYTES = 852
"""The image header's first element ends here."""
MOST_ELEMENTS = 8
FILM_RATE_AT, TV_RATE_AT = 1724, 1940
SCANNER_AT = 1556
UNALIGNED_SCANNERS = (b"Scanity", b"Lasergraphics Inc.")
"""Their 10-bit rows are known to begin in the middle of words."""
UNDEFINED = 0xFFFFFFFF
CHANNELS = {
    1: ("gray", "R"), 2: ("gray", "G"), 3: ("gray", "B"), 4: ("gray", "A"), 6: ("gray", "Y"), 8: ("gray", "Z"),
    50: ("gbrp", "RGB"), 51: ("gbrap", "RGBA"), 52: ("gbrap", "ABGR"), 102: ("yuv444p", "UYV"),
}
"""Descriptors of image elements that are read: the kind of picture, and its samples in order."""
OTHERS = {
    0: "of a kind defined by the user", 7: "chroma alone", 9: "composite video", 100: "Y'CbCr 4:2:2",
    101: "Y'CbCr 4:2:2 with alpha", 103: "Y'CbCr 4:4:4 with alpha",
}
TRANSFERS = {2: 8, 5: 1, 6: 1, 7: 5, 8: 6}
"""Transfer codes of DPX that ISO/IEC 23091-2 has a number for: linear, and the video ones."""
PACKED, FILLED_A, FILLED_B = 0, 1, 2
HINT = "write it again as uncompressed DPX of one image element, or as TIFF"


class Dpx(Scan):
    """DPX of one uncompressed element: grey, RGB, RGB-alpha or Y'CbCr 4:4:4 of 8 to 16 bits; no RLE, no floats."""

    name: ClassVar[str] = "dpx"
    suffixes: ClassVar[tuple[str, ...]] = (".dpx",)
    name_at: ClassVar[int] = 36

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these."""
        return head[:4] in MAGIC

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the one header of a file, of which nothing but the headers is read."""
        head, size = beginning(file, HEAD_BYTES)
        fields, pixels = located(file, head, size)
        end = MAGIC[head[:4]]
        film = _rate(head, end, FILM_RATE_AT, fields.start)
        television = _rate(head, end, TV_RATE_AT, fields.start)
        notes = []
        if film and television and film != television:
            notes.append(f"{file.name}: its film header says {film} frames a second and its television header "
                         f"{television}; the film header is believed")
        (turned,) = struct.unpack_from(f"{end}H", head, 768)
        if turned not in (0, 0xFFFF):
            notes.append(f"{file.name}: its picture is stored turned or mirrored (orientation {turned}); it is worked "
                         "on as it is stored")
        return (Header(fields.size, pixels, self.name, tuple(notes), film or television),)

    def located(self, file: Path, head: bytes, size: int) -> tuple[Fields, PixelFormat]:
        """Return where samples lie in a file of `size` bytes that begins so, and what they are."""
        return located(file, head, size)


def channels(file: Path) -> tuple[dict[str, npt.NDArray[Any]], float]:
    """Return a picture's channels by name, each (H, W) code values, in the file's order, and the value of full scale.

    Raises SourceError like the format's other ways in.
    """
    data = content(file)
    fields, pixels = located(file, data[:HEAD_BYTES], len(data))
    _, letters = CHANNELS[data[800]]
    planes = dict(zip(fields.order, fields.planes(data), strict=True))
    return {name: planes[k] for k, name in enumerate(letters)}, pixels.peak


def located(file: Path, head: bytes, size: int) -> tuple[Fields, PixelFormat]:
    """Return where samples lie in a file of `size` bytes that begins so, and what they are.

    Raises SourceError for what is no DPX, is cut short, or has a layout that is not known.
    """
    if head[:4] not in MAGIC or len(head) < LEAST_BYTES:
        raise SourceError(f"{file}: not a DPX file, or only the first {len(head)} bytes of one; {AGAIN}")
    end = MAGIC[head[:4]]
    elements, width, height = struct.unpack_from(f"{end}HII", head, 770)
    (sign,) = struct.unpack_from(f"{end}I", head, 780)
    descriptor, transfer, bits = head[800], head[801], head[803]
    packing, encoding, offset, pad = struct.unpack_from(f"{end}HHII", head, 804)
    start = offset if 0 < offset < UNDEFINED else struct.unpack_from(f"{end}I", head, 4)[0]
    odd = _oddity(elements, sign, descriptor, encoding)
    if not 1 <= elements <= MOST_ELEMENTS:
        raise SourceError(f"{file}: damaged: its header says {elements} image elements; {AGAIN}")
    if odd:
        raise SourceError(f"{file}: a DPX with {odd} is not read; {HINT}")
    if not width or not height or start < LEAST_BYTES:
        raise SourceError(f"{file}: damaged: its header says {width}x{height} pixels at byte {start}; {AGAIN}")
    kind, letters = CHANNELS[descriptor]
    word, shifts = _words(file, bits, packing, end, len(letters))
    if bits == 10 and len(letters) * width % 3 and head[SCANNER_AT:].startswith(UNALIGNED_SCANNERS):
        raise SourceError(f"{file}: a DPX of a scanner that lets 10-bit rows begin in the middle of words is not read; "
                          + HINT)
    used = row_bytes(width * len(letters), bits, word, len(shifts))
    fields = Fields((height, width), _order(letters), bits, word, shifts, start,
                    -(-used // 4) * 4 + (pad if pad < UNDEFINED else 0))
    if size == start + used * height and not pad:
        fields = replace(fields, pitch_bytes=used)  # some writers do not fill rows up to whole words of 32 bits
    if fields.end > size:
        raise SourceError(f"{file}: damaged: the DPX ends early, {fields.end - size} bytes of samples are missing; "
                          + AGAIN)
    pixels = replace(planar_format(kind, bits), transfer=TRANSFERS.get(transfer, UNSPECIFIED))
    return fields, pixels if kind == "yuv444p" else replace(pixels, full_range=True)


def _oddity(elements: int, sign: int, descriptor: int, encoding: int) -> str:
    """Name what is not read; empty for a plain picture."""
    if elements != 1:
        return f"{elements} image elements"
    if encoding:
        return "run-length encoding" if encoding == 1 else f"encoding {encoding}"
    if sign == 1:
        return "signed samples"
    known = descriptor in CHANNELS
    return "" if known else f"samples {OTHERS.get(descriptor, 'of an unknown kind')} (descriptor {descriptor})"


def _words(file: Path, bits: int, packing: int, end: str, samples: int) -> tuple[str, tuple[int, ...]]:
    """Return the type of the words that samples lie in, and how many bits lie below each sample of a word."""
    if packing in (PACKED, FILLED_A, FILLED_B) and bits in (8, 16):
        return f"{end}u{bits // 8}", (0,)
    if packing == PACKED and bits in (10, 12):
        return f"{end}u4", ()
    if packing in (FILLED_A, FILLED_B) and bits == 12:
        return f"{end}u2", (4 if packing == FILLED_A else 0,)
    if packing in (FILLED_A, FILLED_B) and bits == 10:
        low = 2 if packing == FILLED_A else 0
        # The first sample lies highest, but of pictures of one channel lowest, as FFmpeg takes them.
        return f"{end}u4", (low, low + 10, low + 20) if samples == 1 else (low + 20, low + 10, low)
    raise SourceError(f"{file}: a DPX of {bits} bits in packing {packing} is not read; needed: 8, 10, 12 or 16 bits, "
                      f"packed (0) or filled (1, 2); {HINT}")


def _order(letters: str) -> tuple[int, ...]:
    """Return the places of native planes: Y, Cb, Cr; or G, B, R; alpha last."""
    wanted = {"RGB": "GBR", "RGBA": "GBRA", "ABGR": "GBRA", "UYV": "YUV"}.get(letters, letters)
    return tuple(letters.index(c) for c in wanted)


def _rate(head: bytes, end: str, at: int, start: int) -> Fraction | None:
    """Return the rate a header's field says; None where it says none, or is no header but samples already."""
    if start < at + 4 or len(head) < at + 4:
        return None
    return told_rate(float(np.frombuffer(head, f"{end}f4", 1, at)[0]))


FORMAT = Dpx()
