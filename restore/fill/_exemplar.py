"""A crop with a hole in, for each pixel in and near the hole the place to copy it from out: coarse to fine.

Wexler, Shechtman and Irani, "Space-time completion of video", PAMI 2007: find for every patch that touches the hole
the undamaged one most like it, let all of them vote on the pixels they cover, repeat. Texture is told apart on coarse
levels by how strong gradients are around a pixel (Newson et al., "Video inpainting of complex scenes", SIAM J. Imaging
Sciences 2014).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.fill._membrane import pyramid
from restore.fill._nnf import REACH_PX, Field, Ints, Scene, Search
from restore.frames import Bits

CORE_PX = 4.5
"""The coarsest level is the one on which no pixel of the hole is further than this from the rim."""
FEWEST = 150
"""Sources that a coarse level must offer."""
MOST_LEVELS = 8
TURNS_COARSE, TURNS_FINE = 10, 3
"""Searches and votes on the coarsest and on the finest level."""
PEEL_SOURCES = 3000
"""Sources that the first guess chooses among."""
SEED = 20090703


@dataclass(frozen=True)
class Crop:
    """A piece of a frame around one hole."""

    image: Float
    """(h, w, c): luma, chroma at luma's size, texture."""
    hole: Bits
    known: Bits


def features(image: Float, known: Bits) -> Float:
    """Return the image (h, w, c) with two more channels: the mean strength of gradients around each pixel."""
    luma = np.ascontiguousarray(image[..., 0])
    out = [image]
    for step in ((0, 1), (1, 0)):
        ahead = (slice(step[0], None), slice(step[1], None))
        behind = (slice(None, -step[0] or None), slice(None, -step[1] or None))
        rise, weight = np.zeros_like(luma), np.zeros_like(luma)
        both = known[ahead] & known[behind]
        rise[behind] = np.where(both, np.abs(luma[ahead] - luma[behind]), 0)
        weight[behind] = both
        side = (2 * TEXTURE_PX + 1,) * 2
        rise, weight = (cv2.blur(a, side, borderType=cv2.BORDER_CONSTANT) for a in (rise, weight))
        out.append((rise / np.maximum(weight, np.float32(1e-6)) * np.float32(TEXTURE_WEIGHT))[..., None])
    return np.concatenate(out, 2)


TEXTURE_PX = 6
TEXTURE_WEIGHT = 2.0


def halve(crop: Crop) -> Crop:
    """Return the crop at half the size; a pixel is a hole if most of what it stands for is."""
    h, w = crop.hole.shape
    pad = (0, h % 2, 0, w % 2)
    size = ((w + w % 2) // 2, (h + h % 2) // 2)

    def shrink(a: Float) -> Float:
        return cv2.resize(cv2.copyMakeBorder(a, *pad, cv2.BORDER_REPLICATE), size, interpolation=cv2.INTER_AREA)

    share = shrink(crop.known.astype(np.float32))
    total = [shrink(np.where(crop.known, crop.image[..., k], 0)) for k in range(crop.image.shape[2])]
    image = np.stack(total, -1) / np.maximum(share, np.float32(1e-6))[..., None]
    missing = shrink((~crop.known).astype(np.float32)) > 0.5
    hole = (shrink(crop.hole.astype(np.float32)) > 0) & missing
    return Crop(image, hole, share > 0.999)


def levels(crop: Crop) -> list[Crop]:
    """Return the crop and ever smaller ones, until the hole is about as wide as a patch."""
    out = [crop]
    while len(out) < MOST_LEVELS and depth(out[-1].hole) > CORE_PX:
        small = halve(out[-1])
        if not small.hole.any() or len(Scene.of(small.image, small.hole, small.known).sources) < FEWEST:
            break
        out.append(small)
    return out


def depth(hole: Bits) -> float:
    """Return how far the innermost pixel of a hole (h, w) is from its rim."""
    return float(cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, 3).max())


def trace(crop: Crop) -> tuple[Scene, Field] | None:
    """Return where each target of the crop's finest scene is to be copied from; None if there is no undamaged patch."""
    scales = levels(crop)
    if not len(Scene.of(crop.image, crop.hole, crop.known).sources):
        return None
    rng = np.random.default_rng(SEED)
    scene, field = None, None
    for k in reversed(range(len(scales))):
        fine = Scene.of(scales[k].image, scales[k].hole, scales[k].known)
        if scene is None or field is None:
            image = peel(fine)
            at = rng.choice(fine.sources, len(fine.targets))
        else:
            at = enlarge(scene, field, fine, rng)
            image = vote(fine, Search.of(fine, first_guess(fine)).start(at), sharp=True)
        turns = TURNS_FINE + round((TURNS_COARSE - TURNS_FINE) * k / max(1, len(scales) - 1))
        field = settle(fine, image, at, turns, rng)
        scene = fine
    assert scene is not None
    assert field is not None
    return scene, field


