"""Picture files in (one, a folder, a glob, a printf pattern), their order, headers and samples out.

TIFF is read by tifffile, everything else by OpenCV; PNG is checked against its own checksums, because OpenCV hands out
damaged ones without a word.
"""

from __future__ import annotations

import glob
import hashlib
import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import tifffile

from restore.errors import SourceError
from restore.layout import planar_format
from restore.source import PixelFormat, Plane

KINDS = {
    ".png": "png", ".tif": "tiff", ".tiff": "tiff", ".jpg": "jpeg", ".jpeg": "jpeg", ".bmp": "bmp", ".webp": "webp",
}
"""What is read, by the file name's ending in lower case."""
PRINTF = re.compile(r"%(?:0?(\d+))?d")
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
TIFF_PHOTOMETRIC = {1: "grey", 2: "RGB"}
AGAIN = "copy it again from its source"
WITHOUT_CODECS = {1: "none", 8: "deflate", 32946: "deflate", 5: "LZW"}
"""TIFF compressions read without the imagecodecs package; LZW through OpenCV."""


@dataclass(frozen=True)
class Header:
    """What one picture file holds."""

    size: tuple[int, int]
    """(H, W)."""
    pixels: PixelFormat
    codec: str
    notes: tuple[str, ...] = ()


# Which files


def is_sequence(path: str | Path) -> bool:
    """Tell whether a path names pictures and not a video file."""
    file = Path(path)
    if file.is_dir() or file.suffix.lower() in KINDS:
        return True
    return not file.exists() and given_as(path) in ("printf pattern", "glob")


def given_as(path: str | Path) -> str:
    """Return in which way a path names pictures."""
    if Path(path).is_dir():
        return "folder"
    if Path(path).exists():
        return "file"
    if PRINTF.search(str(path)):
        return "printf pattern"
    return "glob" if glob.has_magic(str(path)) else "file"


def members(path: str | Path) -> list[Path]:
    """Return the picture files a path names, in the order of the numbers in their names.

    Raises SourceError where there are none, where kinds are mixed, or where a number is missing.
    """
    how = given_as(path)
    found = sorted((f for f in _candidates(str(path), how) if f.suffix.lower() in KINDS), key=natural)
    if not found and how == "file":
        raise SourceError(f"{path}: no such file; check the path")
    if not found:
        raise SourceError(f"{path}: no pictures in this {how}; needed: {', '.join(KINDS)}; check the path")
    kinds: dict[str, Path] = {}
    for f in found:
        kinds.setdefault(KINDS[f.suffix.lower()], f)
    if len(kinds) > 1:
        named = ", ".join(f"{kind} ({f.name} ...)" for kind, f in kinds.items())
        raise SourceError(f"{path}: pictures of several kinds in one {how}: {named}; keep one kind in it")
    if len(found) > 1:
        _require_unbroken(str(path), found)
    return found


def _candidates(path: str, how: str) -> list[Path]:
    if how == "folder":
        return [f for f in Path(path).iterdir() if f.is_file() and not f.name.startswith(".")]
    if how == "file":
        return [Path(path)] if Path(path).is_file() else []
    if how == "glob":
        return [Path(f) for f in glob.glob(path) if Path(f).is_file()]
    return list(_printf(Path(path)))


def _printf(pattern: Path) -> Iterator[Path]:
    name = PRINTF.search(pattern.name)
    if not name or not pattern.parent.is_dir():
        return
    width = int(name[1] or 0)
    before, after = pattern.name[: name.start()], pattern.name[name.end() :]
    wanted = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    for file in pattern.parent.iterdir():
        number = wanted.fullmatch(file.name)
        if number and number[1] == f"{int(number[1]):0{width}d}":
            yield file


def natural(file: Path) -> list[tuple[int, int, str]]:
    """Return a sort key under which frame 9 comes before frame 10."""
    parts = re.split(r"(\d+)", file.name)
    return [(1, int(p), p) if i % 2 else (0, 0, p) for i, p in enumerate(parts)]


