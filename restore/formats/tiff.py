"""TIFF: the samples of its pages out, and a copy of it with other samples and everything else of its own.

Where the samples lie is found in `_tiff_pages`, strips and tiles are packed in `_tiff_codecs`, and a copy is changed
in `_tiff_splice`: nothing is written but what holds a changed sample.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import tifffile

from restore.errors import OutputError, SourceError
from restore.formats import Deed, Header, content
from restore.formats._interleaved import PLACES, interleave, layout
from restore.formats._tiff_codecs import INSTALL, Samples
from restore.formats._tiff_pages import (
    DAMAGED,
    FOREIGN,
    MASK,
    PHOTOMETRIC,
    REDUCED,
    YCBCR,
    Album,
    Page,
    album,
    channels,
    readable,
    span,
)
from restore.formats._tiff_splice import spliced, turned
from restore.frames import Changes
from restore.source import PixelFormat, Plane

NEEDED = "needed: grey or RGB of 8 or 16 bits, or signed or float samples"
WHITE_IS_ZERO = "0 is white in this TIFF (MINISWHITE), so it is worked on as a negative, as it is stored"
NAMED = 4
"""So many pages that are left as they are are named."""


class Tiff:
    """TIFF and BigTIFF of any number of pages, grey or RGB, whole or float samples; no palettes, no CMYK, no bits."""

    name: ClassVar[str] = "tiff"
    suffixes: ClassVar[tuple[str, ...]] = (".tif", ".tiff")
    writes: ClassVar[bool] = True

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these (classic or BigTIFF, either byte order)."""
        return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

    def arrange(self, files: Sequence[Path]) -> None:
        """Leave the order to the names."""

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the header of each page that is like the first; a note names the others, which stay as they are."""
        held = album(file)
        pages = _pictures(file, held)
        low_high = _low_high(file, held, pages)
        pixels = _pixels(pages[0], low_high)
        header = Header(pages[0].size, pixels, self.name, tuple(_notes(file, held, pages, pixels)), alone=True)
        return (header, *(replace(header, notes=()) for _ in pages[1:]))

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of a page, counted among those that `inspect` names."""
        pages = _pictures(file, album(file))
        if not 0 <= page < len(pages):
            raise SourceError(f"{file}: changed since it was looked at: it has {len(pages)} pages; put it back as it "
                              "was")
        return channels(file, pages[page], PLACES[_planes(pages[page])])

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Write a copy of `like` in which only strips or tiles with changed samples differ."""
        held = album(like)
        pages = _pictures(like, held)
        with readable(like):
            shutil.copyfile(like, path)
            for number in sorted(changed):
                spliced(path, like, held, pages[number], changed[number])

    def make(self, path: Path, planes: tuple[Plane, ...], pixels: PixelFormat) -> None:
        """Write an uncompressed TIFF that says no more than its samples."""
        samples = interleave(planes)
        n = 1 if samples.ndim == 2 else samples.shape[2]
        tifffile.imwrite(
            path, samples, photometric="rgb" if n > 2 else "minisblack", metadata=None, software=False,
            planarconfig="contig" if n > 1 else None, extrasamples=["unassalpha"] if n in (2, 4) else None,
        )

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return notes on what changes in a copy of a TIFF beside its samples."""
        pages = _pictures(like, album(like))
        for page in pages:
            if None in (page.offsets_tag, page.counts_tag) and page.compression != 1:
                raise OutputError(f"{like}: does not say where its strips or tiles lie or how long they are, so that a "
                                  "copy cannot be changed; write it again first (tiffcp)")
        return tuple(dict.fromkeys(_turn_note(like, p) for p in pages if turned(p)))


def every_sample(file: Path) -> tuple[Samples, ...]:
    """Return every channel of every page that is as large as the first, each (H, W), in the file's order.

    Raises SourceError where the file, or one of these pages, cannot be read.
    """
    held = album(file)
    first = _first(file, held)
    pages = [p for p in held.pages if isinstance(p, Page) and p.size == first.size]
    return tuple(c for p in pages for c in channels(file, p, tuple(range(p.samples))))


def _first(file: Path, held: Album) -> Page:
    """Return the first picture of a file. Raises SourceError where it is of a kind that is not read."""
    content_page = held.pages[held.first] if held.pages else f"{DAMAGED}no page at all"
    if isinstance(content_page, Page):
        if held.nested and held.subfiles[held.first] & REDUCED:
            raise SourceError(f"{file}: holds nothing but a reduced copy, and its picture below that, as cameras keep "
                              "raw samples; such a file is not restored. Develop it into a TIFF of its own")
        return content_page
    if content_page.startswith(DAMAGED):
        raise SourceError(f"{file}: {content_page}; copy it again from its source")
    raise SourceError(f"{file}: a TIFF with {content_page} is not read; {NEEDED}. Write it again so")


