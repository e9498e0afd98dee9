"""Restored pictures in, H.264 in MP4 out: plays everywhere."""

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

PARAMS = "bframes=3:b-pyramid=normal:open-gop=0:mbtree=0"
"""x264's macroblock tree reads memory it has not written (shown by filling fresh memory with other bytes), so that two
runs can differ; without it the files are a little larger and always the same."""
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
THREADS = 4
"""Fixed: with another number of threads x264 writes other bytes."""
REORDER_FRAMES = 2
"""How far decoding runs ahead with the three B-frames and the pyramid that are set below."""
FIELDS = {"tt": "tff=1", "tb": "tff=1", "bb": "bff=1", "bt": "bff=1"}


@dataclass(frozen=True)
class H264:
    """Access copies that play everywhere; lossy, 8 bits, limited range, half the chroma, no alpha.

    Pictures of odd width or height, which 4:2:0 cannot hold, are written in 4:4:4, which fewer players show.
    """

    crf: float = 18
    """x264's quality, 0 to 51: 18 is hard to tell from the source, higher is smaller and worse."""
    preset: str = "medium"
    """x264's name for how long it tries: ultrafast to veryslow."""
    grid_frames: int = 96
    """Length of the pieces that are encoded apart; each begins with a key frame."""
    version: ClassVar[int] = 1
    lossless: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse settings x264 does not have."""
        if not 0 <= self.crf <= 51 or self.preset not in PRESETS or self.grid_frames < 1:
            raise ValueError(f"crf must be 0 to 51 (is {self.crf}), preset one of {', '.join(PRESETS)} "
                             f"(is {self.preset}), grid_frames 1 or more (is {self.grid_frames})")

    @property
    def segment_frames(self) -> int | None:
        """Segments are cut on this grid, so that the bytes do not depend on how the work was divided."""
        return self.grid_frames

    def check(self, source: Source, output: Path) -> tuple[str, ...]:
        """Return notes on what is lost; raise OutputError where FFmpeg cannot convert the layout."""
        made = _conversion(source)
        made.check()
        clock(source, "mp4")
        notes = [loss_note(source, made.layout, "H.264")]
        if made.layout == "yuv444p":
            notes.append(f"{source.size[1]}x{source.size[0]} is odd, which 4:2:0 cannot hold: written in 4:4:4, "
                         "which browsers and hardware players may refuse")
        if source.pixels.alpha:
            notes.append("H.264 has no alpha: it is left out")
        if any(s.codec.startswith("pcm_") for s in source.other_streams):
            notes.append("uncompressed sound is copied into the MP4 as it is, which browsers may not play")
        return (*notes, *carry.left_behind(source, "mp4"))

    def write_segment(self, path: Path, source: Source, span: Span, pictures: Iterable[Picture]) -> None:
        """Encode the pictures of `span` into `path`."""
        made = _conversion(source)
        params = PARAMS
        options = {"crf": f"{self.crf:g}", "preset": self.preset}
        if source.field_order in FIELDS:
            params += f":{FIELDS[source.field_order]}"
        options["x264-params"] = params
        codec = segment.Codec("libx264", "mp4", made.layout, made.pixels, options, THREADS)
        segment.write(path, source, span, pictures, codec, made)

    def join(
        self, output: Path, source: Source, segments: Sequence[tuple[Span, Path]], deed: Deed | None = None
    ) -> tuple[str, ...]:
        """Make the film's file; return notes on what could not be carried over."""
        return join(output, source, segments, Container("mp4", REORDER_FRAMES, encoder="Lavc libx264"))

    def extract(self, output: Path, source: Source, wanted: Sequence[tuple[Span, Path]]) -> None:
        """Copy segments back out of an output of this encoder."""
        extract(output, wanted, "mp4")


def _conversion(source: Source) -> Conversion:
    """Return the conversion to the layout x264 takes."""
    odd = source.size[0] % 2 or source.size[1] % 2
    return conversion(source, "yuv444p" if odd else "yuv420p")
