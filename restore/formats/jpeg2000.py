"""JPEG 2000 files (JP2, JPX, bare codestreams) in, their samples out; none is written: what is restored becomes PNG.

Boxes after ISO/IEC 15444-1, annex I; codestream markers after annex A. OpenImageIO undoes the compression.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from restore.errors import OutputError, SourceError
from restore.formats import AGAIN, Deed, Header, _oiio, content
from restore.formats._interleaved import layout
from restore.frames import Changes
from restore.source import Plane

SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"
END = b"\xff\xd9"
COD = b"\xff\x52"
DEPTHS = (8, 9, 10, 12, 14, 16)
COLOURS = {16: "sRGB", 17: "grey"}
MOST_BYTES, MOST_TIMES = 1 << 26, 1000
"""A header that promises more samples than both this and this many times the file is damaged."""
LOSSY = "its JPEG 2000 transform has lost detail already; what is restored keeps the rest exactly"
HINT = "write it again as TIFF"


@dataclass(frozen=True)
class _Facts:
    size: tuple[int, int]
    depth: int
    channels: int
    lossy: bool


class Jpeg2000:
    """JPEG 2000 of 8 to 16 bits, grey or RGB; no alpha, palettes, Y'CbCr or subsampling; restored, it becomes PNG."""

    name: ClassVar[str] = "jpeg2000"
    suffixes: ClassVar[tuple[str, ...]] = (".jp2", ".j2k", ".jpx", ".j2c")
    writes: ClassVar[bool] = False

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these."""
        return head.startswith((SIGNATURE, CODESTREAM))

    def arrange(self, files: Sequence[Path]) -> None:
        """Leave the order to the names."""

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the one header of a file."""
        facts = _facts(file, content(file))
        return (Header(facts.size, layout(facts.channels, facts.depth), self.name, (LOSSY,) if facts.lossy else ()),)

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of the one picture."""
        facts = _facts(file, content(file))
        names = ("G", "B", "R") if facts.channels == 3 else ("Y",)
        kind = "uint8" if facts.depth == 8 else "uint16"
        with _oiio.opened(file) as found:
            planes = _oiio.region(file, found, names, [kind] * len(names))
        if any(p.shape != facts.size for p in planes):
            raise SourceError(f"{file}: damaged: {planes[0].shape} samples where {facts.size} were promised; {AGAIN}")
        spare = 0 if facts.depth == 8 else 16 - facts.depth  # OpenImageIO spreads samples over all bits of a word
        return tuple(p >> spare for p in planes)

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Refuse: such files are not written."""
        raise OutputError(f"{path}: JPEG 2000 files are not written; choose .png or .tif")

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return nothing: there are no changed copies."""
        return ()


def _facts(file: Path, data: bytes) -> _Facts:
    try:
        start = 0
        if data.startswith(SIGNATURE):
            start = _codestream(file, data)
        elif not data.startswith(CODESTREAM):
            raise SourceError(f"{file}: not a JPEG 2000 file, whatever its name says; name it as what it is")
        facts = _size(file, data, start)
    except (struct.error, IndexError) as e:
        raise SourceError(f"{file}: damaged: its JPEG 2000 headers end early ({e}); {AGAIN}") from e
    need = facts.size[0] * facts.size[1] * facts.channels * 4
    if need > MOST_BYTES and need > MOST_TIMES * len(data):
        raise SourceError(f"{file}: damaged: its header promises {facts.size} pixels in {len(data)} bytes; {AGAIN}")
    return facts


def _boxes(data: bytes, at: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, first byte and end of the boxes in a stretch of a file."""
    while at + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        end = stop if size == 0 else at + size
        if end < body:
            raise IndexError(f"a box of {size} bytes")
        yield kind, body, end
        at = end


def _codestream(file: Path, data: bytes) -> int:
    """Return where the codestream of a JP2 begins; refuse what its boxes say of colours that are not read."""
    for kind, body, end in _boxes(data, 0, len(data)):
        if end > len(data):
            missing = end - len(data)
            raise SourceError(f"{file}: damaged: the JPEG 2000 ends early, {missing} bytes are missing; {AGAIN}")
        if kind == b"jp2c":
            return body
        if kind == b"jp2h":
            _require_plain(file, data, body, end)
    raise SourceError(f"{file}: damaged: no picture in the JPEG 2000 file; {AGAIN}")


def _require_plain(file: Path, data: bytes, body: int, end: int) -> None:
    for kind, at, _ in _boxes(data, body, end):
        odd = {b"pclr": "a palette", b"cdef": ""}.get(kind, "")
        if kind == b"colr" and data[at] == 1:
            (space,) = struct.unpack_from(">I", data, at + 3)
            odd = "" if space in COLOURS else f"colour space {space}" + " (Y'CbCr)" * (space == 18)
        if odd:
            raise SourceError(f"{file}: a JPEG 2000 with {odd} is not read; needed: grey or RGB; {HINT}")


def _size(file: Path, data: bytes, start: int) -> _Facts:
    """Return what the codestream's first markers say."""
    if data[start : start + 4] != CODESTREAM:
        raise SourceError(f"{file}: damaged: no JPEG 2000 codestream at byte {start}; {AGAIN}")
    if END not in data[-16:] and data.rfind(END) < start:
        raise SourceError(f"{file}: damaged: the JPEG 2000 ends early; {AGAIN}")
    length, _, right, bottom, left, top = struct.unpack_from(">HH4I", data, start + 4)
    (channels,) = struct.unpack_from(">H", data, start + 40)
    parts = {data[k : k + 3] for k in range(start + 42, start + 42 + 3 * min(channels, 8), 3)}
    odd = f"{channels} channels" if channels not in (1, 3) else "channels of several kinds" if len(parts) > 1 else ""
    sign, depth = data[start + 42] >> 7, (data[start + 42] & 0x7F) + 1
    odd = odd or ("signed samples" if sign else f"{depth} bits" if depth not in DEPTHS else "")
    odd = odd or ("subsampled channels" if data[start + 43 : start + 45] != b"\1\1" else "")
    if odd:
        raise SourceError(f"{file}: a JPEG 2000 with {odd} is not read; needed: grey or RGB of 8 to 16 bits; {HINT}")
    if right <= left or bottom <= top:
        raise SourceError(f"{file}: damaged: {right - left}x{bottom - top} pixels; {AGAIN}")
    return _Facts((bottom - top, right - left), depth, channels, _lossy(data, start + 4 + length))


def _lossy(data: bytes, at: int) -> bool:
    """Tell from the coding style, which stands among the first markers, whether its transform loses."""
    while data[at : at + 2] not in (COD, b"\xff\x90", b""):
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return data[at : at + 2] == COD and data[at + 13] == 0


FORMAT = Jpeg2000()
