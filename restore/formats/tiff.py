"""TIFF: its samples out, and a copy of it with other samples and everything else of its own.

An uncompressed source is copied byte by byte and only the changed samples are overwritten: no tag can get lost. A
compressed one is written anew in its own layout, its tags copied one by one.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import tifffile

from restore.errors import OutputError, SourceError
from restore.formats import AGAIN, Deed, Header, content
from restore.formats._interleaved import Samples, interleave, layout, separate
from restore.formats.plain import in_order, unpacked
from restore.frames import Changes, changed_planes
from restore.source import PixelFormat, Plane

STRUCTURE = frozenset({
    254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 296, 317, 320, 322, 323, 324,
    325, 330, 338, 339, 347, 530, 531, 532, 34665, 34853, 270, 305, 34675,
})
"""Tags that are written from arguments, or point into the old file (TIFF 6.0; Exif and GPS directories)."""
POINTERS = {330: "sub-pictures", 34665: "Exif", 34853: "GPS"}
ASCII = 2
"""The type of text tags."""
DEFLATE = 8
WRITABLE = (1, DEFLATE, 32946)
"""Lossless compressions that can be written without further libraries: none, Deflate by two numbers."""
WITH_IMAGECODECS = (5, 32773, 34925, 50000)
"""LZW, PackBits, LZMA and Zstandard need the imagecodecs package."""


PHOTOMETRIC = {1: "grey", 2: "RGB"}
WITHOUT_CODECS = (1, DEFLATE, 32946, 5)
"""Compressions read without the imagecodecs package: none, Deflate by two numbers; LZW through OpenCV."""


class Tiff:
    """TIFF of one page, 8 or 16 bits, grey or RGB; no palettes, no CMYK, no floats."""

    name: ClassVar[str] = "tiff"
    suffixes: ClassVar[tuple[str, ...]] = (".tif", ".tiff")
    writes: ClassVar[bool] = True

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these (classic or BigTIFF, either byte order)."""
        return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

    def arrange(self, files: Sequence[Path]) -> None:
        """Leave the order to the names."""

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the one header of a file."""
        return (_inspected(file, content(file)),)

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of the one picture."""
        data = content(file)
        header, samples = _inspected(file, data), _samples(file, data)
        channels = samples.shape[2] if samples.ndim == 3 else 1
        if samples.ndim > 3 or (*samples.shape[:2], channels) != (*header.size, header.pixels.planes):
            raise SourceError(f"{file}: damaged: its tags disagree on how its samples lie; {AGAIN}")
        return separate(samples, header.pixels)

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Write a copy of `like` with other samples."""
        samples = interleave(changed_planes(self.read(like, 0), changed[0]))
        if not _spliced(path, samples, like):
            _anew(path, samples, like)

    def make(self, path: Path, planes: tuple[Plane, ...], pixels: PixelFormat) -> None:
        """Write an uncompressed TIFF that says no more than its samples."""
        samples = interleave(planes)
        channels = 1 if samples.ndim == 2 else samples.shape[2]
        tifffile.imwrite(
            path, samples, photometric="rgb" if channels > 2 else "minisblack", metadata=None, software=False,
            planarconfig="contig" if channels > 1 else None,
            extrasamples=["unassalpha"] if channels in (2, 4) else None,
        )

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return notes on what a changed copy of a TIFF cannot keep."""
        if _mappable(like):
            return ()
        with tifffile.TiffFile(like) as file:
            page: Any = file.pages[0]
            notes = [f"{like.name}: its {POINTERS[t.code]} directory is not in changed pictures: a compressed file "
                     "is written anew" for t in page.tags if t.code in POINTERS]
            if _compression(page) != page.compression:
                notes.append(f"{like.name}: {page.compression.name} compression becomes Deflate in changed pictures")
        return tuple(notes)


def _inspected(file: Path, data: bytes) -> Header:
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            pages, page = len(tiff.pages), tiff.pages.first
            odd = _oddity(page, pages)
            ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=True)]
            size = (int(page.imagelength), int(page.imagewidth))
            channels, depth, compression = page.samplesperpixel, int(page.bitspersample), int(page.compression)
    except SourceError:
        raise
    except Exception as e:  # a hostile file makes tifffile raise almost anything, struct.error to MemoryError
        raise SourceError(f"{file}: not a TIFF that can be read ({type(e).__name__}: {e}); {AGAIN}") from e
    if not odd and max(ends, default=0) > len(data):
        missing = max(ends) - len(data)
        raise SourceError(f"{file}: damaged: the TIFF ends early, {missing} bytes of samples are missing; {AGAIN}")
    if not odd and not _readable(compression, channels):
        odd = f"compression {compression} (install imagecodecs to read it: pip install imagecodecs)"
    if odd:
        raise SourceError(
            f"{file}: a TIFF with {odd} is not read; needed: one page of 8 or 16 bit grey or RGB. Write it again so"
        )
    return Header(size, layout(channels, depth), Tiff.name)


