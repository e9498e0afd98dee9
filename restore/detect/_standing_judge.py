"""A thing that stands out of the mean of many frames in, what each of them and the picture around say of it out.

A thing on the glass is on each frame, changes less than all around it, and stays where the scene goes on; a thing of
the scene is smeared, changes with the scene or rests together with what is around it. Hairs tremble a little, so each
frame may show a thing a pixel off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect import _network
from restore.detect._network import Table
from restore.detect._standing_things import Box, Thing
from restore.detect._standing_view import BLOCK_PX, GROUP_FRAMES, Ground, luma, motion_scale
from restore.frames import Bits
from restore.window import Window

MOST = 36
"""No more things than this are looked into, the plainest first."""
TREMBLE_PX = 1
"""How far off its place a frame may show a thing."""
ROOM_PX = 6, 14
"""Least and most room that is looked at around a thing; thick ones need more."""
GAP_PX = 2
"""Beside it begins so far from it."""
SHOWN = 0.3
"""A frame shows a thing that stands out of it by this share of what it usually does."""
FEWEST = 4
"""Frames that have to show it, one after another."""
RING_PX, RING_GAP_PX = 20, 2
"""The picture is asked whether it moves in so wide a ring, pixels of the size of motion ..."""
WITNESSES = 3.0
"""... where its changes add up to so many levels on one of SIDES sides."""
SIDES, SIDES_MOVING, SIDES_RESTING = 4, 2, 1
"""On so many of all sides the picture has to be seen moving, and on so many it may seem to rest at most."""
MOVES, RESTS = 0.75, 1.0
"""A side moves where it fits so much better moved, and rests where it fits so much worse."""
NAMES = (
    "plain",  # log of how many times the usual of its surroundings it stands out of the mean
    "clear",  # log of its contrast over how uneven the mean is beside it
    "strong",  # log of its contrast over the grain
    "least",  # its contrast on the second worst frame, as a share of the usual
    "shown",  # share of the frames that show it
    "uneven",  # log of how its contrast varies, as a share of it
    "still",  # log of how much it changes over the frames, as a share of what the picture beside it does
    "held",  # the same where every frame is laid to fit
    "inner",  # log of how much better it fits as it lies than moved along with the scene
    "drawn",  # log of how much it differs from what is seen when it is moved along
    "going",  # log of how much better the ring fits moved along than as it lies
    "alike",  # how alike the detail of the ring is in the first and in the last half of the frames
    "sides",  # sides on which the picture goes on
    "silent",  # sides on which nothing can be told
    "frames",  # log of the number of frames that show it, one after another
    "leaves",  # log of how many times its thickness the scene goes
    "travel",  # log of how far it goes
    "thick",  # log of its thickness
    "area",  # log of its pixels
    "long",  # log of its length over its thickness
    "solid",  # share of its box that it fills
    "border",  # 1 where it touches the border
    "stir",  # log of how much the picture beside it changes
    "steep",  # log of how steep its edge is in the mean, as a share of its contrast
    "bright",  # 1 where it is brighter
)


Ring = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is known of a thing."""

    thing: Thing
    values: Table
    """(25,) in the order of NAMES."""
    shown: tuple[int, ...]
    """Frames that show it, one after another, around the one asked about."""
    lift: float
    """How far it stands out, 8-bit levels."""
    sure: float = 0.0
    """How likely it stays on the screen."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A thing and the picture around it on each frame."""

    box: Box
    shape: Bits
    """(bh, bw)."""
    frames: Float
    """(n, bh, bw)."""
    beside: Bits

    @classmethod
    def of(cls, window: Window, chosen: Sequence[int], thing: Thing) -> Piece:
        """Cut it out of the frames."""
        y0, x0, y1, x1 = thing.box
        h, w = window.size
        room = round(min(max(thing.thick_px + 4, ROOM_PX[0]), ROOM_PX[1]))
        box = (max(y0 - room, 0), max(x0 - room, 0), min(y1 + room, h), min(x1 + room, w))
        at = np.s_[box[0] : box[2], box[1] : box[3]]
        shape = np.zeros((box[2] - box[0], box[3] - box[1]), bool)
        shape[y0 - box[0] : y1 - box[0], x0 - box[1] : x1 - box[1]] = thing.shape
        away = cv2.distanceTransform((~shape).astype(np.uint8), cv2.DIST_L2, 3)
        frames = np.stack([luma(window, u)[at] for u in chosen]).astype(np.float32)
        return cls(box, shape, frames, np.asarray((away > GAP_PX) & (away <= room - 1)))

    def part(self, few: Sequence[int]) -> Piece:
        """Return the same on a few of the frames."""
        return Piece(self.box, self.shape, self.frames[list(few)], self.beside)

    def core(self, sign: int) -> Bits:
        """Return the part (bh, bw) of the shape that stands out by half of the most in the mean."""
        mean = self.frames.mean(0)
        lift = sign * (mean - np.float32(np.median(mean[self.beside])))
        most = float(lift[self.shape].max())
        return np.asarray(self.shape & (lift >= 0.5 * most)) if most > 0 else np.zeros_like(self.shape)

    def contrasts(self, core: Bits, sign: int) -> Float:
        """Return by how much its core stands out of each frame at each place it may tremble to, (n, 3, 3)."""
        ys, xs = np.nonzero(core)
        inner = core[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.float32)
        inner /= inner.sum()
        r, (bh, bw) = TREMBLE_PX, core.shape
        # Rows and columns beyond the border repeat it.
        rows = np.clip(np.arange(ys.min() - r, ys.max() + r + 1), 0, bh - 1)
        columns = np.clip(np.arange(xs.min() - r, xs.max() + r + 1), 0, bw - 1)
        near = self.frames[:, rows[:, None], columns]
        th, tw = inner.shape
        means = np.stack([
            np.einsum("nyx,yx->n", near[:, dy : dy + th, dx : dx + tw], inner)
            for dy in range(2 * r + 1) for dx in range(2 * r + 1)
        ], 1).reshape(-1, 2 * r + 1, 2 * r + 1)
        around = np.median(self.frames[:, self.beside], axis=1)
        return np.asarray(sign * (means - around[:, None, None]), np.float32)


