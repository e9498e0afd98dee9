"""Numbers by name in, a file that TensorBoard reads out; nothing of TensorBoard is needed to write it.

A file is a row of records (length, its checksum, an `Event` message, its checksum); the messages hold only what scalars
need. After TensorFlow's documented formats of TFRecord and `event.proto`, and CRC-32C (RFC 3720, appendix B.4).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

POLYNOMIAL = 0x82F63B78
MASK_DELTA = 0xA282EAD8


class Events:
    """A file of events that is written on to."""

    def __init__(self, folder: Path, step: int) -> None:
        """Begin a file in a folder, for what follows a step."""
        self.path = folder / f"events.out.tfevents.{step:08d}.lacuna"
        self.path.write_bytes(record(event(0, version="brain.Event:2")))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write down what was measured after a step."""
        with self.path.open("ab") as file:
            for name, value in scalars.items():
                file.write(record(event(step, name, value)))


def record(data: bytes) -> bytes:
    """Return a message as it stands in the file."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def event(step: int, name: str = "", value: float = 0.0, version: str = "") -> bytes:
    """Return an `Event`: wall time 1, step 2, file version 3 or summary 5 with one value of tag 1 and number 2."""
    out = b"\x09" + struct.pack("<d", time.time()) + b"\x10" + varint(step)
    if version:
        return out + text(3, version.encode())
    return out + text(5, text(1, text(1, name.encode()) + b"\x15" + struct.pack("<f", value)))


def text(number: int, data: bytes) -> bytes:
    """Return a field of a message that holds bytes."""
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(number: int) -> bytes:
    """Return a whole number, seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


@lru_cache(maxsize=1)
def table() -> tuple[int, ...]:
    """Return the checksum of each byte."""
    out = []
    for rest in range(256):
        for _ in range(8):
            rest = rest >> 1 ^ (POLYNOMIAL if rest & 1 else 0)
        out.append(rest)
    return tuple(out)


def crc32c(data: bytes) -> int:
    """Return Castagnoli's checksum."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest = table()[(rest ^ byte) & 0xFF] ^ rest >> 8
    return rest ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    """Return the checksum as records hold it."""
    plain = crc32c(data)
    return (plain >> 15 | plain << 17) + MASK_DELTA & 0xFFFFFFFF
