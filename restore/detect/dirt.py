"""Frame t and its neighbours in, the dirt on frame t out: what neither neighbour shows, and nothing that moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect import Detection, Found, _align, _judge
from restore.detect._align import Box, Laid
from restore.detect._judge import Views
from restore.errors import PartError
from restore.frames import Bits
from restore.window import Window

TILE_PX = 128
"""Full-resolution work is done on tiles of this size around what the half-size look finds."""
SMALLEST_PX = 8
"""Pictures less high or wide than this have no room for a thing and its surroundings."""
ROOM_PX = 12
"""A thing is judged in its box widened by this much."""
STIR_FRAC = 0.035
"""How far around a thing other changes are looked for, as a share of the width; three times their size if large."""
STIRRED = 10.0
"""Where that many times a thing's area changes around it, it is not looked at further: the scene is in motion there."""
CLEAR = 0.2
"""Nor is a thing that is not this share of its contrast away from all that the neighbours show within a pixel."""
PASSES = 0.15
"""A thing passes by if this share of it is found before and, opposite, after."""
BEND_PX = 3
"""How far from the straight path it may be, in half-size pixels: it may speed up or turn a little."""
GATE = 0.4
"""Half-size pictures halve the contrast of the smallest specks, so the first look takes this share of the threshold."""