def judge(window: Window, ground: Ground, group: int, found: Sequence[Thing]) -> list[Verdict]:
    """Return what is known of the things that the frames around a group show while the scene moves."""
    others = taken(ground, found)
    going = [(t, ring) for t in found if (ring := ring_values(ground, t, others)) is not None][:MOST]
    all_ = [v for thing, ring in going if (v := measured(window, ground, group, thing, ring)) is not None]
    if not all_:
        return []
    sure = _network.probability(_network.shipped("standing", NAMES).score(np.stack([v.values for v in all_])))
    return [Verdict(v.thing, v.values, v.shown, v.lift, float(p))
            for v, p in zip(all_, sure, strict=True)]


def taken(ground: Ground, found: Sequence[Thing]) -> Bits:
    """Return where (h, w) things are, and a little around them: they say nothing of the scene."""
    scale, full = ground.scale, np.zeros(ground.size, np.uint8)
    for thing in found:
        y0, x0, y1, x1 = thing.box
        full[y0:y1, x0:x1] |= thing.shape
    small = cv2.resize(full, ground.rest.shape[::-1], interpolation=cv2.INTER_AREA) if scale > 1 else full
    # Any pixel of a thing counts: the mean of four rounds one of them away.
    small = cv2.max(small, full[::scale, ::scale][: small.shape[0], : small.shape[1]])
    return np.asarray(cv2.dilate(small, np.ones((5, 5), np.uint8)) > 0)


