"""A window and a frame in, the places out that do not look as the scene does once it has moved on, at half size.

What lies beneath a thing on the screen is seen elsewhere a few frames before and after. A place that is brighter than
both of those, or darker, is odd; dirt is so on one frame, a moving edge wanders, grain is so now this way and now that,
and what stays on the screen is so at the same place again and again. The median of three frames in a row is a vote, so
a single dirty frame does no harm, and most votes around a frame must agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect._align import grid
from restore.detect._motion import BLOCK_PX, step
from restore.frames import Bits
from restore.motion.proxy import scale_of
from restore.span import Span
from restore.window import Window

Bytes = npt.NDArray[np.uint8]
TRIO = 3
"""Frames that vote together."""
NEAR_VOTES, NEEDED = 2, 3
"""Of the votes so far before and after that of a frame, so many have to agree."""
HOPS_PX = (4.0, 16.0)
"""A frame is compared with the next ones before and after from which the scene has moved so far (small pixels, the
median): little for dots and hairs, more for blobs."""
LEAST_PX = 1.2
"""Frames from which it moved less say nothing."""
LEVELS, GRAINS = 3.0, 0.6
"""Least oddness: 8-bit levels, and multiples of the grain."""
Signed = npt.NDArray[np.int8]


def luma(window: Window, t: int) -> Bytes:
    """Return luma (H, W) in whole 8-bit levels."""
    return np.asarray(cv2.convertScaleAbs(cv2.max(window.grey(t), 0.0)), np.uint8)


def small(window: Window, t: int) -> Bytes:
    """Return luma at half size (h, w), nothing taken out, in whole 8-bit levels."""
    return window.memo("standing-small", t, lambda: halved(luma(window, t), scale_of(window.size)))


def halved(picture: Bytes, scale: int) -> Bytes:
    """Return a picture (H, W) at the size motion is measured at."""
    if scale == 1:
        return picture
    odd = tuple(-s % scale for s in picture.shape)
    even = cv2.copyMakeBorder(picture, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE) if any(odd) else picture
    size = (even.shape[1] // scale, even.shape[0] // scale)
    return np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True)
class Motions:
    """How the scene moves over a shot, coarsely."""

    span: Span
    steps: Float
    """(n - 1, bh, bw, 3): frame to next frame, dx and dy in small pixels, and the share that is valid."""
    paths: Float
    """(n, bh, bw, 2): the same added up from the first frame on."""
    same: tuple[bool, ...]
    """(n - 1): whether a frame shows what the one before it does."""

    def between(self, u: int, v: int) -> Float:
        """Return the motion (bh, bw, 2) from frame u to frame v."""
        return np.asarray(self.paths[v - self.span.start] - self.paths[u - self.span.start], np.float32)

    def travel(self) -> Float:
        """Return how far the scene goes at each block (bh, bw) within the span, in small pixels."""
        wide = np.ptp(self.paths, axis=0)
        return np.asarray(np.hypot(wide[..., 0], wide[..., 1]), np.float32)


def motions(window: Window, shot: Span) -> Motions:
    """Return how the scene moves over the frames of a span of two frames or more that lie in one shot."""
    made = [step(window, u) for u in range(shot.start, shot.stop - 1)]
    fields = np.stack([m.fields[0] for m in made]).astype(np.float32)
    fields[..., :2] /= scale_of(window.size)
    paths = np.cumsum(fields[..., :2], 0, dtype=np.float32)
    return Motions(shot, fields, np.concatenate([np.zeros_like(paths[:1]), paths]), tuple(m.is_same for m in made))


def odd(window: Window, t: int, hop: int) -> Signed:
    """Return how much brighter or darker frame t is than the scene is seen elsewhere (h, w), 8-bit levels."""
    shot, here = window.shot(t, hop), small(window, t)
    bright, dark = np.zeros_like(here), np.zeros_like(here)
    if len(shot) < 2:
        return np.zeros(here.shape, np.int8)
    motion = motions(window, shot)
    done: set[tuple[int | None, int | None]] = {(None, None)}
    for far in HOPS_PX:
        sides = (away(motion, t, -1, far), away(motion, t, 1, far))
        if sides not in done:
            done.add(sides)
            more = apart(window, t, [u for u in sides if u is not None], motion)
            bright, dark = (np.asarray(cv2.max(a, b), np.uint8) for a, b in zip((bright, dark), more, strict=True))
    return np.asarray(cv2.subtract(bright, dark, dtype=cv2.CV_8S), np.int8)


def away(motion: Motions, t: int, way: int, far_px: float) -> int | None:
    """Return the next frame from which the scene has moved so far, or the farthest; None where it hardly moves."""
    best, most = None, LEAST_PX
    u = t + way
    while u in motion.span:
        gone = motion.between(t, u)
        median = float(np.median(np.hypot(gone[..., 0], gone[..., 1])))
        if median > most:
            best, most = u, median
        if median >= far_px:
            break
        u += way
    return best


def apart(window: Window, t: int, others: list[int], motion: Motions) -> tuple[Bytes, Bytes]:
    """Return how much brighter, and how much darker, frame t is than the scene on all other frames, (h, w) each."""
    here = small(window, t)
    seen = [moved(window, u, motion.between(t, u)) for u in others]
    high, low = seen[0], seen[0]
    for other in seen[1:]:
        high, low = np.asarray(cv2.max(high, other), np.uint8), np.asarray(cv2.min(low, other), np.uint8)
    return np.asarray(cv2.subtract(here, high), np.uint8), np.asarray(cv2.subtract(low, here), np.uint8)


def moved(window: Window, u: int, blocks: Float) -> Bytes:
    """Return frame u (h, w) fetched along a motion (bh, bw, 2) given for blocks."""
    picture = small(window, u)
    h, w = picture.shape
    size = (blocks.shape[1] * BLOCK_PX, blocks.shape[0] * BLOCK_PX)
    dense = cv2.resize(blocks, size, interpolation=cv2.INTER_LINEAR)[:h, :w]
    at = cv2.add(np.ascontiguousarray(dense), grid(h, w))
    return np.asarray(cv2.remap(picture, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def vote(window: Window, n: int, hop: int) -> Signed:
    """Return the median oddness of the frames 3n to 3n + 2 (h, w), made once."""
    def make() -> Signed:
        a, b, c = (odd(window, t, hop) for t in range(TRIO * n, TRIO * n + TRIO))
        return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))

    return window.memo("standing-vote", (n, hop, window.preset), make)


def votes(shot: Span) -> range:
    """Return the numbers of the votes whose frames lie within a shot."""
    return range(-(-shot.start // TRIO), shot.stop // TRIO)


@dataclass(frozen=True)
class Lasting:
    """What most votes around a frame agree on."""

    odd: Float
    """(h, w): how much brighter or darker than the scene elsewhere, their mean, 8-bit levels."""
    bright: Bits
    dark: Bits


def lasting(window: Window, t: int, shot: Span, hop: int) -> Lasting | None:
    """Return what most votes around frame t find odd; None where there are too few."""
    known = votes(shot)
    if len(known) < NEEDED:
        return None
    least = max(LEVELS, GRAINS * window.grain(t))
    here = min(max(t // TRIO, known[0]), known[-1])
    near = [vote(window, n, hop) for n in known if abs(n - here) <= NEAR_VOTES]
    total = np.zeros(near[0].shape, np.int16)
    ups, downs = (np.zeros(near[0].shape, np.uint8) for _ in range(2))
    for each in near:
        total += each
        ups += each > least
        downs += each < -least
    mean = total * np.float32(1 / len(near))
    return Lasting(mean, (ups >= NEEDED) & (mean > 0.5 * least), (downs >= NEEDED) & (mean < -0.5 * least))
