"""The bytes of an OpenEXR file in, its parts and where their chunks lie out; nothing is unpacked here.

Layout after "OpenEXR File Layout" and "Technical Introduction to OpenEXR" (openexr.com).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from restore.errors import SourceError
from restore.formats import AGAIN

MAGIC = b"\x76\x2f\x31\x01"
TILED, DEEP, SEVERAL = 0x200, 0x800, 0x1000
KNOWN_FLAGS = 0x1E00
TYPES = {0: "<u4", 1: "<f2", 2: "<f4"}
COMPRESSIONS = ("none", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB",
                "HTJ2K256", "HTJ2K32")
LINES = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256, 256, 32)
"""Scan lines in a chunk, by compression."""
MOST_BYTES, MOST_TIMES = 1 << 27, 1100
"""A file whose samples are larger than both this and this many times the file is damaged: Deflate's best is 1032."""
MOST_PARTS, MOST_TEXT = 1000, 256
NEEDED = ("channels", "compression", "dataWindow", "displayWindow")


@dataclass(frozen=True)
class Channel:
    """One channel of a part, in the order of the file."""

    name: str
    type: str
    """Its numpy type, byte order included."""
    whole: bool
    """Whether it has a sample for each pixel."""


@dataclass(frozen=True)
class Part:
    """One picture of a file, with the channels that belong to it."""

    channels: tuple[Channel, ...]
    compression: int
    data: tuple[int, int, int, int]
    """x0, y0, x1, y1 of what is stored, inclusive."""
    shown: tuple[int, int, int, int]
    """The same of the picture."""
    tile: tuple[int, int]
    """(height, width) of a chunk; of scan lines as wide as the picture."""
    tiled: bool
    count: int
    """How many chunks it has."""
    odd: str = ""
    """Why its chunks cannot be read; "" where they can."""
    rate: Fraction | None = None
    preview: bool = False
    """Whether it holds a small picture of itself."""
    deep: bool = False
    """Whether a pixel may have any number of samples."""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of what is stored."""
        return (self.data[3] - self.data[1] + 1, self.data[2] - self.data[0] + 1)

    @property
    def pixel_bytes(self) -> int:
        """Bytes of all samples of a pixel."""
        return sum(np.dtype(c.type).itemsize for c in self.channels)

    def before(self, name: str) -> int:
        """Return the bytes of a pixel's samples that lie before those of a channel."""
        names = [c.name for c in self.channels]
        return sum(np.dtype(c.type).itemsize for c in self.channels[: names.index(name)])


@dataclass(frozen=True)
class Layout:
    """Where everything of a file lies."""

    parts: tuple[Part, ...]
    several: bool
    """Whether chunks name their part."""
    table: int
    """The byte at which the chunks' places begin."""
    places: npt.NDArray[np.int64]
    """The byte of each chunk, those of the first part first."""


@dataclass(frozen=True)
class Chunk:
    """A piece of the first part's picture."""

    start: int
    body: int
    stop: int
    top: int
    left: int
    rows: int
    columns: int


@contextmanager
def opened(file: Path) -> Iterator[mmap.mmap]:
    """Yield a file's bytes, of which only those looked at are read. Raises SourceError where there are none."""
    try:
        with file.open("rb") as f:
            data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as e:
        raise SourceError(f"{file}: cannot be read, or empty ({e}); {AGAIN}") from e
    with data:
        yield data


def layout_of(file: Path, data: mmap.mmap) -> Layout:
    """Return where everything lies. Raises SourceError for what is no EXR, or damaged."""
    if data[:4] != MAGIC:
        raise SourceError(f"{file}: not an EXR file, whatever its name says; name it as what it is")
    try:
        return _layout(file, data)
    except SourceError:
        raise
    except (struct.error, IndexError, ValueError, OverflowError, ZeroDivisionError) as e:
        raise damaged(file, str(e)) from e


def damaged(file: Path, why: str) -> SourceError:
    """Return the error that says so."""
    return SourceError(f"{file}: the EXR is damaged or ends early ({why}); {AGAIN}")


def _layout(file: Path, data: mmap.mmap) -> Layout:
    (flags,) = struct.unpack_from("<I", data, 4)
    if flags & 0xFF != 2 or flags & ~(KNOWN_FLAGS | 0xFF):
        raise SourceError(f"{file}: an EXR of version {flags & 0xFF} with flags {flags >> 8:#x} is not known; needed: "
                          "version 2. Write it again as TIFF")
    several, at = bool(flags & SEVERAL), 8
    parts: list[Part] = []
    while not parts or (several and data[at]):
        facts, at = _attributes(data, at)
        parts.append(_part(file, facts, flags, several))
        if len(parts) > MOST_PARTS:
            raise damaged(file, f"more than {MOST_PARTS} parts")
    at += several
    count = sum(p.count for p in parts)
    if at + 8 * count > len(data):
        raise damaged(file, f"{count} chunks in {len(data)} bytes")
    places = np.frombuffer(data[at : at + 8 * count], "<i8")
    if count and not (at + 8 * count <= places.min() and places.max() <= len(data) - 8):
        raise damaged(file, "some chunks are missing")
    if count:
        _require_last(data, parts, several, int(places.max()))
    first = parts[0]
    need = first.size[0] * first.size[1] * first.pixel_bytes
    if need > MOST_BYTES and need > MOST_TIMES * len(data):
        raise damaged(file, f"{need} bytes of samples out of {len(data)}")
    return Layout(tuple(parts), several, at, places)


