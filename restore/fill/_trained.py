"""A frame and its holes in, what a trained network makes of it out: all that such fillers share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from restore.colour import Float
from restore.fill import Filling, _tiles
from restore.frames import Bits, support
from restore.nets import shelf
from restore.window import Window

WIDE_PX = 16
"""Squares that hold narrower holes may be small: measured 0.1 to 0.25 dB better with `thin`, in three quarters of the
time; in wide holes 0.3 dB worse."""


class Trained:
    """A filler that shows squares of a frame to a network; a subclass says which, and has a field for weights."""

    ships: ClassVar[str]
    """Name of the network (`nets/NAME.py`) and of the weights that come with the program."""
    grid: ClassVar[_tiles.Grid]
    close: ClassVar[_tiles.Grid | None] = None
    """Where squares lie for holes that are nowhere `WIDE_PX` wide, if a network does better for seeing less."""
    weights: str

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def fingerprint(self) -> str:
        """Return the digest of the weights."""
        return shelf.sha256(self._path())

    def _path(self) -> Path:
        return Path(self.weights) if self.weights else shelf.shipped(self.ships)

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole; a frame without one known pixel is left as it is.

        Raises PartError where the weights are not what they should be.
        """
        from restore.nets import inference

        if hole.all() or not hole.any():
            return Filling(planes, np.zeros(hole.shape, bool))
        net = inference.filler(self.ships, self._path(), self.fingerprint())
        run = partial(bounded, partial(inference.pictures, net))
        wide = hole if self.close is None else widest(hole)
        if self.close is None or np.array_equal(wide, hole):
            return Filling(_tiles.filled(planes, hole, window.pixels, self.grid, run), hole)
        near = _tiles.drawn(planes, hole, window.pixels, self.close, run, hole & ~wide)
        if not wide.any():
            return Filling(near, hole)
        far = _tiles.drawn(planes, hole, window.pixels, self.grid, run, wide)
        under = (support(wide, window.pixels, k) for k in range(len(planes)))
        return Filling(tuple(np.where(u, b, a) for u, a, b in zip(under, near, far, strict=True)), hole)


def widest(hole: Bits) -> Bits:
    """Return those of the holes (H, W) that are somewhere `WIDE_PX` wide."""
    _, labels = cv2.connectedComponents(hole.view(np.uint8))
    core = cv2.erode(hole.view(np.uint8), np.ones((WIDE_PX, WIDE_PX), np.uint8), borderValue=1).view(np.bool_)
    return hole & np.isin(labels, np.unique(labels[core & hole]))


def bounded(run: _tiles.Run, crops: _tiles.Crops) -> Iterator[Float]:
    """Yield what a network makes of each square, within what is known of it, colour by colour.

    Networks go astray where they have seen nothing like it (a sky without any red): far beyond white, then.
    """
    for crop, hole in crops:
        (out,) = run([(crop, hole)])
        known = crop[:, ~hole]
        low, high = (f(1)[:, None, None] for f in (known.min, known.max)) if known.size else (-np.inf, np.inf)
        yield np.clip(out, low, high)
