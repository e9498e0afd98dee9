"""A frame and its neighbours in, the things on it that may be dirt, what is sure of them, and a first verdict out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import Detection, Found, _align, _dirt_judge, _extent, _outline, _things
from restore.detect._align import Laid
from restore.detect._outline import Outline
from restore.detect._things import Ints, Scene, Table, Things
from restore.errors import PartError
from restore.frames import Bits
from restore.source import Plane
from restore.window import Window

SMALLEST_PX = 8
"""Pictures less high or wide than this have no room for a thing and its surroundings."""
GATE = 0.4
"""Half-size pictures halve the contrast of the smallest specks, so the first look takes this share of the threshold."""
PEAK = 0.55
"""Nor is a thing looked at further whose strongest half-size pixel is not above this share of it."""
PASSES = 0.15
"""A thing passes by if this share of it is found before and, opposite, after."""
BEND_PX = 3
"""How far from the straight path it may be, in half-size pixels: it may speed up or turn a little."""
ALIKE = (0.2, 0.5, 1.6)
"""What is found on one side has less than the first share of the thing's contrast on the other side, and between the
other two on its own."""
BLOTCH_PX, BLOTCH = 16, 0.5
"""Things of more pixels than this may be fainter, by the fourth root of their size, down to this share: many pixels
that all differ a little are not noise."""
CALM, CALM_MOST = 3.0, 1.0
"""A thing has so many times the contrast by which the neighbours disagree far around it, up to so many thresholds:
where they do not know what they see, a faint blotch says nothing."""
LARGE_FRAC = 0.0001
"""Things larger than this share of the picture are no dirt if their like is found next to them in the frame before or
after: a limb that swings stands out anew in each frame, and dirt lies there once."""
BUSY, BUSY_CERTAINTY = 0.05, 0.97
"""Where more of the picture far around them stands out than this, and is none, the frame may have jumped or be blurred;
there they must be so certain."""
LIKE_AREA, LIKE_PEAK, NEXT_TO = 0.25, 0.4, 2.0
"""Their like has at least these shares of its size and contrast, and lies within so many times its longer side."""
LIKELY = 0.5
"""Things of this share of the certainty that is asked for are listed where they are not taken."""
OPEN = 0.1
"""A second look is open to things from this probability on."""
LISTED = 4
"""No more undecided things than this are listed a frame, the largest and strongest."""
LISTED_PX, LISTED_CONTRAST = 12, 2.0
"""Undecided things are listed from this many pixels, and this many times the threshold, on."""


@dataclass(frozen=True)
class Asked:
    """What a part that looks for dirt can be asked for: the parameters of the first look."""

    contrast_levels: float = 12.0
    """Least contrast to both neighbours, 8-bit levels."""
    grain_factor: float = 4.0
    """... and least contrast in standard deviations of the grain."""
    certainty: float = 0.87
    """Probability from which a thing is dirt at first look; from half of it on it may be listed."""
    smallest_px: int = 4
    """Things of fewer luma pixels are left alone."""
    largest_frac: float = 0.02
    """Things larger than this share of the picture are left alone."""
    reach: int = 3
    """How many frames away the next different frame may be."""
    judge: str = ""
    """A file (.json) with a judge of your own, fitted by `lacuna train judge`; empty for the one that is shipped."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (
            ("contrast_levels", 1, 255), ("grain_factor", 0, 100), ("certainty", 0.01, 1), ("smallest_px", 1, 10**6),
            ("largest_frac", 0, 1), ("reach", 1, 20),
        ):
            self.bounded(name, low, high)

    def bounded(self, name: str, low: float, high: float) -> None:
        """Raise PartError where a parameter is out of range."""
        if not low <= getattr(self, name) <= high:
            part = type(self).__name__.lower()
            raise PartError(f"{part}: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at: the neighbours of the neighbours."""
        return 2 * self.reach

    @property
    def first(self) -> Asked:
        """Return what is asked of the first look alone: parts that ask the same share what was seen."""
        return Asked(**{f.name: getattr(self, f.name) for f in fields(Asked)})


@dataclass(frozen=True)
class Likes:
    """Things of another frame, as far as they are asked for."""

    boxes: Ints
    """(n, 4) y0, x0, y1, x1."""
    area: Ints
    peak: Float
    bright: Bits


def candidates_of(part: Asked, window: Window, t: int) -> Likes:
    """Return what may be dirt on frame t at first sight; made once."""
    def make() -> Likes:
        look = look_at(part, window, t)
        if look is None or look.at_end or not len(found := look.candidates()):
            none = np.zeros(0, np.int64)
            return Likes(np.zeros((0, 4), np.int64), none, np.zeros(0, np.float32), none > 0)
        return Likes(found.boxes, found.area, found.peak, found.bright)

    return window.fact("dirt-likes", (t, part), make)


@dataclass(frozen=True)
class Candidates:
    """Things of a frame that may be dirt, as the judge is shown them."""

    things: Things
    values: Table
    """(n, 21) what is measured on them (`_dirt_judge.NAMES`)."""
    size: tuple[int, int]
    """(h, w) of the picture that their places lie in."""
    scale: int
    """How many luma pixels high and wide its pixels are."""


@dataclass(frozen=True)
class Second:
    """What a second look takes for dirt of what the first left open, and of what is large."""

    asked: Bits
    """(n,) what was looked at again: the first verdict on these does not count."""
    sure: Table
    """(n,) the probability of every thing that was weighed, the first look's where there was no second."""
    taken: Bits
    """(n,) what of it is dirt."""
    drawn: Outline
    """The pixels of those alone that are taken and were not certain before."""


@dataclass(frozen=True)
class Weighed:
    """The n things of a frame that may be dirt, and what was made of them."""

    things: Things
    values: Table
    """(n, 21) what was measured on them (`_dirt_judge.NAMES`)."""
    sure: Table
    """(n,) the judge's probability."""
    drawn: Outline
    right: Bits
    """(n,) large and strong enough."""
    certain: Bits
    """(n,) dirt."""
    likely: Bits
    """(n,) so probable that they are listed where they are not taken."""


def candidates(part: Asked, window: Window, t: int) -> Candidates | None:
    """Return what the judge is shown of frame t; None where there is nothing, or no frame on one side of it."""
    look = look_at(part, window, t)
    found = None if look is None or look.at_end else look.candidates()
    if look is None or found is None or not len(found):
        return None
    return Candidates(found, look.measured(found, look.stir(found)), look.scene.here.shape, look.scene.scale)


def grown(found: Found, filled: Bits) -> Found:
    """Return the record of a thing with the holes (H, W) that were filled in it counted."""
    y0, x0, y1, x1 = found.box
    more = int(np.count_nonzero(filled[y0:y1, x0:x1]))
    return replace(found, area_px=found.area_px + more) if more else found


def look_at(part: Asked, window: Window, t: int) -> Look | None:
    """Return frame t between its neighbours, as a part sees it; None where the picture is tiny or stands alone."""
    if min(window.size) < SMALLEST_PX:
        return None
    before, after = (_align.others(window, t, step, part.reach) for step in (-1, 1))
    if not before and not after:
        return None
    first, last = (before or after)[0], (after or before)[0]
    return Look(part, window, t, (_align.lay(window, t, first), _align.lay(window, t, last)))


class Look:
    """One frame between two others; at the ends of a shot both are the same one, and nothing is confirmed."""

    def __init__(self, part: Asked, window: Window, t: int, sides: tuple[Laid, Laid]) -> None:
        """See what stands out of frame t."""
        self.part, self.window, self.t, self.sides = part, window, t, sides
        self.grain = window.grain(t)
        self.threshold = max(part.contrast_levels, part.grain_factor * self.grain)
        self.scene = Scene.of(window, t, sides)
        self.bits = _things.strong(self.scene.excess, GATE * self.threshold)
        """(h, w) all that stands out."""
        self.at_end = sides[0].frame == sides[1].frame

    def detection(self, second: Second | None = None) -> Detection:
        """Return what is dirt, and a few of the things that may be; a `second` look may have taken more."""
        weighed = self.weighed()
        if weighed is None:
            return Detection(np.zeros(self.window.size, bool))
        drawn, sure, certain = weighed.drawn, weighed.sure, weighed.certain
        taken, more = certain, np.zeros(0, np.int64)
        if second is not None:
            certain = certain & (second.taken | ~second.asked)
            taken, more = certain | second.taken, np.flatnonzero(second.taken & ~weighed.certain)
        left, outlined = weighed.likely & ~taken, drawn.mask(certain)
        if second is not None:
            outlined |= second.drawn.mask(np.ones(len(more), bool))
        mask = _outline.closed(outlined)
        holes = mask & ~outlined
        objects = [grown(self.found(drawn, sure, int(i), True), holes) for i in np.flatnonzero(certain)]
        if second is not None:
            own = second.sure[more]
            objects += [grown(self.found(second.drawn, own, i, True), holes) for i in range(len(more))]
        objects += [self.found(drawn, sure, i, False) for i in self.doubtful(drawn, sure, left)]
        return Detection(mask, tuple(objects))

    def weighed(self) -> Weighed | None:
        """Return what is dirt and what may be; None where there is neither. Made once a frame."""
        return self.window.memo("dirt-weighed", (self.t, self.part, self.window.preset), self._weighed)

    def _weighed(self) -> Weighed | None:
        found, sure, values = self.judged()
        if not len(found):
            return None
        certain = (sure >= self.part.certainty) & (not self.at_end)
        drawn, right, busy = self.drawn(found, certain)
        certain &= right
        for i in np.flatnonzero(certain & self.large(drawn)):
            settled = busy[i] <= BUSY or sure[i] >= BUSY_CERTAINTY
            certain[i] = settled and not self.recurs(found, int(i))
        likely = right & (sure >= LIKELY * self.part.certainty)
        return Weighed(found, values, sure, drawn, right, certain, likely)

    def drawn(self, found: Things, certain: Bits) -> tuple[Outline, Bits, Table]:
        """Return the pixels of things, those that are `certain` (n,) as far as they reach, which of them (n,) are large
        and strong enough, and what share of the picture far around each (n,) stands out and is none of those.
        """
        extent = _extent.extent(self.window, self.t, self.scene, found, certain, self.bits)
        drawn = _outline.outline(self.window, self.t, found, extent)
        unrest, busy = _things.unrest(self.scene, found, self.without(found, certain))
        least = np.maximum(self.least(drawn.area), np.minimum(CALM * unrest, CALM_MOST * self.threshold))
        return drawn, (drawn.area >= self.part.smallest_px) & (drawn.peak > least), busy

    def without(self, found: Things, known: Bits) -> Plane:
        """Return 255 where anything stands out (h, w) but for those things that are `known` (n,)."""
        rest = self.bits.copy()
        rest.ravel()[found.at[known[found.own]]] = 0
        return rest

    def large(self, drawn: Outline) -> Bits:
        """Return which things (n,) are large for dirt."""
        return drawn.area >= LARGE_FRAC * self.scene.here.size * self.scene.scale**2

    def judged(self) -> tuple[Things, Table, Table]:
        """Return the things that may be dirt, how sure that is (n,), and what was measured on them (n, 21)."""
        found = self.candidates()
        if not len(found):
            return found, np.zeros(0), np.zeros((0, len(_dirt_judge.NAMES)))
        stir = self.stir(found)
        values = self.measured(found, stir)
        sure = _dirt_judge.probability(values, _dirt_judge.path_of(self.part.judge))
        right = sure >= min(OPEN, LIKELY * self.part.certainty)
        for i in np.flatnonzero(right & (stir >= PASSES)):
            right[i] = not self.passes(found, int(i))
        return found.keep(right), sure[right], values[right]

    def candidates(self) -> Things:
        """Return all that may be dirt at first sight."""
        found = _things.things(self.scene, self.bits)
        return found.keep(self.plausible(found))

    def stir(self, found: Things) -> Table:
        """Return how much else changes near each thing (n,)."""
        return _things.stir([cv2.absdiff(side.small, self.scene.here) for side in self.sides], found)

    def plausible(self, found: Things) -> Bits:
        """Return which things (n,) stand out at all and are of a size to be dirt."""
        unit = self.scene.scale**2
        least = max(1, self.part.smallest_px // (2 * unit))
        most = self.part.largest_frac * self.scene.here.size
        return (found.area >= least) & (found.area <= most) & (found.peak > PEAK * self.least(found.area * unit))

    def least(self, area_px: Ints) -> Table:
        """Return the contrast (n,) that things of such sizes must have somewhere."""
        share = (BLOTCH_PX / np.maximum(area_px, BLOTCH_PX)) ** 0.25
        return np.asarray(self.threshold * np.maximum(share, BLOTCH))

    def measured(self, found: Things, stir: Table) -> Table:
        """Return all that is measured on the things."""
        around, crowd = _things.ring(self.scene, found, self.bits), _things.crowd(self.scene, found)
        far = _things.unrest(self.scene, found, self.bits)
        return _dirt_judge.measure(self.scene, found, around, crowd, stir, far, self.grain)

    def passes(self, found: Things, i: int) -> bool:
        """Tell whether thing i comes from one side and leaves to the opposite one: a ball, a limb, a drop."""
        y0, x0, y1, x1 = (int(v) for v in found.boxes[i])
        h, w = self.scene.here.shape
        y, x = (y0 + y1 - 1) // 2, (x0 + x1 - 1) // 2
        reach = max(round(_things.STIR_FRAC * w), 3 * max(y1 - y0, x1 - x0) + 3)
        tall, wide = max(min(reach, y, h - 1 - y), 0), max(min(reach, x, w - 1 - x), 0)
        at = np.s_[y - tall : y + tall + 1, x - wide : x + wide + 1]
        here = self.scene.here[at]
        views = (self.scene.before[at], self.scene.after[at])
        before, after = (cv2.subtract(v, here) if found.bright[i] else cv2.subtract(here, v) for v in views)
        low, high, most = (share * float(found.peak[i]) for share in ALIKE)
        was = ((before > high) & (before < most) & (after < low)).astype(np.uint8)
        will = ((after > high) & (after < most) & (before < low)).astype(np.uint8)
        will = cv2.dilate(will, np.ones((2 * BEND_PX + 1, 2 * BEND_PX + 1), np.uint8))
        return int(np.count_nonzero(was[::-1, ::-1] & will)) >= PASSES * int(found.area[i])

    def recurs(self, found: Things, i: int) -> bool:
        """Tell whether the like of thing i, as large and as strong, is found near it in the frame before or after."""
        y0, x0, y1, x1 = found.boxes[i]
        near = NEXT_TO * max(y1 - y0, x1 - x0)
        for side in self.sides:
            others = candidates_of(self.part, self.window, side.frame)
            top, left, bottom, right = others.boxes.T
            gap = np.maximum(np.maximum(top - y1, y0 - bottom), np.maximum(left - x1, x0 - right))
            alike = (others.area >= LIKE_AREA * found.area[i]) & (others.peak >= LIKE_PEAK * found.peak[i])
            if (alike & (gap <= near) & (others.bright == found.bright[i])).any():
                return True
        return False

    def doubtful(self, drawn: Outline, sure: Table, right: Bits) -> Iterator[int]:
        """Yield the few undecided things (n,) that are worth a look, the most conspicuous first."""
        worth = right & (drawn.area >= LISTED_PX) & (drawn.peak > LISTED_CONTRAST * self.threshold)
        if self.at_end:
            worth &= sure >= self.part.certainty
        order: Ints = np.argsort(-drawn.peak * np.sqrt(drawn.area), kind="stable")
        yield from (int(i) for i in order[worth[order]][:LISTED])

    def found(self, drawn: Outline, sure: Table, i: int, sure_enough: bool) -> Found:
        """Return the record of thing i, which is filled where it is `sure_enough`."""
        y0, x0, y1, x1 = (int(v) for v in drawn.boxes[i])
        box, area, probability = (y0, x0, y1, x1), int(drawn.area[i]), float(sure[i])
        if self.at_end:
            why = f"dirt with probability {probability:.2f} going by one side; the shot has no frame on the other"
            return Found(self.t, "dirt", box, area, probability, "undecided", why)
        if sure_enough:
            return Found(self.t, "dirt", box, area, probability)
        if probability >= self.part.certainty:
            why = f"dirt with probability {probability:.2f}, but it is large, and it may move or be part of a jump"
            return Found(self.t, "dirt", box, area, probability, "undecided", why)
        why = f"dirt with probability {probability:.2f}; {self.part.certainty:.2f} is needed"
        return Found(self.t, "dirt", box, area, probability, "undecided", why)
