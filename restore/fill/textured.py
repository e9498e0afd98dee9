"""A frame and its holes in, what a small network draws there with texture of the same frame on it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restore.colour import Float
from restore.fill import Filling
from restore.fill._crops import Group, groups, pieces
from restore.fill._graft import lacking, low, sources
from restore.fill._look import look
from restore.fill._tiles import Grid
from restore.fill._trained import Trained
from restore.frames import Bits, support, touched
from restore.motion.points import grow
from restore.source import PixelFormat
from restore.window import Window

SPLIT_PX = 3.0
"""Deviation of the Gaussian below which the network decides, and above which the frame itself lends."""
SPOILT_PX = 6
"""So far around damage that is left to others no texture is taken: it has got into the finer band."""


@dataclass(frozen=True)
class Textured(Trained):
    """Good at wide holes of single pictures: structure as `thin` draws it, texture of the frame. Flickers in films.

    `thin` draws the hole; for each place of a wide one a patch of the same frame that looks like the drawing gives its
    finer band, as strongly as the drawing lacks one (see `_graft`). It costs some of `thin`'s dB and looks right.
    """

    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True
    ships: ClassVar[str] = "thin"
    grid: ClassVar[Grid] = Grid(side_px=128, step_px=96, blind_px=8)
    close: ClassVar[Grid | None] = Grid(side_px=64, step_px=40, blind_px=8)

    weights: str = ""
    """A weights file (.safetensors) of your own for `thin`; empty for the one that is shipped."""
    strength: float = 0.8
    """1 is as much texture as the frame has elsewhere, 0 is `thin`."""
    narrowest_px: int = 20
    """Holes that are nowhere as wide as this are left as `thin` draws them: it carries texture that far."""

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        if not 0 <= self.strength <= 1 or self.narrowest_px < 1:
            raise ValueError(f"needs strength 0 to 1 and narrowest_px 1 or more, not {self}")

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole; a frame without one known pixel is left as it is.

        Raises PartError where the weights are not what they should be.
        """
        drawn, pixels = super().fill(window, t, planes, hole), window.pixels
        if not drawn.done.any() or not self.strength:
            return drawn
        base = tuple(np.where(support(hole, pixels, p), new, old)
                     for p, (new, old) in enumerate(zip(drawn.planes, planes, strict=True)))
        hidden = window.hidden(t)
        real = ~(touched(hidden | hole, pixels) | grow(hidden & ~hole, SPOILT_PX))
        out = tuple(p.copy() for p in base)
        for group in groups(hole):
            if group.width_px >= self.narrowest_px:
                for piece in pieces(group):
                    self._graft(out, base, piece, real, pixels)
        return Filling(out, drawn.done)

    def _graft(
        self, out: tuple[Float, ...], base: tuple[Float, ...], piece: Group, real: Bits, pixels: PixelFormat
    ) -> None:
        """Add texture to a piece of the holes of `out`."""
        part = piece.part
        image = look(base, np.ones(real.shape, bool), part, pixels)
        mine = piece.onto(part, image.shape[:2])
        high = image[..., 0] - low(image[..., 0], SPLIT_PX)
        at = sources(image, high, mine, real[part])
        if at is None:
            return
        gain = lacking(high, at, mine) * np.float32(self.strength)
        for p, (plane, drawn) in enumerate(zip(out, base, strict=True)):
            down, right = pixels.shift(p)
            ys, xs = np.nonzero(support(mine, pixels, p))
            above, (top, left) = (ys << down, xs << right), (part[0].start >> down, part[1].start >> right)
            own = drawn[top : part[0].stop + down >> down, left : part[1].stop + right >> right]
            fine = own - low(own, SPLIT_PX, (down, right))
            plane[ys + top, xs + left] += gain[above] * fine[at[0][above] >> down, at[1][above] >> right]
