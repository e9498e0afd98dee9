"""A frame and its holes in, pieces of the same frame that fit there out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restore.colour import Float
from restore.fill import Filling
from restore.fill._copies import Copies
from restore.fill._crops import Group, groups, pieces
from restore.frames import Bits, touched
from restore.window import Window


@dataclass(frozen=True)
class Patchmatch:
    """Good at holes in texture, wide ones too: continues brick, foliage, grain. Cannot show what is not in the frame.

    Every pixel is a copy of one elsewhere in the frame. It knows nothing of other frames: a hole that is filled in each
    of many frames flickers, for the field of one frame cannot begin with that of the frame before without the answer
    depending on where work began. Let `donors` come first; in smooth places `harmonic` is as good, and quicker.
    """

    version: ClassVar[int] = 2
    invents: ClassVar[bool] = True

    narrowest_px: int = 1
    """Holes that are nowhere as wide as this are left to others."""
    widest_px: int = 256
    """So are holes that are wider than this somewhere."""
    largest_frac: float = 0.2
    """So are holes that cover more than this share of the picture."""

    def __post_init__(self) -> None:
        """Refuse sizes that leave nothing to do, or too much."""
        if not 1 <= self.narrowest_px <= self.widest_px <= 512:
            raise ValueError(
                "narrowest_px and widest_px must be 1 to 512 and in this order, "
                f"not {self.narrowest_px} and {self.widest_px}"
            )
        if not 0 < self.largest_frac <= 1:
            raise ValueError(f"largest_frac must be above 0 and at most 1, not {self.largest_frac}")

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill the holes of a fitting size that have a patch around them without damage."""
        if not hole.any():
            return Filling(planes, np.zeros(hole.shape, bool))
        real = ~touched(window.hidden(t) | hole, window.pixels)
        work = Copies(tuple(p.copy() for p in planes), ~hole, real, window.pixels)
        for group in groups(hole):
            if self._fits(group, hole.size):
                for piece in pieces(group):
                    work.fill(piece)
        return Filling(work.planes, work.seen & hole)

    def _fits(self, group: Group, picture_px: int) -> bool:
        if np.count_nonzero(group.hole) > self.largest_frac * picture_px:
            return False
        return self.narrowest_px <= group.width_px <= self.widest_px + 1
