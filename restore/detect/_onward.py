"""A line that is sure to be a scratch and the strips of its frame in, the same line as far as it shows out.

The line detector keeps the part that is farthest beyond chance; where a scratch fades, or crosses what is busy, the
rest of it falls short of that. Of a line that is known to be a scratch less is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from restore.colour import Float
from restore.detect._lines import Line, Strips
from restore.frames import Bits

RUN = 9
"""Strips that are averaged."""
STANDS_OUT, NOISE = 0.05, 1.5
"""It goes on where it has this share of its contrast, and so many times the spread of what lies beside its path."""
LEAST_LEVELS = 0.5
"""Less than this is none, in 8-bit levels."""
NEAR = 31
"""Strips over which that spread is taken: what is busy farther on says nothing about here."""
GAP_FRAC = 0.06
"""It is given up after so much of the picture's height without it."""
SEARCH_PX, STEP, FOLLOW_PX = 1, 8, 6
"""Its path may be off by this, anew every so many strips, and by so much in all."""
ASIDE = 6
"""Paths beside its own that say how much the picture varies, a line's width and more apart."""


def onward(line: Line, strips: Strips) -> Line:
    """Return a line followed through the strips (s, W) of its frame, to where it last shows."""
    s = strips.shape[0]
    above, below = _reached(line, strips, range(line.first - 1, -1, -1)), _reached(line, strips, range(line.stop, s))
    if not above.shows.size and not below.shows.size:
        return line
    return replace(
        line, first=line.first - above.shows.size,
        columns=np.concatenate([above.columns[::-1], line.columns, below.columns]),
        shows=np.concatenate([above.shows[::-1], line.shows, below.shows]),
    )


@dataclass(frozen=True)
class Rest:
    """What follows one end of a line, (n,) strips from there on."""

    columns: Float
    shows: Bits


def _reached(line: Line, strips: Strips, rows: range) -> Rest:
    """Return the line in the strips that follow one of its ends, up to the last in which it shows."""
    if not len(rows):
        return Rest(np.zeros(0, np.float32), np.zeros(0, bool))
    straight = np.array([line.at(y) for y in rows], np.float32)
    stands, spread = levels(line, strips, rows, straight, FOLLOW_PX)
    least = np.maximum(max(STANDS_OUT * line.contrast, LEAST_LEVELS), NOISE * spread)
    level, off = _followed(stands, least)
    shows = level > least
    n = last_before_gap(shows, max(2, round(GAP_FRAC * strips.shape[0]))) + 1
    return Rest(straight[:n] + off[:n], shows[:n])


def _followed(stands: Float, least: Float) -> tuple[Float, Float]:
    """Return the level (n,) along a path that bends as the line does, and how far (n,) that is off to the right.

    `stands` (n, 2 k + 1) is by how much each path beside the straight one stands out.
    """
    n, middle = stands.shape[0], stands.shape[1] // 2
    level, off, at = np.zeros(n, np.float32), np.zeros(n, np.float32), 0
    for i in range(0, n, STEP):
        near = stands[i : i + STEP, middle + at - SEARCH_PX : middle + at + SEARCH_PX + 1]
        mean = near.mean(0)
        if mean.max() > least[i : i + STEP].mean():
            turn = int(mean.argmax()) - SEARCH_PX
            at = int(np.clip(at + turn, SEARCH_PX - middle, middle - SEARCH_PX))
        level[i : i + STEP], off[i : i + STEP] = near.max(1), at
    return level, off


def last_before_gap(shows: Bits, gap: int) -> int:
    """Return the last place that shows before so many that do not; -1 where none does."""
    last = -1
    for i in np.flatnonzero(shows).tolist():
        if i - last > gap:
            break
        last = i
    return last


def levels(
    line: Line, strips: Strips, rows: range, straight: Float, reach_px: int
) -> tuple[Float, Float]:
    """Return by how much (n, 2 k + 1) paths beside the straight one, up to `reach_px` off, stand out from their sides.

    And the spread (n,) of that, from paths a line's width and more beside it, where there is no line.
    """
    wide = round(line.left_px + line.right_px) + 1
    step, off = 2 * wide + 4 + reach_px, wide + 1
    room = (ASIDE // 2) * step + off + wide
    xs = (straight + 0.5 * (line.right_px - line.left_px))[:, None] + np.arange(-room, room + 1, dtype=np.float32)
    ys = np.repeat(np.array(rows, np.float32)[:, None], xs.shape[1], 1)
    flat = cv2.remap(strips, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    inside = cv2.blur(flat, (wide, 1))
    stands = line.sign * inside - np.maximum(line.sign * np.roll(inside, off, 1), line.sign * np.roll(inside, -off, 1))
    stands = cv2.blur(stands, (1, RUN))
    beside = np.stack([stands[:, room + k * step] for k in range(-(ASIDE // 2), ASIDE // 2 + 1) if k])
    power = cv2.blur(np.square(beside).mean(0)[:, None], (1, NEAR))[:, 0]
    return stands[:, room - reach_px : room + reach_px + 1], np.sqrt(power)
