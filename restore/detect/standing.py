"""Frame t and the frames around it in, out what stays on the screen while the scene goes on: stains, dead pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restore.detect import Detection, Found, _standing_judge, _standing_meant, _standing_outline, _standing_things
from restore.detect import _standing_view as views
from restore.detect._standing_outline import Drawn
from restore.errors import PartError
from restore.frames import Bits
from restore.window import Window

SMALLEST_PX = 48
"""Pictures less high or wide than this have no room for a thing and its surroundings."""
CELLS, CELL_LEVELS = 12, 0.15
"""The picture is asked in so many cells across and down whether it moves; with changes of fewer levels it is silent."""
GOING, RESTING = 48, 4
"""The camera moves where so many cells fit better moved, and so many times as many as do not."""
DOUBTFUL = 0.5
"""Things of this share of the certainty needed are listed as undecided."""
LIKELY, CLEAR = 0.3, 6.5
"""What is as likely as this to stay, or stands out so many times as much as is usual, may be a letter."""
PLAIN = 15.0
"""Where nothing moves, things are listed that stand out so many times as much as is usual around them."""
LISTED = 3
"""No more undecided things than this are listed a frame, and each only where it begins."""
FLOODED_FRAC = 0.01
"""Where more of the picture would be taken than this, something else is the matter."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a thing on the frames of a group."""

    box: tuple[int, int, int, int]
    area_px: int
    sure: float
    first: int
    last: int
    """Frames that show it: from and to, included."""
    why: str = ""
    """Why nothing is done about it; empty where something is."""
    drawn: Drawn | None = None


@dataclass(frozen=True)
class Standing:
    """Good at dead pixels, stains and hairs in the gate over a moving scene; cannot judge scenes that stand still.

    What stays on the screen stays sharp in the mean of frames between which the scene has moved. Whatever stands out
    of that mean is measured on each frame and in the picture around it, and a small network weighs the measurements.
    The picture must be seen to move on several sides of it. What is large, drawn with straight edges, or looks like
    writing or a station's sign is left alone.
    """

    version: ClassVar[int] = 2
    reach: int = 24
    """How many frames before and after are looked at."""
    certainty: float = 0.9
    """Probability from which a thing is taken."""
    largest_frac: float = 0.002
    """Things larger than this share of the picture are left alone: titles, logos."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("reach", 16, 60), ("certainty", 0.01, 1), ("largest_frac", 0, 1)):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"standing: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return self.reach

    def detect(self, window: Window, t: int) -> Detection:
        """Return what stays on the screen at frame t."""
        mask = np.zeros(window.size, bool)
        chosen = views.frames(window, t, self.reach)
        if min(window.size) < SMALLEST_PX or len(chosen) < views.FEWEST:
            return Detection(mask)
        # All frames of a group share the answer, and only this is kept of what it was made from.
        known = window.fact("standing-known", (chosen, window.preset, self), lambda: self.known(window, chosen, t))
        found, listed = [], []
        for each in known:
            if each.why:
                listed += [self.listed(each, t)] if t == each.first else []
            elif (record := self.painted(window, t, each, mask)) is not None:
                found.append(record)
        if mask.mean() > FLOODED_FRAC:
            return Detection(np.zeros_like(mask))
        return Detection(mask, tuple(found + listed[:LISTED]))

    def known(self, window: Window, chosen: tuple[int, ...], t: int) -> tuple[Known, ...]:
        """Return what stays on the screen in the group of frame t, which is judged by the frames `chosen`."""
        ground = views.ground(window, chosen)
        going, still = _standing_judge.camera(ground, CELLS, CELL_LEVELS)
        if going < max(GOING, RESTING * still):
            # They are listed where the shot begins, and looked for there only.
            return tuple(self.suspects(ground)) if chosen[0] >= t - t % views.GROUP_FRAMES else ()
        group = t // views.GROUP_FRAMES
        things, resting = _standing_things.things(ground)
        judged = _standing_judge.judge(window, ground, group, things)
        verdicts = [v for v in judged if v.sure >= DOUBTFUL * self.certainty]
        likely = {v.thing.box for v in judged if v.sure >= LIKELY}
        standing = [t for t in things + resting if t.plain >= CLEAR or t.box in likely]
        whys = _standing_meant.meant(window.size, [v.thing for v in verdicts], standing, self.largest_frac)
        out = []
        for verdict, why in zip(verdicts, whys, strict=True):
            if not why and verdict.sure < self.certainty:
                why = f"it stays on the screen with probability {verdict.sure:.2f}; {self.certainty:.2f} is needed"
            drawn = None if why else _standing_outline.draw(window, verdict, ground.grain)
            thing = verdict.thing
            out.append(Known(thing.box, thing.area_px, verdict.sure, verdict.shown[0], verdict.shown[-1], why, drawn))
        return tuple(out)

    def suspects(self, ground: views.Ground) -> Iterator[Known]:
        """Yield the plainest dots and hairs of a picture that stands still."""
        why = "the picture does not move, so it may well belong to it"
        moving, resting = _standing_things.things(ground)
        for thing in sorted(moving + resting, key=lambda t: (-t.plain, t.box)):
            if thing.plain >= PLAIN and thing.area_px <= self.largest_frac * ground.mean.size:
                yield Known(thing.box, thing.area_px, 0.0, ground.frames[0], ground.frames[-1], why)

    def listed(self, known: Known, t: int) -> Found:
        """Return the record of a thing that nothing is done about."""
        return Found(t, "standing", known.box, known.area_px, known.sure, "undecided", known.why)

    def painted(self, window: Window, t: int, known: Known, mask: Bits) -> Found | None:
        """Draw a thing on the mask (H, W) where frame t shows it, and return its record."""
        near = views.STRIDE_FRAMES
        if known.drawn is None or not known.first - near < t < known.last + near:
            return None
        pixels = _standing_outline.shown(window, t, known.drawn)
        if pixels is None or not pixels.any():
            return None
        y0, x0, y1, x1 = known.drawn.box
        mask[y0:y1, x0:x1] |= pixels
        ys, xs = np.nonzero(pixels)
        box = (y0 + int(ys.min()), x0 + int(xs.min()), y0 + int(ys.max()) + 1, x0 + int(xs.max()) + 1)
        return Found(t, "standing", box, int(ys.size), known.sure)

