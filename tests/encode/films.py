"""Sources made by hand and by ffmpeg, and the way a film goes through an encoder: what the tests here are made from."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from restore.encode import Encoder
from restore.frames import Picture
from restore.layout import layout_of
from restore.source import PixelFormat, Plane, Source
from restore.span import Span

EXACT = [
    *(f"yuv{s}p" for s in ("410", "411", "420", "422", "440", "444")),
    *(f"yuv{s}p{d}le" for s in ("420", "422", "444") for d in (9, 10, 12, 14, 16)), "yuv440p10le", "yuv440p12le",
    *(f"yuva{s}p" for s in ("420", "422", "444")), *(f"yuva{s}p{d}le" for s in ("420", "422", "444") for d in (10, 16)),
    "gray", *(f"gray{d}le" for d in (9, 10, 12, 14, 16)), "ya8",
    "gbrp", *(f"gbrp{d}le" for d in (9, 10, 12, 14, 16)), "gbrap", *(f"gbrap{d}le" for d in (10, 12, 14, 16)),
]  # fmt: skip
"""Every layout FFV1 takes."""


def pixels_of(name: str) -> PixelFormat:
    return layout_of(name).pixels


def film(
    pixels: PixelFormat | str, frames: int, size: tuple[int, int] = (36, 48), rate: Fraction = Fraction(24),
    **facts: Any,
) -> Source:
    """Return a source that has no file: an encoder is told of it, and given its pictures."""
    made = pixels_of(pixels) if isinstance(pixels, str) else pixels
    count = tuple(range(frames))
    return replace(Source("film", "sequence", "0" * 64, size, made, rate, 1 / rate, count, count), **facts)


def noise(source: Source, seed: int = 0) -> list[Picture]:
    """Return pictures of full-range noise."""
    rng = np.random.default_rng(seed)

    def plane(p: int) -> Plane:
        pixels = source.pixels
        return rng.integers(0, int(pixels.peak), pixels.shape(p, source.size), pixels.dtype, endpoint=True)

    return [Picture(t, tuple(plane(p) for p in range(source.pixels.planes))) for t in source.span]


def waves(source: Source) -> list[Picture]:
    """Return smooth moving pictures."""
    out = []
    for t in source.span:
        planes = []
        for p in range(source.pixels.planes):
            h, w = source.pixels.shape(p, source.size)
            y, x = np.mgrid[0:h, 0:w]
            level = 0.5 + 0.3 * np.sin((x * 3 + y * 2) / 17 + t / 3 + p)
            planes.append(np.rint(level * source.pixels.peak).astype(source.pixels.dtype))
        out.append(Picture(t, tuple(planes)))
    return out


def pieces(source: Source, cuts: Iterable[int]) -> list[Span]:
    """Cut the film at the given frames."""
    edges = [0, *sorted({c for c in cuts if 0 < c < source.frames}), source.frames]
    return [Span(a, b) for a, b in pairwise(edges)]


def through(
    encoder: Encoder, source: Source, pictures: Sequence[Picture], output: Path, spans: Sequence[Span] | None = None
) -> tuple[str, ...]:
    """Send a film through an encoder, segment by segment; return the notes of the join."""
    folder = output.parent / f"{output.name}.segments"
    folder.mkdir(exist_ok=True)
    segments = []
    for span in spans or source.span.split(encoder.segment_frames or 7):
        path = folder / f"{span}.piece"
        encoder.write_segment(path, source, span, [pictures[t] for t in span])
        segments.append((span, path))
    notes = encoder.join(output, source, segments)
    shutil.rmtree(folder)
    return notes


def samples(path: Path) -> list[tuple[Plane, ...]]:
    """Decode a file with nothing of ours but the table of layouts."""
    out = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            rows = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size) for p in frame.planes]
            out.append(layout_of(frame.format.name).planes(rows, (frame.height, frame.width)))
    return out


def same(a: Sequence[Sequence[Plane]], b: Sequence[Sequence[Plane]]) -> bool:
    return len(a) == len(b) and all(
        len(p) == len(q) and all(np.array_equal(x, y) for x, y in zip(p, q, strict=True))
        for p, q in zip(a, b, strict=True)
    )


def need(tool: str) -> str:
    """Skip where a program of this name is not installed."""
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed")
    return found


def ffprobe(path: Path, *show: str) -> dict[str, Any]:
    command = [need("ffprobe"), "-v", "error", *(f"-show_{s}" for s in show), "-of", "json", str(path)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def stream_hashes(path: Path, kind: str) -> list[str]:
    """Return the hash of every stream of a kind (a, s, v), its packets' bytes copied."""
    command = [need("ffmpeg"), "-v", "error", "-i", str(path), "-map", f"0:{kind}"]
    command += ["-c", "copy", "-f", "streamhash", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split("=")[1] for line in text.splitlines()]


def conforms(path: Path) -> bool:
    """Ask MediaConch; its exit status says nothing."""
    report = subprocess.run([need("mediaconch"), "-mc", str(path)], capture_output=True, text=True).stdout
    return report.startswith("pass!")


