"""Scratches that frames around are sure of and the strips of a frame in, the same scratches on this frame out.

Where a scratch crosses what is busy, or runs beside the line of a door, the line detector of one frame may follow
neither, or now the one and now the other. What is known to be there is looked for where it has to be.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from restore.detect._lines import Line, Strips
from restore.detect._onward import levels

STANDS_OUT, NOISE, LEAST_LEVELS = 0.3, 1.0, 1.0
"""It shows where it has this share of its contrast, so many times the spread beside it, and so many 8-bit levels."""
PRESENT = 0.6
"""It is there if it shows in this share of the strips in which it did."""


def carried(line: Line, strips: Strips, reach_px: int) -> Line | None:
    """Return a line of another frame as it lies in the strips (s, W) of this one, or None where it does not.

    It is looked for up to `reach_px` columns off, as a whole: from frame to frame a scratch drifts sideways.
    """
    if not line.shows.any():
        return None
    stands, spread = levels(line, strips, range(line.first, line.stop), line.columns, reach_px)
    best = int(np.clip(stands[line.shows], -line.contrast, line.contrast).mean(0).argmax())
    level = stands[:, best]
    shows = level > np.maximum(max(STANDS_OUT * line.contrast, LEAST_LEVELS), NOISE * spread)
    there = np.flatnonzero(shows)
    if not there.size or shows[line.shows].mean() < PRESENT:
        return None
    part = slice(int(there[0]), int(there[-1]) + 1)
    columns = (line.columns[part] + np.float32(best - reach_px)).astype(np.float32)
    return replace(line, first=line.first + part.start, columns=columns, shows=(shows | line.shows)[part])
