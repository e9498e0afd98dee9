"""A TIFF in, where the samples of each of its pages lie and which pages are pictures out; then the samples, in pieces.

Only directories are read to find out; of the samples only what is asked for, so the size of a file costs nothing.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile

from restore.errors import RestoreError, SourceError
from restore.formats import AGAIN
from restore.formats import _tiff_codecs as codecs
from restore.formats._tiff_codecs import Samples

FOREIGN = (7, 33003, 33005, 34712)
"""Compressions that are read and not written: JPEG and JPEG 2000."""
DAMAGED = "damaged: "
REDUCED, MASK = 1, 4
"""Bits of NewSubfileType."""
PHOTOMETRIC = {0: "grey", 1: "grey", 2: "RGB"}
YCBCR = 6
BAND_BYTES = 8 << 20
"""Of an uncompressed strip this much is read at a time."""
BLOW_UP = 4096
"""More bytes of samples than this for one stored byte hold neither LZW, Deflate, PackBits nor JPEG."""
FULL = (errno.ENOSPC, errno.EDQUOT)
FRESH_S = 2
"""A file written so lately may be written again without its times showing it."""
UNBOUNDED = (codecs.LZMA, codecs.ZSTD)


@dataclass(frozen=True)
class Numbers:
    """A tag that holds a number for each strip or tile: where it stands in the file."""

    entry: int
    """Offset of its entry in the directory."""
    at: int
    """Offset of the first number."""
    kind: int
    """TIFF's number for their type."""
    count: int


