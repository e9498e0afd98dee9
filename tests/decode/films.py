"""Films sound and damaged, opened and read: what the tests of decoding have in common."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from restore.decode import open_decoder
from restore.decode.video import VideoDecoder
from restore.frames import Picture
from restore.probe import probe
from restore.source import Plane
from tests.media_made import PROBE_SIZE as SIZE
from tests.media_made import Planes, flip_bit, make_video, noise_planes

FFV1 = {"level": "3", "slices": "4", "slicecrc": "1"}


def same(a: tuple[Plane, ...], b: Planes) -> bool:
    return len(a) == len(b) and all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))


def opened(path: Path, threads: int = 2) -> VideoDecoder:
    decoder = open_decoder(probe(path), threads)
    assert isinstance(decoder, VideoDecoder)
    return decoder


def all_of(decoder: VideoDecoder) -> list[Picture]:
    return [decoder.read(i)[-1] for i in range(decoder.source.frames)]


def damaged_ffv1(path: Path, frame: int, gop: int = 1, count: int = 10) -> tuple[Path, list[Planes]]:
    pictures = [noise_planes("yuv422p10le", SIZE, t) for t in range(count)]
    make_video(path, pictures, "yuv422p10le", options=FFV1, gop=gop)
    return flip_bit(path, frame), pictures


def zeroed(path: Path, frames: tuple[int, ...]) -> Path:
    """Overwrite the packets of some frames with zeros, but leave the file's structure whole."""
    with av.open(str(path)) as source:
        packets = [bytes(p) for p in source.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    for frame in frames:
        at = data.index(packets[frame])
        data[at : at + len(packets[frame])] = bytes(len(packets[frame]))
    path.write_bytes(bytes(data))
    return path
