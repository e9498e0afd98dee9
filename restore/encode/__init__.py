"""Restored pictures in, a file of the same nature out. One file an output format.

A film is encoded in segments, one a step, each its own small file; `join` puts them together by copying packets, and
carries over everything that is not picture: sound, subtitles, chapters, attachments, tags, timecode, aspect. What it
cannot carry it names in its notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from restore.encode.choose import choose
from restore.formats import Deed
from restore.frames import Picture
from restore.source import Source
from restore.span import Span

__all__ = ["Encoder", "choose"]


class Encoder(Protocol):
    """What a file in this folder has to offer: a frozen dataclass whose fields are its settings."""

    version: ClassVar[int]
    lossless: ClassVar[bool]
    """Whether decoding gives the samples back exactly."""

    @property
    def segment_frames(self) -> int | None:
        """Grid on which the film must be cut for the same bytes whatever the spans; None where any cut will do."""

    def check(self, source: Source, output: Path) -> tuple[str, ...]:
        """Return notes on what will be lost or changed; raise OutputError, before any work, where it cannot be done."""

    def write_segment(self, path: Path, source: Source, span: Span, pictures: Iterable[Picture]) -> None:
        """Encode the pictures of `span`, in order, into `path`, which appears whole or not at all."""

    def join(
        self, output: Path, source: Source, segments: Sequence[tuple[Span, Path]], deed: Deed | None = None
    ) -> tuple[str, ...]:
        """Make `output` from all segments of the film, in order, whole or not at all; return notes on what was lost.

        `deed` is what was done to the film, for files that have to say so themselves.
        """

    def extract(self, output: Path, source: Source, wanted: Sequence[tuple[Span, Path]]) -> None:
        """Take segments back out of an output that `join` made, without encoding: for a film of which a part changed.

        Raises OutputError where the output holds fewer frames than are wanted of it.
        """
