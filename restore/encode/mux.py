"""Encoded segments and the original in, one file out: pictures joined as they are, everything else carried over."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
from av.stream import Disposition

from restore.encode import carry, ebml, lit
from restore.encode.clock import Clock, clock
from restore.encode.seen import Seen, seen
from restore.encode.whole import whole
from restore.errors import OutputError
from restore.source import Source
from restore.span import Span

PROGRESSIVE = 1
"""AVFieldOrder of pictures that were never fields."""
ORDERS = {"tt": 2, "bb": 3, "tb": 4, "bt": 5}
Segments = Sequence[tuple[Span, Path]]
NO_PAPERS = carry.Papers()


@dataclass(frozen=True)
class Container:
    """How one encoder wants its file."""

    name: str
    """FFmpeg's name: matroska, mov, mp4."""
    reorder_frames: int = 0
    """How many frames decoding runs ahead of showing; 0 for codecs without references to later frames."""
    codec_tag: str = ""
    """Four characters that name the codec's flavour, where the container would guess it wrong."""
    encoder: str = ""
    """Written as the picture stream's ENCODER tag."""

    @property
    def options(self) -> dict[str, str]:
        """FFmpeg's options: nothing random, nothing dated, no time shifted because another stream begins before 0.

        Access copies can start playing before they are whole.
        """
        options = {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}
        if self.name == "mp4":
            options["movflags"] = "+faststart"
        if self.name in ("mov", "mp4"):
            options["write_tmcd"] = "1"
        return options


def join(
    output: Path, source: Source, segments: Segments, container: Container, papers: carry.Papers = NO_PAPERS
) -> tuple[str, ...]:
    """Write the film to `output`, whole or not at all, and return notes on whatever could not be carried over.

    `papers` are documents to attach, where the container holds such, and attachments of the original to leave out.

    Raises OutputError where segments are missing, belong to another film, or the place cannot be written to.
    """
    check_segments(source, segments)
    times = clock(source, container.name)
    with whole(output) as partial, contextlib.ExitStack() as stack:
        try:
            original = stack.enter_context(carry.open_original(source)) if source.kind == "video" else None
            notes = _write(partial, source, segments, container, times, original, papers)
        except (av.error.FFmpegError, ValueError) as error:
            if isinstance(error, OSError):
                raise
            raise OutputError(f"{output}: FFmpeg could not write the {container.name} file: {error}") from error
    if source.variable_rate and not times.exact:
        notes.append(f"frame times are rounded to {container.name}'s unit of {times.unit} s; "
                     "their number and order are kept")
    return tuple(notes)


def extract(output: Path, wanted: Segments, container: str) -> None:
    """Copy the picture packets of each wanted span, in the order they are decoded, into a segment of its own."""
    left = sorted(wanted)
    with av.open(str(output)) as film:
        pictures = [s for s in film.streams.video if not s.disposition & Disposition.attached_pic]
        packets = (p for p in film.demux(pictures[0]) if p.size)
        at = 0
        for span, path in left:
            with whole(path) as partial, av.open(
                str(partial), "w", format=container, container_options={"fflags": "+bitexact"}
            ) as out:
                stream = out.add_stream_from_template(pictures[0], opaque=True)
                for packet in islice(packets, span.start - at, span.stop - at):
                    packet.stream = stream
                    out.mux(packet)
                    at += 1
            at = span.stop


def check_segments(source: Source, segments: Segments) -> None:
    """Raise OutputError unless the segments follow one another and make up the whole film."""
    reached = 0
    for span, path in segments:
        if span.start != reached:
            raise OutputError(f"{source.path}: segment {span} follows frame {reached}; frames are missing or double")
        if not path.exists():
            raise OutputError(f"{path}: segment {span} is not there; run again to encode it")
        reached = span.stop
    if reached != source.frames or not segments:
        raise OutputError(f"{source.path}: segments reach frame {reached} of {source.frames}; "
                          "run again to encode the rest")


def _write(
    partial: Path, source: Source, segments: Segments, container: Container, times: Clock,
    original: av.container.InputContainer | None, papers: carry.Papers,
) -> list[str]:
    """Write every packet, then what FFmpeg's writer cannot; return notes."""
    digest = hashlib.blake2b(source.sha256.encode(), digest_size=16)
    sight = seen(source) if original is not None else Seen()
    with lit.described(segments[0][1], sight.light) as first:
        out = av.open(str(partial), "w", format=container.name, container_options=container.options)
        try:
            picture, cargo = _streams(out, source, container, first, original, sight, papers)
            carry.attach(out, papers, cargo.names)
            for packet in _merged(segments, container, times, original, cargo, picture):
                digest.update(packet)
                out.mux(packet)
            out.close()
        except BaseException:
            with contextlib.suppress(Exception):
                out.close()
            raise
    if container.name == "matroska":
        cargo.notes += _finish(partial, source, original, cargo, digest.digest())
    cargo.notes += sight.notes
    return cargo.notes + (_lost(partial, original, source, cargo) if original is not None and source.whole else [])


def _streams(
    out: av.container.OutputContainer, source: Source, container: Container,
    first: Any, original: av.container.InputContainer | None, sight: Seen, papers: carry.Papers,
) -> tuple[Any, carry.Load]:
    """Lay out the output's streams in the original's order; return the picture's and the load."""
    made: list[Any] = []

    def picture() -> None:
        made.append(_picture_stream(out, source, container, first, original, sight))

    if original is None or not source.whole:
        picture()
        return made[0], carry.Load()
    cargo = carry.load(out, original, source, container.name, picture, papers.dropped)
    return made[0], cargo


