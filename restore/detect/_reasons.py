"""A frame's undecided things in, what else speaks for and against each of them out: what a second look measures."""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import _dirt_judge, _extent, _things, _travel
from restore.detect._look import Look, Weighed
from restore.detect._things import Ints, Table, Things
from restore.frames import Bits

SETTLED_PX = 20
"""Things of so many half-size pixels disturb the motion that is measured around them; it is taken from farther off."""

FAR = 3.0
"""Things so many lengths away from the picture's edge are as good as in its middle."""


def odds(share: Table) -> Table:
    """Return log-odds of probabilities."""
    sure = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(sure / (1 - sure)))


def sharper(look: Look, weighed: Weighed) -> Table:
    """Return by how much the picture around each thing (n,) has finer detail here than in its neighbours, log of the
    share: a frame that is sharper than those beside it shows specks that they do not.
    """
    scene, found = look.scene, weighed.things
    boxes = -(-_things.widened(found.boxes, _things.ROOM_PX // scene.scale, scene.here.shape) // _things.STRIDE)
    free = (_things.thinned(cv2.dilate(look.bits, np.ones((3, 3), np.uint8))) == 0).astype(np.float32)

    def detail(picture: Float) -> Table:
        fine = _things.thinned(cv2.subtract(picture, cv2.blur(picture, (3, 3))))
        return _things.box_sums(cv2.integral(fine * fine * free), boxes)

    n = np.maximum(_things.box_sums(cv2.integral(free), boxes), 1)
    here = detail(scene.here) / n
    beside = 0.5 * (detail(scene.before) + detail(scene.after)) / n
    return np.asarray(0.5 * np.log((here + 0.5) / (beside + 0.5)))


def step(look: Look, weighed: Weighed) -> Table:
    """Return by which share of its excess each thing (n,) drops just beyond its outline: dirt has a sharp one."""
    scene, found = look.scene, weighed.things
    labels = np.zeros(scene.here.shape, np.float32)
    labels.ravel()[found.at] = found.own + 1
    near, next_ = (cv2.dilate(labels, np.ones((k, k), np.uint8)) for k in (3, 5))
    at = np.flatnonzero((near == 0) & (next_ > 0) & (look.bits == 0))
    own, beyond = next_.ravel()[at].astype(np.int64) - 1, np.maximum(scene.excess.ravel()[at], 0)
    n = len(found)
    outside = np.bincount(own, beyond, n) / np.maximum(np.bincount(own, minlength=n), 1)
    inside = found.total(scene.excess.ravel()[found.at]) / found.area
    return np.asarray(1 - outside / np.maximum(inside, 1))


def veil(look: Look, weighed: Weighed) -> tuple[Table, Table]:
    """Return how much of each thing (n,) is not what shines through it, as a share of its contrast (log), and how much
    shines through, 0 to 1: under what lies on the film the picture goes on, fainter and shifted in tone.
    """
    scene, found = look.scene, weighed.things
    here, before, after = (v.ravel()[found.at] - 128 for v in (scene.here, scene.before, scene.after))
    middle, n = 0.5 * (before + after), found.area
    a, m = found.total(here) / n, found.total(middle) / n
    da, dm = here - a[found.own], middle - m[found.own]
    cross, own, other = (found.total(v.astype(np.float32)) / n for v in (da * dm, dm * dm, da * da))
    through = np.clip(cross / (own + 4), 0, 1)
    left = np.sqrt(np.maximum(other - 2 * through * cross + through**2 * own, 0))
    return np.asarray(np.log((left + 1) / (np.abs(a - m) + 1))), np.asarray(through)


def settled(look: Look, weighed: Weighed, some: Ints) -> Table:
    """Return what is seen of some things (m,) by motion taken from around them, (m, 4); 0s for small ones.

    How much the neighbours disagree inside, what is beyond both, how much larger each thing then is (log), and how much
    they disagree just outside; all but the third as shares of the contrast.
    """
    scene, found = look.scene, weighed.things
    out = np.zeros((len(some), 4))
    labels = np.zeros(scene.here.shape, np.float32)
    labels.ravel()[found.at] = found.own + 1
    for k, i in enumerate(some):
        if found.area[i] >= SETTLED_PX:
            out[k] = _settled(look, weighed, labels, int(i))
    return out


def _settled(look: Look, weighed: Weighed, labels: _extent.Labels, i: int) -> tuple[float, float, float, float]:
    site = _extent.Site(look.window, look.t, look.scene, weighed.things, i)
    here = labels[site.at]
    mine = here == i + 1
    disturbed = site.disturbed(mine, look.bits)
    _, (before, after) = site.views([side.flow.vectors for side in look.scene.sides], disturbed)
    whole = site.joined((before, after), mine, (here == 0) | mine, disturbed)
    high, low = (site.sign * (look.scene.here[site.at] - view) for view in (before, after))
    contrast = mean(np.abs(0.5 * (high + low)), mine) + 1
    rim = (cv2.dilate(whole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & ~whole & ~mine
    grows = np.count_nonzero(whole) / np.count_nonzero(mine)
    return (
        min(mean(np.abs(high - low), mine) / contrast, 2.0),
        float(np.clip(mean(np.minimum(high, low), mine) / contrast, -1, 1)), float(np.log(max(grows, 0.1))),
        min(mean(np.abs(high - low), rim) / contrast, 2.0),
    )


def mean(values: Float, where: Bits) -> float:
    """Return the mean of values (h, w) somewhere (h, w), 0 where that is nowhere."""
    return float(values[where].mean()) if where.any() else 0.0


AGAIN = ("quiet", "crowd", "agree", "clear", "stir", "free", "grainy", "calm", "busy")
"""Measurements of the first judge that the second sees too. All of them teach it no more."""
NAMES = (
    *AGAIN,
    "judged",  # log-odds of the first judge
    "recurs",  # 1 where its like is found near it in the frame before or after
    "right",  # 1 where it is large and strong enough for the first look
    "size",  # log of its pixels at full size
    "sharper",  # log of how much finer detail is around it here than in the neighbours
    "step",  # which share of its excess is lost just beyond its outline
    "left",  # log of what in it does not shine through it, as a share of its contrast
    "through",  # how much of the neighbours shines through it
    "large",  # 1 where motion was taken from farther off; by that ...
    "apart",  # ... how much the neighbours disagree inside it, as a share of its contrast
    "beyond",  # ... its excess over both
    "grows",  # ... log of how many times larger it then is
    "gap",  # ... how much the neighbours disagree just outside it
    "beside",  # share of it that one neighbour alone differs in somewhere near
    "both",  # ... that either of them does
    "path",  # ... that both do, at opposite places: it comes from one side and goes on to the other
    "edge",  # how far it is from the picture's edge, in its own lengths
)


def edge(look: Look, found: Things, some: Ints) -> Table:
    """Return how far some things (m,) are from the nearest edge of the picture, in their own lengths, `FAR` at most:
    what moves comes in there, seen by one neighbour only.
    """
    (y0, x0, y1, x1), (h, w) = found.boxes[some].T, look.scene.here.shape
    room = np.minimum.reduce([y0, x0, h - y1, w - x1])
    return np.asarray(np.minimum(room / np.maximum(y1 - y0, x1 - x0), FAR))


def measure(look: Look, weighed: Weighed, some: Ints) -> Table:
    """Return the measurements (m, 26) of some things (m,) in the order of `NAMES`."""
    found, scale = weighed.things, look.scene.scale
    again = weighed.values[some][:, np.array([_dirt_judge.NAMES.index(name) for name in AGAIN])]
    left, through = veil(look, weighed)
    columns = (
        odds(weighed.sure)[some], np.array([look.recurs(found, int(i)) for i in some], np.float64),
        weighed.right[some], np.log(found.area[some] * scale**2),
        sharper(look, weighed)[some], step(look, weighed)[some], left[some], through[some],
        found.area[some] >= SETTLED_PX, *settled(look, weighed, some).T,
        *_travel.travel(look.scene, found, some).T, edge(look, found, some),
    )
    return np.column_stack([again, *columns]).astype(np.float64)
