"""Signatures of neighbouring frames in, the places where one shot ends and the next begins out.

Decided from a fixed number of frames on both sides, so the answer does not depend on how the film is divided, and no
pass over the whole film is needed. A flash or a single damaged frame is not a cut: the scene comes back after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.motion.proxy import Proxy
from restore.span import Span

REACH_FRAMES = 6
"""How many frames on either side of a boundary are looked at."""
JUMP = 3.0
"""A cut differs this many times more than the frames around it usually do."""
FLOOR = 0.16
"""Differences below this are never a cut (0 same, 1 nothing in common)."""
VISIBLE_LEVELS = 6.0
"""Mean difference in 8-bit levels from which a difference counts in full."""
RETURN = 0.6
"""If a later frame resembles the one before by this share of the jump, the scene came back: not a cut."""


@dataclass(frozen=True)
class Signature:
    """What a frame looks like from far away."""

    histogram: Float
    """(64,) share of pixels per level, blurred so that flicker does not move all of it."""
    thumb: Float
    """(18, 32) 8-bit levels."""


def signature(small: Proxy) -> Signature:
    """Return the signature of a proxy (h, w) uint8."""
    counts = cv2.calcHist([small], [0], None, [64], [0, 256]).ravel()
    counts = cv2.GaussianBlur((counts / counts.sum())[None], (0, 0), 1.5)[0]
    thumb = cv2.resize(small, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32)
    return Signature(counts, cv2.GaussianBlur(thumb, (0, 0), 1.0))


def difference(a: Signature, b: Signature) -> float:
    """Return how little two frames have in common, 0 to about 1: both their tones and their layout must change."""
    tones = 0.5 * float(np.abs(a.histogram - b.histogram).sum())
    layout = 1.0 - float((_contrast(a.thumb) * _contrast(b.thumb)).mean())
    # Two nearly black frames differ in everything but what can be seen.
    seen = min(1.0, float(np.abs(a.thumb - b.thumb).mean()) / VISIBLE_LEVELS)
    return seen * (0.35 * tones + 0.65 * min(1.0, layout))


def _contrast(thumb: Float) -> Float:
    return (thumb - thumb.mean()) / max(float(thumb.std()), 1.0)


def is_cut(t: int, film: Span, of: Callable[[int], Signature]) -> bool:
    """Tell whether frame t begins a new shot; `of` gives the signature of any frame of `film`."""
    if not film.start < t < film.stop:
        return False
    jump = difference(of(t - 1), of(t))
    if jump < FLOOR:
        return False
    near = Span(max(film.start + 1, t - REACH_FRAMES), min(film.stop, t + REACH_FRAMES + 1))
    usual = [difference(of(u - 1), of(u)) for u in near if u != t]
    if usual and jump < JUMP * float(np.median(usual)):
        return False
    returns = [(t - 1, t + 1), (t - 1, t + 2), (t - 2, t), (t - 3, t), (t - 2, t + 1)]
    seen = [difference(of(a), of(b)) for a, b in returns if a >= film.start and b < film.stop]
    return all(d > RETURN * jump for d in seen)


