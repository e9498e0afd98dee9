"""Restored pictures in, FFV1 in Matroska out: every sample as it is, each slice with its own checksum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import av
import av.codec
import av.error
import numpy as np

from restore.encode import carry, segment
from restore.encode.clock import clock
from restore.encode.mux import NO_PAPERS, Container, extract, join
from restore.encode.native import to_frame, view
from restore.errors import OutputError
from restore.formats import Deed
from restore.frames import Picture
from restore.source import PixelFormat, Source
from restore.span import Span

RENAMED = {"gbrp": "bgr0", "gbrap": "bgra"}
"""Layouts FFV1 holds under another name, with the same samples."""
LARGE_PX = 2048
"""From this width on a picture is cut into more slices: more cores help, and damage stays smaller."""
MOST_SLICES = 64


@dataclass(frozen=True)
class Ffv1:
    """Preservation masters that give every sample back; the files are large, and float samples do not fit in.

    FFV1 version 3 (RFC 9043), every frame a key frame, every slice with a checksum.
    """

    slices: int = 0
    """Pieces a frame is cut into (to 64): 0 for 16, or 24 from 2048 pixels of width on. Sizes that FFmpeg cannot cut so
    get the nearest number it can."""
    context: int = 1
    """1 for the large context model (smaller files), 0 for the small one (faster)."""
    version: ClassVar[int] = 1
    lossless: ClassVar[bool] = True
    attaches: ClassVar[bool] = True
    """Whether `join` takes `papers`: documents to attach, and attachments to leave out."""

    def __post_init__(self) -> None:
        """Refuse settings FFV1 does not have."""
        if not 0 <= self.slices <= MOST_SLICES or self.context not in (0, 1):
            raise ValueError(f"slices must be 0 to {MOST_SLICES} (is {self.slices}), "
                             f"context 0 or 1 (is {self.context})")

    @property
    def segment_frames(self) -> int | None:
        """Any cut gives the same bytes: no frame knows of another."""
        return None

    def check(self, source: Source, output: Path) -> tuple[str, ...]:
        """Return notes on what will not be in the output; raise OutputError where FFV1 cannot hold the samples."""
        layout(source.pixels)
        self.slices_for(source)
        clock(source, "matroska")
        return (*_unusual(source.pixels), *carry.left_behind(source, "matroska"))

    def slices_for(self, source: Source) -> int:
        """Return the number of slices for a source's size and layout."""
        wanted = self.slices or (24 if source.size[1] >= LARGE_PX else 16)
        return exact_slices(wanted, source.size, source.pixels, self.context)

    def write_segment(self, path: Path, source: Source, span: Span, pictures: Iterable[Picture]) -> None:
        """Encode the pictures of `span` into `path`; raise OutputError for samples beyond the depth."""
        pixels = source.pixels
        codec = segment.Codec(
            "ffv1", "matroska", layout(pixels), pixels, options(self.slices_for(source), self.context)
        )
        segment.write(
            path, source, span, pictures, codec, lambda p: to_frame(p.planes, codec.layout, pixels, source.size)
        )

    def join(
        self, output: Path, source: Source, segments: Sequence[tuple[Span, Path]], deed: Deed | None = None,
        papers: carry.Papers = NO_PAPERS,
    ) -> tuple[str, ...]:
        """Make the film's file, with `papers` attached to it; return notes on what could not be carried over."""
        return join(output, source, segments, Container("matroska", encoder="Lavc ffv1"), papers)

    def extract(self, output: Path, source: Source, wanted: Sequence[tuple[Span, Path]]) -> None:
        """Copy segments back out of an output of this encoder."""
        extract(output, wanted, "matroska")


def layout(pixels: PixelFormat) -> str:
    """Return FFmpeg's name of a layout FFV1 holds these samples in exactly; raise OutputError where there is none."""
    plain = pixels.name.replace("yuvj", "yuv")
    name = RENAMED.get(plain, plain)
    held = {f.name for f in av.codec.Codec("ffv1", "w").video_formats or ()}
    if pixels.depth == 32:
        raise OutputError(f"{pixels.name} has float samples, which FFV1 version 3 does not hold; "
                          "write a folder of pictures instead (-o name/)")
    if name not in held:
        raise OutputError(f"FFV1 does not hold {pixels.name} sample for sample; "
                          "write a folder of pictures instead (-o name/), or .mov for a copy to look at")
    return name