def measured(window: Window, ground: Ground, group: int, thing: Thing, ring: Ring) -> Verdict | None:
    """Measure a thing; None where too few frames show it."""
    whole = Piece.of(window, ground.frames, thing)
    if not whole.beside.any():
        return None
    core = whole.core(thing.sign)
    if not core.any():
        return None
    lifts = whole.contrasts(core, thing.sign).reshape(len(ground.frames), -1).max(1)
    few = run(lifts, nearest(ground.frames, group))
    if len(few) < FEWEST:
        return None
    piece = whole.part(few)
    core = piece.core(thing.sign)
    if not core.any():
        return None
    own, lift = own_values(piece, core, thing, ground.grain)
    scene = scene_values(ground, thing, piece, core)
    form = form_values(window, thing, piece, core, lift)
    values = np.array((
        np.log(thing.plain), *own, *scene[:2], *ring, np.log(len(few)), *scene[2:], *form,
    ), np.float64)
    shown = tuple(ground.frames[i] for i in few)
    return Verdict(thing, values, shown, lift)


def nearest(chosen: Sequence[int], group: int) -> int:
    """Return which of the frames is nearest to the middle of a group."""
    middle = GROUP_FRAMES * group + 0.5 * (GROUP_FRAMES - 1)
    return min(range(len(chosen)), key=lambda i: (abs(chosen[i] - middle), i))


