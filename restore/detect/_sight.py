"""A window and a frame in, what the detector's network looks at out: the frame beside its neighbours, at proxy size."""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import _align
from restore.detect._align import Laid
from restore.detect._things import as_is
from restore.window import Window

CHANNELS = (
    "here",  # luma less what is around it
    "before", "after",  # by how much it is above the neighbours, motion compensated
    "beyond",  # by how much it is beyond both, signed
    "stood_before", "stood_after",  # by how much it is above the neighbours as they stand
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


def neighbours(window: Window, t: int, reach: int) -> tuple[Laid, Laid] | None:
    """Return the nearest different frames before and after t, laid over it; twice the same at the end of a shot."""
    before, after = (_align.others(window, t, step, reach) for step in (-1, 1))
    if not before and not after:
        return None
    return _align.lay(window, t, (before or after)[0]), _align.lay(window, t, (after or before)[0])


def sight(window: Window, t: int, sides: tuple[Laid, Laid]) -> Float:
    """Return what is seen at frame t, (channels, h, w) float32 in the order of `CHANNELS`."""
    here = _align.small(window, t)
    first, last = sides
    before, after = cv2.subtract(here, first.small), cv2.subtract(here, last.small)
    beyond = np.where(np.abs(before) < np.abs(after), before, after)
    beyond[(before > 0) != (after > 0)] = 0
    moved = cv2.magnitude(*cv2.split(last.flow.vectors)) + cv2.magnitude(*cv2.split(first.flow.vectors))
    out = np.empty((len(CHANNELS), *here.shape), np.float32)
    levels = (
        cv2.subtract(here, cv2.blur(here, (AROUND_PX, AROUND_PX))), before, after, beyond,
        cv2.subtract(here, as_is(window, first)), cv2.subtract(here, as_is(window, last)),
        cv2.absdiff(first.small, last.small),
    )
    for channel, values in zip(out, levels, strict=False):
        np.multiply(values, LEVELS, out=channel)
    out[7] = 0.5 * (first.flow.valid.astype(np.float32) + last.flow.valid)
    out[8] = 0.5 * np.log1p(moved)
    out[9] = window.grain(t) / 8
    out[10] = first.frame == last.frame
    return np.clip(out, -MOST, MOST, out=out)