def _require_unbroken(path: str, files: list[Path]) -> None:
    """Refuse a sequence whose running number (the last in the names that changes) leaves numbers out."""
    numbers = [[int(n) for n in re.findall(r"\d+", f.stem)] for f in files]
    shapes = {re.sub(r"\d+", "#", f.stem) for f in files}
    if len(shapes) > 1 or not numbers[0]:
        named = ", ".join(f.name for f in files[:3])
        raise SourceError(
            f"{path}: the pictures are not one numbered sequence ({named} ...); needed: names that differ in one "
            "running number. Give a glob or a pattern such as frame_%06d.png"
        )
    changing = [k for k, column in enumerate(zip(*numbers, strict=True)) if len(set(column)) > 1]
    if len(changing) != 1:
        raise SourceError(
            f"{path}: the pictures' names differ in {len(changing)} numbers ({files[0].name} ... {files[-1].name}); "
            "needed: one running number, each once"
        )
    running = [n[changing[0]] for n in numbers]
    for (a, b), file in zip(pairwise(running), files[1:], strict=True):
        if b != a + 1:
            missing = f"{a + 1}" if b == a + 2 else f"{a + 1} to {b - 1}"
            what = f"number {missing} is missing before {file.name}" if b > a else f"{file.name} repeats a number"
            raise SourceError(
                f"{path}: {what}; a sequence must be whole: find the missing pictures, or restore the parts apart"
            )


# What is in them


def inspect(file: Path) -> tuple[Header, str]:
    """Return the header of a picture file and the sha256 of its bytes; raises SourceError naming the file."""
    data = _bytes(file)
    return _header(file, data), hashlib.sha256(data).hexdigest()


def _bytes(file: Path) -> bytes:
    try:
        data = file.read_bytes()
    except OSError as e:
        raise SourceError(f"{file}: cannot be read ({e.strerror}); check that it is still there") from e
    if not data:
        raise SourceError(f"{file}: the file is empty (0 bytes); copy it again from its source")
    return data


def _header(file: Path, data: bytes) -> Header:
    kind = KINDS[file.suffix.lower()]
    return {"png": _png_header, "tiff": _tiff_header}.get(kind, _plain_header)(file, data, kind)


def _pixels(channels: int, depth: int) -> PixelFormat:
    if channels == 2:
        name = "ya8" if depth == 8 else "ya16le"
        return PixelFormat(name, "grey", depth, alpha=True, full_range=True)
    kind = {1: "gray", 3: "gbrp", 4: "gbrap"}[channels]
    return replace(planar_format(kind, depth), full_range=True)


def _png_header(file: Path, data: bytes, kind: str) -> Header:
    chunks: dict[bytes, bytes] = {}
    for name, at, size in _png_chunks(file, data):
        chunks.setdefault(name, data[at : at + size])
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    channels = {0: 1, 2: 3, 4: 2, 6: 4}.get(colour)
    odd = "a palette" if colour == 3 else f"{depth} bits a sample" if depth not in (8, 16) else ""
    odd = odd or ("a colour key (tRNS)" if b"tRNS" in chunks else "an animation" if b"acTL" in chunks else "")
    if odd or channels is None:
        odd = odd or "an unknown colour type"
        raise SourceError(f"{file}: a PNG with {odd} is not read; needed: 8 or 16 bit grey or RGB. Write it again so")
    return Header((height, width), _pixels(channels, depth), kind)


