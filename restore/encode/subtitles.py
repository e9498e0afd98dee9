"""A text subtitle stream in, the same words at the same times in the form another container holds out."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av.container

FORMS = {"matroska": "srt", "mov": "mov_text", "mp4": "mov_text"}
"""The text form each container holds, by FFmpeg's name."""
TEXT = frozenset({"srt", "subrip", "mov_text", "webvtt", "text", "ass", "ssa"})
STYLED = frozenset({"webvtt", "ass", "ssa"})
"""Forms with places and fonts, which the others have not."""
UNIT = Fraction(1, 1000)


def rewritable(stream: Any, target: str) -> bool:
    """Tell whether a stream is text and `target` has a form for it."""
    return stream.type == "subtitle" and stream.codec_context is not None and (
        stream.codec_context.name in TEXT and target in FORMS
    )


def add(out: av.container.OutputContainer, stream: Any, target: str) -> Any:
    """Add a stream for the words of `stream` in the form of `target`."""
    made: Any = out.add_stream(FORMS[target])
    stream.codec_context.open(strict=False)
    made.codec_context.subtitle_header = stream.codec_context.subtitle_header
    made.time_base = made.codec_context.time_base = UNIT
    return made


def rewritten(packet: Any, decoder: Any, made: Any) -> Any | None:
    """Return a packet in the new form, None for one that only says that nothing is shown."""
    shown = decoder.decode2(packet)
    if shown is None:
        return None
    new = made.codec_context.encode_subtitle(shown)
    new.pts, new.dts, new.duration, new.time_base = packet.pts, packet.pts, packet.duration, packet.time_base
    new.stream = made
    return new


def note(stream: Any, target: str) -> str:
    """Say what became of the stream."""
    codec = stream.codec_context.name
    what = "same words and times; places and fonts are lost" if codec in STYLED else "same words and times"
    return f"stream {stream.index}, subtitle {codec}, is written as {FORMS[target]}, which {target} holds: {what}"
