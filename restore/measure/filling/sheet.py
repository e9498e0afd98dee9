"""Crops of one picture as many fillers fill it in, one sheet to look at out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes.sheet import GAP_PX, PAPER, Picture, captioned, levels, line

SIDE_PX = 160
ENLARGED = {"thin": 2, "blotch": 2}
"""Small damage is looked at larger, from a smaller crop."""
HEAD_PX = 18


@dataclass(frozen=True, eq=False)
class Strip:
    """One scene: the same crop damaged, as each filler fills it, and as it was."""

    caption: str
    kind: str
    names: tuple[str, ...]
    crops: tuple[Picture, ...] = field(repr=False)


def side_px(kind: str) -> int:
    """Return how much of the picture a strip of a kind of damage shows."""
    return SIDE_PX // ENLARGED.get(kind, 1)


def crop(rgb: Float, corner: tuple[int, int], kind: str) -> Picture:
    """Return a square of a picture (H, W, 3) in [0, 1], enlarged without smoothing."""
    y, x = corner
    side, times = side_px(kind), ENLARGED.get(kind, 1)
    piece = levels(rgb[y : y + side, x : x + side]).repeat(times, 0).repeat(times, 1)
    out = np.full((SIDE_PX, SIDE_PX, 3), PAPER, np.uint8)
    out[: piece.shape[0], : piece.shape[1]] = piece
    return out


def sheet(strips: Sequence[Strip]) -> Picture:
    """Return the strips below each other, with the names of the fillers above. There is at least one strip.

    A filler that filled nothing of what is shown has no column.
    """
    shown = [n for n in range(len(strips[0].names))
             if n == 0 or any(not np.array_equal(s.crops[n], s.crops[0]) for s in strips)]
    rows = [line([captioned(s.crops[0], s.caption), *(s.crops[n] for n in shown[1:])]) for s in strips]
    return np.concatenate([heading([strips[0].names[n] for n in shown], rows[0].shape[1]), *rows], 0)


def heading(names: Sequence[str], width: int) -> Picture:
    """Return a line with a name above each column."""
    out = np.full((HEAD_PX, width, 3), PAPER, np.uint8)
    for n, name in enumerate(names):
        at = (n * (SIDE_PX + GAP_PX) + 3, HEAD_PX - 5)
        cv2.putText(out, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (220, 220, 220), 1, cv2.LINE_AA)
    return out
