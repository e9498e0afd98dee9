"""One picture in, what a trained network takes for damage of a photograph or a document out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restore.detect import Detection, _netted, _sight
from restore.errors import PartError
from restore.nets import files
from restore.window import Window

SMALLEST_PX = 32
NAMES = {0: "dirt", 1: "crack"}


@dataclass(frozen=True)
class Photo:
    """Good at dust, hairs, cracks and scratches of scanned pictures; without neighbours it may take fine detail along.

    A small U-Net over the picture alone (`restore/nets/detector.py`; trained by `lacuna train stills`). What it is not
    sure of is left.
    """

    version: ClassVar[int] = 1
    ships: ClassVar[str] = "stills"
    """Name of the weights that come with the program."""
    certainty: float = 0.8
    """A thing is damage where its most probable pixel is at least so probable ..."""
    edge: float = 0.5
    """... and reaches as far as it is at least so probable."""
    smallest_px: int = 4
    """Things of fewer pixels are left alone."""
    largest_frac: float = 0.05
    """Things larger than this share of the picture are left alone."""
    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("certainty", 0.01, 1), ("edge", 0.01, 1), ("smallest_px", 1, 10**6),
                                ("largest_frac", 0, 1)):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"photo: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """Look at the picture itself only."""
        return 0

    def fingerprint(self) -> str:
        """Return the digest of the weights."""
        return files.sha256(_netted.weights_at(self.weights, self.ships))

    def detect(self, window: Window, t: int) -> Detection:
        """Return the damage of picture t."""
        if min(window.size) < SMALLEST_PX:
            return Detection(np.zeros(window.size, bool))
        seen = _sight.still_sight(window, t)
        everywhere = np.ones(window.size, bool)
        chance = _netted.chances(seen, everywhere, _netted.weights_at(self.weights, self.ships))
        assert chance is not None, "everything is worth a look"
        sheets = [(name, chance[k]) for k, name in NAMES.items()]
        largest = int(self.largest_frac * window.size[0] * window.size[1])
        return _netted.decided(t, sheets, self.edge, self.certainty, (self.smallest_px, largest))
