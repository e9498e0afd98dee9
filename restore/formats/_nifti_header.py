"""The first bytes of a NIfTI file in, where its slices lie and what their samples are out; what is none is refused."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from restore.errors import SourceError
from restore.formats import AGAIN

HEAD_BYTES = 544
ONE, TWO = 348, 540
"""What the first number of a header is, by version: its own length."""
SAMPLES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
REFUSED = {
    0: "samples of an unknown type", 1: "1-bit samples", 32: "complex samples", 128: "RGB samples",
    1024: "64-bit whole numbers", 1280: "64-bit whole numbers", 1536: "128-bit floats", 1792: "complex samples",
    2048: "complex samples", 2304: "RGBA samples",
}
LABELS = {1002: "labels", 1003: "names of structures"}
"""Intents (NIFTI_INTENT_LABEL, NIFTI_INTENT_NEURONAME) under which a sample is a name, and one between two others is
another name and not what lies between them."""
MOST_SLICES, MOST_SAMPLES = 1 << 20, 1 << 27
"""Damaged headers claim to hold more."""
NEEDED = "needed: one file (.nii or .nii.gz) of whole numbers up to 32 bits or of floats, three axes and time"


@dataclass(frozen=True)
class Volume:
    """Where slices lie."""

    size: tuple[int, int]
    """(H, W) of a slice: the second axis and the first, which runs fastest."""
    slices: int
    count: int
    """Volumes in the file."""
    sample: np.dtype[Any]
    """How samples are stored, byte order included."""
    offset: int
    """Where the first sample lies, in bytes."""
    notes: tuple[str, ...] = ()
    big: bool = False
    """Whether the most significant byte comes first (bytes themselves do not say)."""

    @property
    def slice_bytes(self) -> int:
        """Return the bytes of a slice."""
        return self.size[0] * self.size[1] * self.sample.itemsize

    def place(self, page: int) -> int:
        """Return where a slice begins, in bytes."""
        return self.offset + page * self.slice_bytes


@dataclass(frozen=True)
class Fields:
    """What is read of a header."""

    order: str
    dim: tuple[int, ...]
    datatype: int
    offset: float
    intent: int
    magic: bytes


def parse(file: Path, head: bytes) -> Volume:
    """Return what a header says. Raises SourceError that names what is not read, or what is wrong."""
    fields = _fields(file, head)
    if odd := _oddity(fields):
        raise SourceError(f"{file}: a NIfTI file with {odd} is not read; {NEEDED}")
    dim = fields.dim
    if min(dim[1 : dim[0] + 1]) < 1 or not fields.offset >= 0:
        raise SourceError(f"{file}: damaged: the header gives lengths {dim[1 : dim[0] + 1]}; {AGAIN}")
    width, height, slices, count = (dim[k] if k <= dim[0] else 1 for k in range(1, 5))
    if slices * count > MOST_SLICES:
        raise SourceError(f"{file}: {slices * count:,} slices are more than are read ({MOST_SLICES:,}); check its "
                          "header")
    if width * height > MOST_SAMPLES:
        raise SourceError(f"{file}: slices of {width}x{height} samples are larger than is read; check its header")
    sample = np.dtype(fields.order + SAMPLES[fields.datatype])
    return Volume((height, width), slices, count, sample, int(fields.offset), big=fields.order == ">")


def _fields(file: Path, head: bytes) -> Fields:
    for order in "<>":
        def at(place: int, kind: str, order: str = order) -> tuple[Any, ...]:
            return struct.unpack_from(order + kind, head, place)

        if len(head) >= ONE and at(0, "i") == (ONE,):
            intent, datatype = at(68, "2h")
            return Fields(order, at(40, "8h"), datatype, at(108, "f")[0], intent, head[344:348])
        if len(head) >= TWO and at(0, "i") == (TWO,):
            return Fields(order, at(16, "8q"), at(12, "h")[0], at(168, "q")[0], at(504, "i")[0], head[4:8])
    raise SourceError(f"{file}: no NIfTI file, or damaged: it does not begin with its header's length; {AGAIN}")


def _oddity(fields: Fields) -> str:
    """Name what is not read; empty for what is."""
    if fields.magic not in (b"n+1\0", b"n+2\0"):
        return "its samples in another file (a pair .hdr and .img, or Analyze)"
    if fields.intent in LABELS:
        return f"{LABELS[fields.intent]} (intent {fields.intent})"
    if fields.datatype not in SAMPLES:
        return REFUSED.get(fields.datatype, f"samples of type {fields.datatype}")
    if not 1 <= fields.dim[0] <= 7:
        return f"{fields.dim[0]} axes"
    if any(n > 1 for n in fields.dim[5 : fields.dim[0] + 1]):
        return "several values a place (a fifth axis: vectors or tensors)"
    return "a single axis" if fields.dim[0] < 2 else ""
