"""All packets of a file in, once, so that a packet met after a seek can be told by its contents, not by its time.

Program and transport streams, and bare ones, do not give every picture a time: FFmpeg infers the missing ones from
what came before, and after a seek infers them wrongly. The order of the packets, read from the start, is certain.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from restore.source import Source

INDEXED = ("matroska", "mov")
"""Containers that give every packet its time, and find it again by their own index."""
INDEXED_INTRA = ("avi", "mxf", "nut")
"""The same, as long as no picture is shown out of order."""


class UnsureError(Exception):
    """After a seek the packets are not those that were there when reading from the start."""


class Roll:
    """The order of a file's packets, told apart by their bytes; packets that occur twice are no landmarks."""

    def __init__(self, packets: Iterable[Any]) -> None:
        """Read all packets from the start."""
        self._times: list[int | None] = []
        self._sums: list[int] = []
        self._places: dict[int, int] = {}
        for n, packet in enumerate(p for p in packets if p.size):
            name = zlib.crc32(packet)
            self._times.append(packet.pts if packet.pts is not None else packet.dts)
            self._sums.append(name)
            self._places[name] = -1 if name in self._places else n

    @staticmethod
    def needed(source: Source) -> bool:
        """Tell whether times after a seek cannot be believed in this container."""
        trusted = INDEXED + INDEXED_INTRA * source.intra_only
        return not any(name in source.container.split(",") for name in trusted)

    def landmarks(self, packets: Iterator[Any]) -> Iterator[Any]:
        """Yield packets from the first keyframe that is known on, each with its own time.

        Raises UnsureError where one does not follow the other as it did from the start.
        """
        n = -1
        for packet in packets:
            if not packet.size:
                yield packet
                continue
            name = zlib.crc32(packet)
            if n < 0:
                n = self._places.get(name, -1) if packet.is_keyframe else -1
                if n < 0:
                    continue
            if n >= len(self._sums) or self._sums[n] != name:
                raise UnsureError
            packet.pts = self._times[n]
            n += 1
            yield packet
