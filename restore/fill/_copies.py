"""A frame with holes in, the same frame with real pixels of its own copied into them out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.fill._crops import Group
from restore.fill._exemplar import origins, trace
from restore.fill._look import look
from restore.frames import Bits, support
from restore.source import PixelFormat

DRAWN_PX = 2.0
"""Deviation of the Gaussian under which copies are compared with what is drawn."""


@dataclass(frozen=True)
class Copies:
    """A frame that is being filled: `planes` and `seen` change, and later pieces fit themselves to earlier ones."""

    planes: tuple[Float, ...]
    seen: Bits
    """(H, W): whose values mean something by now."""
    real: Bits
    """(H, W): what may be copied."""
    pixels: PixelFormat
    drawn: tuple[Float, ...] | None = None
    """The frame's planes as somebody drew them, holes and all, for copies to look like."""

    def fill(self, piece: Group) -> None:
        """Fill a piece, if there is a patch to copy."""
        part = piece.part
        seen = self.seen[part]
        mine = piece.onto(part, seen.shape)
        here = look(self.planes, self.seen, part, self.pixels)
        found = trace(here, mine, seen, self.real[part], self._guide(part))
        if found is None:
            return
        ys, xs = origins(*found)
        for p, plane in enumerate(self.planes):
            down, right = self.pixels.shift(p)
            to_y, to_x = np.nonzero(support(mine, self.pixels, p))
            above = to_y << down, to_x << right
            from_y, from_x = (ys[above] + part[0].start) >> down, (xs[above] + part[1].start) >> right
            plane[to_y + (part[0].start >> down), to_x + (part[1].start >> right)] = plane[from_y, from_x]
        seen |= mine

    def _guide(self, part: tuple[slice, slice]) -> Float | None:
        """Return what is drawn of a part (h, w, c), a little blurred, as drawings are."""
        if self.drawn is None:
            return None
        everything = np.broadcast_to(np.True_, self.seen.shape)
        return cv2.GaussianBlur(look(self.drawn, everything, part, self.pixels), (0, 0), DRAWN_PX).reshape(
            *self.seen[part].shape, -1)
