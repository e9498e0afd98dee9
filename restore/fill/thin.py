"""A frame and its holes in, what a small network makes of their surroundings out: tile by tile, where holes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from restore.fill._tiles import Grid
from restore.fill._trained import Trained


@dataclass(frozen=True)
class Thin(Trained):
    """Good at holes up to about 10 px wide: edges and lines go on through them. Invents no grain and no wide texture.

    A small network of this project's own (`restore/nets/thin.py`; trained by `lacuna train thin`). It fills all of a
    hole with the picture that lies under the grain; the blender `grain` puts grain on it.
    """

    version: ClassVar[int] = 2
    invents: ClassVar[bool] = True
    ships: ClassVar[str] = "thin"
    grid: ClassVar[Grid] = Grid(side_px=128, step_px=96, blind_px=8)
    close: ClassVar[Grid | None] = Grid(side_px=64, step_px=40, blind_px=8)

    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""
