"""A sequence of picture files (or one picture) in, its pictures out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from restore import stills
from restore.errors import SourceError
from restore.frames import Picture
from restore.source import Plane, Source


class SequenceDecoder:
    """Reads every kind of picture in `formats` exactly; cannot read files that changed since `probe`."""

    def __init__(self, source: Source) -> None:
        """Take the files of `source` as they are when asked for."""
        self.source = source
        self.decoded_frames = 0

    def read(self, frame: int) -> list[Picture]:
        """Return the one picture `frame`; nothing lies on the way to it.

        A file that cannot be read has a `fault` and the samples of the nearest sound one before it, black where there
        is none. Raises SourceError for frames there are not.
        """
        if frame not in self.source.span:
            raise SourceError(f"{self.source.path}: has frames 0 to {self.source.frames - 1}, asked for {frame}")
        planes, fault = self._try(frame)
        before = frame - 1
        while planes is None and before >= 0:
            planes, _ = self._try(before)
            before -= 1
        return [Picture(frame, planes or self._black(), fault)]

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def _try(self, frame: int) -> tuple[tuple[Plane, ...] | None, str]:
        self.decoded_frames += 1
        file, page = self.source.page(frame)
        try:
            return stills.read(Path(file), self.source.pixels, self.source.size, page), ""
        except SourceError as e:
            return None, str(e)

    def _black(self) -> tuple[Plane, ...]:
        pixels = self.source.pixels
        levels = [0] * pixels.colour_planes + [pixels.peak] * pixels.alpha
        return tuple(np.full(self.source.size, v, pixels.dtype) for v in levels)
