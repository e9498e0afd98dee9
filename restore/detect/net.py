"""Frame t and its neighbours in, the dirt on frame t out: as `dirt`, with a network's word at the second look."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restore.detect import Detection, _dirt_judge, _second
from restore.detect._look import Asked, look_at
from restore.nets import shelf
from restore.window import Window


@dataclass(frozen=True)
class Net(Asked):
    """Good at all that `dirt` finds and at some of what it must leave open; as blind to what stays, and to shots' ends.

    In place of `dirt`, than which it was measured to find no more since that looks twice (`restore/weights/second.md`).
    The specks `dirt` takes at first look are taken. Where something is left that may be dirt, or is large, a small
    U-Net (`restore/nets/detector.py`; trained by `lacuna train detector`) looks at the frame beside its neighbours
    and theirs, and a second judge (`lacuna train second`) weighs what it says with what was measured.
    """

    version: ClassVar[int] = 4
    ships: ClassVar[str] = "detector"
    """Name of the weights that come with the program."""
    sensitivity: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "cautious": {"certainty": 0.95},
        "thorough": {"certainty": 0.65, "contrast_levels": 8.0, "grain_factor": 3.0},
    }
    leads: ClassVar[Mapping[str, float]] = {"certainty": 0.01}
    second_judge: str = ""
    """The same as `judge` of the second judge, fitted by `lacuna train second`."""
    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""

    def fingerprint(self) -> str:
        """Return the digest of the weights and of both judges."""
        paths = (shelf.chosen(self.weights, self.ships), _second.path_of(self.second_judge),
                 _dirt_judge.path_of(self.judge))
        return hashlib.sha256("".join(map(shelf.sha256, paths)).encode()).hexdigest()

    def detect(self, window: Window, t: int) -> Detection:
        """Return the dirt of frame t."""
        look = look_at(self.first, window, t)
        if look is None:
            return Detection(np.zeros(window.size, bool))
        if look.at_end:
            return look.detection()
        judge, weights = _second.path_of(self.second_judge), shelf.chosen(self.weights, self.ships)
        return look.detection(_second.second(look, judge, weights))
