"""Frame t and its neighbours in, the pixels that differ from both while those agree with each other out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from restore.colour import Float
from restore.detect import Detection, _beside
from restore.window import Window


@dataclass(frozen=True)
class SdipAgreed:
    """A baseline for dirt of one frame, the best of the pixel tests; cannot see whole things, nor what stays.

    SDIp (Kokaram, Morris, Fitzgerald and Rayner, IEEE Trans. Image Processing 4(11), 1995) where the two neighbours
    agree as well: |P - N| <= share x the smaller difference + slack. Where they do not, motion was not understood.
    """

    version: ClassVar[int] = 1
    finds: ClassVar[Literal["dirt", "scratch"]] = "dirt"
    threshold_levels: float = 30.0
    """T, in 8-bit levels."""
    share: float = 0.5
    """How much of the contrast the neighbours may differ by ..."""
    slack_levels: float = 2.0
    """... and how many 8-bit levels more."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, high in (("threshold_levels", 255), ("share", 10), ("slack_levels", 255)):
            _beside.check("sdip_agreed", name, getattr(self, name), 0, high)

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return _beside.REACH_FRAMES

    def score(self, window: Window, t: int) -> Float:
        """Return the smaller of the two differences (H, W), 8-bit levels, 0 where sign or neighbours disagree."""
        near = _beside.beside(window, t)
        if near is None:
            return np.zeros(window.size, np.float32)
        least, gap = _beside.same_sign(near)
        return np.where(gap <= np.float32(self.share) * least + np.float32(self.slack_levels), least, np.float32(0))

    def detect(self, window: Window, t: int) -> Detection:
        """Return the spikes of frame t that both neighbours vouch for."""
        return _beside.detection(t, self.score(window, t), self.threshold_levels, "dirt")
