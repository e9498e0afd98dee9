"""A stage in, those who play on it out: one file here is one kind of thing that may cross a scene.

A file says how often it plays (`SHARE`, the share of scenes) and has `draw(stage, rng)`, which returns its actors. Each
file draws from a generator of its own, so that a new file changes nothing about the others. Everything that plays is
part of the good picture: what a detector must leave alone.
"""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.scenes.atlas import Atlas
from restore.scenes.layers import WIDTH_2K_PX, Matrix, Motion

IN_FRONT = 100.0
"""Depth of what lies before everything else: titles."""


@dataclass(frozen=True, eq=False)
class Stage:
    """Where actors play."""

    size: tuple[int, int]
    """(H, W) of the picture at hand."""
    frame_px: tuple[int, int]
    """(H, W) of the whole picture it is a piece of: lengths and speeds follow its width."""
    camera: Motion
    atlas: Atlas
    frames: int
    moving: bool
    """Whether things move of their own."""

    @property
    def scale(self) -> float:
        """What lengths and speeds given for a picture 2048 pixels wide are multiplied by."""
        return self.frame_px[1] / WIDTH_2K_PX

    def matrix(self, t: float, near: float = 1.0) -> Matrix:
        """Return the transform (3, 3) of scene (x, y, 1), from the middle of the picture, to the picture at time t."""
        middle = np.eye(3)
        middle[:2, 2] = (self.size[1] - 1) / 2, (self.size[0] - 1) / 2
        return np.asarray(middle @ self.camera.matrix(t, near))

    def inverse(self, t: float, near: float = 1.0) -> Matrix:
        """Return the transform (3, 3) of picture (x, y, 1) at time t to the scene."""
        return np.asarray(np.linalg.inv(self.matrix(t, near)), np.float64)

    def carry(self, points: npt.NDArray[np.floating], t: float, near: float = 1.0) -> Float:
        """Return scene points (n, 2) (x, y) as they lie on the picture at time t."""
        matrix = self.matrix(t, near)
        return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2], np.float32)

    def place(self, rng: np.random.Generator, beyond: float = 0.5) -> Float:
        """Draw a scene point (2,) (x, y); 0.5 fills the picture, more goes beyond it."""
        return np.asarray(rng.uniform(-beyond, beyond, 2) * self.size[::-1], np.float32)


class Actor(Protocol):
    """Something in the scene."""

    @property
    def depth(self) -> float:
        """Lower is farther away; the ground is 0."""

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture (H, W, 3) of time t, in place."""


@lru_cache(maxsize=1)
def troupe() -> tuple[tuple[str, ModuleType], ...]:
    """Return the files of this folder that have actors, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return tuple((name, importlib.import_module(f"{__name__}.{name}")) for name in names)


def draw_actors(stage: Stage, seed: tuple[int, ...], eagerness: float, only: tuple[str, ...] = ()) -> list[Actor]:
    """Draw who plays, farthest first; `eagerness` multiplies their shares, `only` names files that must play."""
    drawn: list[Actor] = []
    for name, module in troupe():
        rng = np.random.default_rng((*seed, zlib.crc32(name.encode())))
        wanted = rng.random() < min(module.SHARE * eagerness, 1.0)
        if name in only or (wanted and not only):
            drawn += module.draw(stage, rng)
    return sorted(drawn, key=lambda actor: actor.depth)
