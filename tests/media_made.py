"""Known planes in, video and picture files out: what the tests of reading and writing are made from."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import tifffile

Plane = npt.NDArray[Any]
Planes = tuple[Plane, ...]

PROBE_SIZE = (64, 96)
"""(H, W) of most clips the tests make."""
SRT = b"1\n00:00:00,000 --> 00:00:01,000\nhello\n\n"


def layout(pixel_format: str, size: tuple[int, int]) -> list[tuple[int, int, Any, int]]:
    """Return (h, w, dtype, peak) of every plane of one of FFmpeg's planar formats; size is (H, W)."""
    fmt = av.VideoFormat(pixel_format, size[1], size[0])
    dtype: Any = np.uint8 if fmt.components[0].bits <= 8 else np.uint16
    return [(c.height, c.width, dtype, (1 << c.bits) - 1) for c in fmt.components]


def noise_planes(pixel_format: str, size: tuple[int, int], seed: int) -> Planes:
    """Return planes of full-range random samples, the hardest case for a lossless round trip."""
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(0, p + 1, (h, w)).astype(d) for h, w, d, p in layout(pixel_format, size))


def scene_planes(pixel_format: str, size: tuple[int, int], t: int) -> Planes:
    """Return planes of a smooth moving picture whose frames all differ, kind to lossy codecs."""
    out = []
    for p, (h, w, dtype, peak) in enumerate(layout(pixel_format, size)):
        y, x = np.mgrid[0:h, 0:w] / max(h, w)
        wave = np.sin(9 * x + 5 * y + 0.37 * t + p) * 0.3 + 0.5 + 0.1 * np.sin(0.9 * t)
        out.append((np.clip(wave, 0, 1) * peak).astype(dtype))
    return tuple(out)


def video_frame(planes: Planes, pixel_format: str, size: tuple[int, int]) -> av.VideoFrame:
    """Return an av frame holding the planes. A packed plane is given as (h, bytes or words of a row)."""
    frame = av.VideoFrame(size[1], size[0], pixel_format)
    for plane, samples in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        raw = np.ascontiguousarray(samples).view(np.uint8).reshape(plane.height, -1)
        rows[:, : raw.shape[1]] = raw
    return frame


