"""A reel and its masks in, a table of seconds, memory, disk and decodes out: this program beside a plain transcode.

Every row is a whole process on the same file in one run of the benchmark, so the ratios hold on a noisy machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

FFV1 = {"level": "3", "coder": "1", "context": "1", "g": "1", "slices": "16", "slicecrc": "1"}


@dataclass(frozen=True)
class Row:
    """One process."""

    name: str
    frames: int
    wall_s: float
    cpu_s: float
    peak_bytes: int
    sidecar_frac: float = 0.0
    """Bytes of the whole project (layers, ledger, report) over the source's."""
    decodes: float = 0.0
    """Decoded frames per frame of the film."""


def measure(
    reel: Path, masks: Path, long_reel: Path | None, folder: Path, say: Callable[[str], None] = lambda _: None
) -> list[Row]:
    """Return the rows of the benchmark: plain transcode, per-frame Telea, given masks, detection, the long reel."""
    frames = count_frames(reel)
    python = [sys.executable, "-m", "restore.measure.speed"]
    cli = [sys.executable, "-m", "cli", "run", str(reel)]
    plans = [
        ("decode and encode", [*python, "transcode", str(reel), str(folder / "out_plain.mkv")]),
        ("cv2.inpaint script", [*python, "telea", str(reel), str(folder / "out_telea.mkv"), str(masks)]),
        ("lacuna run --masks", [*cli, "-o", str(folder / "out_masks.mkv"), "--masks", str(masks), "--json"]),
        ("lacuna run", [*cli, "-o", str(folder / "out_found.mkv"), "--json"]),
    ]
    rows = []
    for name, command in plans:
        say(name)
        rows.append(timed(name, command, frames, reel, folder))
    if long_reel is not None:
        say("lacuna run, long reel")
        command = [sys.executable, "-m", "cli", "run", str(long_reel), "-o", str(folder / "out_long.mkv"), "--json"]
        rows.append(timed("lacuna run, long reel", command, count_frames(long_reel), long_reel, folder))
    return rows


def timed(name: str, command: list[str], frames: int, source: Path, folder: Path) -> Row:
    """Run one command to its end and return what it took. Raises RuntimeError where it fails."""
    for old in folder.glob("*.lacuna"):
        shutil.rmtree(old)
    for old in folder.glob("out_*.mkv"):
        old.unlink()
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.stdout.read() if process.stdout else "", process.stderr.read() if process.stderr else ""
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{name} failed with {process.returncode}: {err[-2000:]}{out[-2000:]}")
    project = next(iter(folder.glob("*.lacuna")), None)
    sidecar = sum(f.stat().st_size for f in project.rglob("*") if f.is_file()) if project else 0
    decoded = json.loads(out.splitlines()[-1])["decoded_frames"] if project else frames
    return Row(
        name, frames, wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024,
        sidecar / source.stat().st_size, decoded / frames,
    )


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text, times beside those of the first row."""
    plain = rows[0]
    lines = [f"{'':24}{'frames':>7}{'s/frame':>9}{'x plain':>9}{'cpu x':>7}{'peak MB':>9}{'sidecar':>9}{'decodes':>9}"]
    for row in rows:
        each = row.wall_s / row.frames
        lines.append(
            f"{row.name:24}{row.frames:>7}{each:>9.3f}{each / (plain.wall_s / plain.frames):>9.2f}"
            f"{(row.cpu_s / row.frames) / (plain.cpu_s / plain.frames):>7.2f}{row.peak_bytes / 2**20:>9.0f}"
            f"{100 * row.sidecar_frac:>8.2f}%{row.decodes:>9.2f}"
        )
    return "\n".join(lines)


def count_frames(path: Path) -> int:
    """Return the number of picture packets of a file."""
    with av.open(str(path)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


def repeat(reel: Path, output: Path, times: int) -> None:
    """Write a reel `times` over into one file by copying packets: a long film that costs nothing to make."""
    with av.open(str(reel)) as source, av.open(str(output), "w") as out:
        packets = [(bytes(p), p.is_keyframe) for p in source.demux(video=0) if p.size]
        stream = out.add_stream_from_template(source.streams.video[0], opaque=True)
        unit = 1 / Fraction(source.streams.video[0].average_rate or 24)
        for at in range(len(packets) * times):
            data, is_key = packets[at % len(packets)]
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.pts, packet.dts = stream, unit, at, at
            packet.duration, packet.is_keyframe = 1, is_key
            out.mux(packet)


def transcode(source: Path, output: Path, masks: Path | None = None) -> None:
    """Decode and encode with PyAV alone; with masks, fill each frame with cv2.inpaint on the way."""
    with av.open(str(source)) as reel, av.open(str(output), "w") as out:
        incoming = reel.streams.video[0]
        incoming.thread_type = "AUTO"
        stream = out.add_stream("ffv1", rate=incoming.average_rate)
        stream.width, stream.height, stream.pix_fmt = incoming.width, incoming.height, incoming.pix_fmt
        stream.codec_context.options = dict(FFV1)
        stream.codec_context.thread_type = "AUTO"
        for at, frame in enumerate(reel.decode(video=0)):
            if masks is not None:
                inpaint(frame, masks / f"{at:06d}.png")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def inpaint(frame: av.VideoFrame, mask_file: Path) -> None:
    """Fill one frame's planes in place with cv2's Telea, radius 3, 16-bit planes one by one."""
    mask = np.asarray(cv2.imread(str(mask_file), cv2.IMREAD_GRAYSCALE)) > 0
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint16).reshape(plane.height, -1)[:, : plane.width]
        small = mask.astype(np.uint8)
        if small.shape != rows.shape:
            small = np.asarray(cv2.resize(small, (plane.width, plane.height)))
        rows[:] = cv2.inpaint(np.ascontiguousarray(rows), small, 3, cv2.INPAINT_TELEA)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    transcode(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]) if sys.argv[1] == "telea" else None)
