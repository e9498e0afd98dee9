"""The streams of the original that are not the restored picture in, the same streams in the new container out.

Everything is copied packet by packet. What the new container cannot hold is turned into a form it can where that loses
nothing, and named in a note where not.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import av
import av.container
import av.error
from av.stream import Disposition

from restore.encode import subtitles
from restore.source import Source

BRANDS = {"major_brand", "minor_version", "compatible_brands", "encoder"}
"""Container tags that describe the old file and not the film."""
STATISTICS = ("bps", "duration", "number_of_frames", "number_of_bytes", "_statistics", "encoder", "vendor_id")
"""Beginnings of stream tags that were true of the old encoding only."""
RAWCOOKED = "describes the source's bytes"
"""The fate of an attachment that would have restored pictures pass for the files the source was made of."""
UNSAID = ("language", "und")
"""A tag that says that it says nothing."""
IMAGES = {"mjpeg": ("jpg", "image/jpeg"), "png": ("png", "image/png")}


@dataclass(frozen=True)
class Attachment:
    """A document that lies in the container beside the streams."""

    name: str
    mimetype: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Return the digest of the contents."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Papers:
    """Which attachments change: what is put in, and which of the original's stay behind."""

    attached: tuple[Attachment, ...] = ()
    dropped: frozenset[str] = frozenset()
    """sha256 of the contents of attachments that are not carried over."""


@dataclass
class Load:
    """What is to travel beside the picture: copied streams, notes on what stays behind."""

    streams: dict[int, Any] = field(default_factory=dict)
    """Index of a stream of the original to the stream of the output that takes its packets."""
    rewritten: set[int] = field(default_factory=set)
    """Which of them are not copied but written in another form."""
    notes: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """Names of the attachments carried over."""


def open_original(source: Source) -> av.container.InputContainer:
    """Open the source's file so that tags in any encoding are read whole."""
    return av.open(source.path, metadata_errors="surrogateescape")


def tags_of(thing: Any) -> dict[str, str]:
    """Return the tags of a stream or container as text: what is not UTF-8, as all should be, is read as Latin-1."""
    return {_legible(k): _legible(v) for k, v in thing.metadata.items()}


def _legible(text: str) -> str:
    """Return text without stand-ins for bytes that did not decode."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def plan(original: av.container.InputContainer, source: Source, target: str) -> list[tuple[Any, str]]:
    """Return every other stream with its fate: "copy", "rewrite", "attach", "made anew", or why it stays behind."""
    return [(s, _fate(original, s, target)) for s in original.streams if s.index != source.stream]


def left_behind(source: Source, target: str) -> tuple[str, ...]:
    """Return a note for each stream of the source that `target` cannot hold, before any work."""
    if source.kind != "video" or not source.whole:
        return ()
    with open_original(source) as original:
        fates = plan(original, source, target)
        return tuple(_note(s, fate, target) for s, fate in fates if fate not in ("copy", "attach", "made anew"))


def _note(stream: Any, fate: str, target: str) -> str:
    """Say what becomes of a stream that is not carried over as it is."""
    if fate == RAWCOOKED:
        return (f"the attachment {stream.name!r} is not in the output: with it RAWcooked rebuilds the very files that "
                "the source was made of, and restored pictures are not those. It stays in the source")
    return subtitles.note(stream, target) if fate == "rewrite" else _left(stream, fate, target)


def _fate(original: av.container.InputContainer, stream: Any, target: str) -> str:
    """Decide for one stream."""
    if stream.type == "attachment":
        if _is_rawcooked(stream):
            return RAWCOOKED
        return "attach" if target == "matroska" else "only Matroska holds attachments"
    if stream.type == "video" and stream.disposition & Disposition.attached_pic and target == "matroska":
        return "attach" if stream.codec_context is not None and stream.codec_context.name in IMAGES else "unknown kind"
    if stream.type == "data" and _is_remade(original, stream):
        return "made anew"
    found = _trial(stream, target)
    return "rewrite" if found != "copy" and subtitles.rewritable(stream, target) else found


def _is_rawcooked(stream: Any) -> bool:
    """Tell whether an attachment is RAWcooked's reversibility data: by its name, or its kind of document (EBML)."""
    return "rawcooked" in (stream.name or "").lower() or b"rawcooked" in bytes(stream.data or b"")[:64].lower()


def _is_remade(original: av.container.InputContainer, stream: Any) -> bool:
    """Tell whether a data stream is a timecode or chapter track: these are written from tags and chapters."""
    if "timecode" in {k.lower() for k in stream.metadata}:
        return True
    return stream.name == "bin_data" and bool(original.chapters())


def _trial(stream: Any, target: str) -> str:
    """Return "copy" if a file of kind `target` with this stream alone gets as far as its header, else why not."""
    try:
        with av.open(io.BytesIO(), "w", format=target) as trial:
            add(trial, stream)
            trial.start_encoding()
    except (ValueError, av.error.FFmpegError) as error:
        return str(error).split(";")[0]
    return "copy"


def add(out: av.container.OutputContainer, stream: Any) -> Any:
    """Add a stream that takes the packets of `stream` as they are, with its tags and disposition."""
    return described(out.add_stream_from_template(stream, opaque=True), stream)


