"""A picture in the source's layout in, the same in the layout a delivery codec takes out: not exact, and told so.

The conversion is libswscale's: rounding to the target's depth, chroma made by averaging, RGB turned into Y'CbCr.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from restore.encode.native import tag, to_frame, view
from restore.errors import OutputError
from restore.fields import Pair, field_size, pair_of, picture_of
from restore.frames import Picture
from restore.layout import layout_of
from restore.source import UNSPECIFIED, PixelFormat, Source

BT709, BT601 = 1, 6
"""Matrix codes of ISO/IEC 23091-2."""
HIGH_DEFINITION_PX = 720
"""RGB from this height on is turned into BT.709, below into BT.601, as displays assume where nothing is said."""
NOT_A_MATRIX = (0, UNSPECIFIED, 3)
"""Codes that give no way from RGB to Y'CbCr: RGB itself, unspecified, reserved."""


@dataclass(frozen=True)
class Conversion:
    """From a source's layout to `layout`, limited range; where rows belong to fields, within each field."""

    source: Source
    layout: str
    pixels: PixelFormat
    """What comes out: colour tags for the encoder."""

    def __call__(self, picture: Picture) -> av.VideoFrame:
        """Return the converted frame. Raises OutputError where libswscale does not know the layout."""
        size, target = self.source.size, layout_of(self.layout).pixels
        if not self.source.pixels.fields or not (self.source.pixels.shift_y or target.shift_y):
            return self._converted(picture, size)
        # Chroma rows of 4:2:0 belong to a field each: what is averaged over rows is averaged within each field.
        halves = [self._converted(half, field_size(size)) for half in pair_of(picture).fields]
        upper, lower = (Picture(picture.index, tuple(view(p, target.dtype) for p in f.planes)) for f in halves)
        out = to_frame(picture_of(Pair((upper, lower)), target, size).planes, self.layout, target, size)
        tag(out, self.pixels)
        return out

    def _converted(self, picture: Picture, size: tuple[int, int]) -> av.VideoFrame:
        pixels = self.source.pixels
        frame = to_frame(picture.planes, pixels.name, pixels, size)
        matrix = self.pixels.matrix if self.pixels.matrix not in NOT_A_MATRIX else BT601
        full = pixels.full_range if pixels.full_range is not None else pixels.family == "rgb"
        try:
            out: av.VideoFrame = VideoReformatter().reformat(
                frame, format=self.layout, src_colorspace=matrix, dst_colorspace=matrix,
                src_color_range=2 if full else 1, dst_color_range=1,
                interpolation="BICUBIC", threads=1,
            )
        except (av.error.FFmpegError, ValueError) as error:
            raise OutputError(
                f"FFmpeg cannot turn {pixels.name} into {self.layout}: {error}; write .mkv instead"
            ) from error
        tag(out, self.pixels)
        return out

    def check(self) -> None:
        """Raise OutputError where the conversion cannot be done."""
        pixels, size = self.source.pixels, self.source.size
        self(Picture(0, tuple(np.zeros(pixels.shape(p, size), pixels.dtype) for p in range(pixels.planes))))


def conversion(source: Source, layout: str) -> Conversion:
    """Return the conversion to `layout`, with the colour its output will have."""
    matrix = source.pixels.matrix
    if source.pixels.family == "rgb":
        matrix = BT709 if source.size[0] >= HIGH_DEFINITION_PX else BT601
    pixels = replace(source.pixels, name=layout, full_range=False, matrix=matrix)
    return Conversion(source, layout, pixels)


def loss_note(source: Source, layout: str, codec: str) -> str:
    """Say what the conversion and the codec do to the samples."""
    turned = f"turned from {source.pixels.name} into {layout} by libswscale and " * (source.pixels.name != layout)
    return (f"{codec} is lossy: pictures are {turned}compressed; samples outside the mask will be near the source's, "
            "not equal. Write .mkv for a master")
