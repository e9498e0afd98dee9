"""A window and a frame in, its two neighbours laid over it at full size out; and a strength turned into a detection.

What the textbook detectors share. Neighbours, motion and brightness are those `dirt` works with (`_align`), so that
what is compared is the test and not what came before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import Detection, Found, _align
from restore.errors import PartError
from restore.window import Window

REACH_FRAMES = 3
"""How far the next different frame may be: frames shown twice are passed over, as by `dirt`."""


@dataclass(frozen=True)
class Beside:
    """A frame and its neighbours before and after, each (H, W) float32 in 8-bit levels, motion taken out."""

    here: Float
    before: Float
    after: Float


def beside(window: Window, t: int) -> Beside | None:
    """Return frame t with its neighbours; None where the shot has none on one side: nothing can be said there."""
    before, after = (_align.others(window, t, step, REACH_FRAMES) for step in (-1, 1))
    if not before or not after:
        return None
    return Beside(window.grey(t), moved(window, t, before[0]), moved(window, t, after[0]))


def moved(window: Window, t: int, u: int) -> Float:
    """Return frame u seen from t at full size (H, W), its brightness evened to t's."""
    def make() -> Float:
        side = _align.lay(window, t, u)
        h, w = window.size
        view = side.flow.sample(window.grey(u), (0, 0, h, w))
        uneven = cv2.resize(side.offset, (w, h), interpolation=cv2.INTER_LINEAR)
        return cv2.add(cv2.multiply(view, side.gain), uneven)

    return window.memo("beside", (t, u, window.preset), make)


def same_sign(near: Beside) -> tuple[Float, Float]:
    """Return (least, gap): the smaller of |I - P| and |I - N|, 0 where their signs differ, and |P - N|, each (H, W)."""
    high, low = cv2.subtract(near.here, near.before), cv2.subtract(near.here, near.after)
    least = cv2.max(cv2.min(high, low), cv2.min(-high, -low))
    return cv2.max(least, 0.0), cv2.absdiff(near.before, near.after)


def detection(t: int, strength: Float, threshold: float, kind: str) -> Detection:
    """Return where a strength (H, W) exceeds the threshold, one object a connected part.

    These tests know no probabilities: the confidence is 1 - threshold / (2 x peak), one half at the threshold.
    """
    mask = strength > threshold
    n, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    peak = np.zeros(n, np.float32)
    np.maximum.at(peak, parts[mask], strength[mask])
    sure = 1 - 0.5 * threshold / np.maximum(peak, 1e-6)
    objects = [
        Found(t, kind, (int(y), int(x), int(y + h), int(x + w)), int(area), float(sure[i]))
        for i, (x, y, w, h, area) in enumerate(stats) if i
    ]
    return Detection(mask, tuple(objects))


def check(part: str, name: str, value: float, low: float, high: float) -> None:
    """Raise PartError where a parameter is out of range."""
    if not low <= value <= high:
        raise PartError(f"{part}: {name} is {value}; it needs a value from {low} to {high}.")