@dataclass(frozen=True)
class Dirt:
    """Good at dust, dirt, hairs and blotches that last one frame; cannot see what stays, nor the ends of a shot.

    A pixel is dirt where it is brighter (or darker) than both motion-compensated neighbours and those agree (SDIp:
    Kokaram, Morris, Fitzgerald and Rayner, IEEE Trans. Image Processing 4(11), 1995), decided for whole things and not
    for pixels (Licsar, Sziranyi and Czuni). Frames shown twice are skipped, flicker is evened out, and a thing that is
    found again before and after, further along a straight path, is a moving object.
    """

    version: ClassVar[int] = 1
    contrast_levels: float = 14.0
    """Least contrast to both neighbours, 8-bit levels."""
    grain_factor: float = 4.0
    """... and least contrast in standard deviations of the grain."""
    certainty: float = 0.8
    """Probability from which a thing is dirt; what lies between half of it and it is listed as undecided."""
    smallest_px: int = 4
    """Things of fewer luma pixels are left alone."""
    largest_frac: float = 0.02
    """Things larger than this share of the picture are left alone."""
    reach: int = 3
    """How many frames away the next different frame may be."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("contrast_levels", 1, 255), ("grain_factor", 0, 100), ("certainty", 0.01, 1),
                                ("smallest_px", 1, 10**6), ("largest_frac", 0, 1), ("reach", 1, 20)):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"dirt: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return self.reach

    def detect(self, window: Window, t: int) -> Detection:
        """Return the dirt of frame t."""
        nothing = Detection(np.zeros(window.size, bool))
        if min(window.size) < SMALLEST_PX:
            return nothing
        before, after = (_align.others(window, t, step, self.reach) for step in (-1, 1))
        if not before or not after:
            return nothing
        look = _Look(self, window, t, (_align.lay(window, t, before[0]), _align.lay(window, t, after[0])))
        mask, objects = nothing.mask, []
        for found, thing, (y0, x0, y1, x1) in look.things():
            objects.append(found)
            if found.status == "confirmed":
                mask[y0:y1, x0:x1] |= thing
        return Detection(mask, tuple(objects))


class _Look:
    """One frame between two others: full-resolution views made only where the half-size look finds something."""

    def __init__(self, part: Dirt, window: Window, t: int, sides: tuple[Laid, Laid]) -> None:
        self.part, self.window, self.t, self.sides = part, window, t, sides
        self.here = window.grey(t)
        self.grain = window.grain(t)
        self.threshold = max(part.contrast_levels, part.grain_factor * self.grain)
        self.low = max(0.5 * self.threshold, 2 * self.grain)
        self.scale = sides[0].flow.scale
        self.grow_px = max(1, round(window.size[1] / 1000))
        self.views: list[Float] = []
        self.made: list[Box] = []
        self.shifts = tuple(cv2.subtract(side.small, _align.small(window, t)) for side in sides)
        self.changes = tuple(np.abs(shift) for shift in self.shifts)

    def tiles(self) -> Iterator[Box]:
        """Yield the tiles in which a half-size pixel is beyond both neighbours."""
        before, after = (side.small for side in self.sides)
        here = _align.small(self.window, self.t)
        above = cv2.subtract(here, cv2.max(before, after))
        below = cv2.subtract(cv2.min(before, after), here)
        gate = (cv2.max(above, below) > GATE * self.threshold).astype(np.uint8)
        tile = TILE_PX // self.scale
        reach = 2 * (ROOM_PX // self.scale) + 1
        gate = cv2.dilate(gate, np.ones((reach, reach), np.uint8))
        h, w = self.window.size
        for y in range(0, gate.shape[0], tile):
            for x in range(0, gate.shape[1], tile):
                if gate[y : y + tile, x : x + tile].any():
                    s = self.scale
                    yield y * s, x * s, min(h, y * s + TILE_PX), min(w, x * s + TILE_PX)

    def seen(self, side: Laid, box: Box) -> Float:
        """Return a neighbour over a box of frame t at full resolution, its brightness evened to t's."""
        y0, x0, y1, x1 = box
        view = side.flow.sample(self.window.grey(side.frame), box)
        h, w = self.window.size
        bh, bw = side.offset.shape
        at_x = ((np.arange(x0, x1, dtype=np.float32) + 0.5) * (bw / w) - 0.5).astype(np.float32)
        at_y = ((np.arange(y0, y1, dtype=np.float32) + 0.5) * (bh / h) - 0.5).astype(np.float32)
        shape = (y1 - y0, x1 - x0)
        uneven = cv2.remap(
            side.offset, np.ascontiguousarray(np.broadcast_to(at_x, shape)),
            np.ascontiguousarray(np.broadcast_to(at_y[:, None], shape)), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return cv2.add(cv2.addWeighted(view, side.gain, view, 0.0, 0.0), uneven)

    def compare(self) -> None:
        """Fill `views`: before, after, excess, clear (H, W) float32; outside the tiles nothing exceeds anything."""
        h, w = self.window.size
        before, after = np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
        excess, clear = np.full((h, w), -255, np.float32), np.full((h, w), -255, np.float32)
        block = np.ones((3, 3), np.uint8)
        self.made = list(self.tiles())
        for box in self.made:
            at = np.s_[box[0] : box[2], box[1] : box[3]]
            here = self.here[at]
            p, n = (self.seen(side, box) for side in self.sides)
            before[at], after[at] = p, n
            high, low = cv2.max(p, n), cv2.min(p, n)
            excess[at] = cv2.max(cv2.subtract(here, high), cv2.subtract(low, here))
            high, low = cv2.dilate(high, block), cv2.erode(low, block)
            clear[at] = cv2.max(cv2.subtract(here, high), cv2.subtract(low, here))
        self.views = [before, after, excess, clear]

    def things(self) -> Iterator[tuple[Found, Bits, Box]]:
        """Yield what was found, its mask in its box, and the box."""
        self.compare()
        before, _, excess, _ = self.views
        strong = cv2.compare(excess, self.low, cv2.CMP_GT)
        brighter = cv2.compare(self.here, before, cv2.CMP_GT)
        for box in self.regions():
            at = np.s_[box[0] : box[2], box[1] : box[3]]
            if float(excess[at].max()) <= self.threshold:
                continue
            yield from self.judged(cv2.bitwise_and(strong[at], brighter[at]), True, box)
            yield from self.judged(cv2.bitwise_and(strong[at], cv2.bitwise_not(brighter[at])), False, box)

    def regions(self) -> list[Box]:
        """Return boxes that hold the tiles made, each tile in exactly one, touching tiles together."""
        boxes = [list(box) for box in self.made]
        joined = True
        while joined:
            joined = False
            for i, a in enumerate(boxes):
                for b in boxes[i + 1 :]:
                    if a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]:
                        boxes.remove(b)
                        a[:] = min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
                        joined = True
                        break
        return [(a[0], a[1], a[2], a[3]) for a in boxes]

    def judged(self, bits: npt.NDArray[np.uint8], bright: bool, region: Box) -> Iterator[tuple[Found, Bits, Box]]:
        """Yield the dirt among the connected things of one sign in a region."""
        _, labels, stats, _ = cv2.connectedComponentsWithStats(bits, connectivity=8)
        h, w = self.window.size
        right = self.plausible(labels, stats, region)
        for i in np.flatnonzero(right):
            x, y, bw, bh, _ = (int(v) for v in stats[i])
            x, y = x + region[1], y + region[0]
            box = (max(0, y - ROOM_PX), max(0, x - ROOM_PX), min(h, y + bh + ROOM_PX), min(w, x + bw + ROOM_PX))
            thing = np.zeros((box[2] - box[0], box[3] - box[1]), bool)
            here = labels[y - region[0] : y - region[0] + bh, x - region[1] : x - region[1] + bw] == i
            thing[y - box[0] : y - box[0] + bh, x - box[1] : x - box[1] + bw] = here
            made = self.judge(thing, bright, box)
            if made is not None:
                yield made

    def plausible(self, labels: npt.NDArray[np.int32], stats: npt.NDArray[np.int32], region: Box) -> Bits:
        """Return which labels (n,) stand out at all, are of a size to be dirt and clear of what is a pixel away."""
        at = np.nonzero(labels)
        label = labels[at]
        peaks, clear = np.zeros(len(stats), np.float32), np.full(len(stats), -255, np.float32)
        places = (at[0] + region[0], at[1] + region[1])
        np.maximum.at(peaks, label, self.views[2][places])
        np.maximum.at(clear, label, self.views[3][places])
        area = stats[:, cv2.CC_STAT_AREA]
        most = self.part.largest_frac * self.here.size
        fits = (area >= self.part.smallest_px) & (area <= most)
        return fits & (peaks > self.threshold) & (clear > CLEAR * peaks)

    def local(self, box: Box) -> Views:
        """Return the views over a box."""
        y0, x0, y1, x1 = box
        before, after, excess, clear = (v[y0:y1, x0:x1] for v in self.views)
        own = _align.grid(*self.window.size)[y0:y1, x0:x1]
        motions = [side.flow.targets(box) - own for side in self.sides]
        return Views(self.here[y0:y1, x0:x1], before, after, excess, clear, motions[0], motions[1])

    def judge(self, thing: Bits, bright: bool, box: Box) -> tuple[Found, Bits, Box] | None:
        """Return the verdict on one thing, or None where it is plainly part of the scene."""
        y0, x0, y1, x1 = box
        peak = float(self.views[2][y0:y1, x0:x1][thing].max())
        stir = self.stir(thing, box, peak)
        if stir > STIRRED or (stir > 0 and self.passes(thing, bright, box, peak)):
            return None
        views = self.local(box)
        sure = _judge.probability(_judge.measure(thing, views, stir))
        if sure < 0.5 * self.part.certainty:
            return None
        return self.verdict(thing, bright, box, views, sure)

    def stir(self, thing: Bits, box: Box, peak: float) -> float:
        """Return the area near the thing that changes on one side of t only, the lesser side, in areas of the thing."""
        s, inner = self.scale, ROOM_PX
        h, w = (box[2] - box[0] - 2 * inner) // s, (box[3] - box[1] - 2 * inner) // s
        reach = max(round(STIR_FRAC * self.changes[0].shape[1]), 3 * max(h, w))
        y0, x0 = max(0, box[0] // s - reach), max(0, box[1] // s - reach)
        before, after = (v[y0 : box[2] // s + reach, x0 : box[3] // s + reach] for v in self.changes)
        high, low = 0.4 * peak, 0.2 * peak
        one = int(np.count_nonzero((before > high) & (after < low)))
        other = int(np.count_nonzero((after > high) & (before < low)))
        return min(one, other) * s * s / int(thing.sum())

    def passes(self, thing: Bits, bright: bool, box: Box, peak: float) -> bool:
        """Tell whether the same comes from one side and leaves to the opposite one: a ball, a limb, a drop."""
        s, sign = self.scale, 1 if bright else -1
        ys, xs = np.nonzero(thing)
        y, x = (box[0] + int(ys.min() + ys.max()) // 2) // s, (box[1] + int(xs.min() + xs.max()) // 2) // s
        h, w = self.shifts[0].shape
        reach = max(round(STIR_FRAC * w), 3 * max(int(np.ptp(ys)), int(np.ptp(xs))) // s + 3)
        tall, wide = max(min(reach, y, h - 1 - y), 0), max(min(reach, x, w - 1 - x), 0)
        before, after = (sign * v[y - tall : y + tall + 1, x - wide : x + wide + 1] for v in self.shifts)
        high, low = 0.4 * peak, 0.2 * peak
        was = ((before > high) & (after < low)).astype(np.uint8)
        will = ((after > high) & (before < low)).astype(np.uint8)
        meet = was[::-1, ::-1] & cv2.dilate(will, np.ones((2 * BEND_PX + 1, 2 * BEND_PX + 1), np.uint8))
        return int(np.count_nonzero(meet)) * s * s >= PASSES * int(thing.sum())

    def verdict(self, thing: Bits, bright: bool, box: Box, views: Views, sure: float) -> tuple[Found, Bits, Box]:
        """Return the thing with its soft rim, and how sure it is dirt."""
        full = self.grown(thing, bright, views)
        ys, xs = np.nonzero(thing)
        tight = (box[0] + int(ys.min()), box[1] + int(xs.min()), box[0] + int(ys.max()) + 1, box[1] + int(xs.max()) + 1)
        if sure >= self.part.certainty:
            return Found(self.t, "dirt", tight, int(full.sum()), sure), full, box
        why = f"dirt with probability {sure:.2f}; {self.part.certainty:.2f} is needed"
        return Found(self.t, "dirt", tight, int(full.sum()), sure, "undecided", why), full, box

    def grown(self, thing: Bits, bright: bool, views: Views) -> Bits:
        """Return the thing with the rim in which it fades out."""
        sign = 1 if bright else -1
        beyond = np.minimum(sign * (views.here - views.before), sign * (views.here - views.after))
        soft = (beyond > max(3.0, self.grain)).astype(np.uint8)
        rim = cv2.dilate(thing.astype(np.uint8), _judge.disc(self.grow_px + 1)) & soft
        return (rim > 0) | thing
