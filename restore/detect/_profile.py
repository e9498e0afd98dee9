"""A line straightened in, how wide it is and where it shows out."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from restore.colour import Float
from restore.frames import Bits

SHOWS, GAP = 0.15, 12
"""A line shows where it has so much of its contrast; strips between two such places that are bridged."""


def extent(profile: Float, room: int) -> tuple[int, int, float]:
    """Return how far left and right of the middle a profile stays above a quarter of its peak, and the peak.

    No side is wider than half the widest line looked for: what goes on beyond is a step beside the line.
    """
    base = float(np.median(profile))
    middle = room + int(profile[room - 2 : room + 3].argmax()) - 2
    peak = float(profile[middle]) - base
    above = profile - base > 0.25 * peak
    most = room // 4 + 2
    left = right = middle
    while left > middle - most and above[left - 1]:
        left -= 1
    while right < middle + most and above[right + 1]:
        right += 1
    return max(room - left, 0), max(right - room, 0), peak


def shown(flat: Float, room: int, sides: tuple[int, int], contrast: float) -> Bits:
    """Return where (n,) a line stands out from what is beside it, in strips straightened along it (n, 2 room + 1).

    Its path is known to a pixel or so; and where it shows on both sides of a short gap, it lies in the gap too.
    """
    left, right = sides
    level = np.full(len(flat), -np.inf, np.float32)
    for at in (room - 1, room, room + 1):
        before, after = flat[:, max(0, at - left - 4) : at - left - 1], flat[:, at + right + 2 : at + right + 5]
        own = flat[:, at - left // 2 : at + right // 2 + 1].mean(1) - 0.5 * (before.mean(1) + after.mean(1))
        level = np.maximum(level, own)
    shows = cv2.blur(level[:, None], (1, 9))[:, 0] > SHOWS * contrast
    edge = np.flatnonzero(np.diff(shows.astype(np.int8))) + 1
    for start, stop in pairwise(edge.tolist()):
        if not shows[start] and stop - start <= GAP:
            shows[start:stop] = True
    return np.asarray(shows, bool)
