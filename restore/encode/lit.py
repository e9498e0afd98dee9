"""An encoded segment and what light the film was made for in, the same stream described with that light out.

Every container FFmpeg writes takes mastering display and light levels from the description of a stream, and PyAV has no
way to set them there. But FFmpeg's Matroska reader does: so the stream's first packet is put into a small Matroska file
whose header says it, and the description is taken from that file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av

from restore.encode import ebml
from restore.encode.seen import Light

ROOM_BYTES = 1024
"""What is kept free in the small file's header; what is written there takes 140."""


@contextmanager
def described(segment: Path, light: Light | None) -> Iterator[Any]:
    """Open the picture stream of a segment to copy its description from; with `light` where there is any."""
    if light is None:
        with av.open(str(segment)) as plain:
            yield plain.streams.video[0]
        return
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "described.mkv")
        _first_packet(segment, small)
        ebml.finish(small, {1: ebml.Look(light=light)}, bytes(16))
        with av.open(str(small)) as told:
            yield told.streams.video[0]


def _first_packet(segment: Path, small: Path) -> None:
    options = {"fflags": "+bitexact", "reserve_index_space": str(ROOM_BYTES)}
    with av.open(str(segment)) as given, av.open(str(small), "w", format="matroska", container_options=options) as out:
        before = given.streams.video[0]
        stream = out.add_stream_from_template(before, opaque=True)
        packet = next(p for p in given.demux(before) if p.size)
        packet.stream = stream
        out.mux(packet)
