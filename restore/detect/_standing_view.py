"""A window and a frame in, the frames spread around it laid together out: their mean, and where the scene goes on.

What stays on the screen stays sharp in the mean of frames between which the scene has moved; the scene itself is
smeared there along its motion. So a few frames spread over the reach say as much as all of them. They are the same ones
for whatever frame of a group is asked about, and everything is made once a group, from small pictures where it can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect._align import grid
from restore.motion.flow import estimate, vectors
from restore.motion.proxy import scale_of
from restore.window import Window

Bytes = npt.NDArray[np.uint8]
STRIDE_FRAMES = 4
"""Every so many frames one is looked at."""
GROUP_FRAMES = 8
"""So many frames share an answer."""
FEWEST = 5
"""With fewer frames than this nothing is said."""
BLOCK_PX = 8
"""Motion is kept as means over blocks of so many pixels of the pictures it is measured on."""
MEDIAN_BLOCKS = 5
LARGE_PX, MIDDLE_PX = 480, 240
"""From these heights or widths (the smaller) on motion is measured at a quarter, or at half of the size."""
VALID_FRAC = 0.2
"""A block's motion is the mean of what comes home again, where so much of it does."""
DETAIL_PX = 15
"""Pictures are compared by how they differ from their own mean over squares so wide."""
FINE_PX = 9
"""Halves of the frames are compared by what is finer than this in their means."""
FAR_PX = 8.0
"""Frames are compared between which the scene moves so far (median), but no further apart than HOPS allow."""
HOPS = (1, 2, 4)
SEEN = 5.0, 2.0
"""Only what differs by so many 8-bit levels, and so many times the grain, tells whether something moves: bare walls and
roads seem to go along with whatever passes by."""


def luma(window: Window, t: int) -> Bytes:
    """Return luma (H, W) in whole 8-bit levels."""
    def make() -> Bytes:
        planes, pixels = window.picture(t).planes, window.pixels
        if pixels.family == "rgb" or pixels.depth == 32:
            return np.asarray(cv2.convertScaleAbs(cv2.max(window.grey(t), 0.0)), np.uint8)
        if pixels.depth == 8:
            return np.asarray(planes[0], np.uint8)
        return np.asarray(cv2.convertScaleAbs(planes[0], alpha=255.0 / pixels.peak), np.uint8)

    return window.memo("standing-luma", t, make)


def halved(picture: Bytes, scale: int) -> Bytes:
    """Return a picture (H, W) at a whole fraction of its size."""
    if scale == 1:
        return picture
    odd = tuple(-s % scale for s in picture.shape)
    even = cv2.copyMakeBorder(picture, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE) if any(odd) else picture
    size = (even.shape[1] // scale, even.shape[0] // scale)
    return np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), np.uint8)


def small(window: Window, t: int) -> Bytes:
    """Return luma (h, w) at the size the pictures are compared at, in whole 8-bit levels."""
    return window.memo("standing-small", t, lambda: halved(luma(window, t), scale_of(window.size)))


def detail(window: Window, t: int) -> Bytes:
    """Return the detail of luma (h, w) around mid-grey: what light and shadow do to all of a place is taken out."""
    def make() -> Bytes:
        here = small(window, t)
        return np.asarray(cv2.addWeighted(here, 1.0, cv2.blur(here, (DETAIL_PX, DETAIL_PX)), -1.0, 128.0), np.uint8)

    return window.memo("standing-detail", t, make)


def motion_scale(size: tuple[int, int]) -> int:
    """Return how many luma pixels a pixel spans of the pictures that motion is measured on."""
    return 4 if min(size) >= LARGE_PX else 2 if min(size) >= MIDDLE_PX else 1


def field(window: Window, u: int, v: int) -> Float:
    """Return the motion from frame u to frame v as means over blocks (bh, bw, 2), (dx, dy) in luma pixels."""
    def tiny(t: int) -> Bytes:
        scale = motion_scale(window.size)
        return window.fact("standing-tiny", t, lambda: np.asarray(
            cv2.medianBlur(halved(luma(window, t), scale), 3), np.uint8
        ))

    def make() -> Float:
        there, back = vectors(tiny(u), tiny(v), window.preset), vectors(tiny(v), tiny(u), window.preset)
        return coarse(there, estimate(there, back, 1).valid.astype(np.float32)) * np.float32(motion_scale(window.size))

    return window.fact("standing-field", (u, v, window.preset), make)


