"""Two lines of one frame in, whether they are one, or one the side or the continuation of the other, out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from restore.detect import Found
from restore.detect._line_verdict import Known
from restore.detect._lines import Line

SAME_PX = 1.0
"""Two finds of one line are no farther apart than this, on average over what they share."""


def is_one(line: Line, other: Line) -> bool:
    """Tell whether two finds are one line: they share half of their height or more, and their course."""
    first, stop = max(line.first, other.first), min(line.stop, other.stop)
    if line.sign != other.sign or 2 * (stop - first) < max(line.columns.size, other.columns.size):
        return False
    gap = line.columns[first - line.first : stop - line.first] - other.columns[first - other.first : stop - other.first]
    return float(np.abs(gap).mean()) <= SAME_PX


def is_flank(line: Line, other: Line, scale: float) -> bool:
    """Tell whether a line runs along another close by for most of its length: it is that one's side."""
    first, stop = max(line.first, other.first), min(line.stop, other.stop)
    if 2 * (stop - first) < line.columns.size:
        return False
    middle = 0.5 * (first + stop - 1)
    return abs(other.at(middle) - line.at(middle)) <= other.left_px + other.right_px + 6 * scale + 2


def inherited(judged: list[tuple[Known, Found]], scale: float) -> list[tuple[Known, Found]]:
    """Confirm what continues a confirmed line above or below it."""
    sure = [known.line for known, found in judged if found.status == "confirmed"]
    out = []
    for known, found in judged:
        line = known.line
        middle = 0.5 * (line.first + line.stop - 1)
        joins = any(
            other.sign == line.sign and abs(other.at(middle) - line.at(middle)) <= 4 * scale + 1 for other in sure
        ) and not any(is_flank(line, other, scale) for other in sure)
        if found.status != "confirmed" and joins and line.log_nfa < 0:
            found = replace(found, status="confirmed", why="", confidence=0.6)
        out.append((known, found))
    return out
