"""A window and a frame in, what the detector's network looks at out: the frame beside its neighbours, at proxy size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import _align
from restore.detect._align import Laid
from restore.window import Window

CHANNELS = (
    "here",  # luma less what is around it
    "before", "after",  # by how much it is above the neighbours, motion compensated
    "beyond",  # by how much it is beyond both, signed
    "stood_before", "stood_after",  # by how much it is above the neighbours as they stand
    "was", "will",  # by how much the neighbours are, in the same place, beyond both of theirs, signed
    "apart",  # how far the compensated neighbours are apart
    "valid",  # share of the two motions that come home
    "moved",  # log of how far the scene moves
    "grain",  # its deviation
    "end",  # 1 at the end of a shot, where both neighbours are one
)
LEVELS = np.float32(1 / 16)
"""Differences are given in units of 16 8-bit levels."""
AROUND_PX = 31
MOST = 4.0
Box = tuple[slice, slice]


def neighbours(window: Window, t: int, reach: int) -> tuple[Laid, Laid] | None:
    """Return the nearest different frames before and after t, laid over it; twice the same at the end of a shot."""
    before, after = (_align.others(window, t, step, reach) for step in (-1, 1))
    if not before and not after:
        return None
    return _align.lay(window, t, (before or after)[0]), _align.lay(window, t, (after or before)[0])


def both(before: Float, after: Float) -> Float:
    """Return by how much a picture is beyond both of two others, signed, from by how much it is above each (h, w)."""
    out = np.where(np.abs(before) < np.abs(after), before, after)
    out[(before > 0) != (after > 0)] = 0
    return np.asarray(out)


def beyond(window: Window, t: int, reach: int) -> Float:
    """Return by how much frame t is beyond both its neighbours (h, w), signed; 0 where it has but one. Made once."""
    def make() -> Float:
        here, sides = _align.small(window, t), neighbours(window, t, reach)
        if sides is None or sides[0].frame == sides[1].frame:
            return np.zeros_like(here)
        return both(*(cv2.subtract(here, side.small) for side in sides))

    return window.memo("beyond", (t, reach, window.preset), make)


@dataclass(frozen=True)
class Sight:
    """All that is seen at a frame, shown piece by piece."""

    here: Float
    """(h, w)."""
    around: Float
    """(h, w) mean over what is around."""
    stood: tuple[Float, Float]
    """(h, w) the neighbours where they stand."""
    sides: tuple[Laid, Laid]
    beside: tuple[Float, Float]
    """(h, w) by how much they are beyond theirs."""
    grain: float

    @classmethod
    def of(cls, window: Window, t: int, sides: tuple[Laid, Laid], reach: int) -> Sight:
        """Return what is seen at frame t."""
        here, (first, last) = _align.small(window, t), sides
        return cls(
            here, cv2.blur(here, (AROUND_PX, AROUND_PX)),
            (_align.small(window, first.frame), _align.small(window, last.frame)), sides,
            (beyond(window, first.frame, reach), beyond(window, last.frame, reach)), window.grain(t),
        )

    def shown(self, at: Box = np.s_[:, :]) -> Float:
        """Return what is seen of a box, (channels, h, w) float32 in the order of `CHANNELS`."""
        here, (first, last) = self.here[at], self.sides
        before, after = (here - side.small[at] for side in self.sides)
        stood = [here - plain[at] * np.float32(side.gain) - np.float32(side.offset.mean())
                 for plain, side in zip(self.stood, self.sides, strict=True)]
        moved = sum(np.hypot(*np.moveaxis(side.flow.vectors[at], -1, 0)) for side in self.sides)
        out = np.empty((len(CHANNELS), *here.shape), np.float32)
        levels = (
            here - self.around[at], before, after, both(before, after), *stood, *(side[at] for side in self.beside),
            np.abs(before - after),
        )
        for channel, values in zip(out, levels, strict=False):
            np.multiply(values, LEVELS, out=channel)
        out[9] = 0.5 * (first.flow.valid[at].astype(np.float32) + last.flow.valid[at])
        out[10] = 0.5 * np.log1p(moved)
        out[11] = self.grain / 8
        out[12] = first.frame == last.frame
        return np.clip(out, -MOST, MOST, out=out)
