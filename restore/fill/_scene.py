"""A picture with holes in; its patches, which of them may be copied, and how far to believe each pixel out.

Places are numbers of pixels of the flattened picture. A scene has a margin of REACH_PX all around, in which there is
nothing, so that the patch of every place of the picture can be read.
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
from restore.motion.points import grow

Ints = npt.NDArray[np.intp]
REACH_PX = 3
"""Patches are squares of 2 x 3 + 1 pixels a side."""
INNER = (slice(REACH_PX, -REACH_PX), slice(REACH_PX, -REACH_PX))
"""A scene without its margin."""
SPARSE_PX = (-2, 0, 2)
"""Where in a patch the channels after the first are read: they are smooth, or were sampled more coarsely."""
SPARSE_WEIGHT = np.float32(49 / 9)
"""What such a reading counts: as much as the pixels it stands for."""
GUIDE_WEIGHT = np.float32(0.25)
"""What a guide counts beside a channel that is seen or guessed."""
FADE = 0.75
"""What a guess counts less with every pixel from the rim of the hole (Wexler, Shechtman and Irani, PAMI 2007)."""
LEAST_TRUST = 0.1


@dataclass(frozen=True)
class Scene:
    """One level of one crop."""

    image: Float
    """(h, w, c): luma, then what else tells places apart."""
    hole: Bits
    """(h, w): what is to be filled."""
    seen: Bits
    """(h, w): whose values mean something. What is neither in the hole nor seen is damage left to others."""
    real: Bits
    """(h, w): what may be copied; a part of what is seen."""
    guides: int = 0
    """So many of the last channels are known in the hole too: nothing is guessed there."""

    @classmethod
    def of(cls, image: Float, hole: Bits, seen: Bits, real: Bits, guides: int = 0) -> Self:
        """Give a crop its margin."""
        px = (REACH_PX,) * 4
        h, w, c = image.shape
        wide = cv2.copyMakeBorder(image, *px, cv2.BORDER_REPLICATE).reshape(h + 2 * REACH_PX, w + 2 * REACH_PX, c)
        hole, seen, real = (np.pad(b, REACH_PX) for b in (hole, seen, real))
        return cls(wide, hole, seen, real, guides)

    @property
    def guessed(self) -> int:
        """How many channels of the image are guessed in the hole: all but the guides."""
        return int(self.image.shape[2]) - self.guides

    @property
    def width(self) -> int:
        """Pixels from one row to the next."""
        return int(self.hole.shape[1])

    @property
    def flat(self) -> Float:
        """The image as a list (h x w, c) of pixels."""
        return self.image.reshape(-1, self.image.shape[2])

    @cached_property
    def places(self) -> Ints:
        """(m,) places of the hole."""
        return np.flatnonzero(self.hole)

    @cached_property
    def targets(self) -> Ints:
        """(n,) places whose patches hold a pixel of the hole; not those of damage that is left to others."""
        return np.flatnonzero(grow(self.hole, REACH_PX) & (self.hole | self.seen))

    @cached_property
    def number(self) -> npt.NDArray[np.int32]:
        """(h x w,) the number of the target at each place, -1 where there is none."""
        return numbered(self.targets, self.hole.size)

    @cached_property
    def sources(self) -> Ints:
        """(s,) places whose patches may be copied throughout."""
        side = np.ones((2 * REACH_PX + 1,) * 2, np.uint8)
        return np.flatnonzero(cv2.erode(self.real.view(np.uint8), side, borderValue=0).view(np.bool_))

    @cached_property
    def row(self) -> npt.NDArray[np.int32]:
        """(h x w,) the number of the source at each place, -1 where there is none."""
        return numbered(self.sources, self.hole.size)

    @cached_property
    def bank(self) -> Float:
        """(s, d) what the sources' patches look like."""
        return self.describe(self.image, self.sources)

    @cached_property
    def trust(self) -> Float:
        """(h, w): 1 where seen, fading in the hole from the rim inwards, 0 elsewhere."""
        deep = cv2.distanceTransform(self.hole.view(np.uint8), cv2.DIST_L2, 3)
        guess = np.maximum(FADE**deep, LEAST_TRUST)
        return np.where(self.seen, 1, np.where(self.hole, guess, 0)).astype(np.float32)

    @cached_property
    def steps(self) -> tuple[Ints, Ints]:
        """Ways from a patch's middle to its pixels: (49,) of channel 0, the nearest first, and (9,) of the others."""
        ys, xs = (a.ravel() - REACH_PX for a in np.indices((2 * REACH_PX + 1,) * 2))
        order = np.argsort(ys * ys + xs * xs, kind="stable")
        sparse = np.array(SPARSE_PX)
        return (ys * self.width + xs)[order], (sparse[:, None] * self.width + sparse).ravel()

    def describe(self, image: Float, places: Ints) -> Float:
        """Return (k, d) the patches around places (k,) of an image (h, w, c)."""
        dense, sparse = (places[:, None] + s for s in self.steps)
        first, *others = (np.ascontiguousarray(image[..., k]) for k in range(image.shape[2]))
        return np.concatenate([first.take(dense), *(c.take(sparse) for c in others)], 1)

    def weigh(self, trust: Float, places: Ints) -> Float:
        """Return (k, d) what each value of a description counts; a row sums to 1."""
        dense, sparse = (trust.take(places[:, None] + s) for s in self.steps)
        sparse *= SPARSE_WEIGHT
        guide = sparse * GUIDE_WEIGHT
        out = np.concatenate([dense, *[sparse] * (self.guessed - 1), *[guide] * self.guides], 1)
        out /= np.maximum(out.sum(1, keepdims=True), np.float32(1e-6))
        return out

    def drawn(self, values: Float) -> Float:
        """Return the image (h, w, c) with values (m, c) in the hole."""
        out, own = self.image.copy(), self.guessed
        out.reshape(-1, out.shape[2])[self.places, :own] = values[:, :own]
        return out


def numbered(places: Ints, size: int) -> npt.NDArray[np.int32]:
    """Return (size,) which of the places (k,) each one is, -1 for those that are none."""
    out = np.full(size, -1, np.int32)
    out[places] = np.arange(len(places), dtype=np.int32)
    return out
