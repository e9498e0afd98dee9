"""Source: what a file is (size, pixel layout, exact times, other streams), without one decoded pixel in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from fractions import Fraction
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from restore.span import Span

UNSPECIFIED = 2
"""The code point for "unspecified" in ISO/IEC 23091-2, shared by matrix, primaries and transfer."""


@dataclass(frozen=True)
class PixelFormat:
    """How samples are laid out: always planar, in code values, in the file's own depth and subsampling."""

    name: str
    """FFmpeg's name of the planar layout, little endian: gray, gray12le, yuv422p10le, gbrp16le, yuva444p12le ..."""
    family: Literal["grey", "yuv", "rgb"]
    """rgb planes come in FFmpeg's order G, B, R."""
    depth: int
    """Bits a sample; 32 means float32."""
    shift_y: int = 0
    """log2 of the vertical subsampling of planes 1 and 2."""
    shift_x: int = 0
    """log2 of the horizontal subsampling of planes 1 and 2."""
    alpha: bool = False
    """Whether the last plane is alpha; alpha is never restored and always copied."""
    full_range: bool | None = None
    """True for full range, False for limited, None where the file does not say."""
    matrix: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    chroma_location: int = 0
    """FFmpeg's AVChromaLocation; 0 where the file does not say."""
    sample: str = ""
    """The numpy type of a sample, where it is not the one that goes with the depth: int16, float16, float64 ..."""
    low: float = 0.0
    """Where `sample` says something: the stored values that stages see as black ..."""
    high: float = 0.0
    """... and as white. With both 0 the values are linear light, of which 1 is the white of a screen."""
    void_from: float | None = None
    """Stored values from here on (padding of a scan) are no picture: never filled, never copied ..."""
    void_to: float | None = None
    """... up to these, inclusive."""
    fields: bool = False
    """Whether rows belong to two fields by turns, each a picture of its own moment: chroma rows then go with the luma
    rows of their own field, and each field is restored on its own (`restore.fields`)."""

    @property
    def planes(self) -> int:
        """Number of planes, alpha included."""
        return (1 if self.family == "grey" else 3) + self.alpha

    @property
    def colour_planes(self) -> int:
        """Number of planes that may be restored: all but alpha."""
        return self.planes - self.alpha

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numpy type of a sample: uint8, uint16 or float32, unless `sample` says otherwise."""
        if self.sample:
            return np.dtype(self.sample)
        return np.dtype(np.float32 if self.depth == 32 else np.uint8 if self.depth == 8 else np.uint16)

    @property
    def peak(self) -> float:
        """The largest code value (1.0 for float)."""
        return 1.0 if self.depth == 32 else float(2**self.depth - 1)

    def shift(self, plane: int) -> tuple[int, int]:
        """Return log2 of the subsampling (y, x) of a plane."""
        subsampled = self.family == "yuv" and plane in (1, 2)
        return (self.shift_y, self.shift_x) if subsampled else (0, 0)

    def shape(self, plane: int, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (h, w) of a plane for a picture of size (H, W); odd sizes round up."""
        y, x = self.shift(plane)
        return (-(-size[0] >> y), -(-size[1] >> x))

    def picture_bytes(self, size: tuple[int, int]) -> int:
        """Return the bytes of one decoded picture, with what stages see of it where that is something else."""
        areas = (h * w for h, w in (self.shape(p, size) for p in range(self.planes)))
        return int(sum(areas)) * (self.dtype.itemsize + (2 if self.sample else 0))


@dataclass(frozen=True)
class Stream:
    """A stream that is carried over untouched: sound, subtitles, data, a picture."""

    index: int
    kind: str
    codec: str
    language: str = ""
    title: str = ""


@dataclass(frozen=True)
class Source:
    """A film, a sequence or a photograph, as its container describes it."""

    path: str
    """The file, or for a sequence its folder, glob or printf pattern as given."""
    kind: Literal["video", "sequence"]
    sha256: str
    """Digest of the file's bytes; for a sequence, of the list of its files' digests."""
    size: tuple[int, int]
    """(H, W) in pixels."""
    pixels: PixelFormat
    rate: Fraction
    """Frames a second, exact."""
    time_base: Fraction
    """Seconds a unit of `pts`."""
    pts: tuple[int, ...]
    """One presentation time a frame, in units of `time_base`, rising."""
    keyframes: tuple[int, ...]
    """Frames at which decoding can begin; all of them for intra-only material."""
    codec: str = ""
    container: str = ""
    stream: int = 0
    """Index of the video stream in its container."""
    field_order: str = "progressive"
    sample_aspect: Fraction = Fraction(1)
    variable_rate: bool = False
    files: tuple[str, ...] = ()
    """A sequence's file of each frame, in order; empty for video."""
    pages: tuple[int, ...] = ()
    """Which of its file's pictures each frame is; empty where every file holds but one."""
    breaks: tuple[int, ...] = ()
    """Frames that follow on nothing: the first of another volume, or of another series."""
    byte_count: int = 0
    """Bytes on disk."""
    other_streams: tuple[Stream, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """What a person should know about the file: odd, missing or repaired facts."""
    whole: bool = True
    """False for an excerpt: some of the frames, counted from 0, and nothing but the picture."""

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.pts)

    @property
    def span(self) -> Span:
        """All frames."""
        return Span(0, len(self.pts))

    @property
    def intra_only(self) -> bool:
        """Whether every frame can be decoded by itself."""
        return len(self.keyframes) == len(self.pts)

    def page(self, frame: int) -> tuple[str, int]:
        """Return the file of a sequence's frame, and which of its pictures the frame is."""
        return self.files[frame], self.pages[frame] if self.pages else 0

    def excerpt(self, span: Span) -> Self:
        """Return the part of the source that holds only the frames of `span`: what an encoder of them is told."""
        if span == self.span:
            return self
        first = self.pts[span.start]
        return replace(
            self,
            pts=tuple(t - first for t in self.pts[span.start : span.stop]),
            keyframes=tuple(k - span.start for k in self.keyframes if k in span),
            files=self.files[span.start : span.stop],
            pages=self.pages[span.start : span.stop],
            breaks=tuple(b - span.start for b in self.breaks if b in span),
            other_streams=(),
            whole=False,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; fractions become "24000/1001"."""
        return {k: str(v) if isinstance(v, Fraction) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild what `to_json` wrote."""
        known = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        known["pixels"] = PixelFormat(**known["pixels"])
        known["other_streams"] = tuple(Stream(**s) for s in known.get("other_streams", ()))
        known["size"] = tuple(known["size"])
        for name in ("rate", "time_base", "sample_aspect"):
            known[name] = Fraction(known[name])
        for name in ("pts", "keyframes", "files", "pages", "breaks", "notes"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)


Plane = npt.NDArray[Any]
"""One plane of one picture: (h, w) uint8, uint16 or float32, code values."""