def _pictures(file: Path, held: Album) -> list[Page]:
    """Return the pages that are pictures like the first. Raises SourceError where that one is not read."""
    if not held.pages:
        content(file)
    first = _first(file, held)
    odd = _oddity(first)
    if odd:
        raise SourceError(f"{file}: a TIFF with {odd} is not read; {NEEDED}. Write it again so")
    out = []
    for page, kind in zip(held.pages, held.subfiles, strict=True):
        if kind & (REDUCED | MASK) and page is not first:
            continue
        if isinstance(page, str) and page.startswith(DAMAGED):
            raise SourceError(f"{file}: page {held.pages.index(page)} is {page}; copy it again from its source")
        if isinstance(page, Page) and _unlike(first, page) == "":
            out.append(page)
    return out


def _oddity(page: Page) -> str:
    """Name what is not restored of samples that could be reached; empty for grey and RGB."""
    family = _family(page)
    if not family:
        names = {3: "PALETTE", 4: "MASK", 5: "SEPARATED (CMYK or other inks)", 8: "CIELAB"}
        return f"photometric interpretation {names.get(page.photometric, page.photometric)}"
    if page.samples not in (range(1, 3) if family == "grey" else range(3, 99)):
        return f"{page.samples} samples a pixel in {family}"
    return ""


def _family(page: Page) -> str:
    """Return grey, RGB (Y'CbCr comes out of JPEG as that) or nothing."""
    return "RGB" if page.photometric == YCBCR else PHOTOMETRIC.get(page.photometric, "")


def _planes(page: Page) -> int:
    """Return the planes of a page: its colours and the first of its other samples."""
    return min(page.samples, 4 if _family(page) == "RGB" else 2)


def _unlike(first: Page, page: Page) -> str:
    """Name in what a page is not like the first; empty where it is."""
    if page.size != first.size:
        return f"{page.size[1]}x{page.size[0]} and not {first.size[1]}x{first.size[0]}"
    same = (_family(page), page.samples, page.dtype, page.photometric == 0)
    if same != (_family(first), first.samples, first.dtype, first.photometric == 0):
        return f"{page.samples} {page.dtype.name} samples a pixel and not {first.samples} {first.dtype.name}"
    return ""


def _pixels(page: Page, low_high: tuple[float, float]) -> PixelFormat:
    kind = page.dtype.newbyteorder("=")
    if kind in (np.uint8, np.uint16):
        return layout(_planes(page), 8 * kind.itemsize)
    plain = layout(_planes(page), 16)
    name = f"{plain.name.removesuffix('16le')}-{kind.name}"
    return replace(plain, name=name, sample=kind.name, low=low_high[0], high=low_high[1])


def _low_high(file: Path, held: Album, pages: list[Page]) -> tuple[float, float]:
    """Return the samples seen as black and white: said by the file, or light (0, 0), or the extremes there are."""
    first = pages[0]
    if first.dtype.newbyteorder("=") in (np.uint8, np.uint16):
        return 0.0, 0.0
    said = [held.ranges[p.number] for p in pages]
    known = [r for r in said if r]
    if len(known) == len(said):
        return min(low for low, _ in known), max(high for _, high in known)
    if _family(first) == "RGB" and first.dtype.kind == "f":
        return 0.0, 0.0
    low, high = span(file, pages, 3 if _family(first) == "RGB" else 1)
    return (low, high) if low < high else (low, low + 1)


def _notes(file: Path, held: Album, pages: list[Page], pixels: PixelFormat) -> Iterator[str]:
    if pages[0].photometric == 0:
        yield WHITE_IS_ZERO
    if pixels.sample:
        seen = "linear light" if pixels.low == pixels.high else f"{pixels.low:g} as black and {pixels.high:g} as white"
        yield f"{pixels.sample} samples are looked at as {seen}; those that are not restored keep every bit"
    if pages[0].samples > _planes(pages[0]):
        yield f"{pages[0].samples - _planes(pages[0])} further samples of each pixel are left as they are"
    left = [(n, _why_left(held, n, pages[0])) for n in range(len(held.pages)) if n not in {p.number for p in pages}]
    if left:
        why = "; ".join(f"page {n}: {reason}" for n, reason in left[:NAMED]) + "; ..." * (len(left) > NAMED)
        yield f"{file.name}: {len(left)} of {len(held.pages)} pages are left as they are ({why})"


def _why_left(held: Album, n: int, first: Page) -> str:
    page, kind = held.pages[n], held.subfiles[n]
    if kind & REDUCED:
        return "a reduced copy, which does not show what is restored"
    if kind & MASK:
        return "a mask"
    return page if isinstance(page, str) else _unlike(first, page)


def _turn_note(like: Path, page: Page) -> str:
    name = tifffile.COMPRESSION(page.compression).name
    why = "so that nothing beside the mask is lost to it" if page.compression in FOREIGN else INSTALL
    return f"{like.name}: {name} compression becomes Deflate in changed pictures ({why})"


FORMAT = Tiff()
