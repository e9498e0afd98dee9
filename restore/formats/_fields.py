"""The words of a film scan in, the samples that are bit fields of them out, and single fields overwritten in a file.

Scanners put samples of 8 to 16 bits into words of 8, 16 or 32: filled, with bits left over, or packed without any.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.errors import OutputError
from restore.frames import Changes
from restore.source import Plane

Numbers = npt.NDArray[np.int64]
PACKED_BITS = 32
"""Packed samples run on through words of so many bits; each row begins with a new one."""


@dataclass(frozen=True)
class Fields:
    """Where the samples of a picture lie in its file."""

    size: tuple[int, int]
    """(H, W)."""
    order: tuple[int, ...]
    """For each native plane the number of its sample among those of a pixel."""
    bits: int
    """Bits a sample."""
    word: str
    """The numpy type of a word, byte order included."""
    shifts: tuple[int, ...]
    """How many bits lie below each sample of a word; empty where samples run on from word to word, lowest bit first."""
    start: int
    """The byte at which the first row begins."""
    pitch_bytes: int
    """Bytes from one row to the next."""

    @property
    def row_bytes(self) -> int:
        """Bytes of a row that hold samples."""
        return row_bytes(self.size[1] * len(self.order), self.bits, self.word, len(self.shifts))

    @property
    def end(self) -> int:
        """The byte behind the last word."""
        return self.start + self.pitch_bytes * (self.size[0] - 1) + self.row_bytes

    def planes(self, data: bytes) -> tuple[Plane, ...]:
        """Return the native planes (H, W) of a file's bytes, uint8 or uint16 code values."""
        stored = np.frombuffer(data, np.uint8)[self.start : self.end]
        rows = np.lib.stride_tricks.as_strided(stored, (self.size[0], self.row_bytes), (self.pitch_bytes, 1))
        words = np.ascontiguousarray(rows).view(self.word)
        if self.shifts and len(self.shifts) == len(self.order):  # a word is a pixel
            native = words.astype(words.dtype.newbyteorder("="))
            return tuple(self._field(native, self.shifts[c]) for c in self.order)
        samples = words if self._whole_words else self._filled(words) if self.shifts else self._packed(words)
        pixels = samples[:, : self.size[1] * len(self.order)].reshape(*self.size, len(self.order))
        return tuple(np.array(pixels[..., c], self._type, order="C") for c in self.order)

    @property
    def _type(self) -> type[np.uint8] | type[np.uint16]:
        return np.uint8 if self.bits == 8 else np.uint16

    @property
    def _whole_words(self) -> bool:
        return self.bits == 8 * np.dtype(self.word).itemsize

    def _field(self, words: npt.NDArray[Any], shift: int) -> Plane:
        field = words >> words.dtype.type(shift)
        field &= words.dtype.type((1 << self.bits) - 1)
        return field.astype(self._type, copy=False)

    def _filled(self, words: npt.NDArray[Any]) -> npt.NDArray[Any]:
        native = words.astype(words.dtype.newbyteorder("="))
        out = np.empty((*words.shape, len(self.shifts)), self._type)
        for k, shift in enumerate(self.shifts):
            out[..., k] = self._field(native, shift)
        return out.reshape(words.shape[0], -1)

    def _packed(self, words: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return samples of which so many lie in so many words, over and over."""
        count = PACKED_BITS // gcd(self.bits, PACKED_BITS)
        group = count * self.bits // PACKED_BITS
        whole = -(-words.shape[1] // group)
        native = np.zeros((words.shape[0], whole * group), np.uint32)
        native[:, : words.shape[1]] = words
        native = native.reshape(words.shape[0], whole, group)
        out = np.empty((words.shape[0], whole, count), self._type)
        for k in range(count):
            word, shift = divmod(k * self.bits, PACKED_BITS)
            field = native[..., word] >> np.uint32(shift)
            if shift + self.bits > PACKED_BITS:
                field |= native[..., word + 1] << np.uint32(PACKED_BITS - shift)
            out[..., k] = field & np.uint32((1 << self.bits) - 1)
        return out.reshape(words.shape[0], -1)

    def splice(self, path: Path, changed: Changes) -> None:
        """Overwrite the fields of changed samples in a file; every other bit of it stays.

        Raises OutputError for a value that the fields cannot hold.
        """
        rows, numbers, values = (np.concatenate(part) for part in zip(*map(self._listed, self.order, changed),
                                                                       strict=True))
        if not values.size:
            return
        if int(values.max()) >> self.bits:
            raise OutputError(f"{path}: a sample of {values.max()} does not go into {self.bits} bits; the samples do "
                              "not belong to this file")
        stored = np.memmap(path, np.uint8, "r+")
        for word, shift, mask, part in self._pieces(numbers, values):
            self._overwrite(stored, self.start + rows * self.pitch_bytes + word, shift, mask, part)

    def _listed(self, place: int, changes: tuple[npt.NDArray[np.int32], Plane]) -> tuple[Numbers, Numbers, Numbers]:
        """Return rows, numbers of samples in their row, and values of a plane's changes."""
        at, values = changes
        rows, columns = np.divmod(at.astype(np.int64), self.size[1])
        return rows, columns * len(self.order) + place, values.astype(np.int64)

    def _pieces(self, numbers: Numbers, values: Numbers) -> list[tuple[Numbers, Numbers, Numbers, Numbers]]:
        """Return (byte of the word in its row, shift, mask, value) of samples, in two pieces where they run on."""
        bytes_ = np.dtype(self.word).itemsize
        full = np.full_like(numbers, (1 << self.bits) - 1)
        if self.shifts:
            words, nth = np.divmod(numbers, len(self.shifts))
            return [(words * bytes_, np.array(self.shifts, np.int64)[nth], full, values)]
        words, shift = np.divmod(numbers * self.bits, PACKED_BITS)
        below = np.minimum(self.bits, PACKED_BITS - shift)  # bits in the first word; the rest leads the next
        inside = (1 << below) - 1
        first = (words * bytes_, shift, inside, values & inside)
        rest = full >> below
        second = ((words + (rest > 0)) * bytes_, np.zeros_like(shift), rest, values >> below)
        return [first, second]

    def _overwrite(
        self, stored: npt.NDArray[np.uint8], at: Numbers, shift: Numbers, mask: Numbers, values: Numbers
    ) -> None:
        """Write values into the words at bytes `at`, several of which may be the same word."""
        kind = np.dtype(self.word)
        places, which = np.unique(at, return_inverse=True)
        reach = places[:, None] + np.arange(kind.itemsize)
        clear, put = np.zeros_like(places), np.zeros_like(places)
        np.bitwise_or.at(clear, which, mask << shift)
        np.bitwise_or.at(put, which, values << shift)
        words = stored[reach].view(kind)[:, 0].astype(np.int64)
        stored[reach] = ((words & ~clear) | put).astype(kind)[:, None].view(np.uint8)


def row_bytes(samples: int, bits: int, word: str, a_word: int) -> int:
    """Return the bytes of so many samples, `a_word` to a word; 0 for samples that run on from word to word."""
    words = -(-samples // a_word) if a_word else -(-samples * bits // PACKED_BITS)
    return words * np.dtype(word).itemsize
