"""A thing known to stay on the screen in, its outline at full size out: where it differs from the scene seen elsewhere.

The difference is averaged over many pairs of frames, so grain and errors of the motion come out, and the thing stays.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect._standing_judge import Box, Pair, Thing, Verdict, fetched
from restore.frames import Bits
from restore.motion.proxy import scale_of
from restore.window import Window

FAINTEST, GRAINS, SHARE = 3.0, 0.8, 0.12
"""A pixel belongs to a thing that lifts it by more than so many levels, so many times the grain, and this share of the
most."""
CORE = 0.5
"""... and hangs together with one that is lifted by this share of the most."""
UNSURE = 3.0
"""... and by so many times what the picture beside it wavers."""
MOST_PAIRS = 8
SHOWS = 0.3
"""Frame t shows the thing where it lifts it by this share of what it usually does."""


def outline(window: Window, t: int, thing: Thing, verdict: Verdict) -> tuple[Box, Bits]:
    """Return where (y0, x0, y1, x1) in luma pixels, and which pixels there, a thing covers frame t."""
    scale = scale_of(window.size)
    skirt = scale * round(0.5 * thing.thick_px + 2)
    room = skirt + 6 * scale
    y0, x0, y1, x1 = (scale * v for v in thing.box)
    h, w = window.size
    box = (max(y0 - room, 0), max(x0 - room, 0), min(y1 + room, h), min(x1 + room, w))
    shape = np.zeros((box[2] - box[0], box[3] - box[1]), np.uint8)
    grown = np.kron(thing.shape.astype(np.uint8), np.ones((scale, scale), np.uint8))
    part = shape[y0 - box[0] : y1 - box[0], x0 - box[1] : x1 - box[1]]
    part[:] = grown[: part.shape[0], : part.shape[1]]
    near = cv2.dilate(shape, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * skirt + 1, 2 * skirt + 1))) > 0
    lift, now = lifted(window, t, thing, verdict, box)
    core = shape > 0
    most = float(np.quantile(lift[core], 0.98 if core.sum() > 60 else 1.0))
    beside = lift[~near]
    wavers = 1.4826 * float(np.median(abs(beside))) if beside.size else 0.0
    least = max(FAINTEST, GRAINS * window.grain(t), SHARE * most, UNSURE * wavers)
    pixels = hanging(near & (lift > least), core & (lift > max(CORE * most, least)))
    if pixels.any() and float(now[pixels].mean()) < SHOWS * float(lift[pixels].mean()):
        pixels[:] = False
    return box, pixels


def lifted(window: Window, t: int, thing: Thing, verdict: Verdict, box: Box) -> tuple[Float, Float]:
    """Return by how much a thing lifts (or lowers) a box of the picture: in the mean, and in frame t, (bh, bw) each."""
    scale = scale_of(window.size)
    parts: list[Float] = []
    now: list[Float] = []
    for pair in nearest(verdict.pairs, t):
        dx, dy = (scale * v for v in pair.shift)
        for u, v, shift in ((pair.first, pair.second, (dx, dy)), (pair.second, pair.first, (-dx, -dy))):
            seen = fetched(window.grey(v), box, shift)
            y0, x0, y1, x1 = box
            parts.append(thing.sign * (window.grey(u)[y0:y1, x0:x1] - seen))
            if abs(u - t) <= 1 or len(now) < 2:
                now.append(thing.sign * (window.grey(t)[y0:y1, x0:x1] - seen))
    return mean_of(parts), mean_of(now)


def nearest(pairs: tuple[Pair, ...], t: int) -> list[Pair]:
    """Return the pairs nearest to frame t."""
    return sorted(pairs, key=lambda p: (abs(p.first + p.second - 2 * t), p.first))[:MOST_PAIRS]


def mean_of(parts: list[Float]) -> Float:
    """Return the mean (h, w) of what is known in some pictures, 0 where nothing is."""
    stack = np.stack(parts)
    known = ~np.isnan(stack)
    total = np.where(known, stack, 0).sum(0)
    return np.asarray(total / np.maximum(known.sum(0), 1), np.float32)


def hanging(low: Bits, high: Bits) -> Bits:
    """Return the connected parts of `low` that have a pixel of `high`."""
    n, parts = cv2.connectedComponents((low | high).astype(np.uint8), connectivity=8)
    keep: npt.NDArray[np.bool_] = np.zeros(n, bool)
    keep[np.unique(parts[high])] = True
    keep[0] = False
    return np.asarray(keep[parts], bool)
