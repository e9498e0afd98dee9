"""A name in, all that is particular to the training of that filler out. One file a filler: add yours here.

The file is named like the filler and the file of its network (`restore/nets/NAME.py`), and holds a `LINE`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from torch import Tensor, nn

from restore.nets.smooth import OverSmooth
from restore.train.pieces import WIDE, Damage

Rebuilding = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(filled, clean (n, 3, h, w), known (n, 1, h, w)) to the loss of a filling by itself."""


class Texture(Protocol):
    """A loss of how a filling looks, with what it needs to tell."""

    @property
    def origin(self) -> str:
        """Return where its features come from: a digest."""

    def __call__(self, made: Tensor, clean: Tensor, known: Tensor) -> Tensor:
        """Return the loss of pictures (n, 3, h, w) of which what is known is clean."""


class Game(Protocol):
    """What critics and filler want of each other."""

    def judge(self, critic: nn.Module, made: Tensor, clean: Tensor, known: Tensor, rng: np.random.Generator) -> Tensor:
        """Return the loss of the critic."""

    def fool(self, critic: nn.Module, made: Tensor, known: Tensor) -> Tensor:
        """Return the loss of the filler."""


@dataclass(frozen=True)
class Phase:
    """A stretch of a training."""

    share_frac: float
    """How much of all steps it lasts."""
    fills: bool = True
    """The filler learns."""
    judges: bool = False
    """The critics learn."""
    adversarial: float = 0.0
    """Weight of what critics say in what the filler learns ..."""
    texture: float = 0.0
    """... and of texture; the weight of its loss by itself is in that loss."""


@dataclass(frozen=True)
class Line:
    """What is particular to a filler's training."""

    name: str
    net: Callable[[], OverSmooth]
    rebuilding: Rebuilding = field(repr=False)
    steps: int
    damage: Damage = WIDE
    crops: int = 4
    """Of a batch."""
    side_px: int = 96
    held_side_px: int = 96
    peak_rate: float = 1e-3
    muon: bool = False
    """Layers learn by Muon; deep chains of layers bear a tenth or less of the rate that `thin` does."""
    keep_frac: float = 0.995
    """Of the running mean of the weights at each step."""
    phases: tuple[Phase, ...] = (Phase(1.0),)
    critic: Callable[[], nn.Module] | None = None
    game: Game | None = None
    texture: Callable[[Path | None], Texture] | None = None

    def __post_init__(self) -> None:
        """Refuse phases that do not make a whole, and such as nobody can play."""
        if abs(sum(p.share_frac for p in self.phases) - 1) > 1e-9:
            shares = [p.share_frac for p in self.phases]
            raise ValueError(f"the phases of {self.name} last {shares} of it; make that 1 in all")
        if any(p.judges or p.adversarial for p in self.phases) and not (self.critic and self.game):
            raise ValueError(f"{self.name} has phases with critics and no critic; give it one, and a game")

    def ends(self, steps: int) -> list[int]:
        """Return the number of the step after each phase."""
        shares = np.cumsum([p.share_frac for p in self.phases])
        return [round(float(share) * steps) for share in shares]


def line(name: str) -> Line:
    """Return the line of a name."""
    return import_module(f"{__name__}.{name}").LINE
