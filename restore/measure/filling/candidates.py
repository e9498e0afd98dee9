"""A name in, something that fills frames out: one filler alone, the whole ladder of a recipe, or another program's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from restore import parts
from restore.benchmark import filler
from restore.colour import Float
from restore.errors import PartError
from restore.fill import Filler, Filling
from restore.fill.ladder import fill_frame
from restore.frames import Bits, support
from restore.measure.bench import Restore
from restore.recipe import load
from restore.window import Window

BASELINE = "telea"
"""The filler that all others are compared with."""
BIHARMONIC = "biharmonic"
NOT_INSTALLED = "not installed (pip install scikit-image)"


@dataclass(frozen=True)
class Entrant:
    """What is to be judged."""

    spec: str
    """A filler's name or file, "biharmonic", or "workflow:NAME"."""
    restore: Restore | None
    """None where it is not installed."""
    about: str = ""
    """A recipe's ladder and blenders."""
    reach_frames: int = 0
    """How many frames before and after one have a say in it."""

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.spec.removeprefix("workflow:")


@dataclass(frozen=True)
class Biharmonic:
    """Good for comparison with the literature: a thin plate through the rim, by scikit-image, which is no dependency.

    Damelin and Hoang, "On surface completion and image inpainting by biharmonic functions", 2018.
    """

    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True
    reach_frames: ClassVar[int] = 0

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole, plane by plane; a frame without one known pixel is left as it is."""
        if hole.all() or not hole.any():
            return Filling(planes, np.zeros(hole.shape, bool))
        solve, peak = import_module("skimage.restoration").inpaint_biharmonic, np.float32(window.pixels.peak)
        wide = [support(hole, window.pixels, p) for p in range(len(planes))]
        out = [solve(p / peak, w, split_into_regions=True) for p, w in zip(planes, wide, strict=True)]
        return Filling(tuple(np.asarray(o * peak, np.float32) for o in out), hole)


def entrants(fillers: Sequence[str], workflows: Sequence[str]) -> list[Entrant]:
    """Return the recipes' ladders, then the fillers named; for none named all that need nothing brought, and
    scikit-image's biharmonic.

    Raises PartError where there is no such filler, RecipeError where there is no such recipe or it does not fill.
    """
    named = list(dict.fromkeys(fillers)) or [*complete(), BIHARMONIC]
    return [entrant(s) for s in [*(f"workflow:{w}" for w in dict.fromkeys(workflows)), *named]]


def complete() -> list[str]:
    """Return the names of the fillers that run as they are: not those that run a person's own model."""
    return [n for room, n in parts.names() if room == "fill" and not hasattr(parts.find(room, n)[0], "brought")]


def entrant(spec: str) -> Entrant:
    """Return what a name stands for. Raises PartError or RecipeError where there is none of that name."""
    if spec.startswith("workflow:"):
        recipe = load(spec.removeprefix("workflow:"))
        if not recipe.fill:
            raise PartError(f"the recipe {recipe.name} fills nothing; needed to judge it: a filler. Choose another.")
        made = [p.made for p in (*recipe.fill, *recipe.blend)]
        names, reach = ", ".join(p.name for p in (*recipe.fill, *recipe.blend)), sum(p.reach_frames for p in made)
        return Entrant(spec, filler(recipe), names, reach)
    if spec == BIHARMONIC:
        return Entrant(spec, alone(Biharmonic()) if find_spec("skimage") else None)
    one = parts.make("fill", spec, {}, "bench fill").made
    return Entrant(spec, alone(one), reach_frames=one.reach_frames)


def alone(made: Filler) -> Restore:
    """Return one filler as a ladder of its own."""
    return lambda window, t: fill_frame([made], window, t)
