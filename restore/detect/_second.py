"""What `dirt` leaves open on a frame in, how probable it is that each such thing is dirt out.

A second judge weighs the first one's verdict, some of its measurements, and the rules by which large things are held
back. Where a network (`restore/nets/detector.py`) has a say, it looks at the tiles that hold such things and at no
others; what it says inside a thing is a few measurements more, for a judge of its own.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from restore.colour import Float
from restore.detect import _netted, _network, _reasons
from restore.detect._look import Look, Second, Weighed
from restore.detect._netted import Tiling
from restore.detect._outline import Outline
from restore.detect._sight import Sight
from restore.detect._things import Ints, Table, Things
from restore.frames import Bits
from restore.nets import shelf

SHIPS, SHIPS_ALONE = "second", "again"
"""Names of the judges that come with the program, with the network's say and without; `lacuna train second` and `lacuna
train again` fit others."""
ALONE = _reasons.NAMES
"""What is measured without the network."""
NAMES = (
    *ALONE,
    "top", "whole",  # the network's greatest and mean log-odds inside it that it lasts a frame
    "line",  # ... mean, that it is part of a line
    "stays",  # ... mean, that it stays on the screen
)
TILING = Tiling(64, 16)
"""What is left open lies far apart: small tiles see less of what nobody asked about."""
JUMPED = 0.05
"""Where more of the picture than this stands out, and is no dirt, no large thing is taken: measured up to 0.04 on clips
shot in our day, hand-held ones too, and 0.08 to 0.3 on a street of 1906, whose frames jump and are blurred."""
STRICT = 2.0
"""Things whose like is near them a frame away, lights that flash and limbs that swing, are asked for so much more than
the certainty, in log-odds. With 1 a thrown toy was taken in two frames of a clip; 3 would miss a tenth more dirt."""
LENIENT, SPECK_PX, BLOTCH_PX = 1.0, 60, 500
"""Others are asked for so much less the larger they are between these sizes: a judge that is wrong about some specks is
hardly ever wrong about large things, and those are most of what there is to fill. With 2 a finger and a tail that swing
were taken, each in one frame."""
EDGE_PX = 2
"""But for what lies so near the picture's edge, where new things come in."""
LASTS, LINE, STAYS = range(3)
"""The network's outputs."""


def open_things(weighed: Weighed, least_px: int = 0) -> Ints:
    """Return the numbers (m,) of the things of so many pixels or more that the first look has not taken."""
    return np.flatnonzero(~weighed.certain & (weighed.drawn.area >= least_px))


def chances(look: Look, found: Things, some: Ints, path: Path) -> Float:
    """Return the network's probabilities (kinds, h, w) in 255ths for the tiles that hold `some` things (m,)."""
    worth = np.zeros(look.scene.here.shape, bool)
    worth.ravel()[found.at[np.isin(found.own, some)]] = True
    sight = Sight.of(look.window, look.t, look.sides, look.part.reach)
    return _netted.answered(partial(crop, sight), worth, path, TILING)


def crop(sight: Sight, y: int, x: int) -> Float:
    """Return what is seen of the tile at (y, x) and around it (channels, side, side); the picture's edge repeats."""
    (h, w), side, margin = sight.here.shape, TILING.tile_px + 2 * TILING.margin_px, TILING.margin_px
    top, left = y - margin, x - margin
    at = np.s_[max(top, 0) : min(top + side, h), max(left, 0) : min(left + side, w)]
    room = [(max(-start, 0), max(start + side - end, 0)) for start, end in ((top, h), (left, w))]
    return np.pad(sight.shown(at), ((0, 0), *room), "edge")


def heard(look: Look, weighed: Weighed, some: Ints, weights: Path) -> Table:
    """Return the measurements (m, 17) of some things (m,), with the network's, in the order of `NAMES`."""
    found = weighed.things
    inside = [sheet.ravel()[found.at] for sheet in chances(look, found, some, weights)]
    mean = [_netted.odds(found.total(v) / found.area)[some] for v in inside]
    top = _netted.odds(np.maximum.reduceat(inside[LASTS], found.starts))[some]
    return np.column_stack([_reasons.measure(look, weighed, some), top, mean[LASTS], mean[LINE], mean[STAYS]])


def path_of(given: str, ships: str = SHIPS) -> Path:
    """Return the file of the judge that a person gave, or of the one that is shipped."""
    return Path(given) if given else shelf.shipped(ships, ".json")


def second(look: Look, judge: Path, certainty: float, weights: Path | None = None) -> Second | None:
    """Return what is dirt among what the first look has left open; None where that is nothing.

    `judge` is the judge's file, `weights` the network's where it has a say.
    """
    weighed = look.weighed()
    some = np.zeros(0, np.int64) if weighed is None else open_things(weighed, look.part.smallest_px)
    if weighed is None or not len(some):
        return None
    values = heard(look, weighed, some, weights) if weights else _reasons.measure(look, weighed, some)
    names = NAMES if weights else ALONE
    sure, taken = weighed.sure.copy(), np.zeros(len(weighed.things), bool)
    score = _network.read(judge, shelf.sha256(judge), names).score(values)
    sure[some] = _network.probability(score)
    taken[some] = score >= wanted(look, weighed.things, some, certainty, values[:, names.index("recurs")] > 0)
    if not taken.any():
        return None
    drawn, left = settled(look, weighed, taken)
    taken[np.flatnonzero(taken)[~left]] = False
    return Second(sure, taken, drawn.keep(left))


def wanted(look: Look, found: Things, some: Ints, certainty: float, recurs: Bits) -> Table:
    """Return the log-odds (m,) asked of some things (m,) where `certainty` is asked of specks; `recurs` (m,) are those
    whose like is near.
    """
    if certainty >= 1:
        return np.full(len(some), np.inf)
    (y0, x0, y1, x1), (h, w) = found.boxes[some].T, look.scene.here.shape
    within = (np.minimum(y0, x0) > EDGE_PX) & (y1 < h - EDGE_PX) & (x1 < w - EDGE_PX)
    large = np.log(found.area[some] * look.scene.scale**2 / SPECK_PX) / np.log(BLOTCH_PX / SPECK_PX)
    least = np.log(certainty / (1 - certainty))
    return np.asarray(least + np.where(recurs, STRICT, -LENIENT * np.clip(large, 0, 1) * within))


def settled(look: Look, weighed: Weighed, taken: Bits) -> tuple[Outline, Bits]:
    """Return the pixels of the things that are `taken` (n,), and which of those may stay: no large ones where so much
    else stands out of the whole picture that it must have jumped, or be blurred.
    """
    few = weighed.things.keep(taken)
    drawn, _, _ = look.drawn(few, np.ones(len(few), bool))
    rest = look.without(weighed.things, weighed.certain | taken)
    jumped = np.count_nonzero(rest) > JUMPED * rest.size
    return drawn, (drawn.area >= look.part.smallest_px) & ~(look.large(drawn) & jumped)
