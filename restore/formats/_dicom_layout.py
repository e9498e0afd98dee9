"""A DICOM data set in, how its samples lie and what they are out; what cannot be restored is refused by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.errors import SourceError
from restore.formats import AGAIN
from restore.formats._dicom import EXTRA, library
from restore.formats._interleaved import PLACES
from restore.formats._levels import Levels, grey_format
from restore.layout import planar_format
from restore.source import PixelFormat, Plane

Words = npt.NDArray[Any]
NOT_PICTURES = {
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiation dose", "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation",
    "1.2.840.10008.5.1.4.1.1.66.7": "a label map", "1.2.840.10008.5.1.4.1.1.30": "a parametric map",
    "1.2.840.10008.1.3.10": "a directory of other files (DICOMDIR)",
}
"""SOP classes (PS3.6) whose samples are measured, or names of things, and not what somebody looked like."""
GREY = ("MONOCHROME1", "MONOCHROME2")
COMPRESSED_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
RLE = "1.2.840.10008.1.2.5"
JPEG_LOSSLESS = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
"""JPEG Lossless: pylibjpeg-libjpeg reads it under a licence (GPL) this program does not ask its users to take; GDCM's
(BSD) does as well."""
LOSSY_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
MOST_BYTES = 1 << 30
"""Of one picture: no scanner makes larger ones, and damaged files claim to hold them."""


@dataclass(frozen=True)
class Layout:
    """How the pictures of a file are stored."""

    size: tuple[int, int]
    frames: int
    samples: int
    allocated: int
    stored: int
    signed: bool
    photometric: str
    planar: bool
    """Whether colours lie one after the other."""
    syntax: str
    native: bool
    """Whether samples lie in the file as they are."""
    little: bool
    void: tuple[int, int] | None
    """Padding: from and to, stored values."""

    @property
    def word(self) -> np.dtype[Any]:
        """Return the type of a stored word, byte order included."""
        return np.dtype(f"{'<' if self.little else '>'}u{self.allocated // 8}")

    @property
    def sample(self) -> np.dtype[Any]:
        """Return the type of a sample."""
        return np.dtype(f"{'i' if self.signed else 'u'}{self.allocated // 8}")

    @property
    def raw_ycc(self) -> bool:
        """Tell whether samples are luma and chroma, kept as they are."""
        return self.photometric == "YBR_FULL" and (self.native or self.syntax == RLE)

    @property
    def looked_at(self) -> bool:
        """Tell whether stages see samples as they are: bytes without a sign, and colours."""
        return self.samples == 3 or (self.allocated == 8 and not self.signed)

    @property
    def places(self) -> tuple[int, ...]:
        """Return where each native plane lies among the samples of a pixel."""
        return (0, 1, 2) if self.raw_ycc else PLACES[self.samples]

    @property
    def frame_bytes(self) -> int:
        """Return the bytes of an uncompressed picture."""
        return self.size[0] * self.size[1] * self.samples * self.allocated // 8

    def pixels(self, found: Levels | None) -> PixelFormat:
        """Return the layout of the planes; `found` is what stages see as black and white, None for looked_at."""
        if self.raw_ycc:
            return replace(planar_format("yuv444p", self.allocated), full_range=True, matrix=5)
        if self.samples == 3:
            return replace(planar_format("gbrp", self.allocated), full_range=True)
        mark = f"-void{self.void[0]}..{self.void[1]}" if self.void else ""
        plain = grey_format(self.sample, found, mark)
        if found is None:
            plain = replace(plain, name=plain.name + mark)
        return replace(plain, void_from=self.void[0], void_to=self.void[1]) if self.void else plain


def layout(file: Path, ds: Any) -> Layout:
    """Return how a file's samples lie. Raises SourceError that names why it is not restored."""
    with library(file) as pydicom:
        if odd := _no_picture(ds):
            raise SourceError(f"{file}: {odd}; needed: a DICOM image. Take it out of the folder, or choose another")
        uid = ds.file_meta.get("TransferSyntaxUID")
        if uid is None:
            raise SourceError(f"{file}: its file meta information does not say how it is stored (transfer syntax); "
                              "write it again (dcmconv does)")
        found = _layout(ds, pydicom.uid.UID(uid))
        odd = next(_oddities(ds, found, uid), "")
    if odd:
        raise SourceError(f"{file}: a DICOM image with {odd} is not restored; needed: grey of 8 to 16 bits, or RGB of "
                          "8 or 16 bits")
    _require_whole(file, ds, found)
    return found


def _no_picture(ds: Any) -> str:
    kind = str(ds.get("SOPClassUID", "") or ds.file_meta.get("MediaStorageSOPClassUID", ""))
    if kind in NOT_PICTURES:
        return f"holds {NOT_PICTURES[kind]}, not a picture"
    if ds.get("Modality") == "RTDOSE":
        return "holds a radiation dose, not a picture"
    if "FloatPixelData" in ds or "DoubleFloatPixelData" in ds:
        return "holds floating-point pixels (measurements), not a picture"
    return "" if "PixelData" in ds else "holds no picture"


def _layout(ds: Any, uid: Any) -> Layout:
    signed = bool(int(ds.get("PixelRepresentation", 0) or 0))
    stored = int(ds.BitsStored)
    native = not uid.is_compressed or uid.is_deflated
    return Layout(
        (int(ds.Rows), int(ds.Columns)), int(ds.get("NumberOfFrames", 1) or 1), int(ds.get("SamplesPerPixel", 1)),
        int(ds.BitsAllocated), stored, signed, str(ds.PhotometricInterpretation),
        bool(int(ds.get("PlanarConfiguration", 0) or 0)), str(uid), native, bool(uid.is_little_endian),
        _void(ds, signed, stored),
    )


