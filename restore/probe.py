"""A path in, a Source out: what is there, frame by frame, by reading packets; four pictures at most are decoded.

The frame index comes from the packets' presentation times, so it is exact whatever the container says of itself.
"""

from __future__ import annotations

import hashlib
import os
import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.logging
from av.filter import Graph

from restore import formats, slices, stills
from restore.errors import SourceError
from restore.layout import layout_of
from restore.source import PixelFormat, Source, Stream
from restore.timing import exact_rate, sequence_rate
from restore.written import counted

FIELD_ORDERS = {2: "tt", 3: "bb", 4: "tb", 5: "bt"}
"""AVFieldOrder: which field is coded first, which is shown first."""
CHROMA_LOCATIONS = {"left": 1, "center": 2, "topleft": 3, "top": 4, "bottomleft": 5, "bottom": 6}
"""AVChromaLocation by the name FFmpeg prints."""
NOT_FILMS = {"tty", "concat", "hls", "dash", "imf", "sdp", "image2", "lavfi"}
"""Formats FFmpeg reads that are lists, text or streams, and no film to restore."""
_DUMP = threading.Lock()


def probe(path: str | Path, rate: Fraction | None = None) -> Source:
    """Describe a video file, a picture, or a sequence of pictures (a folder, a glob or a printf pattern).

    `rate` (frames a second) is for sequences, which have none of their own. Raises SourceError for what cannot be
    read; what can be read but not restored is described all the same, and `refuse` says so.
    """
    if stills.is_sequence(path):
        return _sequence(str(path), rate)
    file = Path(path)
    _require_file(file)
    if rate is not None:
        raise SourceError(f"{file}: a rate was given, but a video file has its own; leave --rate out")
    return _video(file)


def refuse(source: Source) -> None:
    """Raise SourceError for what a run can restore but what looks at whole frames alone cannot use."""
    if source.pixels.fields:
        raise SourceError(
            f"{source.path}: the material is interlaced (field order {source.field_order}); needed: whole frames. "
            "`lacuna run` restores each field on its own; this needs progressive material"
        )


def _require_file(file: Path) -> None:
    if not file.exists():
        raise SourceError(f"{file}: no such file; check the path")
    if not file.is_file():
        raise SourceError(f"{file}: neither a file nor a folder; give a video file, a picture or a folder of pictures")
    if not os.access(file, os.R_OK):
        raise SourceError(f"{file}: you have no permission to read it; ask its owner, or copy it")
    if not file.stat().st_size:
        raise SourceError(f"{file}: the file is empty (0 bytes); copy it again from its source")


def file_sha256(path: str | Path) -> str:
    """Return the sha256 of a file's bytes, read in pieces."""
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


# Pictures


def _sequence(path: str, rate: Fraction | None) -> Source:
    files = stills.members(path)
    headers = stills.inspect_all(files)
    pages = [(f, n, h) for f in files for n, h in enumerate(headers[f])]
    _require_alike(pages)
    first = headers[files[0]][0]
    found = [header for _, _, header in pages]
    pixels, (breaks, notes) = slices.one_layout(found), slices.following(found, len(files), rate)
    if first.place is None:
        rate, notes = sequence_rate([header.rate for header in found], rate, notes, bool(breaks))
    rate = rate or Fraction(1)
    digests = [file_sha256(f) for f in files]
    sha256 = digests[0] if len(files) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
    times = tuple(range(len(pages)))
    return Source(
        path, "sequence", sha256, first.size, pixels, rate, 1 / rate, times, times, codec=first.codec,
        container=stills.given_as(path), files=tuple(str(f) for f, _, _ in pages),
        pages=tuple(n for _, n, _ in pages) if len(pages) > len(files) else (), breaks=breaks,
        byte_count=sum(f.stat().st_size for f in files), notes=(*first.notes, *notes),
    )


def _require_alike(pages: list[tuple[Path, int, formats.Header]]) -> None:
    file_of_first, _, first = pages[0]
    for file, n, header in pages:
        for what, a, b in (
            ("size", f"{first.size[1]}x{first.size[0]}", f"{header.size[1]}x{header.size[0]}"),
            ("pixel layout", first.pixels.name, header.pixels.name),
        ):
            if a != b:
                where = f"picture {n} in it: its" if n else "its"
                raise SourceError(
                    f"{file}: {where} {what} is {b}, but {file_of_first.name} has {a}; all pictures of a sequence must "
                    "agree: move the others elsewhere"
                )


# Video


@dataclass
class _Index:
    """What the packets say."""

    pts: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    packets: int = 0
    without_pts: int = 0
    without_time: int = 0
    corrupt: int = 0
    broke: str = ""


