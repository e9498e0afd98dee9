"""Frame t and its neighbours in, the pixels that differ from both the same way out: the spike detection index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from restore.colour import Float
from restore.detect import Detection, _beside
from restore.window import Window


@dataclass(frozen=True)
class Sdip:
    """A textbook baseline for dirt of one frame, fast and simple; cannot tell it from what moves, and sees no scratch.

    SDIp: |I - P| > T and |I - N| > T with the same sign, P and N the motion-compensated neighbours (Kokaram, Morris,
    Fitzgerald and Rayner, Detection of missing data in image sequences, IEEE Trans. Image Processing 4(11), 1995).
    """

    version: ClassVar[int] = 1
    finds: ClassVar[Literal["dirt", "scratch"]] = "dirt"
    threshold_levels: float = 30.0
    """T, in 8-bit levels; 10 to 30 are in use."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        _beside.check("sdip", "threshold_levels", self.threshold_levels, 0, 255)

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return _beside.REACH_FRAMES

    def score(self, window: Window, t: int) -> Float:
        """Return the smaller of the two differences (H, W), 8-bit levels, 0 where they do not have the same sign."""
        near = _beside.beside(window, t)
        return np.zeros(window.size, np.float32) if near is None else _beside.same_sign(near)[0]

    def detect(self, window: Window, t: int) -> Detection:
        """Return the spikes of frame t."""
        return _beside.detection(t, self.score(window, t), self.threshold_levels, "dirt")
