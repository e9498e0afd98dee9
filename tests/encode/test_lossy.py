from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from restore import colour
from restore.encode.h264 import H264
from restore.encode.prores import Prores
from restore.frames import Picture
from restore.probe import probe
from tests.encode.films import film, pixels_of, samples, through, waves

REPEAT = """
import sys, hashlib
from pathlib import Path
from restore.encode.h264 import H264
from tests.encode.films import film, noise, through
source = film("yuv420p", 20, (80, 96))
through(H264(grid_frames=10), source, noise(source), Path(sys.argv[1]))
"""


def rgb_error(path: Path, pictures: list[Picture], pixels: Any) -> float:
    """Return the mean absolute error in RGB, of 1."""
    written = probe(path)
    errors = [
        np.abs(colour.to_rgb(a, written.pixels) - colour.to_rgb(b.planes, pixels)).mean()
        for a, b in zip(samples(path), pictures, strict=True)
    ]
    return float(np.mean(errors))


@pytest.mark.parametrize(("name", "tag", "kept"), [
    ("yuv422p10le", "apch", "yuv422p10le"), ("yuv420p", "apch", "yuv422p10le"), ("gray16le", "apch", "yuv422p10le"),
    ("yuv444p12le", "ap4h", "yuv444p12le"), ("gbrp", "ap4h", "yuv444p12le"), ("gbrp16le", "ap4h", "yuv444p12le"),
    ("gbrap", "ap4h", "yuva444p12le"), ("yuva444p10le", "ap4h", "yuva444p12le"),
])
def test_prores_flavours(name: str, tag: str, kept: str, tmp_path: Path) -> None:
    source = film(name, 9, (80, 96))
    pictures = waves(source)
    notes = Prores().check(source, tmp_path / "a.mov")
    assert "ProRes is lossy" in notes[0]
    through(Prores(), source, pictures, tmp_path / "a.mov")
    with av.open(str(tmp_path / "a.mov")) as container:
        context = container.streams.video[0].codec_context
        assert (context.codec_tag, context.pix_fmt, context.color_range) == (tag, kept, 1)
    through(Prores(), source, pictures, tmp_path / "b.mov", source.span.split(2))
    assert (tmp_path / "a.mov").read_bytes() == (tmp_path / "b.mov").read_bytes()
    if source.pixels.family != "yuv":
        assert rgb_error(tmp_path / "a.mov", pictures, source.pixels) < 0.012


@pytest.mark.parametrize(("name", "size"), [
    *((n, (80, 96)) for n in ("yuv420p", "yuv422p10le", "gbrp", "gbrap16le", "gray12le")),
    ("yuv420p", (81, 95)), ("gbrp10le", (33, 47)),
])
@pytest.mark.parametrize("full", [True, False])
def test_h264_looks_like_the_source(name: str, size: tuple[int, int], full: bool, tmp_path: Path) -> None:
    pixels = replace(pixels_of(name), full_range=full if name[:3] != "gbr" else True)
    source = film(replace(pixels, matrix=1 if name[0] == "y" else 2), 26, size)
    pictures = waves(source)
    encoder = H264(grid_frames=12)
    notes = "\n".join(encoder.check(source, tmp_path / "a.mp4"))
    assert ("4:4:4" in notes) == bool(size[0] % 2)
    assert ("no alpha" in notes) == pixels.alpha
    through(encoder, source, pictures, tmp_path / "a.mp4")
    written = probe(tmp_path / "a.mp4")
    assert (written.frames, written.size, written.rate) == (26, size, source.rate)
    assert written.pixels.name == ("yuv444p" if size[0] % 2 else "yuv420p")
    limited = replace(written.pixels, full_range=False)
    first = colour.to_rgb(samples(tmp_path / "a.mp4")[0], limited)
    grey = np.abs(first.mean(-1) - colour.to_rgb(pictures[0].planes, source.pixels).mean(-1)).mean()
    assert grey < 0.04


def test_mp4_begins_with_its_index(tmp_path: Path) -> None:
    source = film("yuv420p", 10, (80, 96))
    through(H264(), source, waves(source), tmp_path / "a.mp4")
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_x264_writes_the_same_bytes_whatever_was_in_memory(tmp_path: Path) -> None:
    digests = set()
    for filling in ("1", "170"):
        path = tmp_path / f"{filling}.mp4"
        environment = {**os.environ, "MALLOC_PERTURB_": filling}
        command = [sys.executable, "-c", REPEAT, str(path)]
        subprocess.run(command, env=environment, check=True, cwd=Path(__file__).parents[2])
        digests.add(hashlib.md5(path.read_bytes()).hexdigest())
    assert len(digests) == 1
