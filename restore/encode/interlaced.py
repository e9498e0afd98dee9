"""A frame in, the same frame marked as two fields with the one shown first out; progressive material stays unmarked.

Encoders look for these marks on each frame: FFV1 writes them into its slices, ProRes and H.264 code fields by them.
PyAV can read one of them and set none, so FFmpeg's own `setfield` filter does it; it touches no sample.
"""

from __future__ import annotations

from typing import Any

import av
import av.codec.context
from av.filter import Graph

from restore.encode.native import range_code
from restore.source import PixelFormat, Source

FIRST = {"tt": "tff", "tb": "tff", "bb": "bff", "bt": "bff"}
"""Which field is shown first. FFmpeg reads and writes tb and bt as containers have them: by the first letter."""


class Marks:
    """Marks the frames of one stream. Frames must come in one layout and size."""

    def __init__(self, source: Source, layout: str, pixels: PixelFormat) -> None:
        """Prepare for frames in `layout` of a source, in the colour of `pixels`."""
        self._graph: Graph | None = None
        if source.field_order not in FIRST:
            return
        graph = Graph()
        shape = source.sample_aspect
        begin: Any = graph.add(
            "buffer",
            f"video_size={source.size[1]}x{source.size[0]}:pix_fmt={layout}:time_base={1 / source.rate}"
            f":pixel_aspect={shape.numerator}/{shape.denominator}:colorspace={pixels.matrix}:range={range_code(pixels)}",
        )
        middle, end = graph.add("setfield", FIRST[source.field_order]), graph.add("buffersink")
        begin.link_to(middle)
        middle.link_to(end)
        graph.configure()
        self._graph = graph

    def __call__(self, frame: av.VideoFrame) -> Any:
        """Return the marked frame: the same samples, time and colour."""
        if self._graph is None:
            return frame
        self._graph.push(frame)
        return self._graph.pull()


def tell(context: Any, source: Source) -> None:
    """Tell an encoder context that its pictures are fields, where they are."""
    if source.field_order in FIRST:
        flags = av.codec.context.Flags
        context.flags |= flags.interlaced_dct | flags.interlaced_me
