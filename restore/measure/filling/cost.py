"""A damaged film and a filler in, the seconds and the memory that filling takes out: each in a process of its own.

Memory is what the system says: the most that the process ever held at the end (VmHWM; `ru_maxrss` where there is no
/proc), less what it had held before the first fill, its pictures and libraries included. So what a filler has to load
(torch, weights), what it computes on the way and what it keeps of its neighbours (motion, proxies) all count.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from restore.errors import PartError
from restore.frames import Bits
from restore.measure.bench import Clip
from restore.source import PixelFormat, Plane
from restore.window import Window

MASKS, ABOUT = "masks.npy", "pixels.json"
MEGABYTE = 2**20


@dataclass(frozen=True)
class Cost:
    """What filling takes."""

    first_s: float
    """Of the processor for the first frame, loading and the motion of all neighbours included."""
    seconds_a_frame: float
    """Of the processor, median of the frames after the first; the first where there is no other."""
    wall_s_a_frame: float
    """The same by the clock on the wall, whatever else the machine was doing."""
    peak_mb: float


def save(folder: Path, clip: Clip, masks: list[Bits]) -> None:
    """Write a damaged clip and its masks for `cost`."""
    for t, planes in enumerate(clip.pictures):
        for k, plane in enumerate(planes):
            np.save(folder / f"plane-{t}-{k}.npy", plane, allow_pickle=False)
    np.save(folder / MASKS, np.stack(masks), allow_pickle=False)
    (folder / ABOUT).write_text(json.dumps({**asdict(clip.pixels), "frames": len(clip.pictures)}), encoding="utf-8")


def read(folder: Path) -> Window:
    """Return a window on what `save` wrote."""
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    frames = about.pop("frames")
    pixels = PixelFormat(**about)
    pictures: list[tuple[Plane, ...]] = [
        tuple(np.load(folder / f"plane-{t}-{k}.npy") for k in range(pixels.planes)) for t in range(frames)
    ]
    masks = np.load(folder / MASKS)
    return Window.of(pictures, pixels, list(masks))


def cost(folder: Path, spec: str, frames: range) -> Cost:
    """Let a filler fill frames of a saved film in a process of its own. Raises PartError where that fails."""
    command = [sys.executable, "-m", "restore.measure.filling.cost", str(folder), spec, str(frames.start),
               str(frames.stop)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **threads}, check=False)
    if done.returncode:
        raise PartError(
            f"the filler {spec} failed in a process of its own ({done.returncode}): {done.stderr.strip()[-500:]}. "
            "Correct it, or leave it out with --filler."
        )
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def costs(clip: Clip, masks: list[Bits], specs: list[str], frames: range) -> dict[str, Cost]:
    """Return what each filler takes for frames of a damaged clip, by its spec."""
    with tempfile.TemporaryDirectory(prefix="lacuna-bench-") as name:
        save(Path(name), clip, masks)
        return {spec: cost(Path(name), spec, frames) for spec in specs}


def most_bytes() -> int:
    """Return the most memory this process has held so far."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux counts in ru_maxrss what the process held that started this one
        words = status.read_text(encoding="ascii", errors="replace").split()
        return int(words[words.index("VmHWM:") + 1]) * 1024
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


def fill(folder: Path, spec: str, frames: range) -> Cost:
    """Fill frames of a saved film here, and say what it took."""
    from restore.measure.filling.candidates import NOT_INSTALLED, entrant

    window, chosen = read(folder), entrant(spec)
    if chosen.restore is None:
        raise PartError(f"{spec} is {NOT_INSTALLED}; leave it out, or install it.")
    held, seconds, wall = most_bytes(), [], []
    for t in frames:
        began, clock = time.process_time(), time.perf_counter()
        chosen.restore(window, t)
        seconds.append(time.process_time() - began)
        wall.append(time.perf_counter() - clock)
    later, peak = median(seconds[1:] or seconds), (most_bytes() - held) / MEGABYTE
    return Cost(seconds[0], later, median(wall[1:] or wall), peak)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    sys.stdout.write(json.dumps(asdict(fill(Path(sys.argv[1]), sys.argv[2], range(*map(int, sys.argv[3:5]))))) + "\n")
