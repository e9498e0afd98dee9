"""Pictures in, FFmpeg frames with the same samples and colour tags out, and what an encoder must be told of a source.

The only place that knows where FFmpeg's packed layouts keep the samples this library holds as planes.
"""

from __future__ import annotations

from typing import Any

import av
import av.codec.context
import numpy as np
import numpy.typing as npt

from restore.errors import OutputError
from restore.frames import Picture
from restore.source import PixelFormat, Plane, Source

PACKED = {"bgr0": (4, (1, 0, 2)), "bgra": (4, (1, 0, 2, 3)), "ya8": (2, (0, 1)), "ya16le": (2, (0, 1))}
"""Packed layouts: samples a pixel, and for each native plane (G, B, R, A or grey, A) its place among them."""
CHROMA_LOCATIONS = ("unknown", "left", "center", "topleft", "top", "bottomleft", "bottom")
"""Names of FFmpeg's AVChromaLocation values, as its option `chroma_sample_location` takes them."""
FIELD_ORDERS = ("tt", "bb", "tb", "bt")
"""Interlaced field orders; anything else is progressive."""


def check_samples(picture: Picture, pixels: PixelFormat, size: tuple[int, int]) -> None:
    """Raise OutputError unless every plane has its shape, its type and no code value above the depth.

    FFV1 keeps only the low bits of what is too large (1500 in 10 bits comes back as 476) and does not say so.
    """
    if len(picture.planes) != pixels.planes:
        raise OutputError(
            f"frame {picture.index} has {len(picture.planes)} planes; {pixels.name} needs {pixels.planes}"
        )
    for p, plane in enumerate(picture.planes):
        shape = pixels.shape(p, size)
        if plane.shape != shape or plane.dtype != pixels.dtype:
            raise OutputError(f"frame {picture.index}, plane {p} is {plane.dtype} {plane.shape}; "
                              f"{pixels.name} at {size[1]}x{size[0]} needs {pixels.dtype} {shape}")
        if pixels.depth not in (8, 16, 32) and int(plane.max()) > pixels.peak:
            y, x = (int(v) for v in np.unravel_index(int(plane.argmax()), plane.shape))
            raise OutputError(f"frame {picture.index}, plane {p} holds {int(plane.max())} at (y {y}, x {x}); "
                              f"{pixels.depth} bits end at {int(pixels.peak)}. "
                              "The part that made this sample must clip it; nothing was written")


def view(plane: Any, dtype: np.dtype[Any], channels: int = 1) -> npt.NDArray[Any]:
    """Return an FFmpeg plane as (h, w) or, packed, (h, w, channels), without its padding; writing goes through."""
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    samples = rows[:, : plane.width * channels * dtype.itemsize].view(dtype)
    return samples if channels == 1 else samples.reshape(plane.height, plane.width, channels)


def to_frame(planes: tuple[Plane, ...], name: str, pixels: PixelFormat, size: tuple[int, int]) -> av.VideoFrame:
    """Return a frame of layout `name` that holds the planes' samples, tagged with the source's colour."""
    frame = av.VideoFrame(size[1], size[0], name)
    if name in PACKED:
        channels, places = PACKED[name]
        packed = view(frame.planes[0], pixels.dtype, channels)
        packed[..., -1] = 0
        for plane, place in zip(planes, places, strict=True):
            packed[..., place] = plane
    else:
        for plane, target in zip(planes, frame.planes, strict=True):
            view(target, pixels.dtype)[:] = plane
    tag(frame, pixels)
    return frame


def tag(frame: av.VideoFrame, pixels: PixelFormat) -> None:
    """Write the colour of `pixels` on a frame: encoders read it there and not only from their own settings."""
    frame.color_range = range_code(pixels)
    frame.colorspace = pixels.matrix
    frame.color_primaries = pixels.primaries
    frame.color_trc = pixels.transfer


def range_code(pixels: PixelFormat) -> int:
    """Return FFmpeg's AVColorRange: 0 unspecified, 1 limited, 2 full."""
    return 0 if pixels.full_range is None else 1 + pixels.full_range


def describe(context: Any, source: Source, name: str, pixels: PixelFormat) -> None:
    """Tell an encoder context the size, layout, colour, aspect, rate and field order of what it will get."""
    context.width, context.height = source.size[1], source.size[0]
    context.pix_fmt = name
    context.framerate = source.rate
    context.time_base = 1 / source.rate
    context.sample_aspect_ratio = source.sample_aspect
    context.color_range, context.colorspace = range_code(pixels), pixels.matrix
    context.color_primaries, context.color_trc = pixels.primaries, pixels.transfer
    options = dict(context.options)
    if pixels.chroma_location:
        options["chroma_sample_location"] = CHROMA_LOCATIONS[pixels.chroma_location]
    if source.field_order in FIELD_ORDERS:
        options["field_order"] = source.field_order
    context.options = options
    context.flags |= av.codec.context.Flags.bitexact
