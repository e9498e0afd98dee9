"""Samples of videos of all kinds as they are, and what cannot be read said plainly."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from restore.decode import open_decoder
from restore.errors import SourceError
from restore.frames import Picture
from restore.probe import probe
from tests.decode.films import FFV1, all_of, opened, same
from tests.media_made import PROBE_SIZE as SIZE
from tests.media_made import join_videos, make_video, noise_planes, scene_planes

LOSSLESS = [
    "gray", "gray10le", "gray12le", "gray16le", "yuv420p", "yuv411p", "yuv410p", "yuv422p", "yuv440p", "yuv444p",
    "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv422p12le", "yuv420p16le", "yuv422p16le", "yuva444p",
    "yuva422p10le", "gbrp10le", "gbrp12le", "gbrp14le", "gbrp16le", "gbrap10le", "gbrap16le",
]  # fmt: skip
LOSSY = {
    "a.mov": ("prores_ks", "yuv422p10le", {}), "b.mov": ("dnxhd", "yuv422p10le", {"profile": "dnxhr_hqx"}),
    "c.mp4": ("libx264", "yuv420p", {}), "d.mkv": ("libx265", "yuv420p10le", {"x265-params": "log-level=none"}),
    "e.mpg": ("mpeg2video", "yuv420p", {}), "f.avi": ("mjpeg", "yuvj420p", {}),
}  # fmt: skip


@pytest.mark.parametrize("pixel_format", LOSSLESS)
@pytest.mark.parametrize("size", [(36, 50), (33, 47)])
def test_ffv1_gives_every_sample_back(tmp_path: Path, pixel_format: str, size: tuple[int, int]) -> None:
    pictures = [noise_planes(pixel_format, size, t) for t in range(3)]
    options = FFV1 | {"slices": "1" if size[0] % 2 else "4"}  # FFmpeg cuts no odd picture into slices
    decoder = opened(make_video(tmp_path / "a.mkv", pictures, pixel_format, options=options, gop=1))
    for t, picture in enumerate(all_of(decoder)):
        assert picture == Picture(t, picture.planes)
        assert all(p.dtype == decoder.source.pixels.dtype for p in picture.planes)
        assert same(picture.planes, pictures[t])


@pytest.mark.parametrize(
    ("stored", "planes"), [("rgb24", 3), ("bgr24", 3), ("uyvy422", 3), ("nv12", 3), ("bgra", 4), ("gray16be", 1)]
)
def test_packed_raw_video_comes_apart(tmp_path: Path, stored: str, planes: int) -> None:
    frame = av.VideoFrame(48, 32, stored)
    rng = np.random.default_rng(3)
    for plane in frame.planes:
        np.frombuffer(plane, np.uint8)[:] = rng.integers(0, 256, plane.buffer_size)
    path = tmp_path / "a.nut"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 32, stored
        out.mux(stream.encode(frame))
    decoder = opened(path)
    theirs = frame.reformat(format=decoder.source.pixels.name, threads=1)
    (picture,) = decoder.read(0)
    assert len(picture.planes) == planes
    for ours, other in zip(picture.planes, theirs.planes, strict=True):
        rows = np.frombuffer(other, ours.dtype).reshape(other.height, -1)
        assert np.array_equal(ours, rows[:, : other.width])


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_codecs_give_what_ffmpeg_gives(tmp_path: Path, name: str) -> None:
    codec, pixel_format, options = LOSSY[name]
    size = (128, 256)  # the smallest DNxHR
    path = make_video(tmp_path / name, [scene_planes(pixel_format, size, t) for t in range(6)], pixel_format, codec,
                      options=options)  # fmt: skip
    pictures = all_of(opened(path))
    with av.open(str(path)) as film:
        for picture, frame in zip(pictures, film.decode(video=0), strict=True):
            assert not picture.fault
            for ours, theirs in zip(picture.planes, frame.planes, strict=True):
                rows = np.frombuffer(theirs, ours.dtype).reshape(theirs.height, -1)
                assert np.array_equal(ours, rows[:, : theirs.width])


def test_planes_are_our_own(tmp_path: Path) -> None:
    pictures = [noise_planes("yuv420p", SIZE, t) for t in range(6)]
    decoder = opened(make_video(tmp_path / "a.mkv", pictures, options=FFV1, gop=1))
    kept = all_of(decoder)
    decoder.close()
    assert all(same(p.planes, pictures[p.index]) for p in kept)
    assert all(plane.flags.c_contiguous for p in kept for plane in p.planes)


@pytest.mark.parametrize("frame", [-1, 10, 99])
def test_frames_there_are_not(tmp_path: Path, frame: int) -> None:
    decoder = opened(make_video(tmp_path / "a.mkv", [noise_planes("gray", SIZE, t) for t in range(10)], "gray"))
    with pytest.raises(SourceError, match=f"frames 0 to 9, asked for {frame}"):
        decoder.read(frame)
    assert decoder.read(3)[-1].index == 3


def test_a_picture_that_changes_its_size(tmp_path: Path) -> None:
    parts = [
        make_video(tmp_path / f"{h}.mkv", [scene_planes("yuv420p", (h, 96), t) for t in range(4)], "yuv420p",
                   "mpeg2video")
        for h in (64, 80)
    ]  # fmt: skip
    decoder = opened(join_videos(tmp_path / "a.mkv", parts))
    assert decoder.read(2)[-1].index == 2
    for _ in range(2):
        with pytest.raises(SourceError, match="changes its size at frame 4, from 96x64 to 96x80"):
            decoder.read(5)
    assert decoder.read(1)[-1].index == 1


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", [noise_planes("gray", SIZE, 0)], "gray")
    source = probe(path)
    path.unlink()
    with pytest.raises(SourceError, match="cannot be opened now"):
        open_decoder(source)


def test_a_real_archive_file(media: Path) -> None:
    path = next((media / "formats").rglob("10bit.dpx.mkv"))
    (picture,) = opened(path).read(0)
    assert picture.fault == ""
    with av.open(str(path)) as film:
        frame = next(film.decode(video=0))
        theirs = np.frombuffer(frame.planes[0], np.uint16).reshape(frame.height, -1)[:, : frame.width]
        assert np.array_equal(picture.planes[0], theirs)
