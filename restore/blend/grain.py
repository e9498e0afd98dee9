"""A patch and the clean part of its frame in, the patch with the frame's own grain where it lacks any out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restore.blend._ages import ages, still
from restore.blend._noise import BINOMIAL, Stock, common, measure, noise
from restore.blend._touch import Restored, invented, rewrite
from restore.colour import Float
from restore.frames import Patch, support
from restore.motion.points import TINY, Cells, Points
from restore.window import Window

CELL_PX = 8
EVERY_FRAME = 2**40
"""Stands for the number of a frame where all of them have the same grain."""


@dataclass(frozen=True)
class Grain:
    """Good at fills that are smoother than the film around them. Adds noise: never use it on medical pictures.

    Strength by luminance and correlation of neighbouring pixels are measured on the frame's clean, quiet blocks
    (after the film grain model of AV1, Norkin and Birkbeck, DCC 2018, with a 3 x 3 filter instead of a recursive one).
    Only invented pixels get it, and only the variance they lack: copied pixels bring their own. Where what looks like
    grain stays on the screen from frame to frame (compressed video, a sensor's pattern), what is drawn stays as well.
    """

    version: ClassVar[int] = 3

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
        """Of the frames before and after it looks at how much of the grain is the same."""
        return 1

    def blend(self, window: Window, t: int, patch: Callable[[int], Patch]) -> Patch:
        """Return frame t's patch with the grain it lacks."""
        own = patch(t)
        made_up = invented(own)
        if not made_up.any() or not self.strength:
            return own
        picture, hidden = window.picture(t), window.hidden(t)
        points, values = [], []
        for p in range(len(own.planes)):
            where = Points.of(support(made_up, window.pixels, p))
            shown = Restored.of(window, picture, own, p)
            unit = np.float32(255 / window.pixels.peak)
            now = shown.at(where.ys, where.xs)
            stock = measure(picture.planes[p], support(hidden, window.pixels, p), unit)
            if stock is not None:
                lacking = self._lacking(stock, where, now * unit, high_band(shown, where) * unit)
                now = now + self._drawn(window, t, p, where, stock) * lacking / unit
            points.append(where)
            values.append(now)
        return rewrite(own, points, values, window.pixels)

    def _drawn(self, window: Window, t: int, p: int, where: Points, stock: Stock) -> Float:
        """Return grain (n,) of strength one in a plane: red, green and blue share some of theirs, or it is confetti."""
        parts = ages(window, t, p, stock)
        stays = np.sqrt(np.float32(parts.stays)) * still(window, t, p, where) if parts.stays else None
        own = self._over_time(t, p, where, stock, parts.new, stays)
        if window.pixels.family != "rgb" or not p:
            return own
        first, other = (window.picture(t).planes[k] for k in (0, p))
        share = np.float32(common(first, other, window.hidden(t)))
        return share * self._over_time(t, 0, where, stock, parts.new, stays) + np.sqrt(1 - share * share) * own

    def _over_time(self, t: int, p: int, where: Points, stock: Stock, new: float, stays: Float | None) -> Float:
        """Return grain (n,) of which a part of the variance is new, and another, of strength (n,), always the same."""
        fresh = np.sqrt(np.float32(new)) * noise((self.seed, t, p), where, stock.softness)
        return fresh if stays is None else fresh + stays * noise((self.seed, EVERY_FRAME, p), where, stock.softness)

    def _lacking(self, stock: Stock, points: Points, level: Float, high: Float) -> Float:
        """Return the standard deviation (n,) that is to be added at points of the fill, 8-bit levels."""
        cells = Cells(points.size, CELL_PX, CELL_PX)
        n, squares = cells.sums(cells.of(points), high * high)
        has = cells.at(squares / np.maximum(n, TINY), points)
        wanted = np.square(stock.at(level) * np.float32(self.strength))
        return np.sqrt(np.maximum(wanted - has, 0)).astype(np.float32)


def high_band(shown: Restored, points: Points) -> Float:
    """Return how each point (n,) differs from the binomial mean of its 5 x 5 surroundings (variance 1 px)."""
    mean = np.zeros(len(points), np.float32)
    for dy, wy in enumerate(BINOMIAL, -2):
        for dx, wx in enumerate(BINOMIAL, -2):
            mean += np.float32(wy * wx) * shown.at(points.ys + dy, points.xs + dx)
    return shown.at(points.ys, points.xs) - mean
