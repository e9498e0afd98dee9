"""A frame's quiet blocks and its neighbours in, how much of its grain is new in it and how much stays out.

Grain of film is new in every frame. What looks like it in compressed video is carried along with the picture, and a
sensor's own pattern stays in its place: new grain there would boil.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restore.blend._noise import BINOMIAL, BLOCK_PX, Stock
from restore.colour import Float
from restore.frames import Bits, support
from restore.motion.points import Ints, Points
from restore.motion.proxy import scale_of
from restore.source import Plane
from restore.window import Window

MOST, FEWEST = 64, 8
"""Blocks that are compared at most, and at least."""
SEEK_PX = 1
"""How far from where motion leads the best fit is sought."""
MENDED = 0.25
"""Up to this part of its variance a codec mends from frame to frame what it left out before: that is no grain, and
noise in its place boils."""
STILL_PX = 0.5
RIM_PX = len(BINOMIAL) // 2


@dataclass(frozen=True)
class Ages:
    """Parts (0 to 1) of the variance of a plane's grain. What both leave over moves with the picture, as texture does:
    it is not for the grain to draw."""

    new: float
    """Differs from frame to frame."""
    stays: float
    """Is the same at the same place of the screen."""


def ages(window: Window, t: int, p: int, stock: Stock) -> Ages:
    """Compare the grain of a plane with that of the frames next to it; where there is none, all of it is new."""
    found = [a for a in (_age(window, t, u, p, stock.quiet) for u in window.shot(t, 1) if u != t) if a is not None]
    if not found:
        return Ages(1.0, 0.0)
    new, stays = (float(v) for v in np.mean(found, 0))
    return Ages(max(0.0, (new - MENDED) / (1 - MENDED)), min(stays, 1 - new))


def still(window: Window, t: int, p: int, points: Points) -> Bits:
    """Tell which points (n,) of a plane hold a picture that stays in its place from frame to frame."""
    out, own = np.ones(len(points), bool), np.stack([points.xs, points.ys], -1).astype(np.float32)
    for u in window.shot(t, 1):
        if u != t:
            to = window.course(t, u).targets(points, scale_of(window.size), window.pixels.shift(p))
            out &= np.abs(to - own).max(1, initial=0) < STILL_PX
    return out


def _age(window: Window, t: int, u: int, p: int, quiet: Ints) -> tuple[float, float] | None:
    """Return the parts that are new, and that stay; None where too few blocks (k, 2) can be compared."""
    hidden = support(window.hidden(u), window.pixels, p)
    centres = Points((hidden.shape[0], hidden.shape[1]), *(quiet.T + BLOCK_PX // 2))
    shift = window.pixels.shift(p)
    by = window.course(t, u).targets(centres, scale_of(window.size), shift) - np.stack([centres.xs, centres.ys], -1)
    moved = quiet + np.rint(by[:, ::-1]).astype(np.intp)
    room = SEEK_PX + RIM_PX
    usable = inner(quiet, RIM_PX, hidden.shape) & inner(moved, room, hidden.shape)
    usable &= np.array([not hidden[y : y + BLOCK_PX, x : x + BLOCK_PX].any() for y, x in np.maximum(moved, 0)], bool)
    at = np.flatnonzero(usable)
    if len(at) < FEWEST:
        return None
    at = at[:: -(-len(at) // MOST)]
    planes = window.picture(t).planes[p], window.picture(u).planes[p]
    own, there = high(planes[0], quiet[at], 0), high(planes[1], moved[at], SEEK_PX)
    best = np.min([spread(own, there[:, y : y + BLOCK_PX, x : x + BLOCK_PX])
                   for y in range(2 * SEEK_PX + 1) for x in range(2 * SEEK_PX + 1)], 0)
    energy = 2 * np.square(own).mean((1, 2))
    same = spread(own, high(planes[1], quiet[at], 0)) if inner(quiet[at], RIM_PX, hidden.shape).all() else energy
    return share(best, energy), 1 - share(same, energy)


def inner(corners: Ints, rim_px: int, size: tuple[int, ...]) -> Bits:
    """Tell which blocks (k, 2) lie in a plane with so much around them."""
    return np.asarray(((corners >= rim_px) & (corners + BLOCK_PX + rim_px <= np.array(size))).all(1), bool)


def high(plane: Plane, corners: Ints, margin_px: int) -> Float:
    """Return the finest band of blocks (k, side, side) with a margin around each."""
    side, far = BLOCK_PX + 2 * margin_px, margin_px + RIM_PX
    steps = np.arange(side + 2 * RIM_PX) - far
    wide = plane[corners[:, 0, None, None] + steps[:, None], corners[:, 1, None, None] + steps].astype(np.float32)
    rows = np.sum([w * wide[:, i : i + side] for i, w in enumerate(BINOMIAL)], 0)
    mean = np.sum([w * rows[:, :, i : i + side] for i, w in enumerate(BINOMIAL)], 0)
    return np.asarray(wide[:, RIM_PX:-RIM_PX, RIM_PX:-RIM_PX] - mean, np.float32)


def spread(a: Float, b: Float) -> Float:
    """Return the mean squared difference (k,) of blocks."""
    return np.square(a - b).mean((1, 2))


def share(apart: Float, energy: Float) -> float:
    """Return what part of all that blocks have in the finest band differs, 0 to 1."""
    return float(np.clip(apart.sum() / max(float(energy.sum()), 1e-12), 0, 1))