def _video(file: Path) -> Source:
    with _opened(file) as container:
        stream = _picture_stream(container, file)
        context = stream.codec_context
        index = _packets(container, stream, file)
        pixels, location = _pixels(context, file), _chroma_location(container, stream.index)
        declared = [r for r in (stream.average_rate, stream.guessed_rate, stream.base_rate) if r]
        rate, varies = exact_rate(index.pts, stream.time_base, declared)
        source = Source(
            str(file), "video", "", (context.height, context.width), replace(pixels, chroma_location=location),
            rate, stream.time_base, tuple(index.pts), _keyframes(index), codec=context.name,
            container=container.format.name, stream=stream.index,
            field_order=FIELD_ORDERS.get(context.field_order, "progressive"),
            sample_aspect=stream.sample_aspect_ratio or Fraction(1), variable_rate=varies,
            byte_count=file.stat().st_size, other_streams=_others(container, stream.index),
            notes=tuple(_notes(file, container, stream, index, varies)),
        )
    return replace(_look(source), sha256=file_sha256(file))


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    try:
        container = av.open(str(file), metadata_errors="replace")
    except av.FFmpegError as e:
        raise SourceError(
            f"{file}: not a media file that can be read ({e.strerror}); needed: a video file, a picture or a folder of "
            "pictures. If it should be a film, its header is damaged or its end, with the index, is missing: copy it "
            "again from its source"
        ) from e
    with container:
        name = container.format.name
        if name in NOT_FILMS or name.endswith("_pipe"):
            raise SourceError(
                f"{file}: read as {name!r}, which is not a film; needed: a video file, or pictures as "
                f"{', '.join(formats.suffixes())}"
            )
        yield container


def _picture_stream(container: Any, file: Path) -> Any:
    """Return the first stream of moving pictures; cover art is not one."""
    cover = av.stream.Disposition.attached_pic
    for stream in container.streams.video:
        if not stream.disposition & cover:
            if stream.codec_context is None:
                raise SourceError(
                    f"{file}: no decoder for its video stream {stream.index}: a codec unknown to FFmpeg, or the "
                    "header is damaged or its end is missing; copy the file again from its source"
                )
            return stream
    kinds = ", ".join(s.type for s in container.streams) or "no stream at all"
    raise SourceError(f"{file}: no video stream (found: {kinds}); needed: a file with moving pictures")


def _pixels(context: Any, file: Path) -> PixelFormat:
    if not context.pix_fmt or not context.width or not context.height:
        raise SourceError(f"{file}: the {context.name} stream gives no size or pixel format: its header is damaged; "
                          "copy the file again from its source")
    try:
        pixels = layout_of(context.pix_fmt).pixels
    except SourceError as e:
        raise SourceError(f"{file}: {e}") from None
    told = {1: False, 2: True}.get(int(context.color_range))
    return replace(
        pixels, full_range=told if told is not None else pixels.full_range, matrix=int(context.colorspace),
        primaries=int(context.color_primaries), transfer=int(context.color_trc),
    )


def _chroma_location(container: Any, index: int) -> int:
    """Return AVChromaLocation, which is found only in FFmpeg's own description of the stream."""
    with _DUMP:
        level = av.logging.get_level()
        av.logging.set_level(av.logging.INFO)
        av.logging.set_libav_level(av.logging.VERBOSE)
        try:
            text = container.dumps_format()
        finally:
            av.logging.set_level(level)
            av.logging.set_libav_level(av.logging.INFO)
    line = next((t for t in text.splitlines() if f"Stream #0:{index}" in t and "Video:" in t), "")
    words = {w.strip(" ,()") for w in line.replace("(", ",").replace(")", ",").split(",")}
    return next((n for name, n in CHROMA_LOCATIONS.items() if name in words), 0)


def _packets(container: Any, stream: Any, file: Path) -> _Index:
    index = _Index()
    try:
        for packet in container.demux(stream):
            if packet.size:
                _note_packet(index, packet)
    except av.FFmpegError as e:
        index.broke = str(e.strerror)
    if not index.packets:
        raise SourceError(
            f"{file}: the video stream holds no pictures: its header is damaged or its end is missing; copy the file "
            "again from its source"
        )
    if index.without_time or (index.without_pts and stream.codec_context.has_b_frames):
        raise SourceError(
            f"{file}: {index.without_pts} of {index.packets} pictures have no presentation time; needed: one for each. "
            "Wrap the stream in a container that has them: ffmpeg -i IN -c copy OUT.mkv"
        )
    index.pts.sort()
    twice = next((a for a, b in zip(index.pts, index.pts[1:], strict=False) if a == b), None)
    if twice is not None:
        raise SourceError(
            f"{file}: two pictures claim the same presentation time, {float(twice * stream.time_base):.3f} s; "
            "needed: one time a picture. Wrap the stream anew: ffmpeg -i IN -c copy -bsf:v setts OUT.mkv"
        )
    return index


def _note_packet(index: _Index, packet: Any) -> None:
    index.packets += 1
    if packet.is_discard:
        return
    # Without reordering a picture is shown when it is decoded; that there is none is checked once all are seen.
    time = packet.pts if packet.pts is not None else packet.dts
    index.without_pts += packet.pts is None
    index.without_time += time is None
    index.corrupt += packet.is_corrupt
    if time is not None:
        index.pts.append(time)
        if packet.is_keyframe:
            index.keys.append(time)


