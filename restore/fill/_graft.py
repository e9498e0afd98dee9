"""A picture with its hole drawn in in, where to take texture from that suits the drawing out, and how much of it.

Patches are compared on the low band, which the drawing has got right, and on how lively the picture is around them,
which is carried into the hole from its rim: so one search does, and nothing has to vote (the search is that of Barnes
et al. 2009; a lower band that chooses the detail above it is Freeman, Jones and Pasztor, "Example-based
super-resolution", IEEE CG&A 2002).
"""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float
from restore.fill._exemplar import SEED, Crop, enlarge, origins, shrink
from restore.fill._membrane import pyramid
from restore.fill._nnf import Search
from restore.fill._scene import Ints
from restore.frames import Bits

MATCH_PX = 1.5
"""Deviation of the Gaussian under which patches are compared."""
AROUND_PX, FILL_PX = 4.0, 3.0
"""Deviations of the Gaussians under which it is told how lively a known place is, and one that is filled."""
ENOUGH = 0.2
"""How lively a place is, is known where so much of its surroundings is."""
FEWEST = 150
"""Patches the picture must have at half the size to be searched there first."""
TINY = np.float32(1e-3)


def low(plane: Float, sigma_px: float, shift: tuple[int, int] = (0, 0)) -> Float:
    """Return what a Gaussian leaves of a plane (h, w) or image; its deviation shrinks with the plane's subsampling."""
    y, x = (sigma_px / (1 << s) for s in shift)
    return cv2.GaussianBlur(plane, (0, 0), sigmaX=x, sigmaY=y, borderType=cv2.BORDER_REFLECT_101).reshape(plane.shape)


def sources(image: Float, high: Float, hole: Bits, real: Bits) -> tuple[Ints, Ints] | None:
    """Return rows and columns (h, w) of the places to take texture from; None where no patch may be copied.

    `image` (h, w, c) is the picture, drawn under the hole, `high` its finer band of luma, both in 8-bit levels.
    """
    lively = liveliness(high, hole, real)
    if lively is None:
        return None
    fine = Crop(np.dstack([low(image, MATCH_PX), lively]), hole, np.ones_like(hole), real)
    if not len(fine.scene.sources):
        return None
    rng, half = np.random.default_rng(SEED), halved(fine)
    if len(half.scene.sources) < FEWEST:
        half = fine
    coarse = half.scene
    search = Search.of(coarse, coarse.image)
    field = search.run(rng.choice(coarse.sources, len(coarse.targets)), rng, far=True)
    field = search.run(field.at, rng, far=True)
    if half is fine:
        return origins(coarse, field)
    at = enlarge(coarse, field, fine.scene, rng)
    return origins(fine.scene, Search.of(fine.scene, fine.scene.image).run(at, rng, far=False))


def liveliness(high: Float, hole: Bits, real: Bits) -> Float | None:
    """Return the deviation (h, w) of the finer band around each place, carried into what is not real; None if none is.
    """
    weight = low(real.astype(np.float32), AROUND_PX)
    unknown = hole | (weight < ENOUGH)
    if unknown.all():
        return None
    energy = low(np.where(real, high * high, np.float32(0)), AROUND_PX) / np.maximum(weight, TINY)
    return pyramid(np.sqrt(np.where(unknown, np.float32(0), energy)), unknown)


def halved(crop: Crop) -> Crop:
    """Return a crop all of which is seen at half the size."""
    image = shrink(crop.image)
    hole, real = (shrink(m.astype(np.float32)) for m in (crop.hole, crop.real))
    return Crop(image.reshape(*hole.shape, -1), hole > 0, np.ones(hole.shape, bool), real > 0.999)


def lacking(high: Float, at: tuple[Ints, Ints], hole: Bits) -> Float:
    """Return by how much (h, w) the texture taken is to be weakened so that only what the drawing lacks is added.

    What is outside the hole counts as had: next to the rim the drawing is right.
    """
    inside = np.maximum(low(hole.astype(np.float32), FILL_PX), TINY)
    has, taken = low(high * high, FILL_PX), low(np.where(hole, high[at] ** 2, np.float32(0)), FILL_PX) / inside
    return np.sqrt(np.clip(1 - has / np.maximum(taken, TINY), 0, 1))
