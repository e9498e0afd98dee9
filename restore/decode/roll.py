"""All packets of a file in, once, so that a packet met after a seek can be told by its bytes, not by its time.

AVI, program and transport streams, and bare ones, do not give every picture a time: FFmpeg infers the missing ones
from what came before, and after a seek may infer them wrongly. The order of the packets read from the start is certain.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from restore.source import Source

INDEXED = ("matroska", "mov")
"""Containers that give every packet its time, and find it again by their own index."""


class UnsureError(Exception):
    """After a seek the packets are not those that were there when reading from the start."""


class Roll:
    """The order of a file's packets, told by place and bytes; those that cannot be told apart are no landmarks."""

    def __init__(self, packets: Iterable[Any]) -> None:
        """Read all packets from the start."""
        self._times: list[int | None] = []
        self._names: list[tuple[int | None, int]] = []
        self._places: dict[tuple[int | None, int], int] = {}
        for n, packet in enumerate(p for p in packets if p.size):
            name = _name(packet)
            self._times.append(packet.pts if packet.pts is not None else packet.dts)
            self._names.append(name)
            self._places[name] = -1 if name in self._places else n

    @staticmethod
    def needed(source: Source) -> bool:
        """Tell whether times after a seek cannot be believed in this container."""
        return not any(name in source.container.split(",") for name in INDEXED)

    def landmarks(self, packets: Iterator[Any]) -> Iterator[Any]:
        """Yield packets from the first keyframe that is known on, each with its own time.

        Raises UnsureError where one does not follow the other as it did from the start.
        """
        n = -1
        for packet in packets:
            if not packet.size:
                yield packet
                continue
            name = _name(packet)
            if n < 0:
                n = self._places.get(name, -1) if packet.is_keyframe else -1
                if n < 0:
                    continue
            if n >= len(self._names) or self._names[n] != name:
                raise UnsureError
            packet.pts = self._times[n]
            n += 1
            yield packet


def _name(packet: Any) -> tuple[int | None, int]:
    return packet.pos, zlib.crc32(packet)