def coarse(there: Float, valid: Float) -> Float:
    """Return the means (bh, bw, 2) over blocks of displacements (h, w, 2), of the valid ones where there are some."""
    size = (-(-valid.shape[1] // BLOCK_PX), -(-valid.shape[0] // BLOCK_PX))
    share, plain, good = (
        cv2.resize(a, size, interpolation=cv2.INTER_AREA) for a in (valid, there, there * valid[..., None])
    )
    share, plain, good = share.reshape(size[::-1]), plain.reshape(*size[::-1], 2), good.reshape(*size[::-1], 2)
    sound = share[..., None] > VALID_FRAC
    mean = np.where(sound, good / np.maximum(share, VALID_FRAC)[..., None], plain).astype(np.float32)
    # Motion is held back by what stays on the screen; most blocks around know better.
    return np.dstack([cv2.medianBlur(np.ascontiguousarray(mean[..., i]), MEDIAN_BLOCKS) for i in range(2)])


def compared(window: Window, u: int, v: int) -> Bytes:
    """Return (2, h, w) by how many levels frame v differs from u: as it lies, and moved along with the scene."""
    def make() -> Bytes:
        here, there, scale = detail(window, u), detail(window, v), scale_of(window.size)
        going = field(window, u, v) * np.float32(1 / scale)
        moved = fetched(there, going, motion_scale(window.size) * BLOCK_PX // scale)
        return np.stack([cv2.absdiff(here, there), cv2.absdiff(here, moved)]).astype(np.uint8)

    return window.memo("standing-compared", (u, v, window.preset), make)


def fetched(picture: Bytes, blocks: Float, block_px: int) -> Bytes:
    """Return a picture (h, w) fetched along a motion (bh, bw, 2) given for blocks of so many of its pixels."""
    h, w = picture.shape
    size = (blocks.shape[1] * block_px, blocks.shape[0] * block_px)
    dense = cv2.resize(blocks, size, interpolation=cv2.INTER_LINEAR)[:h, :w]
    at = cv2.add(np.ascontiguousarray(dense), grid(h, w))
    return np.asarray(cv2.remap(picture, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


@dataclass(frozen=True, eq=False)
class Ground:
    """Frames of one shot laid together."""

    frames: tuple[int, ...]
    mean: Float
    """(H, W) their mean, 8-bit levels."""
    rest: Float
    """(h, w) how much the picture changes from one to another of them, 8-bit levels a pair ..."""
    gone: Float
    """... and how much it does when it is moved along with the scene."""
    alike: Float
    """(h, w) product of the detail in the means of the first and of the last half of the frames ..."""
    lively: Float
    """... and half the sum of its squares: where the picture rests, both are the same."""
    travel: Float
    """(bh, bw) how far the scene goes, luma pixels; blocks of BLOCK_PX pixels at `motion_scale`."""
    grain: float
    """8-bit levels."""

    @property
    def size(self) -> tuple[int, int]:
        """Return (H, W)."""
        return self.mean.shape[0], self.mean.shape[1]

    @property
    def scale(self) -> int:
        """Return how many luma pixels a pixel of (h, w) spans in each direction."""
        return scale_of(self.size)


def frames(window: Window, t: int, reach: int) -> tuple[int, ...]:
    """Return the frames laid together for frame t: the same ones for all of its group that are in its shot."""
    first = t - t % GROUP_FRAMES
    low, high = first + GROUP_FRAMES - 1 - reach, first + reach
    shot = window.shot(t, reach)
    spread = range(-(-low // STRIDE_FRAMES) * STRIDE_FRAMES, high + 1, STRIDE_FRAMES)
    return tuple(u for u in spread if u in shot)


def ground(window: Window, chosen: Sequence[int]) -> Ground:
    """Lay some frames of one shot together."""
    total = np.zeros(window.size, np.uint16)
    for u in chosen:
        cv2.add(total, luma(window, u), total, dtype=cv2.CV_16U)
    steps = np.stack([field(window, u, v) for u, v in pairwise(chosen)])
    grain = float(np.median([window.grain(u) for u in chosen[::3]]))
    usual = float(np.median(np.hypot(steps[..., 0], steps[..., 1])))
    hop = next((n for n in HOPS if n * usual >= FAR_PX), HOPS[-1])
    rest, gone = summed(window, list(zip(chosen, chosen[hop:], strict=False)), max(SEEN[0], SEEN[1] * grain))
    path = np.concatenate([np.zeros_like(steps[:1]), np.cumsum(steps, 0)])
    wide = np.ptp(path, axis=0)
    travel = np.asarray(np.hypot(wide[..., 0], wide[..., 1]), np.float32)
    half = len(chosen) // 2
    first, last = (mean_detail(window, some) for some in (chosen[:half], chosen[-half:]))
    alike, lively = first * last, np.float32(0.5) * (first * first + last * last)
    return Ground(tuple(chosen), total * np.float32(1 / len(chosen)), rest, gone, alike, lively, travel, grain)


def mean_detail(window: Window, chosen: Sequence[int]) -> Float:
    """Return the detail (h, w) of the mean of some frames, 8-bit levels."""
    total = np.zeros(small(window, chosen[0]).shape, np.uint16)
    for u in chosen:
        cv2.add(total, small(window, u), total, dtype=cv2.CV_16U)
    mean = total * np.float32(1 / len(chosen))
    return np.asarray(mean - cv2.blur(mean, (FINE_PX, FINE_PX)), np.float32)


def summed(window: Window, pairs: Sequence[tuple[int, int]], seen: float) -> tuple[Float, Float]:
    """Return the mean differences (h, w) of pairs of frames, as they lie and moved, where there are any."""
    totals: list[npt.NDArray[np.uint16]] = []
    for u, v in pairs:
        both = compared(window, u, v)
        told = cv2.threshold(cv2.max(both[0], both[1]), seen, 1, cv2.THRESH_BINARY)[1]
        if not totals:
            totals = [np.zeros(told.shape, np.uint16) for _ in both]
        for total, each in zip(totals, both, strict=True):
            cv2.add(total, cv2.multiply(each, told), total, dtype=cv2.CV_16U)
    rest, gone = (total * np.float32(1 / len(pairs)) for total in totals)
    return rest, gone
