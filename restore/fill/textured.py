"""A frame and its holes in, what a small network draws there, joined with pieces of the same frame, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restore.colour import Float
from restore.fill import Filling
from restore.fill._copies import Copies
from restore.fill._crops import groups, pieces
from restore.fill._graft import graft
from restore.fill._tiles import Grid
from restore.fill._trained import Trained
from restore.frames import Bits, support, touched
from restore.window import Window


@dataclass(frozen=True)
class Textured(Trained):
    """Good at wide holes of single pictures: edges and texture of the frame in `thin`'s tones. Flickers in films.

    `thin` draws the hole; a wide one is then also filled with pieces of the frame, as `patchmatch` does but with an eye
    on the drawing, and both are joined (see `_graft`). It costs some of `thin`'s dB and looks right. Of what is shown
    only once it makes something else: a face, a hand.
    """

    version: ClassVar[int] = 2
    invents: ClassVar[bool] = True
    ships: ClassVar[str] = "thin"
    grid: ClassVar[Grid] = Grid(side_px=128, step_px=96, blind_px=8)
    close: ClassVar[Grid | None] = Grid(side_px=64, step_px=40, blind_px=8)

    weights: str = ""
    """A weights file (.safetensors) of your own for `thin`; empty for the one that is shipped."""
    strength: float = 0.7
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
        copies = Copies(tuple(p.copy() for p in base), np.ones(hole.shape, bool),
                        ~touched(window.hidden(t) | hole, pixels), pixels, base)
        wide = [(g, g.onto(g.part, hole[g.part].shape)) for g in groups(hole) if g.width_px >= self.narrowest_px]
        for group, mine in wide:
            copies.seen[group.part] &= ~mine
        for piece in (piece for group, _ in wide for piece in pieces(group)):
            copies.fill(piece)
        for group, mine in wide:
            graft(base, copies.planes, mine, group.part, pixels, self.strength)
        return Filling(copies.planes, drawn.done)
