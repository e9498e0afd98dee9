"""OpenEXR: native half and float samples out, and a copy in which only the chunks with changed samples are new.

Everything else of a copy is the source's: windows, attributes, further channels and parts, and every chunk in which
nothing changed. So nothing is compressed with loss a second time.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from restore.errors import SourceError
from restore.formats import Deed, Header, _oiio
from restore.formats._exr_chunks import ZIP, packed, unpacked
from restore.formats._exr_layout import COMPRESSIONS, MAGIC, Chunk, Layout, Part, chunks_of, damaged, layout_of, opened
from restore.frames import Changes
from restore.layout import planar_format
from restore.source import PixelFormat, Plane

HINT = "write it again as RGB scan lines of half or float with ZIP compression"
LUMINANCE_CHROMA = ("RY", "BY")


class Exr:
    """OpenEXR of half or float: R, G, B (A) or Y (A) of its first part; no deep samples, no mip maps, no chroma."""

    name: ClassVar[str] = "exr"
    suffixes: ClassVar[tuple[str, ...]] = (".exr",)
    writes: ClassVar[bool] = True

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these."""
        return head.startswith(MAGIC)

    def arrange(self, files: Sequence[Path]) -> None:
        """Leave the order to the names."""

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the header of the first part: what is stored of it, be that more or less than is to be shown."""
        with opened(file) as data:
            part = layout_of(file, data).parts[0]
            _, pixels = _chosen(file, part)
        notes = []
        if part.data != part.shown:
            notes.append(f"{file.name}: all {part.size[1]}x{part.size[0]} stored pixels are worked on, not the "
                         f"display window {part.shown}")
        return (Header(part.size, pixels, self.name, tuple(notes), part.rate),)

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of the first part's picture."""
        with opened(file) as data:
            layout = layout_of(file, data)
            names, _ = _chosen(file, layout.parts[0])
            return tuple(_stored(file, data, layout, names))

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Write a copy of `like` with other samples."""
        with opened(like) as data, path.open("wb") as out:
            layout = layout_of(like, data)
            for piece in _pieces(like, data, layout, dict(_renewed(like, data, layout, changed[0]))):
                out.write(piece)

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return notes on what a changed copy of a file cannot keep."""
        with opened(like) as data:
            part = layout_of(like, data).parts[0]
        notes = []
        if part.compression == 1 or part.compression > ZIP:
            notes.append(f"{like.name}: chunks in which something changed are stored uncompressed, the others stay "
                         f"{COMPRESSIONS[part.compression]}, so that no other sample changes: the file grows")
        if part.preview:
            notes.append(f"{like.name}: the small preview in its header stays as it was")
        return tuple(notes)


