"""Frame t and the frames around it in, out what stays on the screen while the scene goes on: stains, dead pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import cv2
import numpy as np

from restore.detect import Detection, Found, _standing_judge, _standing_outline
from restore.detect import _standing_view as views
from restore.detect._standing_judge import Thing, Verdict
from restore.detect._standing_view import Lasting, Motions
from restore.errors import PartError
from restore.frames import Bits
from restore.motion.proxy import scale_of
from restore.span import Span
from restore.window import Window

SMALLEST_PX = 24
"""Pictures less high or wide than this have no room for a thing and its surroundings."""
VOTES_FRAMES = 8
"""Frames so far before and after tell whether a thing stays; the rest of the reach tells what is beneath it."""
CAMERA_PX, CAMERA_FRAC = 2.0, 0.5
"""The camera moves where so much of the picture goes so far within the frames looked at (luma pixels)."""
CELLS, CELLS_REST = 36, 12
"""The picture bears that out where so many of its 144 cells fit better moved, and so many times as many as do not."""
MOST = 32
"""No more things than this are looked into on a frame, the plainest first."""
PLAIN, PLAIN_PX = 3.0, 25
"""A thing is looked into that is so many times as odd as what is around it is in the mean."""
LEVELS, GRAINS = 5.0, 1.0
"""A thing stands out by so many 8-bit levels, and so many times the grain."""
STAYS = 0.35
"""What is at its place differs from what was there by so much less than from where the scene went."""
STEADY = 0.85
"""It stands out in so many of the pairs of frames."""
CLEAR = 6.5
"""It stands out by so many times what the picture around it seems to, where motion is not measured well."""
SIDES = 2
"""Sides on which the picture has to be seen moving."""
BORDER_PX, STRICT = 14, 2.0
"""Closer to the border than this (small pixels) the scene comes in from where nothing is known of it: a thing has to be
so many times as clear there."""
LONG_FRAC = 0.3
"""Things that reach over more of the picture's height or width are left alone."""
EDGE = 3.0
"""So is what lies along the picture's border over this many times its depth."""
LETTERS = 4
"""So many things of one size close together may be writing."""
LISTED = 4
"""No more undecided things than this are listed a frame."""