def _keyframes(index: _Index) -> tuple[int, ...]:
    place = {t: i for i, t in enumerate(index.pts)}
    return tuple(sorted({0, *(place[t] for t in index.keys)}))


def _others(container: Any, picture: int) -> tuple[Stream, ...]:
    return tuple(
        Stream(
            s.index, s.type, s.codec_context.name if s.codec_context else "", s.metadata.get("language", ""),
            s.metadata.get("title", "") or s.metadata.get("filename", ""),
        )
        for s in container.streams
        if s.index != picture
    )


def _notes(file: Path, container: Any, stream: Any, index: _Index, varies: bool) -> Iterator[str]:
    if index.broke:
        yield f"the file ends early or is damaged after {counted(len(index.pts), 'frame')} ({index.broke})"
    elif stream.frames > index.packets:
        yield f"the file ends early: it announces {stream.frames} frames, {index.packets} are there"
    elif "matroska" in container.format.name and _matroska_ends_early(file):
        yield f"the file ends early, after {counted(len(index.pts), 'frame')}: its end is missing"
    if index.corrupt:
        yield f"{index.corrupt} frames are marked as damaged in the container"
    if varies:
        yield "the frame rate varies; every frame keeps its own time"
    videos = [s.index for s in container.streams.video if s.index != stream.index]
    if videos:
        yield f"other video streams ({', '.join(map(str, videos))}) are not restored"


def _matroska_ends_early(file: Path) -> bool:
    """Tell whether the file is shorter than its Segment says (RFC 8794, 9559); one without a size never was closed."""
    with open(file, "rb") as f:
        head = f.read(1024)
    at = head.find(b"\x18\x53\x80\x67")
    if at < 0 or len(head) < at + 12:
        return False
    length = 9 - head[at + 4].bit_length()
    size = int.from_bytes(head[at + 4 : at + 4 + length], "big") & ((1 << 7 * length) - 1)
    return size == (1 << 7 * length) - 1 or at + 4 + length + size > file.stat().st_size


def _look(source: Source) -> Source:
    """Decode the first picture, and one in each quarter of the film, and add what only they can tell."""
    with _opened(Path(source.path)) as container:
        stream = container.streams[source.stream]
        frame = _first_frame(container, stream)
        others = [_frame_near(container, stream, source.pts[k]) for k in _quarters(source)] if frame else []
    if frame is None:
        raise SourceError(
            f"{source.path}: none of its {source.frames} frames decodes; the file is damaged, or another decoder than "
            f"{source.codec} is needed"
        )
    notes = source.notes
    if frame.pts not in (None, source.pts[0]):
        notes = (*notes, "the first frame does not decode")
    if frame.rotation:
        notes = (*notes, f"players turn the picture by {frame.rotation} degrees; it is worked on as it is stored")
    order, seen = source.field_order, [f for f in (frame, *others) if f is not None]
    split = [f for f in seen if f.interlaced_frame]
    if split and order == "progressive":
        order = _shown_first(split[0])
    if 0 < len(split) < len(seen):
        notes = (*notes, "some of its frames are flagged as interlaced and some are not")
    pixels = replace(source.pixels, fields=order != "progressive")
    return replace(source, field_order=order, notes=notes, pixels=pixels)


def _quarters(source: Source) -> list[int]:
    """Return a keyframe in each quarter of the film but the first."""
    wanted = (source.frames * k // 4 for k in (1, 2, 3))
    return sorted({source.keyframes[bisect_right(source.keyframes, t) - 1] for t in wanted} - {0})


def _frame_near(container: Any, stream: Any, time: int) -> Any | None:
    try:
        container.seek(time, stream=stream)
    except av.FFmpegError:
        return None
    return _first_frame(container, stream)


def _shown_first(frame: Any) -> str:
    """Return the field order of a frame whose container gives none: FFmpeg tells it in its log alone."""
    graph = Graph()
    begin = graph.add(
        "buffer", f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1:pixel_aspect=1/1"
    )
    teller, end = graph.add("showinfo", "checksum=0"), graph.add("buffersink")
    begin.link_to(teller)
    teller.link_to(end)
    graph.configure()
    with _DUMP:
        level = av.logging.get_level()
        av.logging.set_level(av.logging.INFO)
        try:
            with av.logging.Capture(local=False) as lines:
                graph.push(frame)
                graph.pull()
        finally:
            av.logging.set_level(level)
    words = " ".join(text for _, name, text in lines if "showinfo" in name)
    return "tt" if " i:T" in words else "bb" if " i:B" in words else "interlaced"


def _first_frame(container: Any, stream: Any) -> Any | None:
    if not stream.codec_context.is_open:
        stream.codec_context.thread_type = "NONE"
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            if frames:
                return frames[0]
    except av.FFmpegError:
        return None
    return None
