"""What the frames around say about a line, measured, how likely it is a scratch out.

What speaks for a scratch: the scene moves away under it, it wanders on its own, its pieces change on their own. None of
it is proof alone: rails stay while the scene parts beside them, ropes swing, leaves flicker. So all is weighed together
by a small network, fitted on lines of generated and of real shots, and of photographs that are driven into, damaged
and clean, moving and still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore.detect import _network
from restore.detect._company import Company
from restore.detect._lines import Line
from restore.detect._network import Table
from restore.detect._sway import Sway
from restore.detect._tracks import Votes
from restore.detect._unrest import Unrest
from restore.nets import shelf

SHIPS = "lines"
"""Name of the judge that comes with the program."""
SEEN_SHARE = 0.4
"""Unrest is believed of lines that show in this share of the frames."""
NAMES = (
    "tall",  # share of the picture's height
    "sure",  # log of how unlikely it is by chance
    "contrast",  # log of its contrast over the grain
    "width",  # log of its width, as on a 2K scan
    "shows",  # share of its length in which it is to be seen
    "film", "scene", "gone", "seen",  # votes, as shares of the frames asked
    "still", "lost", "pace",  # frames in which nothing moves beside it, or nobody knows; log of how fast it does
    "followed",  # 1 where its motion could be measured; the next eleven are 0 where not
    "sway", "bend", "doubt",  # logs of how unsteadily it, its halves, and what is beside it move
    "error",  # log of how well its motion is known
    "sure_sway",  # log of its sway over that error
    "stays", "goes", "leaves",  # logs of how far it goes over the screen, the scene beside it does, it does over that
    "left",  # log of how much farther it goes over the scene than over the screen
    "both", "parts",  # logs of how far both sides go off under it the same way, and how far they go apart
    "known",  # 1 where its unrest could be measured; what follows is 0 where not
    "own",  # log of its unrest over its strength
    "ratio",  # log of its unrest over that beside it
    "quiet",  # log of the unrest beside it
    "apart",  # how far neighbouring pieces change together
    "grain",  # log of the grain
    "row",  # neighbours like it, up to ROW
    "step",  # log of how its sides differ
    "crosses", "agree",  # log of how its sides vary along it; how they do so together
    "strays",  # log of how far it strays from a straight line
    "ends",  # how many of its ends lie at the picture's edge
)
ROW, EDGE = 4, 2
"""More neighbours than this are no more of a row; ends no farther from the edge than so many strips lie at it."""


@dataclass(frozen=True)
class Setting:
    """The picture that lines lie in."""

    strips: int
    """How many it has."""
    scale: float
    """Its width over 2048."""
    grain: float
    """8-bit levels."""


def measure(line: Line, tall: float, said: tuple[Votes, Unrest, Company], setting: Setting) -> list[float]:
    """Return the measurements of one line in the order of `NAMES`; it covers a share `tall` of the picture's height."""
    (votes, unrest, company), scale, grain = said, setting.scale, setting.grain
    frames = max(votes.frames, 1)
    # A line that is not there in most frames changes for other reasons.
    known = float(unrest.strength > 0 and votes.seen >= SEEN_SHARE * frames)
    width = (line.left_px + line.right_px + 1) / max(scale**0.8, 0.35)
    own = unrest.line / max(unrest.strength, 1.0)
    return [
        tall, np.log1p(max(-line.log_nfa, 0)), np.log(line.contrast / (grain + 1)), np.log(width),
        float(line.shows.mean()),
        votes.film / frames, votes.scene / frames, votes.gone / frames, votes.seen / frames,
        votes.still / frames, votes.lost / frames, np.log(votes.pace_px / scale + 0.1),
        *followed(votes.sway, scale),
        known, known * np.log(min(own, 3) + 0.02), known * np.log(unrest.line / (unrest.beside + 0.5) + 0.1),
        known * np.log(unrest.beside + 0.3), known * unrest.apart, np.log(grain + 0.5),
        min(company.neighbours, ROW), np.log(company.step + 0.03), np.log(company.crosses + 0.03), company.agree,
        np.log(company.strays_px / scale**0.5 + 0.03), float(line.first <= EDGE) + (line.stop >= setting.strips - EDGE),
    ]


def followed(sway: Sway, scale: float) -> list[float]:
    """Return what is measured of a line's motion; `scale` is the picture's width over 2048."""
    known, own, error = float(sway.known), sway.own_px, sway.error_px
    return [
        known, known * np.log(own / scale**0.5 + 0.01), known * np.log(sway.bend_px + 0.01),
        known * np.log(sway.doubt_px + 0.02), known * np.log(error + 0.003),
        known * np.log((own + 0.01) / (error + 0.01)),
        *(known * np.log(far / scale**0.5 + 0.02) for far in (sway.stays_px, sway.goes_px, sway.leaves_px)),
        known * np.log((sway.leaves_px + 0.1) / (sway.stays_px + 0.1)),
        *(known * np.log(far / scale**0.5 + 0.02) for far in (sway.both_px, sway.parts_px)),
    ]


def path_of(given: str) -> Path:
    """Return the file of the judge that a person gave, or of the one that is shipped."""
    return shelf.chosen(given, SHIPS, ".json")


def score(measured: Sequence[Sequence[float]], judge: Path) -> Table:
    """Return the log-odds (n,) that lines are scratches, by the judge of a file."""
    values = np.array(measured, np.float64).reshape(len(measured), len(NAMES))
    return _network.read(judge, shelf.sha256(judge), NAMES).score(values)
