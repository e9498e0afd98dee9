"""A Source in, decoded pictures out: native planes in code values. One file a kind of material."""

from __future__ import annotations

from typing import Protocol

from restore.errors import SourceError
from restore.frames import Picture
from restore.source import Source


class Decoder(Protocol):
    """An open file. Not shared between threads: the caller holds a lock."""

    source: Source
    decoded_frames: int
    """How many frames were decoded so far, those on the way to a wanted one included."""

    def read(self, frame: int) -> list[Picture]:
        """Return the pictures decoded on the way to `frame`, in order, `frame` itself last.

        Reading on from the last place does not seek. A frame that does not decode comes back with a `fault` and
        the samples of the nearest sound frame before it (black where there is none); it never raises for that.
        """

    def close(self) -> None:
        """Let go of the file."""


def open_decoder(source: Source, threads: int = 0) -> Decoder:
    """Open what `probe` described; `threads` for the codec, 0 for as many as there are cores.

    Raises SourceError where the kind is unknown.
    """
    if source.kind == "video":
        from restore.decode.video import VideoDecoder

        return VideoDecoder(source, threads)
    if source.kind == "sequence":
        from restore.decode.sequence import SequenceDecoder

        return SequenceDecoder(source)
    raise SourceError(f"{source.path}: no decoder for a source of kind {source.kind!r}; needed: video or sequence")