def _void(ds: Any, signed: bool, stored: int) -> tuple[int, int] | None:
    """Return the stored values that are padding (PS3.3 C.7.5.1.1.2): one, or a range."""
    value, limit = ds.get("PixelPaddingValue"), ds.get("PixelPaddingRangeLimit")
    if value is None or value == "":
        return None
    # Many a writer gives -2000 as 63536, in the type for numbers without a sign.
    ends = [int(v) - (1 << 16) * (signed and int(v) >= 1 << 15) for v in (value, value if limit is None else limit)]
    return min(ends), max(ends)


def _oddities(ds: Any, found: Layout, uid: Any) -> Iterator[str]:
    """Yield what is not restored, the plainest first."""
    yield from _odd_colour(found)
    if not 1 <= found.stored <= found.allocated or int(ds.get("HighBit", found.stored - 1)) != found.stored - 1:
        yield f"samples of {found.stored} of {found.allocated} bits that do not begin at the lowest bit"
    if uid.is_private and not found.native:
        yield "a private compression"
    if not (found.size[0] > 0 and found.size[1] > 0 and found.frames > 0):
        yield f"{found.frames} pictures of {found.size[1]}x{found.size[0]}"
    if found.frame_bytes > MOST_BYTES:
        yield f"{found.frame_bytes:,} bytes a picture"


def _odd_colour(found: Layout) -> Iterator[str]:
    if found.photometric == "PALETTE COLOR":
        yield "palette colour (what lies between two numbers of a palette is another colour)"
    if found.allocated not in (8, 16):
        yield f"{found.allocated} bits allocated a sample"
    if (found.samples, found.photometric) not in {(1, g) for g in GREY} | {(3, c) for c in COMPRESSED_COLOUR}:
        yield f"photometric interpretation {_known_word(found.photometric)} in {found.samples} samples a pixel"
    if found.native and found.photometric in ("YBR_FULL_422", "YBR_ICT", "YBR_RCT"):
        yield f"{found.photometric} samples, uncompressed (colour of fewer pixels than luma)"
    if found.samples == 3 and (found.signed or found.stored != found.allocated):
        yield f"colour of {found.stored} bits{' and a sign' * found.signed}"


def _known_word(text: str) -> str:
    """Return a code string as it is where it can be one (PS3.5 6.2), for anything may stand in a damaged file."""
    return text if text.replace("_", "").replace(" ", "").isalnum() and len(text) <= 16 else "?"


def _require_whole(file: Path, ds: Any, found: Layout) -> None:
    held = len(ds.PixelData or b"")
    wanted = found.frames * (found.frame_bytes if found.native else 1)
    if held < wanted:
        raise SourceError(f"{file}: damaged: {wanted - held:,} bytes of its pixels are missing; {AGAIN}")


# Samples


def words(data: bytes | bytearray, found: Layout, page: int) -> Words:
    """Return the stored words (H, W, samples) of an uncompressed picture: a view."""
    flat = np.frombuffer(data, found.word, found.frame_bytes // found.word.itemsize, page * found.frame_bytes)
    h, w = found.size
    if found.planar and found.samples > 1:
        return np.moveaxis(flat.reshape(found.samples, h, w), 0, -1)
    return flat.reshape(h, w, found.samples)


def values(stored: Words, found: Layout) -> Words:
    """Return what words stand for: bits above those stored are no part of a sample."""
    plain = stored.astype(stored.dtype.newbyteorder("="))
    unused = found.allocated - found.stored
    return (plain << unused).view(found.sample) >> unused


def as_words(samples: Words, old: Words, found: Layout) -> Words:
    """Return the words for new samples where old words were: bits that are no part of them (old overlays) stay."""
    plain = old.astype(old.dtype.newbyteorder("="))
    fresh, was = samples.astype(found.sample).view(plain.dtype), values(plain, found).view(plain.dtype)
    mask = plain.dtype.type((1 << found.stored) - 1)
    return np.where(plain == was, fresh, (fresh & mask) | (plain & ~mask))


def decoded(file: Path, ds: Any, found: Layout, page: int) -> Words:
    """Return the samples (H, W) or (H, W, 3) of a compressed picture. Raises SourceError where none come out."""
    hint = f"its pixels cannot be decoded with what is installed ({EXTRA}), or are damaged; {AGAIN}"
    if found.syntax in JPEG_LOSSLESS:
        hint = f"JPEG Lossless is decoded by python-gdcm ({EXTRA}), or it is damaged; {AGAIN}"
    if found.syntax in LOSSY_JPEG and found.allocated > 8:
        hint = "12-bit JPEG is decoded by none of the libraries of the extra; have it written anew"
    with library(file) as pydicom:
        try:
            decoder = pydicom.pixels.get_decoder(found.syntax)
            array, _ = decoder.as_array(ds, index=page, raw=found.raw_ycc)
        except Exception as e:  # whatever a decoder throws, and it quotes the file
            raise SourceError(f"{file}: {hint} ({type(e).__name__})") from None
    wanted = found.size if found.samples == 1 else (*found.size, found.samples)
    if array.shape != wanted or array.dtype.itemsize != found.sample.itemsize:
        raise SourceError(f"{file}: damaged: its pixels decode to {array.shape}, its header says {wanted}; {AGAIN}")
    return np.asarray(array).astype(found.sample)


def planes(file: Path, ds: Any, found: Layout, page: int) -> tuple[Plane, ...]:
    """Return the native planes of a picture."""
    held = values(words(ds.PixelData, found, page), found) if found.native else decoded(file, ds, found, page)
    held = held.reshape(*found.size, found.samples)
    return tuple(np.array(held[..., c], order="C") for c in found.places)
