"""A line that is sure to be a scratch and the strips of its frame in, the same line as far as it shows out.

The line detector keeps the part that is farthest beyond chance; where a scratch fades, or crosses what is busy, the
rest of it falls short of that. Of a line that is known to be a scratch less is asked.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect._lines import Line
from restore.frames import Bits

RUN = 9
"""Strips that are averaged."""
STANDS_OUT, NOISE = 0.25, 2.0
"""It goes on where it has this share of its contrast, and so many times the spread of what lies beside its path."""
GAP_FRAC = 0.06
"""It is given up after so much of the picture's height without it."""
SEARCH_PX = 1
"""Its path may be off by this."""
ASIDE = 6
"""Paths beside its own that say how much the picture varies, a line's width and more apart."""


def onward(line: Line, strips: npt.NDArray[np.uint8]) -> Line:
    """Return a line carried on straight through the strips (s, W) of its frame, to where it last shows."""
    s = strips.shape[0]
    above, below = _reached(line, strips, range(line.first - 1, -1, -1)), _reached(line, strips, range(line.stop, s))
    if not above.size and not below.size:
        return line
    before = np.array([line.at(line.first - 1 - i) for i in range(above.size)], np.float32)[::-1]
    after = np.array([line.at(line.stop + i) for i in range(below.size)], np.float32)
    return replace(
        line, first=line.first - above.size, columns=np.concatenate([before, line.columns, after]),
        shows=np.concatenate([above[::-1], line.shows, below]),
    )


def _reached(line: Line, strips: npt.NDArray[np.uint8], rows: range) -> Bits:
    """Return where (n,) the line shows in the strips that follow one of its ends, up to the last in which it does."""
    if not len(rows):
        return np.zeros(0, bool)
    level, spread = _levels(line, strips, rows)
    shows = level > max(STANDS_OUT * line.contrast, NOISE * spread)
    gap = max(2, round(GAP_FRAC * strips.shape[0]))
    last = last_before_gap(shows, gap)
    return shows[: last + 1]


def last_before_gap(shows: Bits, gap: int) -> int:
    """Return the last place that shows before so many that do not; -1 where none does."""
    last = -1
    for i in np.flatnonzero(shows).tolist():
        if i - last > gap:
            break
        last = i
    return last


def _levels(line: Line, strips: npt.NDArray[np.uint8], rows: range) -> tuple[Float, float]:
    """Return by how much (n,) the line's path stands out from its sides, and how much paths beside it do by chance."""
    wide = round(line.left_px + line.right_px) + 1
    step = 2 * wide + 4
    room = (ASIDE // 2) * step + step + wide + SEARCH_PX
    path = np.array([line.at(y) for y in rows], np.float32)[:, None] + 0.5 * (line.right_px - line.left_px)
    xs = path + np.arange(-room, room + 1, dtype=np.float32)
    ys = np.repeat(np.array(rows, np.float32)[:, None], xs.shape[1], 1)
    flat = cv2.remap(strips, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    inside = cv2.blur(flat, (wide, 1))
    off = wide + 1
    stands = line.sign * inside - np.maximum(line.sign * np.roll(inside, off, 1), line.sign * np.roll(inside, -off, 1))
    stands = cv2.blur(stands, (1, RUN))
    own = stands[:, room - SEARCH_PX : room + SEARCH_PX + 1].max(1)
    beside = np.concatenate([stands[:, room + k * step] for k in range(-(ASIDE // 2), ASIDE // 2 + 1) if k])
    return own, float(np.sqrt(np.mean(np.square(beside))))
