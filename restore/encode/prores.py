"""Restored pictures in, ProRes 422 HQ or 4444 in QuickTime out: for editing, not for keeping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from restore.encode import carry, segment
from restore.encode.clock import clock
from restore.encode.convert import Conversion, conversion, loss_note
from restore.encode.mux import Container, extract, join
from restore.formats import Deed
from restore.frames import Picture
from restore.source import Source
from restore.span import Span


@dataclass(frozen=True)
class Prores:
    """Copies an editing room can take up at once; lossy, 10 bits, so not a master.

    422 HQ, or 4444 where the source has full chroma, RGB or alpha. Written by FFmpeg's prores_ks.
    """

    version: ClassVar[int] = 1
    lossless: ClassVar[bool] = False

    @property
    def segment_frames(self) -> int | None:
        """Any cut gives the same bytes: every frame stands alone."""
        return None

    def check(self, source: Source, output: Path) -> tuple[str, ...]:
        """Return notes on what is lost; raise OutputError where FFmpeg cannot convert the layout."""
        made = _conversion(source)
        made.check()
        clock(source, "mov")
        return (loss_note(source, made.layout, "ProRes"), *carry.left_behind(source, "mov"))

    def write_segment(self, path: Path, source: Source, span: Span, pictures: Iterable[Picture]) -> None:
        """Encode the pictures of `span` into `path`."""
        made = _conversion(source)
        options = {"profile": "4" if _full_chroma(source) else "3", "vendor": "apl0"}
        if source.pixels.alpha:
            options["alpha_bits"] = "16"
        codec = segment.Codec("prores_ks", "mov", made.layout, made.pixels, options)
        segment.write(path, source, span, pictures, codec, made)

    def join(
        self, output: Path, source: Source, segments: Sequence[tuple[Span, Path]], deed: Deed | None = None
    ) -> tuple[str, ...]:
        """Make the film's file; return notes on what could not be carried over."""
        tag = "ap4h" if _full_chroma(source) else "apch"
        return join(output, source, segments, Container("mov", codec_tag=tag, encoder="Lavc prores_ks"))

    def extract(self, output: Path, source: Source, wanted: Sequence[tuple[Span, Path]]) -> None:
        """Copy segments back out of an output of this encoder."""
        extract(output, wanted, "mov")


def _full_chroma(source: Source) -> bool:
    """Tell whether 4:2:2 would throw chroma or alpha away."""
    pixels = source.pixels
    return pixels.alpha or pixels.family == "rgb" or (pixels.family == "yuv" and not pixels.shift_x)


def _conversion(source: Source) -> Conversion:
    """Return the conversion to the layout prores_ks takes."""
    if source.pixels.alpha:
        return conversion(source, "yuva444p10le")
    return conversion(source, "yuv444p10le" if _full_chroma(source) else "yuv422p10le")
