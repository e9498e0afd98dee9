"""FFmpeg's name of a pixel format in, the planar layout we work in and the way to take its samples apart out.

Every mapping is lossless: samples are moved, never scaled, blended or converted. Sample positions are those of
FFmpeg's pixel format descriptions (libavutil/pixfmt.h).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from restore.errors import SourceError
from restore.source import PixelFormat, Plane

Rows = npt.NDArray[np.uint8]
"""One plane as stored: (rows, bytes of a row), padding at the row's end allowed."""

SUBSAMPLING = {"410": (2, 2), "411": (0, 2), "420": (1, 1), "422": (0, 1), "440": (1, 0), "444": (0, 0)}
PLANAR = re.compile(
    r"(?:(?P<grey>gray)|(?P<rgb>gbr(?P<rgb_alpha>a?)p)|yuv(?P<full>j?)(?P<yuv_alpha>a?)(?P<sub>4\d\d)p)"
    r"(?P<depth>8|9|10|12|14|16|f32)?(?P<end>le|be)?"
)


@dataclass(frozen=True)
class Component:
    """Where the samples of one of our planes lie: every `step`-th word of a stored plane, from `offset`."""

    plane: int
    step: int = 1
    offset: int = 0
    shift: int = 0
    """Bits below the sample in its word."""


@dataclass(frozen=True)
class Layout:
    """A stored pixel format and its planar equal."""

    pixels: PixelFormat
    """Colour tags are not filled in, but for `full_range`, which some names imply."""
    word: np.dtype[Any]
    """How samples are stored, byte order included."""
    components: tuple[Component, ...]

    def planes(self, stored: Sequence[Rows], size: tuple[int, int]) -> tuple[Plane, ...]:
        """Return own copies of the planes, (h, w) each, of a stored picture of size (H, W)."""
        return tuple(self._plane(p, c, stored[c.plane], size) for p, c in enumerate(self.components))

    def _plane(self, p: int, at: Component, rows: Rows, size: tuple[int, int]) -> Plane:
        h, w = self.pixels.shape(p, size)
        words = rows[:h].view(self.word)[:, at.offset : at.offset + (w - 1) * at.step + 1 : at.step]
        if at.shift or (self.word.itemsize == 4 and self.pixels.depth != 32):
            peak = (1 << self.pixels.depth) - 1
            return ((words >> at.shift) & peak).astype(self.pixels.dtype)
        return words.astype(self.pixels.dtype, order="C")


def _interleaved(order: str, wanted: str, shift: int = 0) -> tuple[Component, ...]:
    """Place every letter of `wanted` in pixels stored as the letters of `order`, one word each."""
    return tuple(Component(0, len(order), order.index(letter), shift) for letter in wanted)


def _rgb(depth: int, order: str, word: str) -> Layout:
    alpha = "a" in order
    pixels = planar_format("gbrap" if alpha else "gbrp", depth)
    return Layout(pixels, np.dtype(word), _interleaved(order, "gbra" if alpha else "gbr"))


def _packed_rgb() -> dict[str, Layout]:
    out = {f"{order}24": _rgb(8, order, "u1") for order in ("rgb", "bgr")}
    out |= {o: _rgb(8, o, "u1") for o in ("rgba", "bgra", "argb", "abgr", "rgb0", "bgr0", "0rgb", "0bgr")}
    for end, mark in (("le", "<"), ("be", ">")):
        out |= {f"{order}48{end}": _rgb(16, order, f"{mark}u2") for order in ("rgb", "bgr")}
        out |= {f"{order}64{end}": _rgb(16, order, f"{mark}u2") for order in ("rgba", "bgra")}
        for order, shifts in (("rgb", (10, 0, 20)), ("bgr", (10, 20, 0))):
            parts = tuple(Component(0, shift=s) for s in shifts)
            out[f"x2{order}10{end}"] = Layout(planar_format("gbrp", 10), np.dtype(f"{mark}u4"), parts)
    return out


def _semi_planar() -> dict[str, Layout]:
    """Luma by itself, Cb and Cr interleaved; in the p-formats the sample sits in the top bits of 16."""
    straight = (Component(0), Component(1, 2, 0), Component(1, 2, 1))
    swapped = (straight[0], straight[2], straight[1])
    eight = {"nv12": ("420", straight), "nv21": ("420", swapped), "nv16": ("422", straight)}
    eight |= {"nv24": ("444", straight), "nv42": ("444", swapped)}
    out = {n: Layout(planar_format(f"yuv{sub}p", 8), np.dtype("u1"), parts) for n, (sub, parts) in eight.items()}
    for family, sub in (("p0", "420"), ("p2", "422"), ("p4", "444")):
        for depth in (10, 12, 16):
            parts = tuple(replace(c, shift=16 - depth) for c in straight)
            for end, mark in (("le", "<"), ("be", ">")):
                out[f"{family}{depth}{end}"] = Layout(
                    planar_format(f"yuv{sub}p", depth), np.dtype(f"{mark}u2"), parts
                )
    return out


