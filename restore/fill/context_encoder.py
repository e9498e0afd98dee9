"""A frame and its holes in, what a context encoder makes of their surroundings out: tile by tile, where holes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from restore.fill._tiles import Grid
from restore.fill._trained import Trained


@dataclass(frozen=True)
class ContextEncoder(Trained):
    """Good for comparison with the literature: a soft guess, little more than smooth. Draws no texture.

    Pathak et al., Context Encoders: Feature Learning by Inpainting, CVPR 2016 (`restore/nets/context_encoder.py`;
    trained by `lacuna train context_encoder`; see `restore/weights/context_encoder.md`). It fills all of a hole,
    without grain.
    """

    version: ClassVar[int] = 3
    invents: ClassVar[bool] = True
    ships: ClassVar[str] = "context_encoder"
    grid: ClassVar[Grid] = Grid(side_px=256, step_px=160, blind_px=32, deep_px=48)

    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""