def channels(file: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Return the first part's channels by name, each (H, W) float32 on the display window, 0 where nothing is stored.

    Raises SourceError like the format's other ways in.
    """
    with opened(file) as data:
        layout = layout_of(file, data)
        part = layout.parts[0]
        _require_readable(file, part)
        names = [c.name for c in part.channels]
        planes = _stored(file, data, layout, names)
        return {n: _shown(p.astype(np.float32), part) for n, p in zip(names, planes, strict=True)}


def _require_readable(file: Path, part: Part) -> None:
    odd = part.odd or next((f"channel {c.name} at another resolution" for c in part.channels if not c.whole), "")
    if odd:
        raise SourceError(f"{file}: an EXR with {odd} is not read; {HINT}")


def _chosen(file: Path, part: Part) -> tuple[tuple[str, ...], PixelFormat]:
    """Return the channels that are the picture, as native planes come, and what they are."""
    types = {c.name: c.type for c in part.channels}
    if part.odd or any(n in types for n in LUMINANCE_CHROMA):
        raise SourceError(f"{file}: an EXR with {part.odd or 'luminance and chroma (Y, RY, BY)'} is not read; {HINT}")
    _require_readable(file, part)
    colour = ("G", "B", "R") if {"R", "G", "B"} <= types.keys() else ("Y",) if "Y" in types else ()
    if not colour:
        raise SourceError(f"{file}: an EXR whose first part has no channels R, G, B or Y but {', '.join(types)} is not "
                          f"read; {HINT}")
    names = (*colour, "A") if "A" in types else colour
    kinds = {np.dtype(types[n]).name for n in names}
    if len(kinds) > 1 or "uint32" in kinds:
        raise SourceError(f"{file}: an EXR whose {', '.join(names)} are {', '.join(sorted(kinds))} is not read; {HINT}")
    return names, _pixels(len(colour) > 1, len(names) > len(colour), kinds.pop())


def _pixels(rgb: bool, alpha: bool, sample: str) -> PixelFormat:
    depth = 16 if sample == "float16" else 32
    kind = ("gbr" if rgb else "gray") + "a" * alpha + "p" * rgb
    plain = planar_format(kind, depth) if rgb or not alpha else PixelFormat("", "grey", depth, alpha=True)
    return replace(plain, name=f"{kind}-{sample}", sample=sample, full_range=True)


def _stored(file: Path, data: mmap.mmap, layout: Layout, names: Sequence[str]) -> list[Plane]:
    """Return channels of the first part as they are stored, each (H, W)."""
    part = layout.parts[0]
    types = {c.name: c.type for c in part.channels}
    found = chunks_of(file, data, layout)
    if part.compression > ZIP:
        with _oiio.opened(file) as other:
            planes = _oiio.region(file, other, names, [types[n] for n in names])
        if any(p.shape != part.size for p in planes):
            raise damaged(file, f"OpenImageIO finds {planes[0].shape[::-1]} pixels")
        return planes
    out = [np.empty(part.size, np.dtype(types[n]).newbyteorder("=")) for n in names]
    for chunk in found:
        rows = _rows(file, data, part, chunk)
        for name, plane in zip(names, out, strict=True):
            at, step = part.before(name) * chunk.columns, plane.itemsize * chunk.columns
            samples = np.ascontiguousarray(rows[:, at : at + step]).view(types[name])
            plane[chunk.top : chunk.top + chunk.rows, chunk.left : chunk.left + chunk.columns] = samples
    return out


def _rows(file: Path, data: mmap.mmap, part: Part, chunk: Chunk) -> npt.NDArray[np.uint8]:
    """Return a chunk's rows (h, bytes), in each of which one channel follows the other."""
    step = part.pixel_bytes * chunk.columns
    try:
        raw = unpacked(data[chunk.body : chunk.stop], part.compression, chunk.rows * step)
    except (ValueError, IndexError) as e:
        raise damaged(file, str(e)) from e
    return np.frombuffer(raw, np.uint8).reshape(chunk.rows, step)


def _rows_of_others(file: Path, other: Any, part: Part, chunk: Chunk) -> npt.NDArray[np.uint8]:
    """Return the same of a chunk that OpenImageIO has to unpack."""
    names, types = [c.name for c in part.channels], [c.type for c in part.channels]
    box = (chunk.top, chunk.left, chunk.top + chunk.rows, chunk.left + chunk.columns)
    samples = _oiio.region(file, other, names, types, box)
    return np.concatenate([s.astype(t).view(np.uint8) for s, t in zip(samples, types, strict=True)], 1)


def _renewed(file: Path, data: mmap.mmap, layout: Layout, changed: Changes) -> Iterator[tuple[Chunk, bytes]]:
    """Yield each chunk in which something changed, and its new bytes."""
    part = layout.parts[0]
    names, pixels = _chosen(file, part)
    across = -(-part.size[1] // part.tile[1])
    placed = [np.divmod(at.astype(np.int64), part.size[1]) for at, _ in changed]
    numbers = [y // part.tile[0] * across + x // part.tile[1] for y, x in placed]
    found = chunks_of(file, data, layout)
    for number in np.unique(np.concatenate(numbers)):
        chunk = found[number]
        if part.compression > ZIP and chunk.stop - chunk.body != chunk.rows * part.pixel_bytes * chunk.columns:
            with _oiio.opened(file) as other:
                rows = _rows_of_others(file, other, part, chunk)
        else:
            rows = _rows(file, data, replace(part, compression=min(part.compression, ZIP)), chunk).copy()
        for name, (y, x), which, (_, values) in zip(names, placed, numbers, changed, strict=True):
            here = which == number
            size = pixels.dtype.itemsize
            at = part.before(name) * chunk.columns + (x[here] - chunk.left) * size
            new = np.ascontiguousarray(values[here].astype(pixels.dtype.newbyteorder("<")))
            rows[(y[here] - chunk.top)[:, None], at[:, None] + np.arange(size)] = new[:, None].view(np.uint8)
        body = packed(rows.tobytes(), part.compression)
        yield chunk, data[chunk.start : chunk.body - 4] + struct.pack("<i", len(body)) + body


def _pieces(file: Path, data: mmap.mmap, layout: Layout, renewed: Mapping[Chunk, bytes]) -> Iterator[bytes]:
    """Yield the file anew: its headers, the places of its chunks, and between those that are new all that was."""
    order = sorted(renewed, key=lambda c: c.start)
    starts = np.array([c.start for c in order], np.int64)
    stops = np.array([c.stop for c in order], np.int64)
    grown = np.cumsum([0, *(len(renewed[c]) - (c.stop - c.start) for c in order)])
    after = np.searchsorted(starts, layout.places)
    if np.any(layout.places < np.concatenate([[0], stops])[after]):
        raise damaged(file, "its chunks overlap")
    yield data[: layout.table]
    yield (layout.places + grown[after]).astype("<i8").tobytes()
    at = layout.table + 8 * len(layout.places)
    for chunk in order:
        yield data[at : chunk.start]
        yield renewed[chunk]
        at = chunk.stop
    yield data[at:]


def _shown(plane: npt.NDArray[np.float32], part: Part) -> npt.NDArray[np.float32]:
    """Return the display window (H, W) of what is stored."""
    if part.data == part.shown:
        return plane
    (x0, y0, x1, y1), (a0, b0, a1, b1) = part.data, part.shown
    out = np.zeros((b1 - b0 + 1, a1 - a0 + 1), np.float32)
    left, top, right, bottom = max(x0, a0), max(y0, b0), min(x1, a1), min(y1, b1)
    if left <= right and top <= bottom:
        out[top - b0 : bottom - b0 + 1, left - a0 : right - a0 + 1] = (
            plane[top - y0 : bottom - y0 + 1, left - x0 : right - x0 + 1]
        )
    return out


FORMAT = Exr()
