"""A frame and two neighbours laid over it at half size in, all that stands out of both and its measurements out.

Everything is measured for all things of a frame at once: sums over a thing's own pixels by its label, sums over the
ring around it from integral images. Nothing here goes through the things one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect._align import Laid, small
from restore.frames import Bits
from restore.source import Plane
from restore.window import Window

NEAR_TOP_PX, NEAR_TOP = 7, 0.35
"""A pixel belongs to a thing where it has this share of the strongest excess in the window of this size around it, so
that a speck is not tied to the weak disorder it lies in."""
ROOM_PX = 10
"""The ring is the thing's box widened by this much at full size, less all that stands out."""
FAR_PX = 60
"""What is far around a thing is within so many full-size pixels of its box."""
STIR_FRAC = 0.035
"""How far around a thing other changes are looked for, as a share of the width; three times their size if large."""
STIR_LEVELS = (5.0, 12.0, 30.0)
"""Changes on one side are counted from these levels on; a thing takes the highest below 0.4 of its own peak."""
STRIDE = 2
"""The ring is looked at in every second pixel of every second row: it has enough of them."""

Ints = npt.NDArray[np.int64]
Table = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """Frame t and its neighbours seen from it at half size, all (h, w) float32."""

    here: Float
    before: Float
    after: Float
    excess: Float
    """By how much `here` is beyond both neighbours, whichever side; negative in between."""
    bright: Plane
    """255 where it is above both."""
    raw: tuple[Float, Float]
    """The neighbours as they are, not moved, evened in brightness as a whole."""
    sides: tuple[Laid, Laid]
    scale: int

    @classmethod
    def of(cls, window: Window, t: int, sides: tuple[Laid, Laid]) -> Scene:
        """Return the scene of frame t."""
        here, before, after = small(window, t), sides[0].small, sides[1].small
        above = cv2.subtract(here, cv2.max(before, after))
        below = cv2.subtract(cv2.min(before, after), here)
        bright = cv2.compare(above, below, cv2.CMP_GT)
        raw = (as_is(window, sides[0]), as_is(window, sides[1]))
        return cls(here, before, after, cv2.max(above, below), bright, raw, sides, sides[0].flow.scale)


def as_is(window: Window, side: Laid) -> Float:
    """Return a neighbour (h, w) where it stands, its brightness evened to frame t's as a whole."""
    plain = small(window, side.frame)
    return cv2.addWeighted(plain, side.gain, plain, 0.0, float(side.offset.mean()))


