"""A patch and the clean part of its frame in, the patch with the frame's own grain where it lacks any out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import cv2
import numpy as np

from restore.blend._noise import Stock, measure, noise
from restore.colour import Float, to_codes
from restore.compose import compose
from restore.frames import DONOR, Bits, Patch, support
from restore.motion.points import TINY, Cells, Points
from restore.source import Plane
from restore.window import Window

CELL_PX = 8


@dataclass(frozen=True)
class Grain:
    """Good at fills that are smoother than the film around them. Adds noise: never use it on medical pictures.

    Strength by luminance and correlation of neighbouring pixels are measured on the frame's clean, quiet blocks
    (after the film grain model of AV1, Norkin and Birkbeck, DCC 2018, with a 3 x 3 filter instead of a recursive one).
    Only invented pixels get it, and only the variance they lack: copied pixels bring their own.
    """

    version: ClassVar[int] = 1

    strength: float = 1.0
    """1 is what the film has."""
    seed: int = 0
    """Another seed, another draw of the same grain."""

    def __post_init__(self) -> None:
        """Refuse negative strengths."""
        if not 0 <= self.strength <= 4 or self.seed < 0:
            raise ValueError(f"needs strength 0 to 4 and seed 0 or more, not {self}")

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def blend(self, window: Window, t: int, patch: Callable[[int], Patch]) -> Patch:
        """Return frame t's patch with the grain it lacks."""
        own = patch(t)
        invented = own.mask & (own.origin > DONOR)
        if not invented.any() or not self.strength:
            return own
        picture = compose(window.picture(t), own, window.pixels)
        planes = tuple(
            self._plane(window, t, p, fill, picture.planes[p], support(invented, window.pixels, p))
            for p, fill in enumerate(own.planes)
        )
        return replace(own, planes=planes)

    def _plane(self, window: Window, t: int, p: int, fill: Plane, picture: Plane, invented: Bits) -> Plane:
        level = picture.astype(np.float32) * np.float32(255 / window.pixels.peak)
        high = level - cv2.GaussianBlur(level, (7, 7), 1.0)
        stock = measure(level, high, support(window.hidden(t), window.pixels, p))
        if stock is None:
            return fill
        points = Points.of(invented)
        lacking = self._lacking(stock, points, level, high)
        some = lacking > 0
        points = Points(points.size, points.ys[some], points.xs[some])
        added = noise((self.seed, t, p), points, stock.softness) * lacking[some]
        out = fill.copy()
        now = level.ravel()[points.flat] + added
        out.ravel()[points.flat] = to_codes(now * np.float32(window.pixels.peak / 255), window.pixels)
        return out

    def _lacking(self, stock: Stock, points: Points, level: Float, high: Float) -> Float:
        """Return the standard deviation (n,) that is to be added at points of the fill, 8-bit levels."""
        cells = Cells(points.size, CELL_PX, CELL_PX)
        values = high.ravel()[points.flat]
        n, squares = cells.sums(cells.of(points), values * values)
        has = cells.at((squares / np.maximum(n, TINY)).astype(np.float32), points)
        wanted = np.square(stock.at(level.ravel()[points.flat]) * np.float32(self.strength))
        return np.sqrt(np.maximum(wanted - has, 0)).astype(np.float32)