def settle(scene: Scene, image: Float, at: Ints, turns: int, rng: np.random.Generator) -> Field:
    """Search and vote in turns, beginning with an image (h, w, c) and places (n,)."""
    for turn in range(turns):
        search = Search.of(scene, image)
        field = search.start(at)
        for _ in range(2):
            search.propagate(field, (8, 4, 2, 1) if turn == 0 else (1,), 1.0)
            search.scatter(field, rng, 0.95)
        search.propagate(field, (1,), 1.0)
        at = field.at
        if turn < turns - 1:
            image = vote(scene, field)
    return field


def first_guess(scene: Scene) -> Float:
    """Return the image with a membrane across everything that is not known."""
    inner = (slice(REACH_PX, -REACH_PX),) * 2
    out = scene.image.copy()
    unknown = ~scene.known[inner]
    for k in range(out.shape[2]):
        out[..., k] = cv2.copyMakeBorder(
            pyramid(np.ascontiguousarray(out[inner][..., k]), unknown), *(REACH_PX,) * 4, cv2.BORDER_REPLICATE
        )
    return out


def peel(scene: Scene) -> Float:
    """Return a first image: from the rim inwards, each pixel from the source whose patch is most like what is there."""
    image = first_guess(scene)
    trust = np.where(scene.known, np.float32(1), np.float32(0))
    left = scene.hole.copy()
    stride = -(-len(scene.sources) // PEEL_SOURCES)
    sources = scene.sources[::stride]
    bank = scene.bank[::stride]
    square = bank * bank
    ring_kernel = np.ones((3, 3), np.uint8)
    while left.any():
        rim = left & ~cv2.erode(left.view(np.uint8), ring_kernel, borderValue=1).view(np.bool_)
        places = np.flatnonzero(rim if rim.any() else left)
        look, weight = scene.describe(image, places), scene.weigh(trust, places)
        cost = np.einsum("ik,jk->ij", weight, square) - 2 * np.einsum("ik,jk->ij", look * weight, bank)
        best = sources[cost.argmin(1)]
        flat = image.reshape(-1, image.shape[2])
        flat[places] = flat[best]
        trust.ravel()[places] = 0.5
        left.ravel()[places] = False
    return image


def enlarge(scene: Scene, field: Field, fine: Scene, rng: np.random.Generator) -> Ints:
    """Return the places (n,) that a coarse field means on the next finer level; where it means none, any source."""
    ys, xs = np.divmod(fine.targets, fine.width)
    ys, xs = ys - REACH_PX, xs - REACH_PX
    rows, columns = scene.hole.shape[0], scene.width
    coarse = np.minimum(ys // 2 + REACH_PX, rows - 1) * columns + np.minimum(xs // 2 + REACH_PX, columns - 1)
    number = scene.number[coarse]
    source = field.at[number]
    cy, cx = np.divmod(coarse, columns)
    sy, sx = np.divmod(source, columns)
    at = (ys + REACH_PX + 2 * (sy - cy)) * fine.width + xs + REACH_PX + 2 * (sx - cx)
    fits = (number >= 0) & (at >= 0) & (at < fine.row.size)
    fits &= fine.row[np.where(fits, at, 0)] >= 0
    return np.where(fits, at, rng.choice(fine.sources, len(at)))


def vote(scene: Scene, field: Field, sharp: bool = False) -> Float:
    """Return the image with every hole pixel the mean of what the patches over it say, the surest loudest."""
    sigma = max(float(np.percentile(field.cost, 75)), 1e-6) * (0.25 if sharp else 1.0)
    weight = np.exp(-field.cost / np.float32(2 * sigma)) + np.float32(1e-6)
    weight *= scene.trust.ravel()[scene.targets]
    flat = scene.image.reshape(-1, scene.image.shape[2])
    places = np.flatnonzero(scene.hole)
    total, sure = np.zeros((len(places), flat.shape[1]), np.float32), np.zeros((len(places), 1), np.float32)
    for step in scene.steps[0]:
        number = scene.number[places + step]
        own = np.where(number >= 0, weight[number], np.float32(0))[:, None]
        total += own * flat[np.where(number >= 0, field.at[number] - step, 0)]
        sure += own
    out = scene.image.copy()
    out.reshape(-1, flat.shape[1])[places] = total / sure
    return out
