"""Things that stay on the screen in, why some of them may be meant to be there out: writing, signs, frames.

Nobody can tell a sign from a stain by how it behaves; only what it looks like speaks. What is found here is listed and
left alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from restore.detect._standing_things import Thing
from restore.frames import Bits

Ints = npt.NDArray[np.intp]
LONG_FRAC = 0.3
"""Things that reach over more of the picture's height or width are left alone."""
EDGE = 3.0
"""So is what lies along the picture's border over this many times its depth."""
LETTERS, LETTER_PX = 3, 4
"""So many things of one size, at least so high, close together in a row may be writing."""
ALIKE_SIZE, FAR_HEIGHTS, ALIKE_FAR_HEIGHTS = 1.5, 1.0, 3.0
"""Letters lie within so many of their heights of each other; things that are as large as each other, within so many."""
CORNER_FRAC, SIGN_PX, DARK_SIGN_PX = 0.22, 40.0, 300.0
"""Bright things, and dark ones, in this share of the picture from two of its borders may be a station's sign; smaller
ones than this, in pixels of a picture 2,000 wide, are not."""
SQUARE, SQUARE_PX = 0.9, 8
"""What fills so much of its box, and is so high and wide, has straight edges."""
RULED, RULED_PX, FINE = 0.9, 8, 0.35
"""A fine line is ruled that runs along so much of its box in one row or column; it is fine where its thickness is less
than this share of its length."""


def meant(size: tuple[int, int], things: Sequence[Thing], all_: Sequence[Thing], largest_frac: float) -> list[str]:
    """Return for each thing why it may be meant to stay; empty where nothing speaks for it. `all_`: whatever stands."""
    rows = in_rows(things, all_)
    writing = "several things of its size lie in a row: it may be writing"
    return [lone(size, t, largest_frac) or (writing if row else "") for t, row in zip(things, rows, strict=True)]


def lone(size: tuple[int, int], thing: Thing, largest_frac: float) -> str:
    """Return what a thing by itself looks like, if it is nothing that happens to film."""
    h, w = size
    y0, x0, y1, x1 = thing.box
    deep, wide = y1 - y0, x1 - x0
    if thing.area_px > largest_frac * h * w or deep > LONG_FRAC * h or wide > LONG_FRAC * w:
        return "it is large: it may be a title"
    touch = (y0 <= 1) + (y1 >= h - 1), (x0 <= 1) + (x1 >= w - 1)
    if sum(touch) > 1 or (touch[0] and wide > EDGE * deep + 4) or (touch[1] and deep > EDGE * wide + 4):
        return "it lies along the border: it may be the frame's edge"
    is_square = min(deep, wide) >= SQUARE_PX and thing.area_px > SQUARE * deep * wide
    if not any(touch) and (is_square or is_ruled(thing)):
        return "it has straight edges: it may be a sign"
    corner = min(y0, h - y1) < CORNER_FRAC * h and min(x0, w - x1) < CORNER_FRAC * w
    least = (SIGN_PX if thing.sign > 0 else DARK_SIGN_PX) * (w / 2000) ** 2
    if corner and thing.area_px > least and not any(touch):
        return "it lies in a corner: it may be a station's sign"
    return ""


def is_ruled(thing: Thing) -> bool:
    """Tell whether a thing is made of a fine straight line, level or upright."""
    deep, wide = thing.shape.shape
    for along, length in ((1, wide), (0, deep)):
        line = int(thing.shape.sum(along).max())
        if length >= RULED_PX and line >= RULED * length and thing.thick_px < FINE * length:
            return True
    return False


def in_rows(things: Sequence[Thing], all_: Sequence[Thing]) -> list[bool]:
    """Tell which things are one of several close together in a row, or lie among those."""
    if not things or not all_:
        return [False] * len(things)
    boxes = np.array([t.box for t in all_], np.intp)
    group = groups(beside(boxes))
    rows = []
    for g in np.flatnonzero(np.bincount(group) >= LETTERS):
        members = boxes[group == g]
        tall = int(np.median(members[:, 2] - members[:, 0]))
        rows.append((*(members[:, :2].min(0) - tall), *(members[:, 2:].max(0) + tall)))
    return [any(lies_in(t.box, row) for row in rows) for t in things]


def lies_in(box: tuple[int, int, int, int], row: tuple[int, ...]) -> bool:
    """Tell whether the middle of a box lies in another."""
    y, x = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return row[0] <= y <= row[2] and row[1] <= x <= row[3]


def beside(boxes: Ints) -> Bits:
    """Tell which of boxes (n, 4) are about as high as each other and side by side, as letters are: (n, n)."""
    tall, wide = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    high, low = np.maximum.outer(tall, tall), np.minimum.outer(tall, tall)
    broad, slim = np.maximum.outer(wide, wide), np.minimum.outer(wide, wide)
    y0, x0, y1, x1 = (boxes[:, i] for i in range(4))
    down = np.maximum(np.subtract.outer(y0, y1), np.subtract.outer(y0, y1).T)
    across = np.maximum(np.subtract.outer(x0, x1), np.subtract.outer(x0, x1).T)
    alike = (high <= ALIKE_SIZE * low) & (broad <= ALIKE_SIZE * slim)
    far = np.where(alike, ALIKE_FAR_HEIGHTS, FAR_HEIGHTS) * high
    return np.asarray((low >= LETTER_PX) & (high <= 2 * low) & (down <= -0.4 * low) & (across <= far))


def groups(joined: Bits) -> Ints:
    """Return the number of the group that each of n is in, by which of them (n, n) go together."""
    group = np.arange(len(joined))
    while True:
        least = np.where(joined, group[None], len(joined)).min(1)
        fresh = np.minimum(group, least)
        if np.array_equal(fresh, group):
            return group
        group = fresh