def _png_chunks(file: Path, data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Walk the chunks (name, offset, size) of a PNG (ISO/IEC 15948), each checked against its CRC."""
    if not data.startswith(PNG_HEAD):
        raise SourceError(f"{file}: not a PNG file, whatever its name says; name it as what it is")
    at = len(PNG_HEAD)
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        end = at + 8 + size
        if end + 4 > len(data):
            break
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise SourceError(f"{file}: damaged: the checksum of its {name.decode('latin1')} chunk is wrong; {AGAIN}")
        if at == len(PNG_HEAD) and (name != b"IHDR" or size != 13):
            break
        yield name, at + 8, size
        if name == b"IEND":
            return
        at = end + 4
    raise SourceError(f"{file}: damaged: the PNG ends early, after {len(data)} bytes; {AGAIN}")


def _tiff_header(file: Path, data: bytes, kind: str) -> Header:
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            pages, page = len(tiff.pages), tiff.pages.first
            odd = _tiff_oddity(page, pages)
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
    if not odd and not _tiff_readable(compression, channels):
        odd = f"compression {compression} (install imagecodecs to read it: pip install imagecodecs)"
    if odd:
        raise SourceError(
            f"{file}: a TIFF with {odd} is not read; needed: one page of 8 or 16 bit grey or RGB. Write it again so"
        )
    return Header(size, _pixels(channels, depth), kind)


def _tiff_oddity(page: Any, pages: int) -> str:
    """Name what this reader does not do; empty for a plain picture."""
    if pages != 1:
        return f"{pages} pages"
    if int(page.photometric) not in TIFF_PHOTOMETRIC:
        return f"photometric interpretation {getattr(page.photometric, 'name', page.photometric)}"
    if page.bitspersample not in (8, 16) or int(page.sampleformat) != 1:
        return f"{page.bitspersample}-bit samples of format {getattr(page.sampleformat, 'name', page.sampleformat)}"
    if page.imagedepth != 1 or not page.imagelength or not page.imagewidth:
        return "an odd shape"
    if int(page.compression) == 5 and int(page.planarconfig) == 2 and page.samplesperpixel > 1 and not _imagecodecs():
        # OpenCV returns other samples on every read of some of these.
        return "LZW in separate colour planes (install imagecodecs to read it: pip install imagecodecs)"
    wanted = {"grey": (1, 2), "RGB": (3, 4)}[TIFF_PHOTOMETRIC[int(page.photometric)]]
    return "" if page.samplesperpixel in wanted else f"{page.samplesperpixel} samples a pixel"


def _tiff_readable(compression: int, channels: int) -> bool:
    if compression == 5 and not _imagecodecs():
        return channels in (1, 3)
    return compression in WITHOUT_CODECS or _imagecodecs()


def _imagecodecs() -> bool:
    from importlib.util import find_spec

    return find_spec("imagecodecs") is not None


def _plain_header(file: Path, data: bytes, kind: str) -> Header:
    picture = _opencv(file, data)
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    if picture.dtype != np.uint8:
        raise SourceError(
            f"{file}: {kind} with {picture.dtype} samples is not read; needed: 8 bits. Write it again as PNG or TIFF"
        )
    note = "JPEG has lost detail already; what is restored is written as PNG or TIFF, never as JPEG"
    return Header(
        (picture.shape[0], picture.shape[1]), _pixels(channels, 8), kind, (note,) if kind == "jpeg" else ()
    )


# Their samples


def read(file: Path, pixels: PixelFormat, size: tuple[int, int]) -> tuple[Plane, ...]:
    """Return the planes of a picture file: grey, or G, B, R, with alpha last, each (H, W) in code values.

    Raises SourceError where the file cannot be read or no longer is what `inspect` found.
    """
    data = _bytes(file)
    header = _header(file, data)
    if (header.pixels.name, header.size) != (pixels.name, size):
        raise SourceError(
            f"{file}: changed since it was looked at: it was {pixels.name}, {size}, and now is {header.pixels.name}, "
            f"{header.size}; put it back as it was"
        )
    picture, order = (_tiff(file, data), "rgba") if header.codec == "tiff" else (_opencv(file, data), "bgra")
    channels = [picture] if picture.ndim == 2 else [picture[..., c] for c in range(picture.shape[2])]
    if pixels.family == "grey":
        # OpenCV makes four channels of grey and alpha: the first and the last of them are what the file holds.
        channels = [channels[0], channels[-1]] if pixels.alpha else channels[:1]
    else:
        channels = [channels[order.index(letter)] for letter in "gbra"[: pixels.planes]]
    return tuple(np.array(c, pixels.dtype, order="C") for c in channels)


def _opencv(file: Path, data: bytes) -> npt.NDArray[Any]:
    try:
        picture: npt.NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as e:
        raise SourceError(f"{file}: cannot be read ({e.err}); {AGAIN}") from e
    if picture is None:
        raise SourceError(f"{file}: cannot be read as a picture; it is damaged, or not what its name says; {AGAIN}")
    return picture


def _tiff(file: Path, data: bytes) -> npt.NDArray[Any]:
    """Return (H, W) or (H, W, samples), RGB order."""
    try:
        picture: npt.NDArray[Any]
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages.first
            if int(page.compression) == 5 and not _imagecodecs():
                picture = _opencv(file, data)
                return picture if picture.ndim == 2 else np.flip(picture, 2)
            picture = page.asarray()
            if int(page.planarconfig) == 2 and page.samplesperpixel > 1:
                picture = np.moveaxis(picture, 0, -1)
    except SourceError:
        raise
    except Exception as e:  # see _tiff_header
        raise SourceError(f"{file}: cannot be read ({type(e).__name__}: {e}); {AGAIN}") from e
    return picture
