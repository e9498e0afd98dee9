"""Pictures of one span in, one small file with one picture stream out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error

from restore.encode.interlaced import Marks, tell
from restore.encode.native import check_samples, describe
from restore.encode.whole import whole
from restore.errors import OutputError
from restore.frames import Picture
from restore.source import PixelFormat, Source
from restore.span import Span


@dataclass(frozen=True)
class Codec:
    """What FFmpeg is told, the same for every segment of a film."""

    name: str
    container: str
    layout: str
    """FFmpeg's name of the pixel format that goes in."""
    pixels: PixelFormat
    """Colour tags to write."""
    options: dict[str, str] = field(default_factory=dict)
    threads: int = 0
    """0 for as many as there are cores: only where the number does not change the bytes."""


def write(
    path: Path, source: Source, span: Span, pictures: Iterable[Picture], codec: Codec,
    frame: Callable[[Picture], av.VideoFrame],
) -> None:
    """Encode the pictures of `span`, each turned into a frame by `frame`, into `path`, whole or not at all.

    Raises OutputError for samples out of range, pictures missing or out of order, a full disk, a refusing encoder.
    """
    refusal = f"{path}: FFmpeg's {codec.name} did not take the pictures of {span}"
    marked = Marks(source, codec.layout, codec.pixels)
    with whole(path) as partial, _opened(partial, source, codec, refusal) as (out, stream):
        for i, picture in enumerate(_in_order(source, span, pictures)):
            ready = frame(picture)
            ready.pts, ready.time_base = i, 1 / source.rate
            with _refusals(refusal):
                out.mux(stream.encode(marked(ready)))
        with _refusals(refusal):
            out.mux(stream.encode(None))


@contextlib.contextmanager
def _refusals(words: str) -> Iterator[None]:
    """Turn what FFmpeg raises into an OutputError; trouble with the disk goes on to `whole`, which knows its names.

    Only FFmpeg's own calls stand under it: an error of the parts that make the pictures keeps its own words.
    """
    try:
        yield
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, OSError):
            raise
        raise OutputError(f"{words}: {error}") from error


@contextlib.contextmanager
def _opened(partial: Path, source: Source, codec: Codec, refusal: str) -> Iterator[tuple[Any, Any]]:
    """Open a file with one picture stream; close it properly at the end, quietly after a failure."""
    out = av.open(str(partial), "w", format=codec.container, container_options={"fflags": "+bitexact"})
    try:
        with _refusals(refusal):
            stream: Any = out.add_stream(codec.name, rate=Fraction(source.rate), options=dict(codec.options))
            describe(stream.codec_context, source, codec.layout, codec.pixels)
            tell(stream.codec_context, source)
            stream.codec_context.thread_count = codec.threads
        yield out, stream
        with _refusals(refusal):
            out.close()
    except BaseException:
        with contextlib.suppress(Exception):
            out.close()
        raise


def _in_order(source: Source, span: Span, pictures: Iterable[Picture]) -> Iterator[Picture]:
    """Yield checked pictures; raise OutputError where one is missing, double or out of place."""
    expected = span.start
    for picture in pictures:
        if picture.index != expected or picture.index >= span.stop:
            raise OutputError(f"{source.path}: picture {picture.index} came where {expected} of {span} was due")
        check_samples(picture, source.pixels, source.size)
        yield picture
        expected += 1
    if expected != span.stop:
        raise OutputError(f"{source.path}: pictures of {span} end before frame {expected}")
