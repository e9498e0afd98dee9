"""FFV1 packets in, whether their slices are what the encoder wrote out.

FFmpeg says nothing of a wrong slice checksum but a line in its log, which belongs to no frame and to no thread. So the
checksums are verified here, packet by packet: RFC 9043, section 4.9 (slice footer: 24-bit size, error status, CRC-32
with the generator 0x04C11DB7, most significant bit first).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

FOOTER_BYTES = 8
REVERSED = bytes(int(f"{b:08b}"[::-1], 2) for b in range(256))
"""zlib's CRC-32 takes the least significant bit first, so it is fed with the bits of every byte turned round."""
REGISTERS = (0, 0x5E31029E)
"""Start, and end for a sound slice, of the checksum register (bits reversed): `ec` 1, and `ec` 2 of version 4."""


@dataclass(frozen=True)
class SliceCRC:
    """Checks the packets of one FFV1 stream; knows nothing of streams without checksums."""

    register: int

    @classmethod
    def of(cls, packets: Iterable[bytes]) -> SliceCRC | None:
        """Return the check for a stream, told by its first sound packet; None where it has no checksums."""
        for packet in packets:
            for register in REGISTERS:
                if not cls(register).fault(packet):
                    return cls(register)
        return None

    def fault(self, packet: bytes) -> str:
        """Return what is wrong with a packet, or ""."""
        slices = split(packet)
        if not slices:
            return "slice sizes do not add up (FFV1)"
        start = self.register ^ 0xFFFFFFFF
        wrong = [i for i, s in enumerate(slices, 1) if zlib.crc32(s.translate(REVERSED), start) != start]
        if not wrong:
            return ""
        return f"slice CRC mismatch in slice {', '.join(map(str, wrong))} of {len(slices)} (FFV1)"


def split(packet: bytes) -> list[bytes]:
    """Return the slices of a packet, first to last, found from its end by their sizes; empty where they do not fit."""
    slices: list[bytes] = []
    end = len(packet)
    while end > 0:
        if end < FOOTER_BYTES:
            return []
        start = end - FOOTER_BYTES - int.from_bytes(packet[end - FOOTER_BYTES : end - FOOTER_BYTES + 3], "big")
        if start < 0:
            return []
        slices.append(packet[start:end])
        end = start
    return slices[::-1]