def make_video(
    path: Path,
    planes_per_frame: Sequence[Planes],
    pixel_format: str = "yuv420p",
    codec: str = "ffv1",
    rate: Fraction | int = 25,
    options: dict[str, str] | None = None,
    *,
    size: tuple[int, int] | None = None,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    colour: dict[str, int] | None = None,
    sample_aspect: Fraction | None = None,
    gop: int | None = None,
    interlaced: bool = False,
    audio: bool = False,
    subtitles: bool = False,
    attachment: bytes | None = None,
    format: str | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Encode frames into `path` and return it.

    `pts` in units of `time_base` (default: frame numbers in units of 1/rate); `colour` sets attributes of the codec
    (color_range, colorspace, color_primaries, color_trc); `gop` is the distance of keyframes; `size` is (H, W) and
    needed only for packed formats.
    """
    height, width = size or planes_per_frame[0][0].shape
    with av.open(str(path), "w", format=format, options=container_options or {}) as out:
        stream = out.add_stream(codec, rate=Fraction(rate), options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        settings = {"time_base": time_base, "gop_size": gop, "sample_aspect_ratio": sample_aspect, **(colour or {})}
        for name, value in settings.items():
            if value is not None:
                setattr(stream.codec_context, name, value)
        if interlaced:
            flags = av.codec.context.Flags
            stream.codec_context.flags |= flags.interlaced_dct | flags.interlaced_me
        sound = out.add_stream("pcm_s16le", rate=8000, layout="mono") if audio else None
        words = add_subtitles(out) if subtitles else None
        if attachment is not None:
            out.add_attachment("note.txt", "text/plain", attachment)
        for i, planes in enumerate(planes_per_frame):
            frame = video_frame(planes, pixel_format, (height, width))
            frame.pts = i if pts is None else pts[i]
            frame.time_base = time_base or 1 / Fraction(rate)
            for name, value in (colour or {}).items():
                setattr(frame, name, value)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        mux_extras(out, sound, words)
    return path


def mux_extras(out: Any, sound: Any, words: Any) -> None:
    """Write a tenth of a second of silence and one subtitle, where there are streams for them."""
    if sound is not None:
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        tone.sample_rate, tone.pts, tone.time_base = 8000, 0, Fraction(1, 8000)
        out.mux(sound.encode(tone))
        out.mux(sound.encode(None))
    if words is not None:
        packet = av.Packet(b"hello")
        packet.stream, packet.pts, packet.dts, packet.duration = words, 0, 0, 1000
        packet.time_base = Fraction(1, 1000)
        out.mux(packet)


def add_subtitles(out: Any) -> Any:
    """Add a text stream, its shape copied from a small file of subtitles."""
    import io

    with av.open(io.BytesIO(SRT), format="srt") as source:
        return out.add_stream_from_template(source.streams.subtitles[0])


def join_videos(path: Path, parts: Sequence[Path]) -> Path:
    """Join files packet by packet though their pictures may differ in size: a stream that changes midway."""
    with av.open(str(path), "w") as out:
        stream, shift = None, 0
        for part in parts:
            with av.open(str(part)) as source:
                video = source.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                end = shift
                for packet in source.demux(video):
                    if packet.pts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + shift, (packet.dts or 0) + shift
                    end = max(end, packet.pts + (packet.duration or 1))
                    packet.stream = stream
                    out.mux(packet)
                shift = end
    return path


def packet_places(path: Path) -> list[tuple[int, int]]:
    """Return (offset, size) in the file of the video packets in decoding order."""
    with av.open(str(path)) as source:
        return [(p.pos, p.size) for p in source.demux(video=0) if p.size]


def flip_bit(path: Path, frame: int, at_frac: float = 0.5, bit: int = 3) -> Path:
    """Flip one bit of the frame's packet, in place, and return the path."""
    with av.open(str(path)) as source:
        packets = [bytes(p) for p in source.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    start = data.index(packets[frame][:64] if len(packets[frame]) > 64 else packets[frame])
    data[start + int(len(packets[frame]) * at_frac)] ^= 1 << bit
    path.write_bytes(bytes(data))
    return path


def png_chunk(name: bytes, data: bytes) -> bytes:
    """Return one chunk of a PNG, checksum included."""
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def png_of(samples: Plane) -> bytes:
    """Return a PNG of (H, W) or (H, W, channels) samples, uint8 or uint16, RGB order; knows grey with alpha too."""
    h, w = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    head = w.to_bytes(4, "big") + h.to_bytes(4, "big")
    head += bytes([8 * samples.dtype.itemsize, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0])
    rows = samples.astype(samples.dtype.newbyteorder(">")).reshape(h, -1)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    chunks = (png_chunk(b"IHDR", head), png_chunk(b"IDAT", body), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def make_stills(
    folder: Path, names: Sequence[str], channels: int = 3, depth: int = 8, size: tuple[int, int] = PROBE_SIZE
) -> list[Plane]:
    """Write one random picture a name (.png or .tif) and return their samples, (H, W) or (H, W, channels)."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = size if channels == 1 else (*size, channels)
    out = []
    for name in names:
        rng = np.random.default_rng(len(list(folder.iterdir())))
        samples = rng.integers(0, 1 << depth, shape).astype(np.uint8 if depth == 8 else np.uint16)
        if name.endswith(".png"):
            (folder / name).write_bytes(png_of(samples))
        else:
            tifffile.imwrite(folder / name, samples, photometric="rgb" if channels > 2 else "minisblack")
        out.append(samples)
    return out
