"""Neighbours laid over a frame in, the six pixels of them around each pixel in order of rank out (for ROD and SROD)."""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float
from restore.detect._beside import Beside

NETWORK = ((1, 2), (4, 5), (0, 2), (3, 5), (0, 1), (3, 4), (2, 5), (0, 3), (1, 4), (2, 4), (1, 3), (2, 3))
"""Twelve exchanges sort six values (Knuth, The Art of Computer Programming 3, 5.3.4)."""


def references(near: Beside) -> list[Float]:
    """Return six (H, W): each pixel of both neighbours with the one above and the one below it; edges repeat."""
    out = []
    for view in (near.before, near.after):
        tall = cv2.copyMakeBorder(view, 1, 1, 0, 0, cv2.BORDER_REPLICATE)
        out += [np.ascontiguousarray(tall[k : k + view.shape[0]]) for k in range(3)]
    return out


def ranked(near: Beside) -> list[Float]:
    """Return the six references, each (H, W), smallest first at every pixel."""
    r = references(near)
    for a, b in NETWORK:
        r[a], r[b] = cv2.min(r[a], r[b]), cv2.max(r[a], r[b])
    return r
