"""Frame t and its neighbours in, the pixels outside the range of what surrounds them there out: rank-ordered ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from restore.colour import Float
from restore.detect import Detection, _beside
from restore.detect._ranks import ranked
from restore.errors import PartError
from restore.window import Window


@dataclass(frozen=True)
class Rod:
    """A textbook baseline for dirt of one frame, forgiving of small motion errors; takes much that moves for dirt.

    Rank-ordered difference (Nadenau and Mitra, Blotch and scratch detection in image sequences based on rank ordered
    differences, 1997): of the six pixels above, at and below in both motion-compensated neighbours, sorted r1 to r6
    with median m, the differences are I - r6, I - r5, I - r4 where I > m, else r1 - I, r2 - I, r3 - I; it is damage
    where any of them exceeds its threshold.
    """

    version: ClassVar[int] = 1
    finds: ClassVar[Literal["dirt", "scratch"]] = "dirt"
    first_levels: float = 8.0
    """Threshold of the difference to the outermost rank, 8-bit levels."""
    second_levels: float = 18.0
    """... to the next."""
    third_levels: float = 26.0
    """... and to the inner one."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range or order."""
        for name in ("first_levels", "second_levels", "third_levels"):
            _beside.check("rod", name, getattr(self, name), 0.01, 255)
        if not self.first_levels <= self.second_levels <= self.third_levels:
            raise PartError(
                f"rod: the thresholds {self.first_levels}, {self.second_levels}, {self.third_levels} do not rise; "
                "give first_levels <= second_levels <= third_levels."
            )

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return _beside.REACH_FRAMES

    def score(self, window: Window, t: int) -> Float:
        """Return (H, W) the largest difference once each is scaled to the first one's threshold, 8-bit levels."""
        near = _beside.beside(window, t)
        out = np.zeros(window.size, np.float32)
        if near is None:
            return out
        r = ranked(near)
        bright = near.here > 0.5 * (r[2] + r[3])
        for i, threshold in enumerate((self.first_levels, self.second_levels, self.third_levels)):
            difference = np.where(bright, near.here - r[5 - i], r[i] - near.here)
            np.maximum(out, difference * np.float32(self.first_levels / threshold), out=out)
        return out

    def detect(self, window: Window, t: int) -> Detection:
        """Return the pixels of frame t that are out of rank."""
        return _beside.detection(t, self.score(window, t), self.first_levels, "dirt")
