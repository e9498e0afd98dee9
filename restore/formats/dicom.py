"""DICOM images in, their stored values out, and a derived image: other samples, and what the standard asks it to say.

Restored are stored values, before rescale, window or palette; what is padding is never touched. All else of a file is
the source's (private attributes, byte order, geometry, rescale), but for what `_dicom_derived` changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from restore.errors import OutputError, SourceError
from restore.formats import Deed, Header
from restore.formats._dicom import MARK, fresh, library, opened
from restore.formats._dicom_derived import mark_derived
from restore.formats._dicom_layout import Layout, as_words, decoded, layout, planes, words
from restore.formats._dicom_series import arranged, frame_places, place
from restore.formats._levels import Levels, levels
from restore.frames import Changes, changed_planes
from restore.source import Plane

AGAIN_LOSSLESS = {
    "1.2.840.10008.1.2.5": "RLE", "1.2.840.10008.1.2.4.90": "JPEG 2000", "1.2.840.10008.1.2.4.80": "JPEG-LS",
}
"""Compressions without loss that are compressed again as they were; all others become uncompressed."""
JPEG_2000, SMALLEST_J2K_PX = "1.2.840.10008.1.2.4.90", 32
"""OpenJPEG halves pictures five times."""
INVERTED = "the picture is stored inverted (MONOCHROME1): it is shown here as it is stored, and written so"


class Dicom:
    """DICOM images and series: CT, MR, X-ray, ultrasound, multi-frame; no palettes, doses, segmentations or floats."""

    name: ClassVar[str] = "dicom"
    suffixes: ClassVar[tuple[str, ...]] = (".dcm", ".dicom", ".ima")
    writes: ClassVar[bool] = True
    medical: ClassVar[bool] = True
    together: ClassVar[bool] = True

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these."""
        return head[128:132] == MARK

    def arrange(self, files: Sequence[Path]) -> Sequence[Path]:
        """Return the files of one series in the order of its slices."""
        return arranged(files)

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the header of each picture in a file."""
        ds = opened(file)
        found = layout(file, ds)
        pixels = found.pixels(_levels(file, ds, found))
        with library(file) as pydicom:
            codec = f"dicom {pydicom.uid.UID(found.syntax).name}"
            places = frame_places(ds, found.frames) if found.frames > 1 else (place(ds),)
        notes = (INVERTED,) if found.photometric == "MONOCHROME1" else ()
        return tuple(Header(found.size, pixels, codec, notes, place=p) for p in places)

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of a picture."""
        ds = opened(file)
        return planes(file, ds, layout(file, ds), page)

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Write an image derived from `like`; with nothing changed, one of its pixels in the new series."""
        ds = fresh(like, OutputError)
        found = layout(like, ds)
        with library(like, "written", OutputError):
            if changed and found.native:
                ds["PixelData"].value = _spliced(ds.PixelData, found, changed)
            elif changed:
                _compress_again(like, ds, found, changed)
            mark_derived(ds, frozenset(changed), found.frames, deed)
            types = (ds.get_item(tag).VR for tag in list(ds.keys()))
            if not ds.file_meta.TransferSyntaxUID.is_implicit_VR and None in types:
                list(ds.iterall())  # stored without types, which it says it has: they have to be looked up
            ds.save_as(path, enforce_file_format=False)

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return notes on what a changed copy cannot keep."""
        found = layout(like, opened(like))
        if found.native or _compressible(found):
            return ()
        return ("changed images are written uncompressed (Explicit VR Little Endian), exactly as they were decoded: "
                "their compression loses detail, or nothing installed writes it",)


def _levels(file: Path, ds: Any, found: Layout) -> Levels | None:
    """Return what stages see as black and white, from all pictures that decode; None where they see samples as stored.

    Raises SourceError where no picture decodes.
    """
    kept, failed = [], None
    for page in range(1 if found.looked_at else found.frames):
        try:
            plane = planes(file, ds, found, page)[0]
        except SourceError as e:
            failed = failed or e
            continue
        if found.void:
            plane = plane[(plane < found.void[0]) | (plane > found.void[1])]
        kept.append(plane.reshape(-1))
    if failed and not kept:
        raise failed
    return None if found.looked_at else levels(np.concatenate(kept))


def _spliced(data: bytes, found: Layout, changed: Mapping[int, Changes]) -> bytes:
    """Return pixel data in which only the changed words differ."""
    out = bytearray(data)
    for page in sorted(changed):
        stored = words(out, found, page)
        for channel, (at, new) in zip(found.places, changed[page], strict=False):
            y, x = np.divmod(at, found.size[1])
            stored[y, x, channel] = as_words(new, stored[y, x, channel], found)
    return bytes(out)


def _compressible(found: Layout) -> bool:
    """Tell whether changed pictures are compressed again as they were."""
    return found.syntax in AGAIN_LOSSLESS and (found.syntax != JPEG_2000 or min(found.size) >= SMALLEST_J2K_PX)


def _compress_again(file: Path, ds: Any, found: Layout, changed: Mapping[int, Changes]) -> None:
    """Put changed pictures into a data set: compressed as they were where that loses nothing, else uncompressed."""
    pictures = []
    for page in range(found.frames):
        held = decoded(file, ds, found, page).reshape(*found.size, found.samples)
        if page in changed:
            old = tuple(np.array(held[..., c], order="C") for c in found.places)
            for channel, plane in zip(found.places, changed_planes(old, changed[page]), strict=True):
                held[..., channel] = plane
        pictures.append(held if found.samples > 1 else held[..., 0])
    colour = "YBR_FULL" if found.raw_ycc else "RGB" if found.samples == 3 else found.photometric
    samples = np.stack(pictures) if "NumberOfFrames" in ds and found.frames > 1 else pictures[0]
    said = ds.get("NumberOfFrames")
    ds.set_pixel_data(samples, colour, found.stored, generate_instance_uid=False)
    if said is not None:
        ds.NumberOfFrames = said
    if _compressible(found):
        if found.photometric == "YBR_RCT":
            ds.PhotometricInterpretation = "YBR_RCT"  # samples are RGB; how the code stream is to keep them
        ds.compress(found.syntax, generate_instance_uid=False)


FORMAT = Dicom()
