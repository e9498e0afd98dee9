"""An open video file in, its frames in order from any keyframe out, each known by its presentation time.

A reel neither guesses nor counts: a frame is the one whose time it carries, and a seek is believed only when the first
packet after it shows where it landed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import av
import numpy as np

from restore.decode.heard import Heard, listening
from restore.decode.roll import Roll, UnsureError
from restore.decode.slicecrc import SliceCRC
from restore.errors import SourceError
from restore.layout import Layout, Rows, layout_of
from restore.source import Plane, Source

SLICED = {"ffv1", "prores", "dnxhd"}
"""Codecs whose frames are made of slices by nature: threads share one frame, and nothing is decoded ahead."""
TRIAL_PACKETS = 16


class DamagedError(Exception):
    """Something did not decode while several threads were at work; what came of which frame is not certain."""


@dataclass(frozen=True)
class Delivered:
    """What came out of the decoder for one frame."""

    index: int
    planes: tuple[Plane, ...] | None
    """None where what came out is not fit to be shown."""
    fault: str


class Reel:
    """One open file. `packets_fed` counts what was handed to the codec, `faults` what is known against frames."""

    def __init__(self, source: Source, threads: int) -> None:
        """Open the file of `source`; raises SourceError where it is gone or changed."""
        self.source = source
        self.packets_fed = 0
        self.faults: dict[int, str] = {}
        self._threads = threads
        self._one_by_one = source.intra_only or source.codec in SLICED
        self._index = {t: i for i, t in enumerate(source.pts)}
        self._layouts: dict[str, Layout] = {}
        self._fresh = False
        self._open()
        self._crc = self._find_crc() if source.codec == "ffv1" else None
        self._listens = source.intra_only and self._crc is None
        self._roll: Roll | None = None
        self._seekable = True

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def frames_from(self, key: int, anew: bool = False) -> Iterator[Delivered]:
        """Yield the frames from keyframe `key` on, in order; those the decoder never gives are left out.

        When damage shows while several threads are at work, all is decoded once more by one, so that every fault finds
        its frame. `anew` opens the file again and decodes with one thread: what damage leaves in a picture is then
        the same every time.
        """
        if anew:
            self._alone()
        given = key - 1
        while True:
            try:
                for delivered in self._pass(key):
                    if delivered.index > given:
                        given = delivered.index
                        yield delivered
                return
            except DamagedError:
                self._alone()
            except UnsureError:
                self._seekable = False

    def _alone(self) -> None:
        self.faults.clear()
        self._one_by_one, self._threads = True, 1
        if not self._fresh:
            self.close()
            self._open()

    # The file

    def _open(self) -> None:
        try:
            self._container = av.open(self.source.path, metadata_errors="replace")
            self._stream = self._container.streams[self.source.stream]
        except (av.FFmpegError, IndexError) as e:
            raise SourceError(f"{self.source.path}: could be read before, cannot be opened now ({e}); put it back "
                              "where it was, as it was") from e
        self._codec: Any = self._stream.codec_context
        self._codec.thread_count = self._threads
        self._codec.thread_type = "SLICE" if self._one_by_one else "AUTO"
        self._fresh = True

    def _find_crc(self) -> SliceCRC | None:
        packets = (bytes(p) for p in self._container.demux(self._stream) if p.size)
        self._fresh = False
        return SliceCRC.of(islice(packets, TRIAL_PACKETS))

    def _rewind(self) -> None:
        """Go to the first packet. A fresh file has fresh buffers too: what damage leaves in them is always the same."""
        if not self._fresh:
            self.close()
            self._open()
        self._fresh = False

    # Packets

    def _packets_from(self, key: int) -> Iterator[Any]:
        """Yield packets from keyframe `key` or one before it; the first one yielded is where decoding begins."""
        keys = self.source.keyframes
        at = bisect_right(keys, key) - 1
        if at > 0 and self._roll is None and Roll.needed(self.source):
            self._rewind()
            self._roll = Roll(self._container.demux(self._stream))
        while at > 0 and self._seekable:
            packets = self._landed(keys[at])
            if packets is not None:
                yield from packets
                return
            at -= 1
        self._rewind()
        yield from self._demux()

    def _landed(self, key: int) -> Iterator[Any] | None:
        """Seek to a keyframe; None where the file's own index leads past it."""
        time = self.source.pts[key]
        self._fresh = False
        try:
            self._container.seek(time, stream=self._stream)
        except av.FFmpegError:
            return None
        packets = self._roll.landmarks(self._demux()) if self._roll else self._demux()
        for first in packets:
            if first.size and first.is_keyframe and first.pts is not None:
                return self._chain(first, packets) if first.pts <= time else None
        return None

    @staticmethod
    def _chain(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
        yield first
        yield from rest

    def _demux(self) -> Iterator[Any]:
        try:
            for packet in self._container.demux(self._stream):
                if packet.size and packet.pts is None:
                    packet.pts = packet.dts
                yield packet
        except av.FFmpegError:
            # The file breaks off here: `probe` has counted no frame beyond. The decoder still gives what it holds.
            yield av.Packet()

    # Frames

    def _pass(self, key: int) -> Iterator[Delivered]:
        """Decode on from a keyframe; what is shown before it is dropped, for it lacks what it refers to (open GOP)."""
        expected = key
        for packet in self._packets_from(key):
            for frame in self._decode(packet):
                index = self._index.get(frame.pts)
                if index is None or index < key:
                    continue
                self._require_all(expected, index)
                if index < expected and self.faults:
                    continue
                if index < expected:
                    raise SourceError(
                        f"{self.source.path}: the decoder shows frame {index} after frame {expected - 1}: the times in "
                        "the container contradict the stream. Wrap it anew: ffmpeg -fflags +genpts -i IN -c copy OUT"
                    )
                expected = index + 1
                fault = self._verdict(frame, index)
                # Where only the log knows of damage, decoders leave or read what happens to be in memory.
                yield Delivered(index, None if fault and self._listens else self._planes(frame, index), fault)
        self._require_all(expected, self.source.frames)

    def _require_all(self, expected: int, index: int) -> None:
        """Frames in flight may go down with a damaged one, unsaid; one at a time, only the damaged one does."""
        if expected < index and not self._one_by_one:
            raise DamagedError

    def _decode(self, packet: Any) -> list[Any]:
        try:
            if not packet.size:
                return list(self._codec.decode(None))
            self.packets_fed += 1
            self._examine(packet)
            return self._heard(packet) if self._listens else list(packet.decode())
        except EOFError:
            return []
        except av.FFmpegError as e:
            if not self._one_by_one:
                raise DamagedError from e
            if packet.pts in self._index:
                self.faults[self._index[packet.pts]] = f"the decoder refuses it ({e.strerror})"
            return []

    def _heard(self, packet: Any) -> list[Any]:
        """Decode a packet whose picture is its own; an error in FFmpeg's log is a fault of that picture."""
        heard = Heard()
        try:
            with listening() as heard:
                return list(packet.decode())
        finally:
            if heard.anywhere and self._threads != 1:
                raise DamagedError
            if heard.here and packet.pts in self._index:
                self.faults[self._index[packet.pts]] = f"the decoder reports: {heard.here[0]}"

    def _examine(self, packet: Any) -> None:
        index = self._index.get(packet.pts)
        if index is None:
            return
        if self._crc is not None and (fault := self._crc.fault(bytes(packet))):
            self.faults[index] = fault
        elif packet.is_corrupt:
            if not self._one_by_one:
                raise DamagedError
            self.faults[index] = "the container marks its data as damaged"

    def _verdict(self, frame: Any, index: int) -> str:
        if frame.is_corrupt and index not in self.faults:
            if not self._one_by_one:
                raise DamagedError
            self.faults[index] = "the decoder concealed damage in it"
        return self.faults.get(index, "")

    def _planes(self, frame: Any, index: int) -> tuple[Plane, ...]:
        size = (frame.height, frame.width)
        name = frame.format.name
        layout = self._layouts.get(name)
        if layout is None:
            layout = self._layouts[name] = layout_of(name)
        if size != self.source.size:
            raise SourceError(
                f"{self.source.path}: the picture changes its size at frame {index}, from {_wxh(self.source.size)} to "
                f"{_wxh(size)}; needed: one size throughout. Cut the file there and restore the parts apart"
            )
        if layout.pixels.name != self.source.pixels.name:
            raise SourceError(
                f"{self.source.path}: the pixel format changes at frame {index}, from {self.source.pixels.name} to "
                f"{layout.pixels.name}; needed: one throughout. Cut the file there and restore the parts apart"
            )
        return layout.planes([rows_of(p) for p in frame.planes], size)


def rows_of(plane: Any) -> Rows:
    """Return an av plane's memory as (rows, bytes of a row), top row first, not copied."""
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, abs(plane.line_size))
    return rows if plane.line_size > 0 else rows[::-1]


def keyframe_at(source: Source, frame: int) -> int:
    """Return the last keyframe at or before a frame."""
    return source.keyframes[bisect_right(source.keyframes, frame) - 1]


def keyframe_before(source: Source, frame: int) -> int:
    """Return the last keyframe before a frame, 0 where there is none."""
    return source.keyframes[max(0, bisect_left(source.keyframes, frame) - 1)]


def _wxh(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"