@dataclass(frozen=True)
class Page:
    """How the samples of one page are kept."""

    number: int
    """Its place in the chain of directories."""
    directory: int
    """Offset of its directory."""
    size: tuple[int, int]
    samples: int
    """Samples a pixel, those included that nobody restores."""
    dtype: np.dtype[Any]
    """As stored, byte order included."""
    photometric: int
    planar: bool
    """Whether each colour lies by itself."""
    piece: tuple[int, int]
    """(h, w) of a strip or tile."""
    tiled: bool
    compression: int
    predictor: int
    turned_bits: bool
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    """Bytes of each strip or tile."""
    offsets_tag: Numbers | None
    counts_tag: Numbers | None
    shared: frozenset[int] = frozenset()
    """Strips or tiles some bytes of which are used by something else as well."""

    @property
    def across(self) -> int:
        """Strips or tiles beside each other."""
        return -(-self.size[1] // self.piece[1])

    @property
    def pieces(self) -> int:
        """Strips or tiles of the page, of one colour where each lies by itself."""
        return -(-self.size[0] // self.piece[0]) * self.across

    def place(self, n: int) -> tuple[int, int, int]:
        """Return the first channel, row and column of a strip or tile."""
        channel, rest = divmod(n, self.pieces)
        row, column = divmod(rest, self.across)
        return channel, row * self.piece[0], column * self.piece[1]

    def shape(self, n: int) -> tuple[int, int, int]:
        """Return (h, w, samples) as a strip or tile is stored: the last strip is shorter, tiles never are."""
        _, y, _ = self.place(n)
        rows = self.piece[0] if self.tiled else min(self.piece[0], self.size[0] - y)
        return rows, self.piece[1], 1 if self.planar else self.samples

    def stored_bytes(self, n: int) -> int:
        """Return the bytes of samples a strip or tile holds, not compressed."""
        return int(np.prod(self.shape(n))) * self.dtype.itemsize


@dataclass(frozen=True)
class Album:
    """What a TIFF holds."""

    big: bool
    order: str
    """Byte order of its numbers, "<" or ">"."""
    pages: tuple[Page | str, ...]
    """Every page of the chain, or why its samples are not reached."""
    subfiles: tuple[int, ...]
    """NewSubfileType of each."""
    ranges: tuple[tuple[float, float] | None, ...]
    """What each page says of its smallest and largest samples."""
    nested: bool
    """Whether some page has others below it."""

    @property
    def first(self) -> int:
        """The first page that is neither a reduced copy nor a mask."""
        return next((n for n, kind in enumerate(self.subfiles) if not kind & (REDUCED | MASK)), 0)


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Turn whatever a hostile file makes a library raise (struct.error to MemoryError) into a SourceError."""
    try:
        yield
    except SourceError as e:
        if str(e).startswith(str(file)):
            raise
        raise SourceError(f"{file}: damaged: {e}; {AGAIN}") from e
    except RestoreError:
        raise
    except Exception as e:
        if isinstance(e, OSError) and e.errno in FULL:
            raise  # of a disk that is written to, and no fault of the source
        raise SourceError(f"{file}: not a TIFF that can be read ({type(e).__name__}: {e}); {AGAIN}") from e


def album(file: Path) -> Album:
    """Return what a TIFF holds. Raises SourceError where it is none."""
    with readable(file):
        now = file.stat()
        look = _album.__wrapped__ if time.time() - now.st_mtime < FRESH_S else _album
        return look(file, now.st_size, now.st_mtime_ns, now.st_ino)


@lru_cache(maxsize=16)
def _album(file: Path, size_bytes: int, _mtime_ns: int, _inode: int) -> Album:
    with tifffile.TiffFile(file) as tiff:
        pages: list[Any] = [tiff.pages[n] for n in range(len(tiff.pages))]
        found = [_page(p, n, size_bytes) for n, p in enumerate(pages)]
        taken = [r for p, is_ in zip(pages, found, strict=True) for r in _taken(p, isinstance(is_, str))]
        kinds = tuple(int(p.subfiletype) for p in pages)
        said, nested = tuple(map(_said_range, pages)), any(330 in p.tags for p in pages)
        return Album(tiff.is_bigtiff, tiff.byteorder, _alone(found, taken), kinds, said, nested)


def _page(page: Any, number: int, size_bytes: int) -> Page | str:
    """Return how a page is kept, or why it is not read: DAMAGED in front for what should be there and is not."""
    odd = _oddity(page)
    if odd:
        return odd
    tiled, planar = bool(page.is_tiled), int(page.planarconfig) == 2 and page.samplesperpixel > 1
    size = (int(page.imagelength), int(page.imagewidth))
    piece = (int(page.tilelength), int(page.tilewidth)) if tiled else (min(page.rowsperstrip, size[0]), size[1])
    if min(piece) < 1:
        return "strips or tiles without a size"
    codes = (324, 325) if tiled else (273, 279)
    out = Page(
        number, int(page.offset), size, int(page.samplesperpixel), np.dtype(page.dtype).newbyteorder(
            page.parent.byteorder), int(page.photometric), planar, piece, tiled, int(page.compression),
        int(page.predictor), int(page.fillorder) == 2, tuple(map(int, page.dataoffsets)),
        tuple(map(int, page.databytecounts)), _numbers(page, codes[0]), _numbers(page, codes[1]),
    )
    missing = _missing(out, size_bytes)
    return f"{DAMAGED}{missing}" if missing else out


def _oddity(page: Any) -> str:
    """Name what keeps the samples of a page from being reached; empty for nothing."""
    compression, bits, predictor = int(page.compression), page.bitspersample, int(page.predictor)
    if compression not in (*codecs.LOSSLESS, *FOREIGN):
        return f"compression {getattr(page.compression, 'name', compression)}"
    if compression not in codecs.WITHOUT_CODECS and not codecs.imagecodecs():
        return f"compression {getattr(page.compression, 'name', compression)} ({codecs.INSTALL})"
    if page.imagedepth != 1 or not page.imagelength or not page.imagewidth or page.planarconfig not in (1, 2):
        return "an odd shape"
    if page.dtype is None or np.dtype(page.dtype).kind not in "uif" or bits != 8 * np.dtype(page.dtype).itemsize:
        kind = "" if page.sampleformat == 1 else f" of format {getattr(page.sampleformat, 'name', page.sampleformat)}"
        return f"{bits}-bit samples{kind}"
    if int(page.photometric) == YCBCR and (compression != 7 or page.planarconfig != 1):
        return "photometric interpretation YCBCR"
    allowed = {codecs.NO_PREDICTOR, *([codecs.DIFFERENCE] if compression in codecs.PREDICTED else [])}
    allowed |= {codecs.FLOATING} if np.dtype(page.dtype).kind == "f" and compression in codecs.PREDICTED else set()
    return "" if predictor in allowed or compression in FOREIGN else f"predictor {predictor} with this compression"


def _numbers(page: Any, code: int) -> Numbers | None:
    tag = page.tags.get(code)
    return None if tag is None else Numbers(int(tag.offset), int(tag.valueoffset), int(tag.dtype), int(tag.count))


def _missing(page: Page, size_bytes: int) -> str:
    """Name what strips or tiles are missing, short or beyond the end of the file; empty where none are."""
    wanted = page.pieces * (page.samples if page.planar else 1)
    if len(page.offsets) < wanted or len(page.counts) < wanted:
        return f"{min(len(page.offsets), len(page.counts))} strips or tiles of {wanted} are there"
    end = max(at + n for at, n in zip(page.offsets[:wanted], page.counts[:wanted], strict=True))
    if end > size_bytes:
        return f"the TIFF ends early, {end - size_bytes} bytes of samples are missing"
    for n in range(wanted):
        need, there = page.stored_bytes(n), page.counts[n]
        if not there or not page.offsets[n]:
            return f"strip or tile {n} is not there"
        if need > there * (1 if page.compression == codecs.NONE else BLOW_UP) and page.compression not in UNBOUNDED:
            return f"strip or tile {n} is to hold {need} bytes of samples and has {there}"
    return ""


def _said_range(page: Any) -> tuple[float, float] | None:
    """Return SMinSampleValue and SMaxSampleValue, where they are there and mean something."""
    said = [np.ravel(np.asarray(page.tags.valueof(code, ()), np.float64)) for code in (340, 341)]
    if not all(v.size and np.isfinite(v).all() for v in said) or said[0].min() >= said[1].max():
        return None
    return float(said[0].min()), float(said[1].max())


def _taken(page: Any, samples_too: bool) -> Iterator[tuple[int, int]]:
    """Yield the bytes, from and to, that a page uses for anything but its samples, and its sub-pages for those."""
    yield int(page.offset), int(page.offset) + 2
    for tag in page.tags:
        yield int(tag.offset), int(tag.offset) + (20 if page.parent.is_bigtiff else 12)
        if not 0 < tag.valueoffset - tag.offset < 20:
            yield int(tag.valueoffset), int(tag.valueoffset) + int(tag.valuebytecount)
    for other in [page] * samples_too + list(page.pages or () if 330 in page.tags else ()):
        yield from ((int(a), int(a) + int(n)) for a, n in zip(other.dataoffsets, other.databytecounts, strict=False))


def _alone(pages: list[Page | str], taken: list[tuple[int, int]]) -> tuple[Page | str, ...]:
    """Return the pages, each with the strips and tiles named of which other things use some bytes too."""
    own = [(a, a + c, n, k) for n, p in enumerate(pages) if isinstance(p, Page)
           for k, (a, c) in enumerate(zip(p.offsets, p.counts, strict=False))]
    every = sorted([*own, *((a, b, -1, 0) for a, b in taken)])
    shared: dict[int, set[int]] = {}
    reach, last = -1, (-1, 0)
    for a, b, n, k in every:
        if a < reach:
            shared.setdefault(n, set()).add(k)
            shared.setdefault(last[0], set()).add(last[1])
        if b > reach:
            reach, last = b, (n, k)
    return tuple(
        replace(p, shared=frozenset(shared[n])) if isinstance(p, Page) and n in shared else p
        for n, p in enumerate(pages)
    )


# Samples


@contextmanager
def opened(file: Path, page: Page) -> Iterator[Pieces]:
    """Open a file to read strips and tiles of one of its pages."""
    with file.open("rb") as handle:
        if page.compression not in FOREIGN:
            yield Pieces(handle, page)
            return
        with tifffile.TiffFile(file) as tiff:
            yield Pieces(handle, page, tiff.pages[page.number])


@dataclass(frozen=True)
class Pieces:
    """Reads strips and tiles of one page."""

    file: BinaryIO
    page: Page
    tifffile_page: Any = None
    """For compressions that tifffile undoes."""

    def stored(self, n: int) -> bytes:
        """Return a strip or tile as it is stored, its bits in the usual order."""
        data = self._read(self.page.offsets[n], self.page.counts[n])
        return data.translate(codecs.TURNED) if self.page.turned_bits else data

    def one(self, n: int) -> Samples:
        """Return the samples (h, w, samples a pixel) of a strip or tile, native byte order."""
        page = self.page
        if self.tifffile_page is None:
            try:
                return codecs.decoded(self.stored(n), page.compression, page.predictor, page.shape(n), page.dtype)
            except SourceError as e:
                raise SourceError(f"strip or tile {n} holds {e}") from e
        own = self.tifffile_page
        jpeg = {"jpegtables": own.jpegtables, "jpegheader": own.jpegheader} if page.compression == 7 else {}
        found: Samples = own.decode(self._read(page.offsets[n], page.counts[n]), n, **jpeg)[0][0]
        (_, y, x), (_, _, samples) = page.place(n), page.shape(n)
        if found.shape[2] != samples or found.shape[0] < min(page.piece[0], page.size[0] - y) or (
            found.shape[1] < min(page.piece[1], page.size[1] - x)
        ):
            raise SourceError(f"strip or tile {n} holds {found.shape} samples where {page.shape(n)} are needed")
        return found.astype(page.dtype.newbyteorder("="), copy=False)

    def blocks(self, n: int) -> Iterator[tuple[int, int, Samples]]:
        """Yield a strip or tile in pieces of few rows: their first row and column, and their samples."""
        page, (rows, width, samples) = self.page, self.page.shape(n)
        _, y, x = page.place(n)
        row_bytes = width * samples * page.dtype.itemsize
        band = max(1, BAND_BYTES // row_bytes)
        if page.compression != codecs.NONE or page.turned_bits or rows <= band:
            yield y, x, self.one(n)
            return
        for k in range(0, rows, band):
            some = min(band, rows - k)
            data = self._read(page.offsets[n] + k * row_bytes, some * row_bytes)
            yield y + k, x, np.frombuffer(data, page.dtype).reshape(some, width, samples)

    def every(self) -> Iterator[tuple[int, int, int, Samples]]:
        """Yield all samples of the page: first channel, row and column, and samples (h, w, n) without any padding."""
        page = self.page
        for n in range(page.pieces * (page.samples if page.planar else 1)):
            channel, _, _ = page.place(n)
            for y, x, block in self.blocks(n):
                yield channel, y, x, block[: page.size[0] - y, : page.size[1] - x]

    def _read(self, at: int, count: int) -> bytes:
        self.file.seek(at)
        data = self.file.read(count)
        if len(data) < count:
            raise SourceError(f"the TIFF ends early, {count - len(data)} bytes are missing")
        return data


def channels(file: Path, page: Page, wanted: tuple[int, ...]) -> tuple[Samples, ...]:
    """Return channels of a page, each (H, W) in native byte order. Raises SourceError where they cannot be read."""
    with readable(file), opened(file, page) as pieces:
        out = {c: np.empty(page.size, page.dtype.newbyteorder("=")) for c in wanted}
        for first, y, x, block in pieces.every():
            h, w, n = block.shape
            for c in range(first, first + n):
                if c in out:
                    out[c][y : y + h, x : x + w] = block[..., c - first]
        return tuple(out[c] for c in wanted)


def span(file: Path, pages: list[Page], wanted: int) -> tuple[float, float]:
    """Return the smallest and the largest finite sample of the first `wanted` channels of pages."""
    low, high = np.inf, -np.inf
    for page in pages:
        with readable(file), opened(file, page) as pieces:
            for first, _, _, block in pieces.every():
                colours = block[..., : max(0, wanted - first)]
                v = colours[np.isfinite(colours)] if colours.dtype.kind == "f" else colours
                if v.size:
                    low, high = min(low, float(v.min())), max(high, float(v.max()))
    return (low, high) if low <= high else (0.0, 1.0)
