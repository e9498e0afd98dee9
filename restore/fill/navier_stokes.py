"""A frame and its holes in, edges carried inwards along their own direction out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2

from restore.colour import Float
from restore.fill import Filling
from restore.fill._opencv import inpaint_frame
from restore.frames import Bits
from restore.window import Window


@dataclass(frozen=True)
class NavierStokes:
    """Good for comparison with the literature: carries edges inwards along isophotes. Blurs holes wider than a few px.

    Bertalmio, Bertozzi, Sapiro, "Navier-Stokes, fluid dynamics, and image and video inpainting", CVPR 2001 (OpenCV).
    """

    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True

    radius_px: float = 3.0
    """How far from a pixel its values are taken."""

    def __post_init__(self) -> None:
        """Refuse radii that reach nothing."""
        if not self.radius_px >= 1:
            raise ValueError(f"radius_px must be 1 or more, not {self.radius_px}")

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole; a frame without one known pixel is left as it is."""
        return inpaint_frame(planes, hole, window.pixels, self.radius_px, cv2.INPAINT_NS)
