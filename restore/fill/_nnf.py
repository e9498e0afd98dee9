"""A scene with guesses in its holes in, for each place in and near them the undamaged place most like it out.

Barnes, Shechtman, Finkelstein and Goldman, "PatchMatch: a randomized correspondence algorithm for structural image
editing", SIGGRAPH 2009. All places take part at once, and neighbours are asked in jumps, after Rong and Tan, "Jump
flooding in GPU with applications to Voronoi diagram and distance transform", I3D 2006.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from restore.colour import Float
from restore.fill._scene import Ints, Scene

ROOM = 6144
"""Patches compared at a time, so that what is worked on stays in the processor's cache."""
ROUNDS = 4
"""Times that neighbours are asked and places tried at random."""
FAR_PX, NEAR_PX = (8, 4, 2, 1), (4, 1)
"""How far away the neighbours are that are asked first, and later."""
LUCK = 0.95
"""A place found at random must cost less than this share of the present one: what hangs together shall stay so."""


@dataclass(frozen=True)
class Field:
    """Where each target is copied from. A search changes the arrays in place."""

    at: Ints
    """(n,) places of sources."""
    cost: Float
    """(n,) mean squared difference of the patches."""


@dataclass(frozen=True)
class Search:
    """The targets of a scene as they look with the present guesses."""

    scene: Scene
    look: Float
    """(n, d)"""
    weight: Float
    """(n, d)"""

    @classmethod
    def of(cls, scene: Scene, image: Float) -> Self:
        """Look at the targets in an image (h, w, c)."""
        return cls(scene, scene.describe(image, scene.targets), scene.weigh(scene.trust, scene.targets))

    def field(self, at: Ints) -> Field:
        """Return the field that copies from places (n,), all of them sources."""
        return Field(at.copy(), self.costs(np.arange(len(at)), at))

    def run(self, at: Ints, rng: np.random.Generator, far: bool) -> Field:
        """Return a better field than places (n,) are; `far` says whether distant neighbours are worth asking."""
        field = self.field(at)
        for _ in range(ROUNDS):
            self.scatter(field, rng)
            self.ask(field, FAR_PX if far else NEAR_PX)
        return field

    def ask(self, field: Field, jumps_px: tuple[int, ...]) -> None:
        """Offer each target what lies beside its neighbours' sources as it lies beside them."""
        number, targets = self.scene.number, self.scene.targets
        for jump in jumps_px:
            for step in (-jump, jump, -jump * self.scene.width, jump * self.scene.width):
                place = targets + step
                inside = (place >= 0) & (place < number.size)
                beside = np.where(inside, number[np.where(inside, place, 0)], -1)
                self.offer(field, np.where(beside >= 0, field.at[beside] - step, -1))

    def scatter(self, field: Field, rng: np.random.Generator) -> None:
        """Offer each target places around its own source, at random, ever nearer."""
        radius = max(self.scene.hole.shape)
        while radius >= 1:
            dy, dx = rng.integers(-radius, radius + 1, (2, len(field.at)))
            self.offer(field, field.at + dy * self.scene.width + dx, LUCK)
            radius //= 2

    def offer(self, field: Field, at: Ints, share: float = 1.0) -> None:
        """Let each target take the place (n,) offered if it is a source and costs less than a share of its own."""
        fits = (at >= 0) & (at < self.scene.row.size) & (at != field.at)
        fits &= self.scene.row[np.where(fits, at, 0)] >= 0
        which = np.flatnonzero(fits)
        cost = self.costs(which, at[which])
        better = cost < np.float32(share) * field.cost[which]
        field.at[which[better]] = at[which[better]]
        field.cost[which[better]] = cost[better]

    def costs(self, which: Ints, at: Ints) -> Float:
        """Return (k,) how unlike the targets `which` (k,) and the sources at places `at` (k,) are."""
        out = np.empty(len(which), np.float32)
        rows = self.scene.row[at]
        for start in range(0, len(which), ROOM):
            part = slice(start, start + ROOM)
            difference = self.scene.bank.take(rows[part], 0)
            difference -= self.look.take(which[part], 0)
            difference *= difference
            out[part] = np.einsum("ij,ij->i", difference, self.weight.take(which[part], 0))
        return out
