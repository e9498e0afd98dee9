"""A plane in, the strength and softness of its grain out; places in, grain of that kind out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.motion.points import Ints, Points
from restore.source import Plane

BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16
"""A Gaussian of sigma 1 px, exactly five samples wide."""
BLOCK_PX = 16
QUIET = 0.25
"""Share of the blocks of one luminance that are taken as free of texture."""
QUIETEST, APART = 0.05, 1.3
"""Where there is grain alone, all blocks of a luminance are much alike: the quiet ones are at most so many times as
lively as this share of them. Where they are more, they show a texture."""
SPAN = 2.5
"""Grain of one luminance is at most so many times that of another: leaves and roof tiles fill whole luminances."""
BINS = 8
FEWEST = 12
"""Blocks a luminance must have before it is measured by itself."""
FAINT = 0.25
"""Grain below this many 8-bit levels is not worth drawing: it would round to single stray pixels."""
SOFTNESSES = tuple(i / 20 for i in range(15))


@dataclass(frozen=True)
class Stock:
    """The grain of one plane."""

    levels: Float
    """(b,) luminances, rising, 8-bit levels."""
    sigmas: Float
    """(b,) standard deviation of the band above BINOMIAL, at those luminances."""
    softness: float
    """Weight of a pixel's neighbours in the filter (a, 1, a) x (a, 1, a) that makes white noise look like this."""
    quiet: Ints
    """(k, 2) rows and columns of the plane at which blocks begin that show little else."""

    def at(self, level: Float) -> Float:
        """Return the standard deviation (n,) at given luminances."""
        return np.interp(level, self.levels, self.sigmas).astype(np.float32)


