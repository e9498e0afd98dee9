"""A piece of clean footage in, its lines and which of them are scratches out: what the judge of `scratch` learns from.

Scratches are drawn in two ways: as they are on film, where their pieces change from frame to frame, and frozen, one
shape for all their life that moves sideways as a whole. Every piece is also looked at as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from restore.detect import _line_judge, _lines
from restore.detect._lines import Line
from restore.detect.scratch import Scratch
from restore.frames import Bits
from restore.measure.bench import Clip, damage_clip
from restore.scenes.damage import Damage
from restore.scenes.scratches import Scratch as Drawn
from restore.scenes.scratches import render
from restore.scenes.shapes import Stamp
from restore.scenes.wear import SCRATCH_LABEL
from restore.train.judge import Finds, Schooling, Trade
from restore.window import Window

FRAMES, LOOKED_AT = 36, (12, 15, 18, 21)
"""Frames of a piece, and those of them that are looked at: the others are their witnesses."""
TOLERANCE_PX = 1
Pixels8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Frozen(Damage):
    """Scratches that keep one shape and only go sideways."""

    def stamps(self, t: int) -> list[Stamp]:
        """Return the scratches on frame t."""
        alive = (line for line in self.history.scratches if line.start <= t < line.stop)
        return [s for s in (moved(line, t, self.size) for line in alive) if s is not None]


def moved(line: Drawn, t: int, size: tuple[int, int]) -> Stamp | None:
    """Return a scratch as it was in its first frame, at the column (to parts of a pixel) where it is in frame t."""
    first = render(replace(line, intermittent=False), line.start, size)
    if first is None:
        return None
    middle = size[0] // 2
    gone = float(line.column(t, size[0])[middle] - line.column(line.start, size[0])[middle])
    whole = int(np.floor(gone))
    h, w = first.alpha.shape
    shift = np.array([[1, 0, gone - whole + 1], [0, 1, 0]], np.float32)
    return replace(first, x0=first.x0 + whole - 1, alpha=cv2.warpAffine(first.alpha, shift, (w + 2, h)))


def looked(window: Window, truth: Mapping[int, Bits]) -> Iterable[Finds]:
    """Yield the lines of some frames of a window; `truth` is the scratches (H, W) on each."""
    for t, scratched in truth.items():
        known = Scratch().measured(window, t)
        if known:
            wide = cv2.dilate(scratched.astype(np.uint8), np.ones((1, 2 * TOLERANCE_PX + 1), np.uint8))
            share = np.array([covered(k.line, wide) for k in known])
            rows = np.array([k.line.columns.size * window.size[0] / _lines.STRIPS for k in known])
            yield Finds(np.array([k.measured for k in known]), share, rows, np.ones(len(known)))


def covered(line: Line, mask: Pixels8) -> float:
    """Return the share of a line's strips whose middle lies on a mask (H, W)."""
    h, w = mask.shape
    rows = -(-h // _lines.STRIPS)
    ys = np.minimum(np.arange(line.first, line.stop) * rows + rows // 2, h - 1)
    return float(mask[ys, np.clip(np.rint(line.columns).astype(np.intp), 0, w - 1)].mean())


def seen_of(clip: Clip, seed: int, n: int) -> Finds:
    """Return the lines of a piece of a clip: scratched, with frozen scratches, and as it is."""
    some: list[Finds] = []
    for wearing, apart in ((Damage, 0), (Frozen, 10**5)):
        wear = wearing(seed + apart, clip.size, kinds=("scratch",), film_frames=len(clip.pictures), severity=1.0)
        damaged = damage_clip(clip, wear)
        window = Window.of([d.planes for d in damaged], clip.pixels)
        frames = [t for t in LOOKED_AT if t < len(damaged)]
        some += looked(window, {t: damaged[t].labels == SCRATCH_LABEL for t in frames})
    clean = np.zeros(clip.size, bool)
    some += looked(Window.of(clip.pictures, clip.pixels), {t: clean for t in LOOKED_AT if t < len(clip.pictures)})
    return Finds.of(some) if some else Finds(np.zeros((0, len(_line_judge.NAMES))), *(np.zeros(0),) * 3)


SCHOOLING = Schooling(care=8.0, nets=8, epochs=30)
"""There are few lines and many measurements: more networks, whose mean errs less, and a scene's line counts more."""
LINES = Trade("lines", _line_judge.NAMES, FRAMES, seen_of, "detect.scratch.judge", SCHOOLING)
