"""A frame, its holes and a seed in, one of many pictures that could lie in the holes out: square by square."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from restore.colour import Float
from restore.errors import PartError
from restore.fill import Filling
from restore.fill._squares import UNIT_PX, Corner, Square, filled, grid_of
from restore.frames import Bits
from restore.nets import folder, shelf
from restore.window import Window

OWN_PX, FOLDER_PX = 256, 512


@dataclass(frozen=True)
class Diffusion:
    """Experimental. Good at making texture up where nothing is known. Cannot show what was there: it is worse at that.

    It draws one of many pictures that could lie in the hole. Which one follows from `seed`, the frame's number and the
    place in it, so neighbouring frames get different ones and a film flickers: it is for stills, where a person looks
    at the result. The model that ships is tiny (`restore/nets/diffusion.py`; trained by `lacuna train diffusion`; what
    it scores is in its card, and `patchmatch` scores better). A folder of yours may hold any inpainting model of the
    Stable Diffusion family (Rombach et al., CVPR 2022) in the layout of diffusers, with safetensors weights; it is run
    without words and without guidance, and needs the extra `lacuna[diffusion]`. Only what lies in the mask is kept.
    """

    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True
    ships: ClassVar[str] = "diffusion"
    """Name of the weights that come with the program."""

    model: str = ""
    """A folder in the layout of diffusers, or weights (.safetensors) that `lacuna train diffusion` wrote; empty for
    what is shipped."""
    steps: int = 10
    """From noise to a fill; 1 gives a smooth mean of all that could be."""
    seed: int = 1
    """Which of the pictures that could be."""
    strength: float = 1.0
    """For a folder: how much noise it begins with; below 1 it keeps something of a smooth fill."""
    side_px: int = 0
    """Side of the squares the model is shown, a multiple of 64; 0 for 512 with a folder and 256 without."""

    def __post_init__(self) -> None:
        """Refuse what no model can do."""
        if not 1 <= self.steps <= 1000 or not 0 < self.strength <= 1 or self.seed < 0:
            raise ValueError("steps must be 1 to 1000, strength above 0 and at most 1, seed 0 or more")
        if self.side_px % UNIT_PX or not 0 <= self.side_px <= 2048:
            raise ValueError(f"side_px is {self.side_px}; it must be 0, or a multiple of {UNIT_PX} up to 2048")

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def fingerprint(self) -> str:
        """Return the digest of the model. Raises PartError where there is none."""
        if self._is_folder():
            return folder.fingerprint(Path(self.model))
        return shelf.sha256(self._path())

    def _is_folder(self) -> bool:
        path = Path(self.model)
        if self.model and not path.exists():
            raise PartError(
                f"fill.diffusion: there is no {path}; a folder in the layout of diffusers or a weights file "
                "(.safetensors) is needed. Correct `model`, or leave it empty for what is shipped."
            )
        return bool(self.model) and path.is_dir()

    def _path(self) -> Path:
        return Path(self.model) if self.model else shelf.shipped(self.ships)

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole; a frame without one known pixel is left as it is.

        Raises PartError where the model is not what it should be, or where what runs it is not installed.
        """
        if hole.all() or not hole.any():
            return Filling(planes, np.zeros(hole.shape, bool))
        of_folder = self._is_folder()
        grid = grid_of(self.side_px or (FOLDER_PX if of_folder else OWN_PX))
        run = self._of_folder if of_folder else self._own
        return Filling(filled(planes, hole, window.pixels, grid, lambda squares: run(t, squares)), hole)

    def _own(self, t: int, squares: Iterable[Square]) -> Iterator[Float]:
        from restore.nets import sampling

        path = self._path()
        made = sampling.net(path, shelf.sha256(path))
        return sampling.pictures(made, self.steps, (
            (shown, hole, sampling.noise(self.seed, t, at, hole.shape[0])) for at, shown, hole in squares
        ))

    def _of_folder(self, t: int, squares: Iterable[Square]) -> Iterator[Float]:
        from restore.nets import pipeline

        made = pipeline.load(Path(self.model), self.fingerprint())
        return pipeline.pictures(made, self.steps, self.strength, (
            (shown, hole, seed_of(self.seed, t, at)) for at, shown, hole in squares
        ))


def seed_of(seed: int, t: int, at: Corner) -> int:
    """Return the seed of a square: its own, and the same whatever was asked before."""
    return int(np.random.SeedSequence((seed, t, *at)).generate_state(1, np.uint64)[0] >> np.uint64(1))
