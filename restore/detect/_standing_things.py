"""Frames laid together in, what stands out of their mean out: places lighter or darker than all around them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.detect._standing_view import Bytes, Ground
from restore.frames import Bits

Box = tuple[int, int, int, int]
FINE_PX, COARSE_PX = (5, 11), (11, 25)
"""A pixel is compared with the mean of squares so wide around it: at full size, and at the size of motion."""
LEVELS, GRAINS = 3.0, 3.0
"""It stands out by so many 8-bit levels, and so many times what is left of the grain in the mean ..."""
PLAIN = 4.0, 3.2
"""... and so many times as much as is usual around it, at either size ..."""
USUAL_SIDES = 4
"""... in a square so many times as wide."""
LIVELY = 1.4
"""Around it the picture is no more than so many times as well explained by resting as by going along."""
LIVELY_PX = 41
MOST = 80
"""No more things than this are returned, the plainest first."""


@dataclass(frozen=True, eq=False)
class Thing:
    """Something that stands out of the mean."""

    box: Box
    """(y0, x0, y1, x1), half-open, luma pixels."""
    shape: Bits
    """(bh, bw)."""
    sign: int
    plain: float
    """How many times as much as is usual around it."""

    @property
    def area_px(self) -> int:
        """Pixels."""
        return int(np.count_nonzero(self.shape))

    @property
    def thick_px(self) -> float:
        """Return twice the largest distance to its edge: 1 for a dot or a fine line."""
        deep = cv2.distanceTransform(np.pad(self.shape, 1).astype(np.uint8), cv2.DIST_L2, 3)
        return max(1.0, 2 * float(deep.max()) - 1)


def things(ground: Ground) -> tuple[list[Thing], list[Thing]]:
    """Return what stands out of the mean, the plainest first: where the scene moves, and where it does not."""
    bright, dark, plain = standing_out(ground)
    going = lively(ground, cv2.bitwise_or(bright, dark))
    found = parts(bright, plain, going, 1) + parts(dark, plain, going, -1)
    found.sort(key=lambda each: (-each[0].plain, each[0].box))
    return [t for t, goes in found if goes][:MOST], [t for t, goes in found if not goes][:MOST]


def standing_out(ground: Ground) -> tuple[Bytes, Bytes, Float]:
    """Return where the mean (H, W) is brighter, and darker, than around it, and how many times the usual that is."""
    (h, w), scale = ground.size, ground.scale
    least = max(LEVELS, GRAINS * ground.grain / len(ground.frames) ** 0.5)
    bright, dark = (np.zeros((h, w), np.uint8) for _ in range(2))
    plain = np.zeros((h, w), np.float32)
    small = cv2.resize(ground.mean, (-(-w // scale), -(-h // scale)), interpolation=cv2.INTER_AREA)
    sizes = [(ground.mean, 1, px, PLAIN[0]) for px in FINE_PX] + [(small, scale, px, PLAIN[1]) for px in COARSE_PX]
    for picture, unit, px, usual in sizes:
        high = cv2.subtract(picture, cv2.blur(picture, (px, px)))
        side = USUAL_SIDES * px + 1
        size = cv2.absdiff(high, 0.0)
        share = cv2.divide(size, cv2.blur(size, (side, side)) + np.float32(0.3))
        odd = (size > least) & (share > usual)
        for total, bits in ((bright, odd & (high > 0)), (dark, odd & (high < 0))):
            cv2.bitwise_or(total, enlarged(bits.view(np.uint8), unit, (h, w)), total)
        cv2.max(plain, enlarged(share, unit, (h, w)), plain)
    return bright, dark, plain


def enlarged(picture: Float | Bytes, unit: int, size: tuple[int, int]) -> Float | Bytes:
    """Return a picture repeated so that each of its pixels spans `unit`, cut to a size (H, W)."""
    if unit == 1:
        return picture
    wide = cv2.resize(picture, None, fx=unit, fy=unit, interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(wide[: size[0], : size[1]])


def lively(ground: Ground, things: Bytes) -> Bytes:
    """Return where (H, W) the picture around does not clearly rest; what stands out (H, W) says nothing of it."""
    side, scale = (LIVELY_PX, LIVELY_PX), ground.scale
    spots = cv2.resize(things, ground.rest.shape[::-1], interpolation=cv2.INTER_NEAREST) if scale > 1 else things
    free = 1 - cv2.dilate(spots, np.ones((5, 5), np.uint8)).astype(np.float32)
    rest, gone = (cv2.blur(cv2.multiply(a, free), side) for a in (ground.rest, ground.gone))
    going = (gone <= LIVELY * rest).astype(np.uint8)
    return np.asarray(enlarged(going, scale, ground.size), np.uint8)


def parts(bits: Bytes, plain: Float, going: Bytes, sign: int) -> list[tuple[Thing, bool]]:
    """Return the plainest connected parts of a picture (H, W) of bits, and whether the scene moves there."""
    whole = cv2.morphologyEx(bits, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
    at = np.flatnonzero(whole)
    own = labels.ravel()[at]
    most = np.zeros(n, np.float32)
    np.maximum.at(most, own, plain.ravel()[at])
    goes = np.bincount(own, going.ravel()[at], n) > 0.5 * stats[:, cv2.CC_STAT_AREA]
    order = np.argsort(-most[1:], kind="stable") + 1
    out = []
    for i in (*order[goes[order]][:MOST], *order[~goes[order]][:MOST]):
        x, y, wide, tall = (int(v) for v in stats[i][:4])
        shape = labels[y : y + tall, x : x + wide] == i
        out.append((Thing((y, x, y + tall, x + wide), shape, sign, float(most[i])), bool(goes[i])))
    return out
