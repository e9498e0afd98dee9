"""A picture with guesses in its holes in, for each place in and near them the undamaged place most like it out.

Barnes, Shechtman, Finkelstein and Goldman, "PatchMatch: a randomized correspondence algorithm for structural image
editing", SIGGRAPH 2009; propagation in jumps over all places at once, after Rong and Tan, "Jump flooding in GPU",
I3D 2006. Places are numbers of pixels of the flattened picture; the picture has a margin of REACH_PX all around.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits

Ints = npt.NDArray[np.intp]
REACH_PX = 3
"""Patches are squares of 2 x 3 + 1 pixels a side."""
SPARSE_PX = (-2, 0, 2)
"""Where in a patch the channels after the first are read: they are smooth, or of half resolution anyway."""
SPARSE_WEIGHT = 49 / 9
"""What such a reading counts: as many as it stands for."""
FADE = 0.85
"""What a guess counts less with every pixel from the hole's rim (Wexler, Shechtman and Irani, PAMI 2007)."""
LEAST_TRUST = 0.1
ROOM = 6144
"""Patches compared at a time: what is worked on stays in the processor's cache."""
JUMPS_PX = (4, 1)


@dataclass(frozen=True)
class Scene:
    """One level of one crop."""

    image: Float
    """(h, w, c): luma, then what else tells places apart; guesses in the hole."""
    hole: Bits
    """(h, w): what is to be filled; nothing in the margin."""
    known: Bits
    """(h, w): what is real and undamaged; nothing in the margin."""

    @classmethod
    def of(cls, image: Float, hole: Bits, known: Bits) -> Self:
        """Give a crop its margin."""
        margin = (REACH_PX,) * 4
        wide = cv2.copyMakeBorder(image, *margin, cv2.BORDER_REPLICATE).reshape(
            hole.shape[0] + 2 * REACH_PX, hole.shape[1] + 2 * REACH_PX, -1
        )
        bits = [cv2.copyMakeBorder(b.view(np.uint8), *margin, cv2.BORDER_CONSTANT).view(np.bool_) for b in (hole, known)]
        return cls(wide, bits[0], bits[1])

    @cached_property
    def width(self) -> int:
        """Pixels from one row to the next."""
        return int(self.hole.shape[1])

    @cached_property
    def targets(self) -> Ints:
        """(n,) places of the picture whose patches hold a pixel of the hole."""
        side = 2 * REACH_PX + 1
        near = cv2.dilate(self.hole.view(np.uint8), np.ones((side, side), np.uint8)).view(np.bool_)
        near[:REACH_PX] = near[-REACH_PX:] = False
        near[:, :REACH_PX] = near[:, -REACH_PX:] = False
        return np.flatnonzero(near)

    @cached_property
    def number(self) -> npt.NDArray[np.int32]:
        """(h x w,) the number of the target at each place, -1 where there is none."""
        out = np.full(self.hole.size, -1, np.int32)
        out[self.targets] = np.arange(len(self.targets), dtype=np.int32)
        return out

    @cached_property
    def sources(self) -> Ints:
        """(s,) places whose patches are undamaged throughout."""
        side = 2 * REACH_PX + 1
        whole = cv2.erode(self.known.view(np.uint8), np.ones((side, side), np.uint8), borderValue=0)
        return np.flatnonzero(whole.view(np.bool_))

    @cached_property
    def row(self) -> npt.NDArray[np.int32]:
        """(h x w,) the number of the source at each place, -1 where there is none."""
        out = np.full(self.hole.size, -1, np.int32)
        out[self.sources] = np.arange(len(self.sources), dtype=np.int32)
        return out

    @cached_property
    def bank(self) -> Float:
        """(s, d) what the patches of the sources look like."""
        return self.describe(self.image, self.sources)

    @cached_property
    def trust(self) -> Float:
        """(h, w): 1 where known, fading from the rim inwards in the hole, 0 elsewhere."""
        deep = cv2.distanceTransform(self.hole.view(np.uint8), cv2.DIST_L2, 3)
        guess = np.maximum(FADE**deep, LEAST_TRUST)
        return np.where(self.known, 1, np.where(self.hole, guess, 0)).astype(np.float32)

    @cached_property
    def steps(self) -> tuple[Ints, Ints]:
        """Ways from a patch's middle to its pixels, (49,) of the first channel and (9,) of the others."""
        dense = np.arange(-REACH_PX, REACH_PX + 1)
        sparse = np.array(SPARSE_PX)
        return (dense[:, None] * self.width + dense).ravel(), (sparse[:, None] * self.width + sparse).ravel()

    def describe(self, image: Float, places: Ints) -> Float:
        """Return (n, d) the patches around places of an image (h, w, c)."""
        dense, sparse = self.steps
        parts = [np.ascontiguousarray(image[..., 0]).take(places[:, None] + dense)]
        parts += [
            np.ascontiguousarray(image[..., k]).take(places[:, None] + sparse) for k in range(1, image.shape[2])
        ]
        return np.concatenate(parts, 1)

    def weigh(self, trust: Float, places: Ints) -> Float:
        """Return (n, d) what each value of a description counts; a row sums to 1."""
        dense, sparse = self.steps
        fine, coarse = trust.take(places[:, None] + dense), trust.take(places[:, None] + sparse)
        others = [coarse * np.float32(SPARSE_WEIGHT)] * (self.image.shape[2] - 1)
        out = np.concatenate([fine, *others], 1)
        out /= np.maximum(out.sum(1, keepdims=True), np.float32(1e-6))
        return out


@dataclass
class Field:
    """Where each target is copied from. Searching changes it in place."""

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

    def start(self, at: Ints) -> Field:
        """Return a field that begins at places (n,), all of them sources."""
        return Field(at, self.costs(np.arange(len(at)), at))

    def offer(self, field: Field, at: Ints, gain: float) -> None:
        """Let each target take the place offered (n,) if it is a source and its cost is below `gain` of its own."""
        fits = (at >= 0) & (at < self.scene.row.size)
        fits &= self.scene.row[np.where(fits, at, 0)] >= 0
        fits &= at != field.at
        which = np.flatnonzero(fits)
        cost = self.costs(which, at[which])
        better = cost < np.float32(gain) * field.cost[which]
        field.at[which[better]] = at[which[better]]
        field.cost[which[better]] = cost[better]

    def propagate(self, field: Field, jumps_px: tuple[int, ...], gain: float) -> None:
        """Offer each target what lies beside its neighbours' sources as it lies beside them."""
        for jump in jumps_px:
            for step in (-jump, jump, -jump * self.scene.width, jump * self.scene.width):
                place = self.scene.targets + step
                inside = (place >= 0) & (place < self.scene.row.size)
                beside = np.where(inside, self.scene.number[np.where(inside, place, 0)], -1)
                self.offer(field, np.where(beside >= 0, field.at[beside] - step, -1), gain)

    def scatter(self, field: Field, rng: np.random.Generator, gain: float) -> None:
        """Offer each target places around its own source, at random, ever nearer."""
        radius = max(self.scene.hole.shape)
        while radius >= 1:
            dy, dx = rng.integers(-radius, radius + 1, (2, len(field.at)))
            self.offer(field, field.at + dy * self.scene.width + dx, gain)
            radius //= 2

    def shift(self, field: Field, steps: Ints, gain: float) -> None:
        """Offer each target the places that lie some steps (k,) from itself."""
        for step in steps:
            self.offer(field, self.scene.targets + step, gain)
