"""NIfTI volumes in, their slices out, and a copy with other samples in which every byte of the header is the source's.

A picture is a slice across the third axis; volumes of a series follow one another. Real-world values (`scl_slope`,
`scl_inter`) are never formed: what is restored are the stored ones. Layout after the NIfTI-1.1 and NIfTI-2 headers
(nifti1.h, nifti2.h, National Institute of Mental Health, public domain).
"""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from restore.errors import OutputError, SourceError
from restore.formats import AGAIN, Deed, Header, _gunzip
from restore.formats._levels import Levels, grey_format, levels
from restore.formats._nifti_header import HEAD_BYTES, Volume, parse
from restore.frames import Changes
from restore.source import Plane

PACKED = ".gz"
LEVEL = 6
"""zlib's own default; what is packed again need not be small at any price."""
SAMPLED = 1 << 22
"""Black and white are found from about so many samples, evenly spread: the same ones every time."""


class Nifti:
    """NIfTI-1 and NIfTI-2 in one file, plain or packed, whole numbers to 32 bits and floats; no colour, no labels."""

    name: ClassVar[str] = "nifti"
    suffixes: ClassVar[tuple[str, ...]] = (".nii", ".nii.gz")
    writes: ClassVar[bool] = True
    medical: ClassVar[bool] = True

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these; packed ones are known by their names alone."""
        return head[344:348] == b"n+1\0" or head[4:8] == b"n+2\0"

    def arrange(self, files: Sequence[Path]) -> None:
        """Leave the order to the names."""

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the headers of a file's slices, volume after volume."""
        volume = _volume(file)
        self.read(file, volume.slices * volume.count - 1)  # so that what ends early is known before the work
        found = _levels(file, volume) if volume.sample.itemsize > 1 or volume.sample.kind == "i" else None
        header = Header(volume.size, grey_format(volume.sample, found), f"nifti {volume.sample.name}", volume.notes)
        return tuple(replace(header, place=float(k)) for _ in range(volume.count) for k in range(volume.slices))

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the plane of a slice."""
        volume = _volume(file)
        data = _part(file, volume.place(page), volume.slice_bytes)
        if len(data) < volume.slice_bytes:
            raise SourceError(f"{file}: damaged: slice {page} is not all there; {AGAIN}")
        plane = np.frombuffer(data, volume.sample).reshape(volume.size)
        return (plane.astype(volume.sample.newbyteorder("=")),)

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Write a copy of `like` with other samples; a packed one is packed anew, always to the same bytes."""
        volume = _volume(like)
        words = {
            volume.place(page) + int(at) * volume.sample.itemsize: word
            for page in sorted(changed) for at, word in _words(changed[page], volume)
        }
        if not _packed(like):
            shutil.copyfile(like, path)
            with path.open("r+b") as file:
                for at in sorted(words):
                    file.seek(at)
                    file.write(words[at])
            return
        try:
            with path.open("wb") as raw, gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as out:
                for piece in _replaced(_gunzip.pieces(like), words):
                    out.write(piece)
        except zlib.error as e:
            raise OutputError(f"{like}: changed since it was looked at: {e}; put it back as it was") from None

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return nothing: every byte that is no restored sample is kept."""
        return ()


def header_of(file: Path) -> tuple[bytes, str]:
    """Return a file's header, without extensions, and its byte order."""
    volume = _volume(file)
    head = _part(file, 0, HEAD_BYTES)
    order = ">" if volume.big else "<"
    return head[: int.from_bytes(head[:4], "big" if volume.big else "little")], order


def _packed(file: Path) -> bool:
    return file.name.lower().endswith(PACKED)


def _part(file: Path, start: int, count: int) -> bytes:
    try:
        if _packed(file):
            return _gunzip.part(file, start, count)
        with file.open("rb") as f:
            f.seek(start)
            return f.read(count)
    except OSError as e:
        raise SourceError(f"{file}: cannot be read ({e.strerror}); check that it is still there") from None
    except zlib.error:
        raise SourceError(f"{file}: damaged: the packed data cannot be unpacked, or ends early; {AGAIN}") from None


def _volume(file: Path) -> Volume:
    try:
        return _known(file, _gunzip.stamp(file))
    except OSError as e:
        raise SourceError(f"{file}: cannot be read ({e.strerror}); check that it is still there") from None


@lru_cache(16)
def _known(file: Path, stamp: tuple[int, int, int]) -> Volume:
    """Return what the header of a file says; `stamp` tells versions of a file apart."""
    return parse(file, _part(file, 0, HEAD_BYTES))


def _levels(file: Path, volume: Volume) -> Levels:
    """Return black and white, from samples all over the file. Raises SourceError where it ends early."""
    total = volume.slices * volume.count
    step = max(1, total * volume.size[0] * volume.size[1] // SAMPLED)
    seen = []
    for page in range(total):
        (plane,) = NIFTI.read(file, page)
        seen.append(plane.reshape(-1)[page % step :: step])
    return levels(np.concatenate(seen))


def _words(wanted: Changes, volume: Volume) -> Iterator[tuple[int, bytes]]:
    at, values = wanted[0]
    width, stored = volume.sample.itemsize, values.astype(volume.sample).tobytes()
    for k, place in enumerate(at.tolist()):
        yield place, stored[k * width : (k + 1) * width]


def _replaced(pieces: Iterator[bytes], words: Mapping[int, bytes]) -> Iterator[bytes]:
    """Yield content with words put in their places; a word may lie across two pieces."""
    todo = [(at + k, byte) for at in sorted(words) for k, byte in enumerate(words[at])]
    start, done = 0, 0
    for piece in pieces:
        held = bytearray(piece)
        while done < len(todo) and todo[done][0] < start + len(held):
            held[todo[done][0] - start] = todo[done][1]
            done += 1
        start += len(held)
        yield bytes(held)


FORMAT = NIFTI = Nifti()
