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
from restore.detect import _dirt_judge, _netted, _network
from restore.detect._netted import Tiling
from restore.detect._outline import Outline
from restore.detect._sight import Sight
from restore.detect._things import Ints, Table, Things
from restore.detect.dirt import Look, Second, Weighed
from restore.frames import Bits
from restore.nets import shelf

SHIPS, SHIPS_ALONE = "second", "again"
"""Names of the judges that come with the program, with the network's say and without; `lacuna train second` and `lacuna
train again` fit others."""
AGAIN = ("quiet", "crowd", "agree", "clear", "stir", "free", "grainy", "calm", "busy")
"""Measurements of the first judge that the second sees too. With all of them it learns its clips by heart."""
ALONE = (
    *AGAIN,
    "judged",  # log-odds of the first judge
    "recurs",  # 1 where its like is found near it in the frame before or after
    "right",  # 1 where it is large and strong enough for the first look
    "size",  # log of its pixels at full size
)
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


def odds(chance: Float | Table) -> Table:
    """Return log-odds of probabilities in 255ths, of any shape."""
    share = (chance + 0.5) / 256
    return np.asarray(np.log(share / (1 - share)), np.float64)


def measure(look: Look, weighed: Weighed, some: Ints) -> Table:
    """Return the measurements (m, 13) of some things (m,) in the order of `ALONE`."""
    found, scale = weighed.things, look.scene.scale
    again = weighed.values[some][:, np.array([_dirt_judge.NAMES.index(name) for name in AGAIN])]
    sure = np.clip(weighed.sure[some], 1e-6, 1 - 1e-6)
    columns = (
        np.log(sure / (1 - sure)), np.array([look.recurs(found, int(i)) for i in some], np.float64),
        weighed.right[some], np.log(found.area[some] * scale**2),
    )
    return np.column_stack([again, *columns]).astype(np.float64)


def heard(look: Look, weighed: Weighed, some: Ints, weights: Path) -> Table:
    """Return the measurements (m, 17) of some things (m,), with the network's, in the order of `NAMES`."""
    found = weighed.things
    inside = [sheet.ravel()[found.at] for sheet in chances(look, found, some, weights)]
    mean = [odds(found.total(v) / found.area)[some] for v in inside]
    top = odds(np.maximum.reduceat(inside[LASTS], found.starts))[some]
    return np.column_stack([measure(look, weighed, some), top, mean[LASTS], mean[LINE], mean[STAYS]])


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
    values = heard(look, weighed, some, weights) if weights else measure(look, weighed, some)
    names = NAMES if weights else ALONE
    sure, taken = weighed.sure.copy(), np.zeros(len(weighed.things), bool)
    sure[some] = _network.probability(_network.read(judge, shelf.sha256(judge), names).score(values))
    taken[some] = sure[some] >= certainty
    if not taken.any():
        return None
    drawn, left = settled(look, weighed, taken)
    taken[np.flatnonzero(taken)[~left]] = False
    return Second(sure, taken, drawn.keep(left))


def settled(look: Look, weighed: Weighed, taken: Bits) -> tuple[Outline, Bits]:
    """Return the pixels of the things that are `taken` (n,), and which of those may stay: no large ones where so much
    else stands out of the whole picture that it must have jumped, or be blurred.
    """
    few = weighed.things.keep(taken)
    drawn, _, _ = look.drawn(few, np.ones(len(few), bool))
    rest = look.without(weighed.things, weighed.certain | taken)
    jumped = np.count_nonzero(rest) > JUMPED * rest.size
    return drawn, (drawn.area >= look.part.smallest_px) & ~(look.large(drawn) & jumped)
