"""A NIfTI volume and the masks of its slices in, one label volume of the same shape and place out: 1 filled, 0 not."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from restore.errors import OutputError
from restore.formats.nifti import header_of
from restore.frames import Bits

UINT8, LABEL_INTENT = 2, 1002
NAME = b"Lacuna mask"
LEVEL = 6


def write_labels(path: Path, files: Sequence[Path], masks: Iterable[Bits]) -> None:
    """Write masks (H, W) of all slices as 8-bit labels, under the source's own header: its axes, place and time.

    Raises OutputError for sources of several files.
    """
    if len(files) != 1:
        raise OutputError(f"{path}: {len(files)} NIfTI files are no single volume, and their masks are none either; "
                          "export PNG pictures, or restore the files apart")
    with path.open("wb") as raw, gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as out:
        out.write(_header(*header_of(files[0])))
        for mask in masks:
            out.write(np.ascontiguousarray(mask).astype(np.uint8).tobytes())


def _header(head: bytes, order: str) -> bytes:
    """Return a header in which what speaks of samples is that of labels, and no extension follows."""
    one = len(head) == 348
    out = bytearray(head)

    def put(at: int, kind: str, *values: float | bytes) -> None:
        struct.pack_into(order + kind, out, at, *values)

    if one:
        put(68, "hhh", LABEL_INTENT, UINT8, 8)
        put(108, "fff", 352.0, 1.0, 0.0)
        put(124, "ff", 1.0, 0.0)
        put(148, "80s", NAME)
    else:
        put(12, "hh", UINT8, 8)
        put(168, "q", 544)
        put(176, "dd", 1.0, 0.0)
        put(192, "dd", 1.0, 0.0)
        put(240, "80s", NAME)
        put(504, "i", LABEL_INTENT)
    return bytes(out) + bytes(4)
