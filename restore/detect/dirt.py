"""Frame t and its neighbours in, the dirt on frame t out: what neither neighbour shows, and nothing that moves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from restore.detect import Detection, _dirt_judge, _second
from restore.detect._look import Asked, look_at
from restore.nets import shelf
from restore.window import Window


@dataclass(frozen=True)
class Dirt(Asked):
    """Good at dust, dirt, hairs and blotches that last one frame; cannot see what stays, nor the ends of a shot.

    A pixel is dirt where it is brighter (or darker) than both motion-compensated neighbours and those agree (SDIp:
    Kokaram, Morris, Fitzgerald and Rayner, IEEE Trans. Image Processing 4(11), 1995), decided for whole things and not
    for pixels (Licsar, Sziranyi and Czuni). Frames shown twice are skipped, flicker is evened out, and a thing that is
    found again before and after, further along a straight path, is a moving object. What is left that may be dirt, and
    all that is large, a second judge weighs with more reasons for and against it.
    """

    version: ClassVar[int] = 7
    sensitivity: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "cautious": {"certainty": 0.95},
        "thorough": {"certainty": 0.65, "contrast_levels": 8.0, "grain_factor": 3.0},
    }
    leads: ClassVar[Mapping[str, float]] = {"certainty": 0.01}
    twice: bool = True
    """Whether what the first look leaves open, and what is large, is looked at a second time."""
    second_judge: str = ""
    """The same as `judge` of the second judge, fitted by `lacuna train again`."""

    def fingerprint(self) -> str:
        """Return the digest of both judges."""
        paths = (_dirt_judge.path_of(self.judge), self.second_path)
        return hashlib.sha256("".join(map(shelf.sha256, paths)).encode()).hexdigest()

    @property
    def second_path(self) -> Path:
        """Return the second judge's file."""
        return _second.path_of(self.second_judge, _second.SHIPS_ALONE)

    def detect(self, window: Window, t: int) -> Detection:
        """Return the dirt of frame t."""
        look = look_at(self.first, window, t)
        if look is None:
            return Detection(np.zeros(window.size, bool))
        if look.at_end or not self.twice:
            return look.detection()
        return look.detection(_second.second(look, self.second_path))