def _require_last(data: mmap.mmap, parts: list[Part], several: bool, at: int) -> None:
    """Raise ValueError where the last chunk of a file is cut off."""
    number, at = (struct.unpack_from("<i", data, at)[0], at + 4) if several else (0, at)
    if not 0 <= number < len(parts):
        raise ValueError(f"a chunk of part {number}")
    if parts[number].deep:
        return  # its chunks tell their size in another way, and nobody looks at them
    body = at + (20 if parts[number].tiled else 8)
    (size,) = struct.unpack_from("<i", data, body - 4)
    if not 0 <= size <= len(data) - body:
        raise ValueError(f"the last chunk has {size} bytes")


def _attributes(data: mmap.mmap, at: int) -> tuple[dict[str, bytes], int]:
    """Return the values of a header by name, and the byte behind it."""
    facts: dict[str, bytes] = {}
    while data[at]:
        name, at = _text(data, at)
        _, at = _text(data, at)
        (size,) = struct.unpack_from("<I", data, at)
        if at + 4 + size > len(data):
            raise ValueError(f"{size} bytes of {name}")
        facts[name] = data[at + 4 : at + 4 + size]
        at += 4 + size
    return facts, at + 1


def _part(file: Path, facts: Mapping[str, bytes], flags: int, several: bool) -> Part:
    if missing := [n for n in NEEDED if n not in facts]:
        raise damaged(file, f"no {', '.join(missing)}")
    kind = facts.get("type", b"").rstrip(b"\0")
    tiled = kind in (b"tiledimage", b"deeptile") if kind and several else bool(flags & TILED)
    compression = facts["compression"][0]
    data, shown = (struct.unpack("<4i", facts[k]) for k in ("dataWindow", "displayWindow"))
    for x0, y0, x1, y1 in (data, shown):
        if x1 < x0 or y1 < y0:
            raise damaged(file, f"a window of {x0}, {y0} to {x1}, {y1}")
    deep = kind.startswith(b"deep") or bool(flags & DEEP and not several)
    odd = "deep samples" if deep else ""
    if compression >= len(COMPRESSIONS):
        odd = odd or f"compression number {compression}"
    tile, levels = (LINES[compression] if not odd else 1, data[2] - data[0] + 1), 0
    if tiled:
        width, height, levels = struct.unpack("<IIB", facts.get("tiles", b""))
        tile = (height, width)
        odd = odd or ("several resolutions (mip map)" if levels & 15 else "")
    chunks = -(-(data[3] - data[1] + 1) // tile[0]) * -(-(data[2] - data[0] + 1) // tile[1])
    count = struct.unpack("<i", facts.get("chunkCount", b""))[0] if several else 0 if odd else chunks
    if count < 0 or (not odd and count != chunks):
        raise damaged(file, f"{count} chunks where there should be {chunks}")
    return Part(_channels(facts["channels"]), compression, data, shown, tile, tiled, count, odd,
                _rate(facts.get("framesPerSecond", b"")), "preview" in facts, deep)


def _rate(value: bytes) -> Fraction | None:
    if len(value) != 8:
        return None
    above, below = struct.unpack("<iI", value)
    return Fraction(above, below) if above > 0 and below else None


def _channels(data: bytes) -> tuple[Channel, ...]:
    out, at = [], 0
    while data[at]:
        end = data.index(b"\0", at)
        kind, _, step_x, step_y = struct.unpack_from("<iIii", data, end + 1)
        if kind not in TYPES:
            raise ValueError(f"a channel of type {kind}")
        out.append(Channel(data[at:end].decode("latin1"), TYPES[kind], (step_x, step_y) == (1, 1)))
        at = end + 17
    if not out or len({c.name for c in out}) < len(out):
        raise ValueError("no channels, or two of one name")
    return tuple(out)


def _text(data: mmap.mmap, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at, at + MOST_TEXT)
    if end < 0:
        raise ValueError("a name without an end")
    return data[at:end].decode("latin1"), end + 1


def chunks_of(file: Path, data: mmap.mmap, layout: Layout) -> tuple[Chunk, ...]:
    """Return the chunks of the first part by the place of their pixels. Raises SourceError where some are missing."""
    part = layout.parts[0]
    try:
        found = {(c.top, c.left): c for c in (_chunk(data, layout, int(s)) for s in layout.places[: part.count])}
    except (struct.error, ValueError) as e:
        raise damaged(file, str(e)) from e
    if len(found) != part.count:
        raise damaged(file, f"only {len(found)} of {part.count} chunks are different")
    return tuple(found[k] for k in sorted(found))


def _chunk(data: mmap.mmap, layout: Layout, start: int) -> Chunk:
    part, at = layout.parts[0], start
    if layout.several:
        (number,) = struct.unpack_from("<i", data, at)
        if number:
            raise ValueError(f"a chunk of part {number} among those of part 0")
        at += 4
    height, width = part.size
    if part.tiled:
        column, row, level_x, level_y, size = struct.unpack_from("<5i", data, at)
        top, left, body = row * part.tile[0], column * part.tile[1], at + 20
        if level_x or level_y:
            raise ValueError(f"a tile of level {level_x}, {level_y}")
    else:
        top, size = struct.unpack_from("<2i", data, at)
        top, left, body = top - part.data[1], 0, at + 8
    if not (0 <= top < height and 0 <= left < width and top % part.tile[0] == 0 and 0 <= size <= len(data) - body):
        raise ValueError(f"a chunk of {size} bytes for row {top}, column {left}")
    rows, columns = min(part.tile[0], height - top), min(part.tile[1], width - left)
    return Chunk(start, body, body + size, top, left, rows, columns)