def _oddity(page: Any, pages: int) -> str:
    """Name what this reader does not do; empty for a plain picture."""
    if pages != 1:
        return f"{pages} pages"
    if int(page.photometric) not in PHOTOMETRIC:
        return f"photometric interpretation {getattr(page.photometric, 'name', page.photometric)}"
    if page.bitspersample not in (8, 16) or int(page.sampleformat) != 1:
        return f"{page.bitspersample}-bit samples of format {getattr(page.sampleformat, 'name', page.sampleformat)}"
    if page.imagedepth != 1 or not page.imagelength or not page.imagewidth:
        return "an odd shape"
    if int(page.compression) == 5 and int(page.planarconfig) == 2 and page.samplesperpixel > 1 and not _imagecodecs():
        # OpenCV returns other samples on every read of some of these.
        return "LZW in separate colour planes (install imagecodecs to read it: pip install imagecodecs)"
    wanted = {"grey": (1, 2), "RGB": (3, 4)}[PHOTOMETRIC[int(page.photometric)]]
    return "" if page.samplesperpixel in wanted else f"{page.samplesperpixel} samples a pixel"


def _readable(compression: int, channels: int) -> bool:
    if compression == 5 and not _imagecodecs():
        return channels in (1, 3)
    return compression in WITHOUT_CODECS or _imagecodecs()


def _imagecodecs() -> bool:
    return find_spec("imagecodecs") is not None


def _samples(file: Path, data: bytes) -> npt.NDArray[Any]:
    """Return (H, W) or (H, W, samples), RGB order."""
    try:
        picture: npt.NDArray[Any]
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages.first
            if int(page.compression) == 5 and not _imagecodecs():
                return in_order(unpacked(file, data))
            picture = page.asarray()
            if int(page.planarconfig) == 2 and page.samplesperpixel > 1:
                picture = np.moveaxis(picture, 0, -1)
    except SourceError:
        raise
    except Exception as e:  # see _inspected
        raise SourceError(f"{file}: cannot be read ({type(e).__name__}: {e}); {AGAIN}") from e
    return picture


def _mappable(path: Path) -> bool:
    """Tell whether a file holds one page whose samples lie in it in one piece."""
    try:
        with tifffile.TiffFile(path) as file:
            return len(file.pages) == 1 and file.pages[0].is_memmappable
    except (OSError, tifffile.TiffFileError):
        return False


def _spliced(path: Path, samples: Samples, like: Path) -> bool:
    """Copy the source and overwrite the samples that differ; False where its samples cannot be reached so."""
    if not _mappable(like):
        return False
    shutil.copyfile(like, path)
    stored = tifffile.memmap(path, page=0, mode="r+")
    with tifffile.TiffFile(like) as file:
        laid = np.moveaxis(samples, -1, 0) if _separate(file.pages[0]) and samples.ndim == 3 else samples
    if stored.shape != laid.shape or stored.dtype.newbyteorder("=") != laid.dtype:
        del stored
        return False
    changed = stored != laid
    stored[changed] = laid[changed]
    stored.flush()
    del stored
    return True


def _compression(page: Any) -> int:
    """Return the page's own compression where it can be written without loss, else Deflate."""
    own = int(page.compression)
    held = own in WRITABLE or (own in WITH_IMAGECODECS and _imagecodecs())
    return own if held else DEFLATE


def _separate(page: Any) -> bool:
    """Tell whether the colours of a page lie one after the other."""
    return bool(page.planarconfig == 2)


def _anew(path: Path, samples: Samples, like: Path) -> None:
    """Write a TIFF in the byte order, compression and strips or tiles of another, with its tags."""
    with tifffile.TiffFile(like) as file:
        if len(file.pages) != 1:
            raise OutputError(f"{like}: has {len(file.pages)} pages, and only its first would be kept; "
                              "split it into single pictures first (tiffsplit)")
        page: Any = file.pages[0]
        laid = np.moveaxis(samples, -1, 0) if _separate(page) and samples.ndim == 3 else samples
        with tifffile.TiffWriter(path, bigtiff=file.is_bigtiff, byteorder=file.byteorder) as out:
            out.write(np.ascontiguousarray(laid), **_arguments(page))


def _arguments(page: Any) -> dict[str, Any]:
    """Return what tifffile is told of the page that is imitated."""
    arguments: dict[str, Any] = {
        "photometric": page.photometric, "planarconfig": page.planarconfig if page.samplesperpixel > 1 else None,
        "compression": _compression(page), "metadata": None,
        "predictor": int(page.predictor) if int(page.predictor) != 1 else None,
        "extrasamples": page.extrasamples or None, "iccprofile": page.iccprofile,
        "description": _text(page, 270), "software": _text(page, 305) or False,
        "subfiletype": int(page.subfiletype) if 254 in page.tags else None, "extratags": _other_tags(page),
    }
    if page.is_tiled:
        arguments["tile"] = (page.tilelength, page.tilewidth)
    else:
        arguments["rowsperstrip"] = page.rowsperstrip
    if 282 in page.tags and 283 in page.tags:
        arguments["resolution"] = (page.tags[282].value, page.tags[283].value)
        arguments["resolutionunit"] = page.tags[296].value if 296 in page.tags else None
    return arguments


def _text(page: Any, code: int) -> bytes | None:
    """Return the bytes of a text tag as they are, for many are not in ASCII; None where there is none."""
    tag = page.tags.get(code)
    if tag is None:
        return None
    file = page.parent.filehandle
    file.seek(tag.valueoffset)
    raw: bytes = file.read(tag.valuebytecount)
    return raw


def _other_tags(page: Any) -> list[tuple[int, int, int | None, Any, bool]]:
    """Return the tags that mean the same in a new file."""
    tags = [
        (t.code, int(t.dtype), t.count, _text(page, t.code) if t.dtype == ASCII else t.value, True)
        for t in page.tags if t.code not in STRUCTURE
    ]
    if 274 in page.tags:
        tags.append((274, 3, 1, int(page.tags[274].value), True))
    return tags


FORMAT = Tiff()