def _packed_yuv() -> dict[str, Layout]:
    def pairs(order: str, shift: int = 0) -> tuple[Component, ...]:
        luma = Component(0, 2, order.index("y"), shift)
        return (luma, *(Component(0, 4, order.index(letter), shift) for letter in "uv"))

    out = {
        f"{name}422": Layout(planar_format("yuv422p", 8), np.dtype("u1"), pairs(name))
        for name in ("yuyv", "uyvy", "yvyu")
    }
    for depth in (10, 12, 16):
        out[f"y2{depth}le"] = Layout(planar_format("yuv422p", depth), np.dtype("<u2"), pairs("yuyv", 16 - depth))
    out["vuya"] = Layout(planar_format("yuva444p", 8), np.dtype("u1"), _interleaved("vuya", "yuva"))
    out["ayuv64le"] = Layout(planar_format("yuva444p", 16), np.dtype("<u2"), _interleaved("ayuv", "yuva"))
    out["xv36le"] = Layout(planar_format("yuv444p", 12), np.dtype("<u2"), _interleaved("uyvx", "yuv", 4))
    # Grey with alpha has no planar name of its own; ours is two planes under FFmpeg's packed name.
    parts = _interleaved("ya", "ya")
    out["ya8"] = Layout(PixelFormat("ya8", "grey", 8, alpha=True), np.dtype("u1"), parts)
    for end, mark in (("le", "<"), ("be", ">")):
        out[f"ya16{end}"] = Layout(PixelFormat("ya16le", "grey", 16, alpha=True), np.dtype(f"{mark}u2"), parts)
    return out


def planar_format(kind: str, depth: int) -> PixelFormat:
    """Return the planar format of a kind (gray, gbrp, gbrap, yuv422p, yuva444p ...) and depth in bits."""
    tail = "" if depth == 8 else "f32le" if depth == 32 else f"{depth}le"
    if kind == "gray":
        return PixelFormat(f"gray{tail}", "grey", depth)
    if kind.startswith("gbr"):
        return PixelFormat(f"{kind}{tail}", "rgb", depth, alpha="a" in kind)
    shift_y, shift_x = SUBSAMPLING[kind[-4:-1]]
    return PixelFormat(f"{kind}{tail}", "yuv", depth, shift_y, shift_x, alpha="a" in kind)


def _planar(name: str) -> Layout | None:
    """Return the layout of a format that is planar already, or None."""
    found = PLANAR.fullmatch(name)
    if not found or (found["sub"] and found["sub"] not in SUBSAMPLING):
        return None
    depth = {None: 8, "f32": 32}.get(found["depth"]) or int(found["depth"])
    if (depth == 32 and found["sub"]) or (depth > 8) != bool(found["end"]):
        return None
    alpha = found["rgb_alpha"] or found["yuv_alpha"] or ""
    kind = "gray" if found["grey"] else f"gbr{alpha}p" if found["rgb"] else f"yuv{alpha}{found['sub']}p"
    pixels = planar_format(kind, depth)
    if found["full"]:
        pixels = replace(pixels, full_range=True)
    mark = ">" if found["end"] == "be" else "<"
    code: Literal["f4", "u2", "u1"] = "f4" if depth == 32 else "u2" if depth > 8 else "u1"
    return Layout(pixels, np.dtype(mark + code), tuple(Component(p) for p in range(pixels.planes)))


@cache
def _packed() -> dict[str, Layout]:
    return _packed_rgb() | _semi_planar() | _packed_yuv()


def layout_of(name: str) -> Layout:
    """Return how a pixel format is taken apart; raises SourceError where that cannot be done without loss."""
    found = _planar(name) or _packed().get(name)
    if found is None:
        raise SourceError(
            f"pixel format {name!r} cannot be read as planes of code values; needed: grey, YUV or RGB of 8 to 16 bits "
            "a sample. Convert the material to FFV1 with `ffmpeg -pix_fmt`, choosing a format that holds all of it"
        )
    return found
