"""A frame and its holes in, a smooth continuation of what surrounds each hole out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from restore.colour import Float
from restore.fill import Filling
from restore.fill._membrane import solve
from restore.frames import Bits, support
from restore.window import Window


@dataclass(frozen=True)
class Harmonic:
    """Good at small holes in smooth places, at any depth; fills everything. Cannot continue texture or wide edges.

    A thin plate under tension (Inoue, "A least-squares smooth fitting for irregularly spaced data", Geophysics 1986):
    it bends on through a hole a few pixels wide, and is a membrane, which never overshoots, across wider ones.
    """

    version: ClassVar[int] = 3
    invents: ClassVar[bool] = True

    tension: float = 0.1
    """0 bends freely (biharmonic), large is a plain membrane (harmonic); holes narrower than 1/sqrt(tension) bend."""

    def __post_init__(self) -> None:
        """Refuse negative tension."""
        if self.tension < 0:
            raise ValueError(f"tension must be 0 or more, not {self.tension}")

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole; a frame without one known pixel is left as it is."""
        if hole.all() or not hole.any():
            return Filling(planes, np.zeros(hole.shape, bool))
        out = [self._plane(plane, support(hole, window.pixels, p)) for p, plane in enumerate(planes)]
        return Filling(tuple(out), hole)

    def _plane(self, plane: Float, hole: Bits) -> Float:
        if hole.all():  # every chroma sample covers a hole pixel: its own value is the best there is
            return plane
        x, y, w, h = cv2.boundingRect(hole.view(np.uint8))
        part = np.s_[max(0, y - 3) : y + h + 3, max(0, x - 3) : x + w + 3]
        out = np.zeros(plane.shape, np.float32)  # untouched pages cost nothing, a copy of the plane would
        inner = hole[part]
        ys, xs = np.divmod(np.flatnonzero(inner), inner.shape[1])
        out[part][ys, xs] = solve(plane[part], inner, self.tension)
        return out
