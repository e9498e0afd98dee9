"""A defect map and the picture it belongs to in, what it marks out; and what holds for all maps of a film.

The map is levelled, laid on its picture, freed from the picture's ghost, and cut at a threshold: in this order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from restore.colour import Float
from restore.detect._deviation import (
    DARKEST,
    MAD_TO_SIGMA,
    from_usual,
    ghost,
    heavier_side,
    local_level,
    logged,
    spread,
)
from restore.detect._passes import MARGIN, Shift, best, detail, likeness, moved
from restore.errors import MaskError
from restore.frames import Bits
from restore.maps import Level

MOST_LIVELY = 1.5
"""How many times livelier than the whole a part of a map is taken to be at most: what is more is many defects."""
SURVEYED_FRAMES = 9
"""From how many frames, evenly over the film, what holds for all of it is found out."""
CLEAR = 3.0
"""How many times more has to stand out on one side than on the other to call it the side of the defects."""
SCAN_WIDTH_PX = 2048
"""Lengths are given in pixels of a scan this wide."""


@dataclass(frozen=True)
class Terms:
    """How a map is read; lengths in pixels of the film at hand."""

    threshold: float | None
    """Share of full scale, or of the surroundings' level where those are evened out; None finds one."""
    sigmas: float
    polarity: str
    block_px: int
    """Side of the blocks whose median is the surroundings' level; 0 leaves the map as it is."""
    reach_px: int
    """Largest shift looked for; 0 for none."""


@dataclass(frozen=True)
class Survey:
    """What holds for all maps of a film."""

    bright: bool
    """Whether defects are the bright side."""
    shift: Shift | None = None
    """How the maps lie beside the pictures, all in all; None where that was not looked for."""


def surveyed(frames: int) -> list[int]:
    """Return the numbers of the frames, counted from 0, that are looked at to learn about a film."""
    return sorted({(2 * k + 1) * frames // (2 * SURVEYED_FRAMES) for k in range(SURVEYED_FRAMES)})


def survey(levels: Sequence[Level], picture: Callable[[int], Float], terms: Terms) -> Survey:
    """Return what the maps of some frames say of all of them; `picture` gives the k-th one's grey (H, W).

    Raises MaskError where all maps are of one value, or both sides of the usual level stand out alike.
    """
    if all(level.share.min() == level.share.max() for level in levels):
        values = ", ".join(sorted({f"{float(level.share.flat[0]):.3f}" for level in levels}))
        raise MaskError(
            f"matte: each of the {len(levels)} maps looked at is of one value ({values} of full scale), and a map has "
            "to differ where there are defects. Name the channel or folder that holds the map, or take the part out."
        )
    flat = [stands_out(level, terms.block_px) for level in levels]
    bright = terms.polarity == "bright" or (terms.polarity == "auto" and _bright(levels, flat, terms))
    if not terms.reach_px:
        return Survey(bright)
    pairs = (likeness(detail(picture(k)), detail(one), terms.reach_px) for k, one in enumerate(flat) if one.any())
    return Survey(bright, best(list(pairs), terms.reach_px))


def _bright(levels: Sequence[Level], flat: Sequence[Float], terms: Terms) -> bool:
    sides = [heavier_side(one, spread(one, least(level, terms))) for level, one in zip(levels, flat, strict=True)]
    above, below = (sum(side[k] for side in sides) for k in (0, 1))
    if max(above, below) <= CLEAR * min(above, below):
        raise MaskError(
            f"matte: it cannot be told whether defects are bright or dark in the {len(levels)} maps looked at (what "
            f'stands out sums to {above:.1f} above and {below:.1f} below). Set polarity = "bright" or "dark".'
        )
    return above > below


def stands_out(level: Level, block_px: int) -> Float:
    """Return how far each pixel lies from its surroundings (log ratio) or, without blocks, from the median."""
    if not block_px:
        return from_usual(level.share)
    plane = logged(level.share)
    return plane - local_level(plane, block_px)


def least(level: Level, terms: Terms) -> float:
    """Return the smallest standard deviation to believe: one code value."""
    return level.step / max(float(np.median(level.share)), DARKEST) if terms.block_px else level.step


def place(level: Level, grey: Float, terms: Terms) -> Shift:
    """Return how the map of one frame lies beside its picture, grey (H, W)."""
    return best([likeness(detail(grey), detail(stands_out(level, terms.block_px)), terms.reach_px)], terms.reach_px)


def fits(size: tuple[int, int], reach_px: int) -> bool:
    """Tell whether a picture is large enough to look for shifts of so many pixels."""
    return min(size) >= 6 * (reach_px + MARGIN)


def marked(level: Level, rgb: Callable[[], Float], terms: Terms, bright: bool, shift: Shift | None) -> Bits:
    """Return the (H, W) mask of what the map marks, on the picture's own grid; `rgb` gives the picture (H, W, 3)."""
    if terms.block_px:
        return _marked_evened(level, rgb, terms, bright, shift)
    share = level.share if terms.threshold is not None else from_usual(level.share)
    top = np.float32(1 if terms.threshold is not None else 0)
    strength, known = _laid(share if bright else top - share, shift)
    limit = terms.threshold if terms.threshold is not None else terms.sigmas * spread(strength, least(level, terms))
    return (strength >= limit) & known


def _marked_evened(
    level: Level, rgb: Callable[[], Float], terms: Terms, bright: bool, shift: Shift | None
) -> Bits:
    """Return the same (H, W) of a map whose uneven ground and ghost are taken out."""
    plane, known = _laid(logged(level.share), shift)
    scene, doubt = ghost(plane, rgb(), terms.block_px)
    plane -= scene
    ratio = np.exp(plane - local_level(plane, terms.block_px))
    strength = ratio - 1 if bright else 1 - ratio
    if terms.threshold is not None:
        return (strength >= terms.threshold) & known
    usual = spread(strength, least(level, terms))
    # A ghost that is not quite gone, or coarser grain, makes parts of a map livelier than the rest of it.
    local = np.float32(MAD_TO_SIGMA) * local_level(np.abs(strength), terms.block_px)
    usual = np.clip(local, usual, MOST_LIVELY * usual)
    return (strength >= np.float32(terms.sigmas) * usual + doubt) & known


def _laid(plane: Float, shift: Shift | None) -> tuple[Float, Bits | bool]:
    return (plane, True) if shift is None else moved(plane, shift)


def scaled(length_px: float, width: int) -> float:
    """Return a length given in pixels of a 2K scan in those of a film `width` pixels wide."""
    return length_px * width / SCAN_WIDTH_PX


def whole(length_px: float, width: int, smallest: int) -> int:
    """Return the same in whole pixels, rounded up, at least `smallest`; 0 stays 0."""
    return max(smallest, math.ceil(scaled(length_px, width))) if length_px > 0 else 0
