"""A frame and its holes in, what three columns of a network make of their surroundings out: tile by tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from restore.fill._tiles import Grid
from restore.fill._trained import Trained


@dataclass(frozen=True)
class Gmcnn(Trained):
    """Good for comparison with the literature, and to train on your own pictures: edges go on. Draws no texture.

    Wang et al., Image Inpainting via Generative Multi-column Convolutional Neural Networks, NeurIPS 2018
    (`restore/nets/gmcnn.py`; trained by `lacuna train gmcnn`; see `restore/weights/gmcnn.md`). It fills all of a hole,
    without grain.
    """

    version: ClassVar[int] = 3
    invents: ClassVar[bool] = True
    ships: ClassVar[str] = "gmcnn"
    grid: ClassVar[Grid] = Grid(side_px=256, step_px=160, blind_px=32, deep_px=48)

    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""
