"""A crop with a hole in, for each place in and near the hole the place to copy out: coarse to fine.

Wexler, Shechtman and Irani, "Space-time completion of video", PAMI 2007: find for every patch that touches the hole
the undamaged one most like it, let all of them vote on the pixels they cover, and again. What averages of patches look
like is smoother than any patch, and fits smooth ones best; so on the finest levels pixels are copied from the best
patch over them instead of being voted on. Textures are told apart on coarse levels by how steep the picture is around a
place (Newson, Almansa, Fradet, Gousseau and Perez, "Video inpainting of complex scenes", SIAM J. Imaging Sci. 2014).
A guide, what somebody drew in the hole, is compared too; like guesses, it is believed less the farther in it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from restore.colour import Float
from restore.fill._membrane import pyramid
from restore.fill._nnf import ROOM, Field, Search
from restore.fill._scene import INNER, REACH_PX, Ints, Scene
from restore.frames import Bits

CORE_PX = 4.5
"""On the coarsest level no pixel of the hole is further than this from its rim, if there are patches enough."""
FEWEST = 150
"""Patches a coarse level must have to choose from."""
MOST_LEVELS = 8
TURNS_COARSE, TURNS_FINE = 15, 5
"""Searches on the coarsest and on the finest level; between them as many as lie between."""
COPIED_LEVELS, COPIED_TURNS = 2, 2
"""Finest levels whose last pictures are copied, not voted on, and how many of them are."""
PEEL = (3000, 1_500_000)
"""Patches that the first guess chooses among, and comparisons it makes at a time."""
DOUBT = 0.5
"""What a first guess counts in the next one."""
STEEP_PX = 6
"""How far around a place its steepness is measured."""
STEEP_WEIGHT = np.float32(2.0)
SEED = 2009
"""Chance is the same for every crop, so that nothing but the crop has a say in the answer."""
TINY = np.float32(1e-6)


@dataclass(frozen=True)
class Crop:
    """A piece of a frame around one hole; the arrays are those of a scene, without a margin."""

    image: Float
    hole: Bits
    seen: Bits
    real: Bits
    guide: Float | None = None
    """(h, w, g): what the hole and what is around it are thought to look like, if somebody knows."""

    @cached_property
    def scene(self) -> Scene:
        """The crop with its margin."""
        if self.guide is None:
            return Scene.of(self.image, self.hole, self.seen, self.real)
        image = np.concatenate([self.image, self.guide], 2)
        return Scene.of(image, self.hole, self.seen, self.real, self.guide.shape[2])

    def half(self) -> Crop:
        """Return the crop at half the size: a pixel is in the hole if most of what it stands for is not seen."""
        share = shrink(self.seen.astype(np.float32))
        total = shrink(np.where(self.seen[..., None], self.image, np.float32(0)))
        image = total.reshape(*share.shape, -1) / np.maximum(share, TINY)[..., None]
        seen = share >= 0.5
        hole = (shrink(self.hole.astype(np.float32)) > 0) & ~seen
        real = shrink(self.real.astype(np.float32)) > 0.999
        guide = None if self.guide is None else shrink(self.guide).reshape(*share.shape, -1)
        return Crop(image.astype(np.float32, copy=False), hole, seen, real, guide)


def shrink(image: Float) -> Float:
    """Return an image (h, w) or (h, w, c) at half the size, each pixel the mean of four; odd edges repeat."""
    h, w = image.shape[:2]
    even = cv2.copyMakeBorder(image, 0, h % 2, 0, w % 2, cv2.BORDER_REPLICATE)
    return cv2.resize(even, ((w + 1) // 2, (h + 1) // 2), interpolation=cv2.INTER_AREA)


def steepness(luma: Float, seen: Bits) -> Float:
    """Return (h, w) the mean difference of neighbours along the rows around each pixel of luma (h, w)."""
    both = seen[:, 1:] & seen[:, :-1]
    rise = np.where(both, np.abs(np.diff(luma, axis=1)), np.float32(0))
    side = (2 * STEEP_PX + 1,) * 2
    rise, weight = (np.pad(a, ((0, 0), (0, 1))) for a in (rise, both.astype(np.float32)))
    total, weight = (cv2.blur(a, side, borderType=cv2.BORDER_CONSTANT) for a in (rise, weight))
    return total / np.maximum(weight, TINY) * STEEP_WEIGHT


def trace(
    image: Float, hole: Bits, seen: Bits, real: Bits, guide: Float | None = None
) -> tuple[Scene, Field] | None:
    """Return the finest scene of a crop and where to copy its targets from; None if no patch may be copied.

    `image` (h, w, c) is luma and what else tells places apart, in 8-bit levels; the masks (h, w) are those of a Scene.
    A `guide` (h, w, g) is what the hole and its surroundings are thought to look like, coarsely.
    """
    luma = image[..., 0]
    steep = np.stack([steepness(luma, seen), steepness(luma.T, seen.T).T], -1)
    crops = levels(Crop(np.concatenate([image, steep], 2), hole, seen, real, guide))
    if not len(crops[0].scene.sources):
        return None
    rng = np.random.default_rng(SEED)
    last = len(crops) - 1
    scene = crops[last].scene
    image, at = peel(scene), rng.choice(scene.sources, len(scene.targets))
    field = settle(scene, image, at, last, TURNS_COARSE if last else TURNS_FINE, rng)
    for k in reversed(range(last)):
        fine = crops[k].scene
        at = enlarge(scene, field, fine, rng)
        image = fine.drawn(vote(fine, Search.of(fine, guess(fine)).field(at)))
        turns = TURNS_FINE + (TURNS_COARSE - TURNS_FINE) * k // last
        scene, field = fine, settle(fine, image, at, k, turns, rng)
    return scene, field


def levels(crop: Crop) -> list[Crop]:
    """Return the crop and ever smaller ones, until the hole is about as wide as a patch."""
    out = [crop]
    while len(out) < MOST_LEVELS and depth(out[-1].hole) > CORE_PX:
        small = out[-1].half()
        if not small.hole.any() or len(small.scene.sources) < FEWEST:
            break
        out.append(small)
    return out


def depth(hole: Bits) -> float:
    """Return how far the innermost pixel of a hole (h, w) is from its rim."""
    return float(cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, 3).max())


def settle(scene: Scene, image: Float, at: Ints, level: int, turns: int, rng: np.random.Generator) -> Field:
    """Search and draw in turns, beginning with an image (h, w, c) and places (n,)."""
    for left in reversed(range(turns)):
        field = Search.of(scene, image).run(at, rng, far=left == turns - 1)
        copied = level < COPIED_LEVELS and left <= COPIED_TURNS
        at, image = field.at, scene.drawn(scene.flat[pick(scene, field)] if copied else vote(scene, field))
    return field


def guess(scene: Scene) -> Float:
    """Return the image (h, w, c) with a membrane across everything that is not seen."""
    unknown = ~scene.seen[INNER]
    if unknown.all() or not unknown.any():
        return scene.image
    image, own = scene.image[INNER], scene.guessed
    planes = (np.ascontiguousarray(image[..., k]) for k in range(own))
    inner = np.concatenate([np.stack([pyramid(p, unknown) for p in planes], -1), image[..., own:]], 2)
    return np.pad(inner, ((REACH_PX, REACH_PX), (REACH_PX, REACH_PX), (0, 0)), "edge")


def peel(scene: Scene) -> Float:
    """Return a first image: from the rim inwards, each pixel from the source whose patch is most like what is there."""
    image = guess(scene).copy()
    flat, own = image.reshape(-1, image.shape[2]), scene.guessed
    trust = scene.seen.astype(np.float32)
    left = scene.hole.copy()
    while left.any():
        rim = left & ~cv2.erode(left.view(np.uint8), np.ones((3, 3), np.uint8), borderValue=1).view(np.bool_)
        places = np.flatnonzero(rim if rim.any() else left)
        flat[places, :own] = flat[nearest(scene, image, trust, places), :own]
        trust.ravel()[places] = DOUBT
        left.ravel()[places] = False
    return image


def nearest(scene: Scene, image: Float, trust: Float, places: Ints) -> Ints:
    """Return for each of the places (k,) of an image the source most like it, among some of the sources."""
    number = min(PEEL[0], max(1, PEEL[1] // len(places)))
    some = slice(None, None, -(-len(scene.sources) // number))
    look, weight, bank = scene.describe(image, places), scene.weigh(trust, places), scene.bank[some]
    # Not a product of matrices, whose last digit would depend on the number of threads.
    cost = np.einsum("ik,jk->ij", weight, bank * bank) - 2 * np.einsum("ik,jk->ij", look * weight, bank)
    best: Ints = scene.sources[some][cost.argmin(1)]
    return best


def enlarge(scene: Scene, field: Field, fine: Scene, rng: np.random.Generator) -> Ints:
    """Return the places (n,) that a field means on the next finer level; where it means none, any source."""
    ys, xs = np.divmod(fine.targets, fine.width)
    halves = zip((ys, xs), scene.hole.shape, strict=True)
    top, left = (np.minimum((a - REACH_PX) // 2 + REACH_PX, n - 1) for a, n in halves)
    number = scene.number[top * scene.width + left]
    source_y, source_x = np.divmod(field.at[number], scene.width)
    at = (ys + 2 * (source_y - top)) * fine.width + xs + 2 * (source_x - left)
    fits = (number >= 0) & (at >= 0) & (at < fine.row.size)
    fits &= fine.row[np.where(fits, at, 0)] >= 0
    return np.where(fits, at, rng.choice(fine.sources, len(at)))


def vote(scene: Scene, field: Field) -> Float:
    """Return for each pixel of the hole (m, c) the mean of what the patches over it say, the surest loudest."""
    spread = max(float(np.percentile(field.cost, 75)), float(TINY))
    weight = np.exp(-field.cost / np.float32(2 * spread)) + TINY
    weight *= scene.trust.ravel()[scene.targets]
    total = np.zeros((len(scene.places), scene.image.shape[2]), np.float32)
    sure = np.zeros((len(scene.places), 1), np.float32)
    for step in scene.steps[0]:
        number = scene.number[scene.places + step]
        own = np.where(number >= 0, weight[number], np.float32(0))[:, None]
        total += own * scene.flat[field.at[number] - step]
        sure += own
    return total / sure


def pick(scene: Scene, field: Field) -> Ints:
    """Return for each pixel of the hole (m,) the place that the patches over it agree upon, the surest loudest.

    The one surest patch alone would change from pixel to pixel, and sprinkle the picture with dots.
    """
    out = np.empty(len(scene.places), np.intp)
    sure = np.square(scene.trust.ravel()[scene.targets]) / (field.cost + np.float32(1e-3))
    for start in range(0, len(out), ROOM):
        places = scene.places[start : start + ROOM, None]
        number = scene.number[places + scene.steps[0]]
        say = np.where(number >= 0, sure[number], np.float32(0))
        out[start : start + ROOM] = places[:, 0] + elected(field.at[number] - scene.steps[0] - places, say)
    return out


def elected(ways: Ints, say: Float) -> Ints:
    """Return of each row of ways (k, v) the one that most say (k, v) is for."""
    order = ways.argsort(1, kind="stable")
    ways, say = np.take_along_axis(ways, order, 1), np.take_along_axis(say, order, 1)
    changes = ways[:, 1:] != ways[:, :-1]
    total = say.cumsum(1, dtype=np.float64)
    before = np.where(np.pad(changes, ((0, 0), (1, 0)), constant_values=True), total - say, 0)
    votes = total - np.maximum.accumulate(before, 1)
    return ways[np.arange(len(ways)), votes.argmax(1)]


def origins(scene: Scene, field: Field) -> tuple[Ints, Ints]:
    """Return for each place of a crop (h, w) the row and the column it is copied from; its own where it is not."""
    at = np.arange(scene.hole.size)
    at[scene.targets] = field.at
    at[scene.places] = pick(scene, field)
    ys, xs = np.divmod(at.reshape(scene.hole.shape), scene.width)
    return ys[INNER] - REACH_PX, xs[INNER] - REACH_PX