@dataclass(frozen=True)
class Things:
    """What stands out in a scene, n connected things of one sign each, in their order in the picture."""

    at: Ints
    """(m,) flat places of their pixels, sorted by thing."""
    own: Ints
    """(m,) the thing each of them belongs to."""
    starts: Ints
    """(n,) where each thing's pixels begin in `at`."""
    boxes: Ints
    """(n, 4) y0, x0, y1, x1, half-open."""
    area: Ints
    """(n,) pixels."""
    peak: Float
    """(n,) strongest excess."""
    bright: Bits
    """(n,) brighter than the neighbours."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.area)

    def total(self, values: npt.NDArray[np.generic]) -> Table:
        """Return the sums (n,) of values (m,) by thing."""
        return np.bincount(self.own, values, len(self)).astype(np.float64)

    def keep(self, right: Bits) -> Things:
        """Return those things that are `right` (n,)."""
        number = np.cumsum(right) - 1
        mine = right[self.own]
        own = number[self.own[mine]]
        starts = np.searchsorted(own, np.arange(int(right.sum())))
        return Things(self.at[mine], own, starts, self.boxes[right], self.area[right], self.peak[right],
                      self.bright[right])


def strong(excess: Float, gate: float) -> Plane:
    """Return 255 where the excess (h, w) is above the gate and near the top of what is around it."""
    top = cv2.dilate(excess, np.ones((NEAR_TOP_PX, NEAR_TOP_PX), np.uint8))
    return cv2.compare(excess, cv2.max(cv2.addWeighted(top, NEAR_TOP, top, 0.0, 0.0), gate), cv2.CMP_GT)


def things(scene: Scene, bits: Plane) -> Things:
    """Return the connected things of either sign among the pixels of `bits` (h, w)."""
    upper, above = cv2.connectedComponents(cv2.bitwise_and(bits, scene.bright), connectivity=8)
    lower, below = cv2.connectedComponents(cv2.bitwise_and(bits, cv2.bitwise_not(scene.bright)), connectivity=8)
    places = np.flatnonzero(bits)
    above, below = above.ravel()[places], below.ravel()[places]
    labels = np.where(above > 0, above - 1, below + (upper - 2)).astype(np.int64)
    return gathered(scene, places, labels, upper + lower - 2)


def gathered(scene: Scene, places: Ints, labels: Ints, count: int) -> Things:
    """Return the things made of the pixels at flat `places` (m,) that bear `labels` (m,) from 0 to count - 1."""
    found = pooled(scene.excess, places, labels, count)
    return replace(found, bright=scene.bright.ravel()[found.at[found.starts]] > 0)


def pooled(strength: Float, places: Ints, labels: Ints, count: int) -> Things:
    """Return the things of a picture (h, w) made of the pixels at flat `places` (m,) that bear `labels` (m,) from 0 to
    count - 1; `peak` is their greatest strength, and none is called bright.
    """
    order = np.argsort(labels, kind="stable")
    at, own = places[order], labels[order]
    starts = np.searchsorted(own, np.arange(count))
    if not count:
        empty = np.zeros(0, np.int64)
        return Things(at, own, starts, np.zeros((0, 4), np.int64), empty, np.zeros(0, np.float32), empty > 0)
    ys, xs = np.divmod(at, strength.shape[1])
    boxes = np.stack([
        np.minimum.reduceat(ys, starts), np.minimum.reduceat(xs, starts),
        np.maximum.reduceat(ys, starts) + 1, np.maximum.reduceat(xs, starts) + 1,
    ], 1)
    peak = np.maximum.reduceat(strength.ravel()[at], starts).astype(np.float32)
    return Things(at, own, starts, boxes, np.bincount(own, minlength=count), peak, np.zeros(count, bool))


def widened(boxes: Ints, by: int | Ints, size: tuple[int, int]) -> Ints:
    """Return boxes (n, 4) with `by` pixels more on every side, cut off at the picture's edge."""
    y0, x0, y1, x1 = boxes.T
    return np.stack([np.maximum(y0 - by, 0), np.maximum(x0 - by, 0),
                     np.minimum(y1 + by, size[0]), np.minimum(x1 + by, size[1])], 1)


def box_sums(summed: npt.NDArray[np.generic], boxes: Ints) -> Table:
    """Return the sums over boxes (n, 4) from an integral image (h+1, w+1) or (h+1, w+1, c): (n,) or (n, c)."""
    y0, x0, y1, x1 = boxes.T
    corners = (summed[y, x].astype(np.float64) for y, x in ((y1, x1), (y0, x1), (y1, x0), (y0, x0)))
    a, b, c, d = corners
    return np.asarray(a - b - c + d)


@dataclass(frozen=True)
class Ring:
    """What is around things, means over the pixels that do not stand out themselves, (n,) each."""

    free: Table
    """Share of the ring that does not stand out."""
    here: Table
    middle: Table
    """Mean of both neighbours."""
    texture: Table
    """Standard deviation of `here`."""
    gap: Table
    """How much the neighbours disagree: root of the mean square."""
    uneven: Table
    """Standard deviation of the motion, full-size pixels."""
    turn: Table
    """Length of the sum of the motions to both sides, full-size pixels: 0 on a straight path."""
    pace: Table
    """How far it moves from one frame to the next, full-size pixels."""