def _picture_stream(
    out: av.container.OutputContainer, source: Source, container: Container,
    first: Any, original: av.container.InputContainer | None, sight: Seen,
) -> Any:
    """Add the stream for the restored picture, described as the original's was."""
    stream = out.add_stream_from_template(first, opaque=True)
    stream.codec_context.framerate = _told_rate(source, original)
    stream.codec_context.sample_aspect_ratio = _shape(source, original) or Fraction(0)
    if container.codec_tag:
        stream.codec_context.codec_tag = container.codec_tag
    stream.time_base = clock(source, container.name).unit
    if original is None:
        stream.disposition = Disposition.default
        stream.codec_context.field_order = PROGRESSIVE
    else:
        before: Any = original.streams[source.stream]
        stream.disposition = before.disposition
        # Where only the pictures of the original say which field comes first, the output's container does as well.
        stream.codec_context.field_order = ORDERS.get(source.field_order, before.codec_context.field_order)
        stream.metadata.update(carry.picture_tags(original, source))
        stream.set_display_matrix(list(sight.matrix) if sight.matrix else None)
    if container.encoder:
        stream.metadata["ENCODER"] = container.encoder
    return stream


def _told_rate(source: Source, original: av.container.InputContainer | None) -> Fraction:
    """Return the rate to write: the exact one, or for material without one what the original said."""
    if original is None or not source.variable_rate:
        return source.rate
    stream: Any = original.streams[source.stream]
    return stream.average_rate or source.rate


def _finish(
    partial: Path, source: Source, original: av.container.InputContainer | None, cargo: carry.Load, uid: bytes
) -> list[str]:
    """Write the shape of every picture track's pixels, and the file's identity; return notes."""
    every: list[Any] = list(original.streams) if original is not None and source.whole else []
    kept = [s for s in every if s.index in (source.stream, *cargo.streams)]
    place = next((k for k, s in enumerate(kept, 1) if s.index == source.stream), 1)
    ours = {place: ebml.Look(_shape(source, original))}
    shapes = {k: s.sample_aspect_ratio for k, s in enumerate(kept, 1) if s.type == "video" and k != place}
    others = {k: ebml.Look(Fraction(shape)) for k, shape in shapes.items() if shape}
    try:
        ebml.finish(partial, {**others, **ours}, uid)
    except OutputError:  # a header with many streams may have no room left for all
        ebml.finish(partial, ours, uid)
        return [f"the pixel shape of track {k} is not in the output: there was no room for it" for k in others]
    return []


def _shape(source: Source, original: av.container.InputContainer | None) -> Fraction | None:
    """Return the shape of a pixel, None where the original does not say and nobody knows better."""
    if original is not None and source.sample_aspect == 1:
        stream: Any = original.streams[source.stream]
        return stream.sample_aspect_ratio or None
    return source.sample_aspect


def _merged(
    segments: Segments, container: Container, times: Clock,
    original: av.container.InputContainer | None, cargo: carry.Load, picture: Any,
) -> Iterator[Any]:
    """Yield picture and carried packets by time, so that the writer need not hold much back."""
    ours = _picture_packets(segments, container, times, picture)
    pending = next(ours, None)
    for when, packet in carry.packets(original, cargo) if original is not None and cargo.streams else ():
        while pending is not None and pending[0] <= when:
            yield pending[1]
            pending = next(ours, None)
        yield packet
    while pending is not None:
        yield pending[1]
        pending = next(ours, None)


def _picture_packets(
    segments: Segments, container: Container, times: Clock, picture: Any
) -> Iterator[tuple[Fraction, Any]]:
    """Yield the segments' packets with the film's own times on them."""
    for span, path in segments:
        order = _order(path, container)
        count = 0
        with av.open(str(path)) as segment:
            for packet in segment.demux(segment.streams.video[0]):
                if not packet.size:
                    continue
                index = span.start + (order[packet.pts] if order else count)
                decoded = span.start + count - container.reorder_frames
                packet.pts, packet.dts = times.at(index), times.at(decoded)
                packet.duration, packet.time_base = times.duration(index), times.unit
                packet.stream = picture
                count += 1
                yield times.seconds(decoded), packet
        if count != len(span):
            raise OutputError(f"{path}: holds {count} pictures where frames {span} need {len(span)}; "
                              "remove it and run again")


def _order(path: Path, container: Container) -> dict[int | None, int]:
    """Return the rank of each packet's time in a segment whose packets are not in the order they are shown."""
    if not container.reorder_frames:
        return {}
    with av.open(str(path)) as segment:
        shown = sorted(p.pts for p in segment.demux(segment.streams.video[0]) if p.size and p.pts is not None)
    return {pts: i for i, pts in enumerate(shown)}


def _lost(partial: Path, original: av.container.InputContainer, source: Source, cargo: carry.Load) -> list[str]:
    """Read the finished file again and name the tags that did not arrive."""
    with av.open(str(partial)) as written:
        notes = carry.lost_tags(carry.tags_of(original), carry.tags_of(written), "the file")
        kept = [s for s in original.streams if s.index == source.stream or s.index in cargo.streams]
        for before, after in zip(kept, written.streams, strict=False):
            ours = before.index == source.stream
            tags = carry.picture_tags(original, source) if ours else carry.tags_of(before)
            notes += carry.lost_tags(tags, carry.tags_of(after), f"stream {before.index}")
    return notes
