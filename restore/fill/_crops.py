"""The holes of a frame in, groups of them with the surroundings that each is filled from out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from restore.frames import Bits
from restore.motion.points import grow

GROUP_PX = 8
"""Holes with less than twice this between them are filled together."""
CONTEXT = 1.5
"""Surroundings that are looked at, in widths of the hole where it is widest."""
CONTEXT_PX = (48, 128)
"""Least and most of them."""
ALIGN_PX = 4
"""Crops begin where a sample of every plane does."""
TILE_PX = 256
"""Longer groups are filled piece by piece."""


@dataclass(frozen=True)
class Group:
    """Holes that are filled at once."""

    top: int
    left: int
    hole: Bits
    """(h, w): the box around them."""

    @property
    def width_px(self) -> float:
        """How wide the hole is where it is widest, about."""
        inner = cv2.distanceTransform(np.pad(self.hole, 1).view(np.uint8), cv2.DIST_L2, 3)
        return 2 * float(inner.max())

    @property
    def part(self) -> tuple[slice, slice]:
        """The part of the frame to look at."""
        h, w = self.hole.shape
        margin = min(max(round(CONTEXT * self.width_px), CONTEXT_PX[0]), CONTEXT_PX[1])
        top, left = (max(0, n - margin) // ALIGN_PX * ALIGN_PX for n in (self.top, self.left))
        return slice(top, self.top + h + margin), slice(left, self.left + w + margin)

    def onto(self, part: tuple[slice, slice], size: tuple[int, ...]) -> Bits:
        """Return the holes in their place in a part (h, w) of the frame."""
        y, x = self.top - part[0].start, self.left - part[1].start
        h, w = self.hole.shape
        out = np.zeros(size, bool)
        out[y : y + h, x : x + w] = self.hole
        return out


def groups(hole: Bits) -> Iterator[Group]:
    """Gather the holes of a frame (H, W) that lie close to each other."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(grow(hole, GROUP_PX).view(np.uint8))
    for label in range(1, len(stats)):
        x, y, w, h = (int(v) for v in stats[label, :4])
        box = np.s_[y : y + h, x : x + w]
        inner = hole[box] & (labels[box] == label)
        left, top, w, h = cv2.boundingRect(inner.view(np.uint8))
        yield Group(y + top, x + left, inner[top : top + h, left : left + w])


def pieces(group: Group) -> Iterator[Group]:
    """Cut a long group, in reading order. Pieces do not overlap: the next one fits itself to what was kept."""
    h, w = group.hole.shape
    for y in range(0, h, TILE_PX):
        for x in range(0, w, TILE_PX):
            hole = group.hole[y : y + TILE_PX, x : x + TILE_PX]
            if hole.any():
                yield Group(group.top + y, group.left + x, hole)
