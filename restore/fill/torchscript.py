"""A frame, its holes and a model of yours in, what the model makes of the holes out: square by square."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from restore.colour import Float
from restore.errors import PartError
from restore.fill import Filling
from restore.fill._squares import UNIT_PX, Square, filled, grid_of
from restore.frames import Bits
from restore.nets import shelf
from restore.window import Window

if TYPE_CHECKING:
    from restore.nets.scripted import Manner

MASKS = ("argument", "before", "after")


@dataclass(frozen=True)
class Torchscript:
    """Good at what the model you bring is good at (it runs that program). Cannot tell whether it is worth your trust.

    A TorchScript archive, such as LaMa's export (Suvorov et al., WACV 2022), is no pickle of Python objects, but it is
    a program, and to load it is to run what its maker wrote: name only files you trust. It is loaded only where a
    recipe names it. What it makes is pasted inside the mask alone, in [0, 1]: whiter than white it cannot say. Squares
    of a fixed grid are run one at a time, so a frame's result depends on nothing but the frame.
    """

    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True
    brought: ClassVar[str] = "model"
    """The parameter that only a person can give; without it there is nothing to run."""

    model: str = ""
    """The archive (torch.jit.save) to run, which runs code of its maker: a picture (1, c, h, w) and its mask
    (1, 1, h, w) in, a picture out."""
    sha256: str = ""
    """What the file's sha256 must begin with, 8 digits or more; empty to take it as it is."""
    side_px: int = 512
    """Side of the squares the model is shown, a multiple of 64 and of what the model needs."""
    multiple_px: int = 8
    """Sides the model takes are multiples of this."""
    minimum_px: int = 64
    """The smallest side the model takes."""
    channels: int = 3
    """3 for red, green and blue; 1 for grey, and colours are then the model's grey."""
    low: float = 0.0
    """What black is to the model, in and out."""
    high: float = 1.0
    """What white is to the model, in and out."""
    mask: str = "argument"
    """How it takes the mask: as second "argument", or as a channel "before" or "after" those of the picture."""
    mask_hole: float = 1.0
    """What the mask says where there is a hole."""
    mask_known: float = 0.0
    """What the mask says elsewhere."""
    blank: float = 0.0
    """What the picture shows in holes, from 0, black, to 1, white."""

    def __post_init__(self) -> None:
        """Refuse needs that contradict each other."""
        if self.mask not in MASKS:
            raise ValueError(f"mask is {self.mask!r}; it must be one of {', '.join(MASKS)}")
        if self.channels not in (1, 3):
            raise ValueError(f"channels is {self.channels}; it must be 1 or 3")
        if self.high <= self.low or self.mask_hole == self.mask_known or not 0 <= self.blank <= 1:
            raise ValueError("high must be above low, mask_hole must differ from mask_known, blank must be 0 to 1")
        self._check_side()

    def _check_side(self) -> None:
        if self.multiple_px < 1 or self.side_px < max(self.minimum_px, UNIT_PX) or self.side_px > 4096:
            raise ValueError(
                f"side_px is {self.side_px}; it must be {max(self.minimum_px, UNIT_PX)} to 4096 (minimum_px is "
                f"{self.minimum_px}), and multiple_px at least 1"
            )
        if self.side_px % UNIT_PX or self.side_px % self.multiple_px:
            raise ValueError(
                f"side_px is {self.side_px}; it must be a multiple of {UNIT_PX} and of multiple_px, {self.multiple_px}"
            )

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def fingerprint(self) -> str:
        """Return the digest of the model's file, or nothing where no model is named yet.

        Raises PartError where there is no such file, or where it is not the one that is meant.
        """
        if not self.model:
            return ""
        path = Path(self.model)
        if not path.is_file():
            raise PartError(
                f"fill.torchscript: there is no file {path}; it needs a model saved by torch.jit.save. Correct `model`."
            )
        digest = shelf.sha256(path)
        if self.sha256 and (len(self.sha256) < 8 or not digest.startswith(self.sha256.lower())):
            raise PartError(
                f"fill.torchscript: {path} has the sha256 {digest}, and the recipe asks for {self.sha256} (8 digits or "
                "more). Get the file that is meant, or correct `sha256` in the recipe."
            )
        return digest

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole; a frame without one known pixel is left as it is.

        Raises PartError where the file is not what it should be, or where the model fails or answers with no picture.
        """
        if not self.model:
            raise PartError(
                "fill.torchscript: no model is named; it needs one saved by torch.jit.save. Set `model` to its path."
            )
        if hole.all() or not hole.any():
            return Filling(planes, np.zeros(hole.shape, bool))
        return Filling(filled(planes, hole, window.pixels, grid_of(self.side_px), self._run), hole)

    def _run(self, squares: Iterable[Square]) -> Iterator[Float]:
        from restore.nets import scripted

        made = scripted.model(Path(self.model), self.fingerprint())
        return scripted.pictures(made, self._manner(), ((shown, hole) for _, shown, hole in squares))

    def _manner(self) -> Manner:
        from restore.nets.scripted import Manner

        return Manner(self.channels, self.low, self.high, self.mask, self.mask_hole, self.mask_known, self.blank)