def run(lifts: Float, here: int) -> list[int]:
    """Return the frames around `here`, one after another, that show a thing; one of them may miss it."""
    least = SHOWN * max(float(np.sort(lifts)[len(lifts) // 2 :].mean()), 1e-3)
    good = lifts >= least
    out: list[int] = []
    for way in (-1, 1):
        i, missed = here if way == 1 else here - 1, 0
        while 0 <= i < len(lifts) and missed < 2:
            missed = 0 if good[i] else missed + 1
            out += [i] if good[i] else []
            i += way
    return sorted(out)


def own_values(piece: Piece, core: Bits, thing: Thing, grain: float) -> tuple[list[float], float]:
    """Return what the frames say of a thing itself (NAMES clear to held), and its contrast."""
    maps = piece.contrasts(core, thing.sign)
    n = len(maps)
    best = maps.reshape(n, -1).argmax(1)
    lifts = maps.reshape(n, -1).max(1)
    lift = max(float(np.median(lifts)), 0.1)
    mean = piece.frames.mean(0)
    uneven = 0.5 + 1.4826 * float(np.median(abs(mean[piece.beside] - np.median(mean[piece.beside]))))
    stir = float(piece.frames[:, piece.beside].std(0).mean())
    plain = float(piece.frames[:, core].std(0).mean())
    held = float(laid(piece.frames, best)[:, core].std(0).mean())
    return [
        log(lift / uneven), log(lift / (grain + 1)), float(np.clip(np.sort(lifts)[min(1, n - 1)] / lift, -1, 1)),
        float((lifts > SHOWN * lift).mean()), log((float(lifts.std()) + 0.02 * lift) / lift),
        log((plain + 0.3) / (stir + 0.3)), log((held + 0.3) / (stir + 0.3)),
    ], lift


def laid(frames: Float, best: npt.NDArray[np.intp]) -> Float:
    """Return frames (n, bh, bw) moved by the place of nine that each shows a thing at."""
    side = 2 * TREMBLE_PX + 1
    back = [(TREMBLE_PX - int(b) // side, TREMBLE_PX - int(b) % side) for b in best]
    return np.stack([np.roll(frame, by, (0, 1)) for frame, by in zip(frames, back, strict=True)])


def log(value: float) -> float:
    """Return the logarithm of what may be next to nothing."""
    return float(np.log(max(value, 1e-2)))


def scene_values(ground: Ground, thing: Thing, piece: Piece, core: Bits) -> list[float]:
    """Return how the scene goes on beneath and around a thing (NAMES inner, drawn, leaves, travel)."""
    scale = ground.scale
    ys, xs = np.nonzero(core)
    ys, xs = (ys + piece.box[0]) // scale, (xs + piece.box[1]) // scale
    rest, gone = float(ground.rest[ys, xs].mean()), float(ground.gone[ys, xs].mean())
    block = BLOCK_PX * motion_scale(ground.size)
    y0, x0, y1, x1 = thing.box
    near = ground.travel[max(y0 // block - 1, 0) : y1 // block + 2, max(x0 // block - 1, 0) : x1 // block + 2]
    travel = float(np.median(near))
    return [log((rest + 0.5) / (gone + 0.5)), log(gone + 0.5), log(travel / thing.thick_px), log(travel)]


def ring_values(ground: Ground, thing: Thing, others: Bits) -> Ring | None:
    """Return what the picture does all around (NAMES going to silent); None where it is not seen to move."""
    scale = ground.scale
    y0, x0, y1, x1 = thing.box
    top, left, bottom, right = y0 // scale, x0 // scale, -(-y1 // scale), -(-x1 // scale)
    h, w = ground.rest.shape
    box = (max(top - RING_PX, 0), max(left - RING_PX, 0), min(bottom + RING_PX, h), min(right + RING_PX, w))
    outside = np.ones((box[2] - box[0], box[3] - box[1]), np.uint8)
    ys, xs = np.nonzero(thing.shape)
    outside[(ys + y0) // scale - box[0], (xs + x0) // scale - box[1]] = 0
    away = cv2.distanceTransform(outside, cv2.DIST_L2, 3)
    free = ~others[box[0] : box[2], box[1] : box[3]]
    ys, xs = np.nonzero((away > RING_GAP_PX) & (away <= RING_PX) & free)
    side = 2 * (ys + box[0] > (top + bottom - 1) / 2) + (xs + box[1] > (left + right - 1) / 2)
    stay, go = (np.bincount(side, a[ys + box[0], xs + box[1]], SIDES) for a in (ground.rest, ground.gone))
    moving = int(((go < MOVES * stay) & (stay > WITNESSES)).sum())
    resting = int(((go > RESTS * stay) & (go > WITNESSES)).sum())
    if moving < SIDES_MOVING or resting > SIDES_RESTING:
        return None
    same, each = (float(a[ys + box[0], xs + box[1]].mean()) if ys.size else 0.0 for a in (ground.alike, ground.lively))
    going = log((float(go.sum()) + 1) / (float(stay.sum()) + 1))
    return going, same / (each + 0.05), float(moving), float(SIDES - moving - resting)


def form_values(window: Window, thing: Thing, piece: Piece, core: Bits, lift: float) -> list[float]:
    """Return what a thing looks like (NAMES thick to bright)."""
    y0, x0, y1, x1 = thing.box
    h, w = window.size
    thick, area = thing.thick_px, thing.area_px
    touches = min(y0, x0, h - y1, w - x1) <= 1
    stir = float(piece.frames[:, piece.beside].std(0).mean())
    mean = piece.frames.mean(0)
    steep = max(float(abs(np.diff(mean, axis=axis)).max()) for axis in (0, 1)) if min(mean.shape) > 1 else 0.0
    return [
        log(thick), log(area), log(float(np.hypot(y1 - y0, x1 - x0)) / thick), area / ((y1 - y0) * (x1 - x0)),
        float(touches), log(stir + 0.3), log(steep / lift), float(thing.sign > 0),
    ]


def camera(ground: Ground, cells: int, least: float) -> tuple[int, int]:
    """Return in how many cells of the picture (so many across and down) the scene moves, and in how many it rests."""
    rest, gone = (cv2.resize(a, (cells, cells), interpolation=cv2.INTER_AREA) for a in (ground.rest, ground.gone))
    return int(((gone < MOVES * rest) & (rest > least)).sum()), int(((gone > RESTS * rest) & (gone > least)).sum())