def ring(scene: Scene, found: Things, bits: Plane) -> Ring:
    """Return what is around things; `bits` (h, w) are all pixels that stand out."""
    boxes = -(-widened(found.boxes, ROOM_PX // scene.scale, scene.here.shape) // STRIDE)
    # One layer at a time, so that they share one piece of memory.
    every, n, a, aa, m, gg, *flow = [box_sums(cv2.integral(v), boxes) for v in layers(scene, bits)]
    rest = np.maximum(n, 1)
    fx, fy, ff, bx, by, bb = (v / rest for v in flow)
    spread = np.maximum(ff - fx * fx - fy * fy, bb - bx * bx - by * by)
    return Ring(
        n / np.maximum(every, 1), a / rest + 128, m / rest + 128, root(aa / rest - (a / rest) ** 2), root(gg / rest),
        root(spread), np.hypot(fx + bx, fy + by), 0.5 * np.hypot(fx - bx, fy - by),
    )


def unrest(scene: Scene, found: Things, bits: Plane) -> tuple[Table, Table]:
    """Return how much the neighbours disagree (n,) far around things, root of the mean square in 8-bit levels, and what
    share of the picture there stands out (n,); `bits` (h, w) are all pixels that do.
    """
    boxes = -(-widened(found.boxes, FAR_PX // scene.scale, scene.here.shape) // STRIDE)
    gap, out = thinned(cv2.absdiff(scene.before, scene.after)), thinned(bits)
    every, apart, taken = (
        box_sums(cv2.integral(v), boxes) for v in (np.ones_like(gap), gap * gap, (out > 0).astype(np.float32))
    )
    n = np.maximum(every, 1)
    return root(apart / n), taken / n


def layers(scene: Scene, bits: Plane) -> Iterator[Float]:
    """Yield what is summed over rings, each thinned out and 0 where something stands out (`bits`) but for the first.

    Ones, ones, here and its square, both neighbours' mean and their difference squared; x, y and squared length of
    the motion to either side. Levels are about 0 and motion in full-size pixels.
    """
    taken = cv2.dilate(bits, np.ones((3, 3), np.uint8))[::STRIDE, ::STRIDE]
    free = (taken == 0).astype(np.float32)
    yield np.ones_like(free)
    yield free
    here, before, after = (cv2.subtract(thinned(v), 128.0) for v in (scene.here, scene.before, scene.after))
    yield here * free
    yield here * here * free
    yield (before + after) * np.float32(0.5) * free
    np.subtract(before, after, out=before)
    yield before * before * free
    for side in scene.sides:
        x, y = (thinned(side.flow.vectors[..., axis]) * np.float32(scene.scale) for axis in (0, 1))
        yield x * free
        yield y * free
        yield (x * x + y * y) * free


def thinned(values: Float) -> Float:
    """Return every `STRIDE`-th pixel of every `STRIDE`-th row of (h, w)."""
    return np.ascontiguousarray(values[::STRIDE, ::STRIDE])


def root(values: Table) -> Table:
    """Return the square root, of 0 where rounding went below it."""
    return np.asarray(np.sqrt(np.maximum(values, 0)))


def crowd(scene: Scene, found: Things) -> Table:
    """Return how much else stands out around each thing, as a share of itself (n,)."""
    beyond = cv2.max(scene.excess, 0.0)
    boxes = widened(found.boxes, ROOM_PX // scene.scale, scene.here.shape)
    own = found.total(scene.excess.ravel()[found.at])
    return np.asarray(np.maximum(box_sums(cv2.integral(beyond), boxes) - own, 0) / np.maximum(own, 1))


def reach(found: Things, width: int) -> Ints:
    """Return how far around each thing (n,) the scene is looked at for what moves."""
    y0, x0, y1, x1 = found.boxes.T
    return np.maximum(round(STIR_FRAC * width), 3 * np.maximum(y1 - y0, x1 - x0))


def stir(changes: Sequence[Float], found: Things) -> Table:
    """Return the area near each thing that changes on one side of t only, the lesser side, in areas of the thing (n,).

    What moves leaves its old place and takes a new one; dirt does not.
    """
    before, after = changes
    boxes = widened(found.boxes, reach(found, before.shape[1]), before.shape)
    out = np.zeros(len(found))
    for level in STIR_LEVELS:
        counts = [box_sums(cv2.integral(one_sided(a, b, level)), boxes) for a, b in ((before, after), (after, before))]
        mine = (0.4 * found.peak >= level) | (level == STIR_LEVELS[0])
        out = np.where(mine, np.minimum(*counts), out)
    return np.asarray(out / found.area)


def one_sided(here: Float, there: Float, level: float) -> Plane:
    """Return 1 where one change is above the level and the other below half of it."""
    both = cv2.bitwise_and(cv2.compare(here, level, cv2.CMP_GT), cv2.compare(there, 0.5 * level, cv2.CMP_LT))
    return cv2.bitwise_and(both, 1)
