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
TRAVELS, FROM_PX, FULLY_PX = 2.0, 60, 240
"""Things are asked for so much more than the certainty, in log-odds, times the share of them that one neighbour alone
differs in somewhere near (`_travel.py`): limbs, balls and all else that is too fast for any motion estimate. Without
it 20 things of more than 150 pixels were taken in 1,655 frames with no damage, with it 3. It begins with the first size
and is full from the second on: on a worn film small things have their like everywhere."""
LASTS, LINE, STAYS = range(3)
"""The network's outputs."""


def open_things(look: Look, weighed: Weighed, least_px: int = 0) -> Ints:
    """Return the numbers (m,) of the things of so many pixels or more that the first look has not taken, or that are
    large: what moves and is blurred by it may be seen on one frame only, and more is lost with it.
    """
    open_ = ~weighed.certain | look.large(weighed.drawn)
    return np.flatnonzero(open_ & (weighed.drawn.area >= least_px))


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
    """Return the measurements (m, 30) of some things (m,), with the network's, in the order of `NAMES`."""
    found = weighed.things
    inside = [sheet.ravel()[found.at] for sheet in chances(look, found, some, weights)]
    mean = [_netted.odds(found.total(v) / found.area)[some] for v in inside]
    top = _netted.odds(np.maximum.reduceat(inside[LASTS], found.starts))[some]
    return np.column_stack([_reasons.measure(look, weighed, some), top, mean[LASTS], mean[LINE], mean[STAYS]])


def path_of(given: str, ships: str = SHIPS) -> Path:
    """Return the file of the judge that a person gave, or of the one that is shipped."""
    return shelf.chosen(given, ships, ".json")


def second(look: Look, judge: Path, weights: Path | None = None) -> Second | None:
    """Return what is dirt among what the first look has left open, and among what is large; None where that is nothing.

    `judge` is the judge's file, `weights` the network's where it has a say.
    """
    weighed = look.weighed()
    some = np.zeros(0, np.int64) if weighed is None else open_things(look, weighed, look.part.smallest_px)
    if weighed is None or not len(some):
        return None
    values = heard(look, weighed, some, weights) if weights else _reasons.measure(look, weighed, some)
    names = NAMES if weights else ALONE
    sure, taken = weighed.sure.copy(), np.zeros(len(weighed.things), bool)
    score = _network.read(judge, shelf.sha256(judge), names).score(values)
    sure[some] = _network.probability(score)
    taken[some] = score >= wanted(look.part.certainty, weighed.drawn.area[some], values[:, names.index("beside")])
    new = taken & ~weighed.certain
    drawn, left = settled(look, weighed, new)
    taken[np.flatnonzero(new)[~left]] = False
    return Second(np.isin(np.arange(len(taken)), some), sure, taken, drawn.keep(left))


def wanted(certainty: float, area_px: Ints, beside: Table) -> Table:
    """Return the log-odds (m,) asked of things (m,) of so many pixels; of such shares of them one neighbour alone
    differs somewhere `beside` them.
    """
    if certainty >= 1:
        return np.full(len(area_px), np.inf)
    fully = np.log(np.maximum(area_px, FROM_PX) / FROM_PX) / np.log(FULLY_PX / FROM_PX)
    return np.asarray(np.log(certainty / (1 - certainty)) + TRAVELS * beside * np.minimum(fully, 1))


def settled(look: Look, weighed: Weighed, new: Bits) -> tuple[Outline, Bits]:
    """Return the pixels of the things that are `new` (n,), and which of those may stay: no large ones where so much
    else stands out of the whole picture that it must have jumped, or be blurred.
    """
    if not new.any():
        return weighed.drawn.keep(new), new[new]
    few = weighed.things.keep(new)
    drawn, _, _ = look.drawn(few, np.ones(len(few), bool))
    rest = look.without(weighed.things, weighed.certain | new)
    jumped = np.count_nonzero(rest) > JUMPED * rest.size
    return drawn, (drawn.area >= look.part.smallest_px) & ~(look.large(drawn) & jumped)