def measure(plane: Plane, hidden: Bits, unit: np.float32) -> Stock | None:
    """Return the grain of a plane (h, w); None where it has none, or too little clean picture.

    Large planes are measured on strips, a quarter of the picture: there are blocks enough.
    """
    sparse = plane.shape[0] // BLOCK_PX >= 40
    strips = cut(plane, sparse)
    level = strips.astype(np.float32) * unit
    rows, columns = level.shape[0] // BLOCK_PX, level.shape[1] // BLOCK_PX
    if rows * columns < FEWEST:
        return None
    high = level - cv2.sepFilter2D(level, -1, BINOMIAL, BINOMIAL, borderType=cv2.BORDER_REPLICATE)
    mean = cv2.resize(level, (columns, rows), interpolation=cv2.INTER_AREA).ravel()
    unrest = cv2.resize(np.abs(high), (columns, rows), interpolation=cv2.INTER_AREA).ravel()
    damage = Points.of(cut(hidden, sparse))
    clean = np.bincount((damage.ys // BLOCK_PX) * columns + damage.xs // BLOCK_PX, minlength=rows * columns) == 0
    clean &= unrest > 1e-3  # clipped to one level: leaders, black borders
    if clean.sum() < FEWEST:
        return None
    levels, sigmas, quiet = by_luminance(mean, unrest, clean)
    if sigmas.max() < FAINT:
        return None
    corners = np.stack([quiet // columns * (4 if sparse else 1), quiet % columns], -1) * BLOCK_PX
    soft = softness(high, quiet, columns)
    return Stock(levels, np.where(sigmas < FAINT, 0, sigmas).astype(np.float32), soft, corners)


def common(first: Plane, other: Plane, hidden: Bits) -> float:
    """Return how alike (0 to 1) the grain of two planes (h, w) is: the correlation in their quiet blocks."""
    highs, unrest = [], np.zeros(1, np.float32)
    for plane in (first, other):
        level = cut(np.where(hidden, 0, plane), plane.shape[0] // BLOCK_PX >= 40).astype(np.float32)
        high = level - cv2.sepFilter2D(level, -1, BINOMIAL, BINOMIAL, borderType=cv2.BORDER_REPLICATE)
        rows, columns = (n // BLOCK_PX for n in high.shape)
        blocks = high.reshape(rows, BLOCK_PX, columns, BLOCK_PX).swapaxes(1, 2).reshape(-1, BLOCK_PX**2)
        unrest = unrest + np.abs(blocks).mean(1)
        highs.append(blocks)
    lively = unrest > 1e-3
    if lively.sum() < FEWEST:
        return 0.0
    quiet = lively & (unrest <= np.quantile(unrest[lively], QUIET))
    a, b = (h[quiet].ravel().astype(np.float64) for h in highs)
    return float(np.clip(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-9), 0, 1))


def cut(plane: Plane, strips: bool) -> Plane:
    """Return whole blocks of a plane: all of them, or every fourth row of blocks."""
    h, w = (s // BLOCK_PX * BLOCK_PX for s in plane.shape)
    if not strips:
        return np.ascontiguousarray(plane[:h, :w])
    h = h // (4 * BLOCK_PX) * (4 * BLOCK_PX)
    return plane[:h, :w].reshape(-1, 4 * BLOCK_PX, w)[:, :BLOCK_PX].reshape(-1, w)


def by_luminance(mean: Float, unrest: Float, clean: Bits) -> tuple[Float, Float, npt.NDArray[np.intp]]:
    """Return luminances, the grain's standard deviation at each, and the blocks that were quiet for theirs."""
    order = np.flatnonzero(clean)
    order = order[np.argsort(mean[order], kind="stable")]
    levels, sigmas, quiet = [], [], []
    for group in np.array_split(order, int(np.clip(len(order) // FEWEST, 1, BINS))):
        least, limit = np.quantile(unrest[group], (QUIETEST, QUIET))
        limit = min(limit, APART * least)
        levels.append(float(mean[group].mean()))
        sigmas.append(float(limit * np.sqrt(np.pi / 2)))  # the mean of |x| of a normal x is sqrt(2/pi) sigma
        quiet.append(group[unrest[group] <= limit])
    strength = np.array(sigmas, np.float32)
    drawn = strength[strength >= FAINT]
    return np.array(levels, np.float32), np.minimum(strength, SPAN * drawn.min(initial=np.inf)), np.concatenate(quiet)


def softness(high: Float, blocks: npt.NDArray[np.intp], columns: int) -> float:
    """Return the filter weight whose noise has the blocks' correlation between direct neighbours."""
    chosen = blocks[:: max(1, len(blocks) // 200)]
    ys, xs = chosen // columns * BLOCK_PX, chosen % columns * BLOCK_PX
    cut = np.stack([high[y : y + BLOCK_PX, x : x + BLOCK_PX] for y, x in zip(ys, xs, strict=True)])
    energy = float((cut * cut).mean())
    side = float((cut[:, :, 1:] * cut[:, :, :-1]).mean() + (cut[:, 1:] * cut[:, :-1]).mean()) / 2
    wanted = side / max(energy, 1e-12)
    return min(SOFTNESSES, key=lambda a: abs(response(a)[1] - wanted))


@lru_cache(maxsize=64)
def response(a: float) -> tuple[float, float]:
    """Return the standard deviation and neighbour correlation of filtered white noise in the band above BINOMIAL."""
    white = np.zeros((33, 33))
    white[16, 16] = 1
    row = np.array([a, 1, a])
    soft = cv2.sepFilter2D(white, -1, row, row)
    band = soft - cv2.sepFilter2D(soft, -1, BINOMIAL, BINOMIAL)
    energy = float((band * band).sum())
    return float(np.sqrt(energy)), float((band[:, 1:] * band[:, :-1]).sum()) / energy


def noise(key: tuple[int, int, int], points: Points, a: float) -> Float:
    """Return grain (n,) with standard deviation 1 in the band above BINOMIAL, a pure function of key and place."""
    total = np.zeros(len(points), np.float32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            weight = (a if dy else 1.0) * (a if dx else 1.0)
            if weight:
                total += np.float32(weight) * white(key, points.ys + dy, points.xs + dx)
    return total / np.float32(response(a)[0])


def white(key: tuple[int, int, int], ys: npt.NDArray[np.intp], xs: npt.NDArray[np.intp]) -> Float:
    """Return independent, nearly normal numbers (n,) of variance 1 for places: no state, no order.

    The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) as a hash; four 16-bit lanes are summed.
    """
    seed = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    z = ((ys + 1).astype(np.uint64) << np.uint64(32)) + (xs + 1).astype(np.uint64)
    z = z * np.uint64(0x9E3779B97F4A7C15) ^ seed
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    lanes = z.view(np.uint16).reshape(-1, 4).astype(np.float32).sum(1)
    # A sum of four uniforms on 0 to 65535: mean 131070, variance 4 (65536^2 - 1) / 12.
    return ((lanes - np.float32(131070)) / np.float32(65536 / np.sqrt(3))).astype(np.float32)