@dataclass(frozen=True)
class Standing:
    """Good at small stains and dead pixels under a moving camera; cannot judge still scenes, nor hairs at the border.

    Something is confirmed where most frames around are brighter or darker, at the same place of the screen, than the
    scene is seen elsewhere, while the picture around it fits better when it is moved along with the scene, on several
    sides, and what was beneath it is good picture elsewhere. What is large, runs along the picture's border or looks
    like writing is left alone. Where the camera stands still nothing is decided.
    """

    version: ClassVar[int] = 1
    reach: int = 20
    """How many frames before and after are looked at."""
    pairs: int = 5
    """Between so many pairs of frames the scene must have moved away from beneath it."""
    largest_frac: float = 0.002
    """Things larger than this share of the picture are left alone: titles, logos."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("reach", 16, 60), ("pairs", 1, 50), ("largest_frac", 0, 1)):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"standing: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return self.reach

    def detect(self, window: Window, t: int) -> Detection:
        """Return what stays on the screen at frame t."""
        mask = np.zeros(window.size, bool)
        shot, hop = window.shot(t, self.reach), self.reach - VOTES_FRAMES
        if min(window.size) < SMALLEST_PX or len(views.votes(shot)) < views.NEEDED:
            return Detection(mask)
        motion = views.motions(window, shot)
        near = window.shot(t, VOTES_FRAMES)
        moves = motion.travel() * scale_of(window.size) >= CAMERA_PX
        odd = views.lasting(window, t, near, hop) if moves.mean() >= CAMERA_FRAC else None
        if odd is None:
            return Detection(mask)
        found = []
        judged = list(self.judged(window, t, odd, motion))
        if not judged or not is_moving(window, t, near, hop):
            return Detection(mask)
        for thing, verdict, record in without_writing(judged):
            found.append(self.painted(window, thing, verdict, record, mask) if record.status == "confirmed" else record)
        sure = [r for r in found if r.status == "confirmed" and r.area_px]
        return Detection(mask, tuple(sure + [r for r in found if r.status == "undecided" and r.confidence][:LISTED]))

    def judged(
        self, window: Window, t: int, odd: Lasting, motion: Motions
    ) -> Iterator[tuple[Thing, Verdict, Found]]:
        """Yield the things worth a word, the largest first."""
        others = cv2.dilate((odd.bright | odd.dark).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        for thing in things(odd):
            verdict = _standing_judge.judge(window, t, thing, others, motion, self.reach - VOTES_FRAMES)
            record = self.found(window, t, thing, verdict)
            if record is not None:
                yield thing, verdict, record

    def found(self, window: Window, t: int, thing: Thing, verdict: Verdict) -> Found | None:
        """Return what is to be said about a thing; None where it may well belong to the scene."""
        strict = STRICT if is_near_border(window, thing) else 1.0
        if verdict.resting or verdict.moving < SIDES or verdict.stays > STAYS / strict or verdict.steady < STEADY:
            return None
        if verdict.clear < CLEAR * strict or verdict.lift < max(LEVELS, GRAINS * window.grain(t)):
            return None
        scale = scale_of(window.size)
        y0, x0, y1, x1 = (scale * v for v in thing.box)
        box, area = (y0, x0, min(y1, window.size[0]), min(x1, window.size[1])), scale**2 * int(thing.shape.sum())
        is_new = t in (window.shot(t, 1).start, *(p.first for p in verdict.pairs[:1]))
        if why := self.odd(window, thing):
            return Found(t, "standing", box, area, 0.3 if is_new else 0.0, "undecided", why)
        count = len(verdict.pairs)
        sure = 1 - 0.75**count
        if count >= self.pairs:
            return Found(t, "standing", box, area, sure)
        why = f"the scene moved away from beneath it only {count} times; {self.pairs} are needed"
        return Found(t, "standing", box, area, sure if is_new else 0.0, "undecided", why)

    def odd(self, window: Window, thing: Thing) -> str:
        """Return why a thing that stays may be meant to stay; empty where nothing speaks for it."""
        h, w = (-(-s // scale_of(window.size)) for s in window.size)
        y0, x0, y1, x1 = thing.box
        if int(thing.shape.sum()) > self.largest_frac * h * w or y1 - y0 > LONG_FRAC * h or x1 - x0 > LONG_FRAC * w:
            return "it is large: it may be a title"
        touch = (y0 <= 1) + (y1 >= h - 1), (x0 <= 1) + (x1 >= w - 1)
        deep, wide = y1 - y0, x1 - x0
        if sum(touch) > 1 or (touch[0] and wide > EDGE * deep + 4) or (touch[1] and deep > EDGE * wide + 4):
            return "it lies along the border: it may be the frame's edge"
        return ""

    def painted(self, window: Window, thing: Thing, verdict: Verdict, record: Found, mask: Bits) -> Found:
        """Draw a thing on the mask (H, W), and return its record with its true size."""
        (y0, x0, y1, x1), pixels = _standing_outline.outline(window, record.frame, thing, verdict)
        mask[y0:y1, x0:x1] |= pixels
        ys, xs = np.nonzero(pixels)
        if not ys.size:
            return replace(record, area_px=0)
        box = (y0 + int(ys.min()), x0 + int(xs.min()), y0 + int(ys.max()) + 1, x0 + int(xs.max()) + 1)
        return replace(record, box=box, area_px=int(ys.size))


def is_near_border(window: Window, thing: Thing) -> bool:
    """Tell whether a thing lies close to the border of the picture."""
    h, w = (-(-s // scale_of(window.size)) for s in window.size)
    y0, x0, y1, x1 = thing.box
    return min(y0, x0, h - y1, w - x1) < BORDER_PX


def is_moving(window: Window, t: int, shot: Span, hop: int) -> bool:
    """Tell whether the camera moves around frame t, by the pictures themselves."""
    told = [_standing_judge.camera(window, u, hop) for u in (views.TRIO * n + 1 for n in views.votes(shot))]
    moving, resting = sum(moves for moves, _ in told), sum(rests for _, rests in told)
    return moving >= max(CELLS * len(told), CELLS_REST * resting)


def things(odd: Lasting) -> list[Thing]:
    """Return what stays on the screen, the plainest first."""
    out: list[tuple[float, Thing]] = []
    usual = cv2.blur(abs(odd.odd), (PLAIN_PX, PLAIN_PX)) + np.float32(1)
    for here, sign in ((odd.bright, 1), (odd.dark, -1)):
        whole = cv2.morphologyEx(here.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        n, parts, stats, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
        for i in range(1, n):
            x, y, wide, tall = (int(v) for v in stats[i][:4])
            at = np.s_[y : y + tall, x : x + wide]
            shape = parts[at] == i
            plain = float((sign * odd.odd[at] / usual[at])[shape].max())
            if plain >= PLAIN:
                thick = 2 * float(cv2.distanceTransform(np.pad(shape, 1).astype(np.uint8), cv2.DIST_L2, 3).max()) - 1
                out.append((plain, Thing((y, x, y + tall, x + wide), shape, sign, thick)))
    out.sort(key=lambda each: (-each[0], each[1].box))
    return [thing for _, thing in out[:MOST]]


def without_writing(judged: list[tuple[Thing, Verdict, Found]]) -> list[tuple[Thing, Verdict, Found]]:
    """Return the same, what may be writing no longer confirmed."""
    boxes = [thing.box for thing, _, _ in judged]
    n = len(boxes)
    group = list(range(n))
    for i in range(n):
        for j in range(i):
            if is_beside(boxes[i], boxes[j]):
                old, new = group[i], group[j]
                group = [new if g == old else g for g in group]
    out = []
    for i, (thing, verdict, record) in enumerate(judged):
        if record.status == "confirmed" and group.count(group[i]) >= LETTERS:
            why = "several things of its size lie close together: it may be a title"
            record = replace(record, status="undecided", confidence=0.0, why=why)
        out.append((thing, verdict, record))
    return out


def is_beside(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    """Tell whether two boxes are about the same height and close together, as letters are."""
    tall = (a[2] - a[0], b[2] - b[0])
    apart = max(b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3])
    return max(tall) <= 3 * min(tall) and apart <= max(4, *tall)
