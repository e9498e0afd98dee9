"""A small film with known damage, and its restoration: what the tests of whole runs are made from."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from restore.decode import open_decoder
from restore.probe import probe
from restore.restoration import Wish, carry_out, prepare
from restore.steps import Result
from restore.store import Store

from .media_made import Planes, layout

ROOT = Path(__file__).parents[1]
SIZE = (72, 96)
FRAMES = 20


def scene(pixel_format: str, frames: int = FRAMES, damaged: bool = True) -> list[Planes]:
    """A panning texture; every third frame has a blotch where it is damaged."""
    rng = np.random.default_rng(5)
    canvas = cv2.GaussianBlur(rng.random((SIZE[0] + 8, SIZE[1] + 2 * frames + 8)).astype(np.float32), (0, 0), 1.6)
    canvas = np.clip((canvas - canvas.mean()) * 4 + 0.5, 0.05, 0.95)
    out = []
    for t in range(frames):
        full = canvas[4 : 4 + SIZE[0], 2 * t : 2 * t + SIZE[1]].copy()
        if damaged and t % 3 == 1:
            full[20 + t : 27 + t, 30:38] = 0.02
        planes = []
        for h, w, dtype, peak in layout(pixel_format, SIZE):
            planes.append((cv2.resize(full, (w, h), interpolation=cv2.INTER_AREA) * peak).astype(dtype))
        out.append(tuple(planes))
    return out


def true_masks(folder: Path, frames: int = FRAMES) -> Path:
    folder.mkdir()
    for t in range(frames):
        mask = np.zeros(SIZE, np.uint8)
        if t % 3 == 1:
            mask[19 + t : 28 + t, 29:39] = 255
        cv2.imwrite(str(folder / f"{t:06d}.png"), mask)
    return folder


def restore_it(wish: Wish, span_frames: int | None = None) -> Counter[str]:
    """Run a wish to its end; return how many steps of each stage were done, not counting those reused."""
    prepared = prepare(wish)
    if span_frames and not prepared.project.exists():
        Store.create(prepared.project, prepared.source, span_frames)
        prepared = prepare(wish)
    done: Counter[str] = Counter()

    def count(result: Result) -> None:
        if not result.reused:
            done[result.stage] += 1

    assert carry_out(prepared, count).ok
    return done


def planes_of(path: Path) -> list[Planes]:
    decoder = open_decoder(probe(path))
    try:
        return [decoder.read(t)[-1].planes for t in range(decoder.source.frames)]
    finally:
        decoder.close()


def command(reel: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "cli", "run", str(reel), "-o", str(out), "--json", *more]
