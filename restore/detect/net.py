"""Frame t and its neighbours in, what a trained network takes for damage out; it looks where something stands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restore.detect import Detection, _netted, _sight
from restore.errors import PartError
from restore.nets import shelf
from restore.window import Window

SMALLEST_PX = 32
LEAST_LEVELS, LEAST_GRAINS = 5.0, 1.6
"""What is beyond both neighbours by less than this, or so many times the grain, is not looked at further."""
NAMES = {0: "dirt", 2: "stain"}
"""What its outputs are called here. Lines (1) are the business of `scratch`, which follows them over the shot."""


@dataclass(frozen=True)
class Net:
    """Good at seeing faint dirt, hairs and blotches; takes much along that is none, so it lists better than it fills.

    No recipe uses it: measured side by side it touches too much good picture (see `restore/weights/detector.md`).
    A small U-Net over the frame and its motion-compensated neighbours (`restore/nets/detector.py`; trained by
    `lacuna train detector`). Tiles in which nothing stands out of both neighbours are passed over. At the ends of a
    shot, where one neighbour is missing, it only lists.
    """

    version: ClassVar[int] = 1
    ships: ClassVar[str] = "detector"
    """Name of the weights that come with the program."""
    sensitivity: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "cautious": {"certainty": 0.8, "edge": 0.5}, "thorough": {"certainty": 0.4, "edge": 0.3}
    }
    certainty: float = 0.6
    """A thing is damage where its most probable pixel is at least so probable ..."""
    edge: float = 0.4
    """... and reaches as far as it is at least so probable."""
    smallest_px: int = 4
    """Things of fewer luma pixels are left alone."""
    largest_frac: float = 0.02
    """Things larger than this share of the picture are left alone."""
    reach: int = 3
    """How many frames away the next different frame may be."""
    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("certainty", 0.01, 1), ("edge", 0.01, 1), ("smallest_px", 1, 10**6),
                                ("largest_frac", 0, 1), ("reach", 1, 20)):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"net: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return self.reach

    def fingerprint(self) -> str:
        """Return the digest of the weights."""
        return shelf.sha256(_netted.weights_at(self.weights, self.ships))

    def detect(self, window: Window, t: int) -> Detection:
        """Return the damage of frame t."""
        nothing = Detection(np.zeros(window.size, bool))
        sides = _sight.neighbours(window, t, self.reach) if min(window.size) >= SMALLEST_PX else None
        if sides is None:
            return nothing
        seen = _sight.sight(window, t, sides)
        least = max(LEAST_LEVELS, LEAST_GRAINS * window.grain(t)) * _sight.LEVELS
        beyond = np.abs(seen[_sight.CHANNELS.index("beyond")]) > least
        chance = _netted.chances(seen, beyond, _netted.weights_at(self.weights, self.ships))
        if chance is None:
            return nothing
        sheets = [(name, _netted.full_size(chance[k], window.size)) for k, name in NAMES.items()]
        largest = int(self.largest_frac * window.size[0] * window.size[1])
        why = "the shot has no frame on one side" if sides[0].frame == sides[1].frame else ""
        return _netted.decided(t, sheets, self.edge, self.certainty, (self.smallest_px, largest), why)
