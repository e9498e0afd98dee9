"""A video Source in, its pictures out, in any order, each decoded as few times as its neighbours allow.

What a frame looks like never depends on what was asked before. A sound frame comes from any keyframe before it. A
damaged one is patched by the decoder with what its memory holds, so it is taken only from one certain run: the file
opened anew, one thread, from the keyframe before its own group of pictures, or the first before it that is sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from restore.decode.reel import Reel, keyframe_at, keyframe_before
from restore.errors import SourceError
from restore.frames import Picture
from restore.source import Plane, Source


@dataclass
class _Past:
    """What a run has seen so far."""

    start: int
    group: int
    """The keyframe whose group of pictures this run is there to judge damage in; -1 for none."""
    sound: tuple[Plane, ...] | None = None
    """The last picture that nothing is known against."""
    broken: int | None = None
    """The first damaged frame since the last keyframe; what follows is predicted from it."""


class VideoDecoder:
    """Reads any codec FFmpeg has, by exact presentation time; cannot read two frames at once."""

    def __init__(self, source: Source, threads: int = 0) -> None:
        """Open the file; `threads` for the codec, 0 for as many as there are cores. Raises SourceError."""
        self.source = source
        self.decoded_frames = 0
        """How many frames the codec was given, those decoded twice or ahead included."""
        self._reel = Reel(source, threads)
        self._run: Iterator[tuple[int, Picture | None]] = iter(())
        self._start = self._next = source.frames
        self._group = -1

    def close(self) -> None:
        """Let go of the file."""
        self._run = iter(())
        self._start = self._next = self.source.frames
        self._reel.close()

    def read(self, frame: int) -> list[Picture]:
        """Return the pictures decoded on the way to `frame`, in order, `frame` itself last.

        A frame that does not decode has a `fault` and the samples of the nearest sound frame before it, black where
        there is none. Raises SourceError for frames there are not, and where the picture changes its size.
        """
        if frame not in self.source.span:
            raise SourceError(f"{self.source.path}: has frames 0 to {self.source.frames - 1}, asked for {frame}")
        key = keyframe_at(self.source, frame)
        if not self._next <= frame or key > self._next:
            self._begin(key)
        while True:
            pictures = self._on_to(frame)
            if pictures and pictures[-1].index == frame:
                return pictures
            # It is damaged. Where the run made for it has seen nothing sound either, one from further back will.
            key = keyframe_at(self.source, frame)
            self._begin(keyframe_before(self.source, self._start if self._group == key else key), key)

    def _begin(self, start: int, group: int = -1) -> None:
        self._start = self._next = start
        self._group = group
        self._run = self._resolved(start, group)

    def _on_to(self, frame: int) -> list[Picture]:
        pictures = []
        try:
            while self._next <= frame:
                index, picture = next(self._run)
                self._next = index + 1
                if picture is not None:
                    pictures.append(picture)
        except SourceError:
            self._start = self._next = self.source.frames  # this run is over; a later call begins a new one
            raise
        finally:
            self.decoded_frames = self._reel.packets_fed
        return pictures

    def _resolved(self, start: int, group: int) -> Iterator[tuple[int, Picture | None]]:
        """Yield every frame from a keyframe on; None where this run alone cannot tell what it looks like."""
        past, expected = _Past(start, group), start
        for delivered in self._reel.frames_from(start, anew=group >= 0):
            for index in range(expected, delivered.index):
                yield index, self._lost(past, index)
            yield delivered.index, self._judged(past, delivered.index, delivered.planes, delivered.fault)
            expected = delivered.index + 1
        for index in range(expected, self.source.frames):
            yield index, self._lost(past, index)

    def _lost(self, past: _Past, index: int) -> Picture | None:
        """Judge a frame the decoder never gave."""
        fault = self._reel.faults.get(index) or "the decoder gives no picture for it"
        return self._judged(past, index, None, fault)

    def _judged(self, past: _Past, index: int, planes: tuple[Plane, ...] | None, fault: str) -> Picture | None:
        key = keyframe_at(self.source, index)
        if index == key:
            past.broken = None
        if fault and past.broken is None:
            past.broken = index
        elif past.broken is not None and not fault:
            fault = f"predicted from frame {past.broken}, which is damaged"
        if not fault:
            past.sound = planes
        elif key != past.group or (past.sound is None and past.start):
            return None
        return Picture(index, planes or past.sound or self._black(), fault)

    def _black(self) -> tuple[Plane, ...]:
        """Return a black picture: the lowest code of the range, no colour, alpha opaque."""
        pixels = self.source.pixels
        limited = pixels.family == "yuv" and not pixels.full_range and pixels.depth != 32
        levels = [16 << (pixels.depth - 8) if limited else 0] * pixels.colour_planes + [pixels.peak] * pixels.alpha
        if pixels.family == "yuv":
            levels[1:3] = [1 << (pixels.depth - 1)] * 2
        shapes = [pixels.shape(p, self.source.size) for p in range(pixels.planes)]
        return tuple(np.full(s, v, pixels.dtype) for s, v in zip(shapes, levels, strict=True))
