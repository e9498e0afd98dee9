"""A frame and its holes in, what a dilated completion network makes of their surroundings out: tile by tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from restore.colour import Float
from restore.fill import Filling
from restore.fill._membrane import solve
from restore.fill._opencv import inpaint
from restore.fill._tiles import Grid
from restore.fill._trained import Trained
from restore.frames import Bits, support
from restore.window import Window

RIM_PX = 2
MEMBRANE = 100.0
"""Tension at which nothing bends."""


@dataclass(frozen=True)
class Glcic(Trained):
    """Good at edges that go on across wide holes. Draws no texture, and takes thrice as long as `thin`.

    Iizuka et al., Globally and Locally Consistent Image Completion, SIGGRAPH 2017 (`restore/nets/glcic.py`; trained by
    `lacuna train glcic`; see `restore/weights/glcic.md`). It fills all of a hole, without grain. The paper's two ways
    to hide a seam are options: this network predicts what a smooth fill gets wrong, and seldom has one.
    """

    version: ClassVar[int] = 2
    invents: ClassVar[bool] = True
    ships: ClassVar[str] = "glcic"
    grid: ClassVar[Grid] = Grid(side_px=256, step_px=160, blind_px=32, deep_px=48, beside_px=RIM_PX)

    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""
    fast_marching: bool = False
    """Draw the outermost 2 px of a filling again, from both sides of them (Telea, J. Graphics Tools 2004)."""
    poisson: bool = False
    """Shift a filling, each place as the rim near it needs, so that it meets the picture (Perez et al., 2003)."""

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole; a frame without one known pixel is left as it is.

        Raises PartError where the weights are not what they should be.
        """
        filling = super().fill(window, t, planes, hole)
        if not filling.done.any() or not (self.fast_marching or self.poisson):
            return filling
        out = []
        for k, (plane, drawn) in enumerate(zip(planes, filling.planes, strict=True)):
            under = support(hole, window.pixels, k)
            whole = np.where(under, drawn, plane)
            whole = marched(whole, under, window.pixels.peak) if self.fast_marching else whole
            out.append(whole + met(plane - drawn, under) if self.poisson else whole)
        return Filling(tuple(out), hole)


def marched(plane: Float, hole: Bits, peak: float) -> Float:
    """Return a plane (h, w), filled, of which the rim within the hole is drawn again from both sides of it."""
    inner = cv2.erode(hole.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=RIM_PX, borderValue=1).astype(bool)
    return inpaint(plane, hole & ~inner, peak, 1.0, cv2.INPAINT_TELEA)


def met(apart: Float, hole: Bits) -> Float:
    """Return what to add to a filling (h, w), from how far the picture is from it around the hole; 0 outside.

    The filling keeps its own slopes as far as it can: what is added has none but those the rim asks for (P. Perez,
    M. Gangnet and A. Blake, Poisson image editing, SIGGRAPH 2003).
    """
    out = np.zeros_like(apart)
    near = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=RIM_PX).astype(bool)
    rim = near & ~hole
    if not rim.any():
        return out
    x, y, w, h = cv2.boundingRect(near.astype(np.uint8))
    part = np.s_[y : y + h, x : x + w]
    added = np.zeros((h, w), np.float32)
    added[~rim[part]] = solve(np.where(rim[part], apart[part], np.float32(0)), ~rim[part], MEMBRANE)
    out[part] = np.where(hole[part], added, np.float32(0))
    return out