def _unusual(pixels: PixelFormat) -> tuple[str, ...]:
    """Return a note where older readers will not know the layout."""
    if pixels.family != "yuv" or not pixels.alpha or pixels.depth != 12:
        return ()
    return (f"older readers of FFV1 do not know {layout(pixels)} (FFmpeg 5.1 shows no picture; the one in use here "
            "gives every sample back)",)


def options(slices: int, context: int) -> dict[str, str]:
    """Return FFmpeg's settings: version 3, range coder, checksums, nothing but key frames."""
    return {
        "level": "3", "coder": "1", "context": str(context), "g": "1", "slices": str(slices), "slicecrc": "1",
        "threads": "0", "thread_type": "slice",
    }


@lru_cache(maxsize=64)
def exact_slices(wanted: int, size: tuple[int, int], pixels: PixelFormat, context: int) -> int:
    """Return the number of slices nearest to `wanted` that FFmpeg writes and reads back exactly at this size.

    With subsampled chroma FFmpeg refuses most numbers at odd sizes, and with a quarter of the chroma (4:1:1, 4:1:0)
    it loses samples without a word at sizes whose slices do not end on a chroma sample. So each candidate is tried
    on one picture of noise, unless nothing is subsampled or every slice ends on a whole chroma sample.
    """
    for slices in sorted(range(1, MOST_SLICES + 1), key=lambda n: (abs(n - wanted), n)):
        if _returns_noise(slices, size, pixels, context):
            return slices
    raise OutputError(f"FFV1 cannot cut {pixels.name} at {size[1]}x{size[0]} into slices without loss; "
                      "crop or pad the source to an even size first")


def _even(slices: int, size: tuple[int, int], pixels: PixelFormat) -> bool:
    """Tell whether slices end on whole chroma samples; FFmpeg cuts into n rows and from n to less than 2 n columns."""
    ways = [(n, slices // n) for n in range(1, slices + 1) if slices % n == 0 and n <= slices // n < 2 * n]
    return bool(ways) and all(
        size[0] % (rows << pixels.shift_y if pixels.shift_y else 1) == 0
        and size[1] % (columns << pixels.shift_x if pixels.shift_x else 1) == 0
        for rows, columns in ways
    )


def _returns_noise(slices: int, size: tuple[int, int], pixels: PixelFormat, context: int) -> bool:
    """Tell whether a picture of noise comes back from FFV1 as it went in; only opens it where nothing can go wrong."""
    rng = np.random.default_rng(0)
    name = layout(pixels)
    encoder: av.VideoCodecContext = av.codec.CodecContext.create("ffv1", "w")
    encoder.width, encoder.height, encoder.pix_fmt = size[1], size[0], name
    encoder.time_base, encoder.framerate = Fraction(1, 24), Fraction(24)
    encoder.options = options(slices, context)
    try:
        encoder.open()
    except (av.error.FFmpegError, ValueError):
        return False
    if _even(slices, size, pixels):
        return True
    planes = tuple(
        rng.integers(0, int(pixels.peak), pixels.shape(p, size), pixels.dtype, endpoint=True)
        for p in range(pixels.planes)
    )
    packets = [*encoder.encode(to_frame(planes, name, pixels, size)), *encoder.encode(None)]
    decoder: av.VideoCodecContext = av.codec.CodecContext.create("ffv1", "r")
    decoder.extradata, decoder.width, decoder.height = encoder.extradata, size[1], size[0]
    frames = [f for p in packets for f in decoder.decode(p)] + decoder.decode(None)
    return len(frames) == 1 and all(
        np.array_equal(view(a, pixels.dtype), b) for a, b in zip(frames[0].planes, planes, strict=True)
    )
