"""TIFFs made by hand and by tifffile, for the tests."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from restore.formats.tiff import FORMAT
from restore.frames import Changes

from .round_trip import scattered

Samples = npt.NDArray[Any]
ICC = bytes(range(200)) * 3
SHORT, LONG = 3, 4


def noise(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(3, 40, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def write(path: Path, pages: list[Samples], **how: Any) -> Path:
    """Write pages with a profile, a resolution and tags of their own; `bigtiff` and `byteorder` are the file's."""
    file = {k: how.pop(k) for k in ("bigtiff", "byteorder") if k in how}
    with tifffile.TiffWriter(path, **file) as out:
        for n, samples in enumerate(pages):
            out.write(
                samples, metadata=None, iccprofile=ICC, resolution=(3000, 3000), resolutionunit="INCH",
                description=f"Leaf {n}", software="Scanner 2.1", datetime="2021:03:04 05:06:07",
                extratags=[
                    (315, 2, None, "A. Photographe\xe9".encode("latin1"), True), (700, 1, None, b"<x:xmpmeta/>", True),
                    (65000, 7, None, b"of our own", True),
                ], **how,
            )
    return path


@dataclass(frozen=True)
class Handmade:
    """A classic little-endian TIFF of grey 8-bit pages whose strips are Deflate and whose directories are ours."""

    pages: tuple[tuple[int, ...], ...]
    """Which of the strips each page has."""
    strips: tuple[Samples, ...]
    """Each (h, w) uint8, all of one size."""
    kind: int = SHORT
    """The type of the numbers that say where strips lie and how long they are."""

    def to(self, path: Path) -> Path:
        """Write it."""
        rows, width = self.strips[0].shape
        packed = [zlib.compress(s.tobytes(), 6) for s in self.strips]
        body, places = b"II*\0" + bytes(4), []
        for data in packed:
            body += bytes(len(body) % 2)
            places.append(len(body))
            body += data
        link = 4
        for page in self.pages:
            lists = []
            for numbers in ([places[k] for k in page], [len(packed[k]) for k in page]):
                data = struct.pack(f"<{len(page)}{'H' if self.kind == SHORT else 'I'}", *numbers)
                if len(data) > 4:
                    body += bytes(len(body) % 2)
                    data, body = struct.pack("<I", len(body)), body + data
                lists.append(data.ljust(4, b"\0"))
            body += bytes(len(body) % 2)
            body = body[:link] + struct.pack("<I", len(body)) + body[link + 4 :]
            values = [
                (256, LONG, 1, width), (257, LONG, 1, rows * len(page)), (258, SHORT, 1, 8), (259, SHORT, 1, 8),
                (262, SHORT, 1, 1), (273, self.kind, len(page), lists[0]), (277, SHORT, 1, 1), (278, LONG, 1, rows),
                (279, self.kind, len(page), lists[1]),
            ]
            body += struct.pack("<H", len(values))
            for code, kind, count, value in values:
                raw = value if isinstance(value, bytes) else struct.pack("<I", value)
                body += struct.pack("<HHI", code, kind, count) + raw
            link = len(body)
            body += bytes(4)
        path.write_bytes(body)
        return path


def changed_in(file: Path, *pages: int) -> dict[int, Changes]:
    """Return other samples for 100 pixels of each of the pages."""
    headers = FORMAT.inspect(file)
    return {n: scattered(FORMAT.read(file, n), headers[n].pixels.colour_planes, n) for n in pages}