def described(made: Any, stream: Any) -> Any:
    """Give a stream the tags and disposition of another; return it."""
    made.metadata.update({k: v for k, v in tags_of(stream).items() if k.lower() not in BRANDS})
    made.disposition = stream.disposition
    return made


def load(
    out: av.container.OutputContainer, original: av.container.InputContainer, source: Source, target: str, picture: Any,
    dropped: frozenset[str] = frozenset(),
) -> Load:
    """Give the output every stream it can hold, in the original's order; `picture` adds the restored one in place."""
    cargo = Load()
    fates = {s.index: fate for s, fate in plan(original, source, target)}
    for stream in original.streams:
        if stream.index == source.stream:
            picture()
        elif fates[stream.index] == "copy":
            cargo.streams[stream.index] = add(out, stream)
        elif fates[stream.index] not in ("attach", "made anew"):
            cargo.notes.append(_note(stream, fates[stream.index], target))
            if fates[stream.index] == "rewrite":
                cargo.streams[stream.index] = described(subtitles.add(out, stream, target), stream)
                cargo.rewritten.add(stream.index)
    cargo.names |= _attach_old(out, source, [s for s in original.streams if fates.get(s.index) == "attach"], dropped)
    out.metadata.update({k: v for k, v in tags_of(original).items() if k.lower() not in BRANDS})
    out.set_chapters([{**c, "metadata": {_legible(k): _legible(v) for k, v in c["metadata"].items()}}
                      for c in original.chapters()])
    return cargo


def _attach_old(
    out: av.container.OutputContainer, source: Source, streams: list[Any], dropped: frozenset[str]
) -> set[str]:
    """Give the output the original's attachments but the dropped ones; return their names."""
    old = [Attachment(*_attachment(source, stream)) for stream in streams]
    kept = [a for a in old if a.sha256 not in dropped]
    for a in kept:
        out.add_attachment(a.name, a.mimetype, a.data)
    return {a.name for a in kept}


def attach(out: av.container.OutputContainer, papers: Papers, taken: set[str]) -> None:
    """Put documents into the container; one whose name an older one has is numbered, and the older one stays."""
    for paper in papers.attached:
        path = PurePath(paper.name)
        tries = (paper.name, *(f"{path.stem}-{n}{path.suffix}" for n in range(2, len(taken) + 3)))
        out.add_attachment(next(n for n in tries if n not in taken), paper.mimetype, paper.data)


def _attachment(source: Source, stream: Any) -> tuple[str, str, bytes]:
    """Return name, type and bytes of an attached file or cover picture."""
    if stream.type == "attachment":
        return stream.name or f"attachment-{stream.index}", stream.mimetype or "application/octet-stream", stream.data
    suffix, mime = IMAGES[stream.codec_context.name]
    with open_original(source) as again:
        data = bytes(next(p for p in again.demux(again.streams[stream.index]) if p.size))
    return stream.metadata.get("filename", f"cover.{suffix}"), stream.metadata.get("mimetype", mime), data


def _left(stream: Any, why: str, target: str) -> str:
    """Say that a stream stays behind."""
    codec = getattr(stream, "name", None) or "unknown codec"
    words = [v for k, v in tags_of(stream).items() if k.lower() in ("language", "title", "filename")]
    named = f" ({', '.join(words)})" if words else ""
    return (f"stream {stream.index}, {stream.type} {codec}{named}, is not in the output: {target} cannot hold it "
            f"({why}). Write .mkv, or keep the source beside the output")


def packets(original: av.container.InputContainer, cargo: Load) -> Iterator[tuple[Fraction, Any]]:
    """Yield the copied streams' packets with their time in seconds, as they lie in the original."""
    wanted = [s for s in original.streams if s.index in cargo.streams]
    if not wanted:
        return
    for packet in original.demux(wanted):
        when = packet.dts if packet.dts is not None else packet.pts
        if when is None:
            continue  # the demuxer's end mark
        seconds = when * Fraction(packet.time_base)
        made = cargo.streams[packet.stream_index]
        if packet.stream_index in cargo.rewritten:
            decoder = original.streams[packet.stream_index].codec_context
            new = subtitles.rewritten(packet, decoder, made)
            if new is not None:
                yield seconds, new
        else:
            packet.stream = made
            yield seconds, packet


def picture_tags(original: av.container.InputContainer, source: Source) -> dict[str, str]:
    """Return the picture stream's tags that are still true, timecode included wherever the original kept it."""
    stream = original.streams[source.stream]
    tags = {k: v for k, v in tags_of(stream).items() if not k.lower().startswith(STATISTICS)}
    if not source.whole:
        return {k: v for k, v in tags.items() if k.lower() != "timecode"}
    if "timecode" not in {k.lower() for k in tags}:
        for s in original.streams:
            found = {k.lower(): v for k, v in tags_of(s).items()}.get("timecode")
            if found is not None and s.type == "data":
                tags["timecode"] = found
    return tags


def lost_tags(before: dict[str, str], after: dict[str, str], where: str) -> list[str]:
    """Return a note for each tag of the original that did not arrive."""
    arrived = {k.lower(): v for k, v in after.items()}
    ignored = (*STATISTICS, *BRANDS, "creation_time")
    return [
        f"tag {k}={v!r} of {where} is not in the output: the container has no place for it"
        for k, v in before.items()
        if not k.lower().startswith(ignored) and (k.lower(), v) != UNSAID and arrived.get(k.lower()) != v
    ]
