"""Frame t and its neighbours in, the pixels above or below all that surrounds them there out: one threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from restore.colour import Float
from restore.detect import Detection, _beside
from restore.detect._ranks import references
from restore.window import Window


@dataclass(frozen=True)
class Srod:
    """A baseline for dirt of one frame, ROD with one threshold; misses what hardly stands out, keeps much that moves.

    Simplified rank-ordered difference (Biemond, van Roosmalen and Lagendijk, Improved blotch detection by
    postprocessing, ICASSP 1999): max(min(r) - I, I - max(r)) > T, r the six pixels above, at and below in both
    motion-compensated neighbours.
    """

    version: ClassVar[int] = 1
    finds: ClassVar[Literal["dirt", "scratch"]] = "dirt"
    threshold_levels: float = 22.0
    """T, in 8-bit levels."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        _beside.check("srod", "threshold_levels", self.threshold_levels, 0, 255)

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return _beside.REACH_FRAMES

    def score(self, window: Window, t: int) -> Float:
        """Return how far (H, W) each pixel lies outside the range of its references, 8-bit levels."""
        near = _beside.beside(window, t)
        if near is None:
            return np.zeros(window.size, np.float32)
        r = references(near)
        low, high = np.minimum.reduce(r), np.maximum.reduce(r)
        return np.maximum(np.maximum(low - near.here, near.here - high), np.float32(0))

    def detect(self, window: Window, t: int) -> Detection:
        """Return the pixels of frame t that are out of range."""
        return _beside.detection(t, self.score(window, t), self.threshold_levels, "dirt")
