"""A window and a frame in, how the scene moves to each frame around it out, as coarse fields that are cheap to keep.

A dense flow field is megabytes and is wanted for one step only; its averages over blocks are kilobytes, and those are
kept for all the steps of a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.frames import Bits
from restore.motion import Flow
from restore.window import Window

BLOCK_PX = 8
"""Side of a block in pixels of the flow."""
SAME_LEVELS = (10, 0.35)
"""Frames whose small pictures differ by no more than this anywhere, and on average, are one frame shown twice."""
VALID_FRAC = 0.4
"""A block's motion is believed where so much of it comes home again."""


@dataclass(frozen=True)
class Step:
    """The motion between a frame and the next."""

    fields: Float
    """(2, bh, bw, 3) float16: forwards, and back: (dx, dy) in luma pixels and the share that is valid."""
    is_same: bool
    """Whether both show the same."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.fields.nbytes


def step(window: Window, t: int) -> Step:
    """Return the motion between frames t and t + 1, made once."""
    return window.fact("scratch-motion", (t, window.preset), lambda: _step(window, t))


def _step(window: Window, t: int) -> Step:
    a, b = (cv2.blur(window.proxy(u), (3, 3)) for u in (t, t + 1))
    gap = cv2.absdiff(a, b)
    same = bool(gap.max() <= SAME_LEVELS[0] and gap.mean() <= SAME_LEVELS[1])
    both = [coarse(window.flow(t, t + 1)), coarse(window.flow(t + 1, t))]
    return Step(np.stack(both).astype(np.float16), same)


def coarse(flow: Flow) -> Float:
    """Return the averages (bh, bw, 3) of a flow over blocks, in luma pixels, and the share of each that is valid."""
    h, w = flow.valid.shape
    size = (-(-w // BLOCK_PX), -(-h // BLOCK_PX))
    moved = cv2.resize(flow.vectors, size, interpolation=cv2.INTER_AREA) * np.float32(flow.scale)
    valid = cv2.resize(flow.valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.dstack([np.clip(moved, -6e4, 6e4), valid])


@dataclass(frozen=True)
class Paths:
    """How the scene of frame t goes to the frames around it."""

    size: tuple[int, int]
    """(H, W) of the picture."""
    frames: tuple[int, ...]
    """Frames that show something else than the one between them and t, in ascending order."""
    fields: Float
    """(u, bh, bw, 3): the motion added up step by step at places that stay, and the least share that was valid."""

    def at(self, places: Float) -> tuple[Float, Bits]:
        """Return the motion (u, ..., 2) at places (..., 2) as (x, y), and where (u, ...) it is to be believed."""
        _, bh, bw, _ = self.fields.shape
        x, y = (
            np.clip((places[..., k] + 0.5) * (n / side) - 0.5, 0, n - 1)
            for k, n, side in ((0, bw, self.size[1]), (1, bh, self.size[0]))
        )
        x0, y0 = np.minimum(x.astype(np.intp), max(bw - 2, 0)), np.minimum(y.astype(np.intp), max(bh - 2, 0))
        x1, y1 = np.minimum(x0 + 1, bw - 1), np.minimum(y0 + 1, bh - 1)
        fx, fy = (x - x0)[..., None].astype(np.float32), (y - y0)[..., None].astype(np.float32)
        top = self.fields[:, y0, x0] * (1 - fx) + self.fields[:, y0, x1] * fx
        bottom = self.fields[:, y1, x0] * (1 - fx) + self.fields[:, y1, x1] * fx
        out = top * (1 - fy) + bottom * fy
        return out[..., :2], np.asarray(out[..., 2] >= VALID_FRAC, bool)


def paths(window: Window, t: int, reach: int) -> Paths:
    """Return how the scene of frame t goes to the frames within `reach` of it in its shot.

    Motion is added up at places that stay beside a line: places that went along would cross it and be dragged by it.
    Frames shown twice count once, but where nothing ever changes all frames do.
    """
    shot = window.shot(t, reach)
    each: dict[int, tuple[Float, bool]] = {}
    for way, end in ((0, shot.stop - 1), (1, shot.start)):
        total: Float | None = None
        for u in range(t, end, 1 if way == 0 else -1):
            made = step(window, u if way == 0 else u - 1)
            field = made.fields[way].astype(np.float32)
            if total is not None:
                field[..., 2] = np.minimum(field[..., 2], total[..., 2])
                field[..., :2] += total[..., :2]
            total = field
            each[u + 1 if way == 0 else u - 1] = (field, made.is_same)
    frames = sorted(u for u, (_, same) in each.items() if not same) or sorted(each)
    fields = [each[u][0] for u in frames]
    return Paths(window.size, tuple(frames), np.stack(fields) if fields else np.zeros((0, 1, 1, 3), np.float32))
