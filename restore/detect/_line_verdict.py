"""What is known of a line in, whether it is a scratch, and why that is undecided, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from restore.detect import _lines
from restore.detect._company import ALONE, Company
from restore.detect._lines import Line
from restore.detect._tracks import Votes

SHORT_FRAC = 0.2
"""Lines shorter than this share of the height need three times the witnesses: much of a scene is so short."""
SHORT_CERTAINTY = 0.95
"""And have to be so certain where no votes decide. (In a street of 1906 the slot between the rails and a window in a
van's side came to 0.9 and 0.6.)"""
LEAST_FRAMES = 6
"""Fewer frames than these do not decide by weighing."""
LOOSE_PX, LOOSE_CERTAINTY = (0.1, 0.25), 0.99
"""A line whose pieces and halves differ by so much in how they move has to be so certain: threads and liquids do."""
TRAVEL_2K_PX = 3.5
"""A line that goes farther over the screen than this (root mean square) does not lie on the film: scratches wander by
less, and lines of a scene whose motion nobody could measure go on and on."""
IN_A_ROW, SCENE_CERTAINTY = 2, 0.9
"""A line with so many neighbours like it has to be so certain: it is a stripe among others."""
RIM_STEP = 0.5
"""And one whose sides differ by so much of its own contrast: it is the rim of something. (Of scratches over clips, on
seeds 71 and 72, 98 in a hundred stay below 0.3; of lines of their scenes, half are above 0.5.)"""
SHAKEN_PX, SHAKEN_OWN = (0.5, 0.3), 0.25
"""And one that goes over the screen by so much, where the scene beside it goes by so much, while less than this share
of its way is not a multiple of the scene's: a near pole, before a camera that shakes."""
AGAINST = -2.0
"""A line whose own frame says so much against it (log-odds) is no scratch for what other frames say, unless one of them
is sure of it."""
NUMBERS_BYTES = 16 << 10
"""What a line's measurements take, a Python object each."""
OVER_CUTS = 2
"""So many frames beyond a cut that show a line at its place prove that it lies on the film."""


@dataclass(frozen=True)
class Known:
    """A line of a frame and what is known of it."""

    index: int
    """Its number among the lines of its frame."""
    line: Line
    votes: Votes
    measured: tuple[float, ...]
    """What the judge is told of it (`_line_judge.NAMES`)."""
    score: float = 0.0
    """Log-odds that it is a scratch, by what its own frame and those around it show."""
    over_cuts: int = 0
    """Frames of other shots that show it at its place."""
    in_bars: bool = False
    """Whether it runs on into the black above or below the picture."""
    company: Company = ALONE
    """What runs beside it."""

    @property
    def nbytes(self) -> int:
        """Bytes held: of the line, and of some sixty numbers."""
        return self.line.nbytes + NUMBERS_BYTES


class Asked(Protocol):
    """What a detector of lines asks for; its fields are documented there."""

    @property
    def witnesses(self) -> int:
        """Frames that must say film."""

    @property
    def certainty(self) -> float:
        """How probable a line must be a scratch."""

    @property
    def still(self) -> bool:
        """Whether tall lines are taken where nothing moves."""


def verdict(asked: Asked, known: Known, size: tuple[int, int], probable: float) -> tuple[float, str]:
    """Return (confidence, why it is undecided; empty where it is confirmed) of a line of a picture (H, W)."""
    (h, w), line, votes = size, known.line, known.votes
    tall = line.columns.size * -(-h // _lines.STRIPS) / h
    needed = asked.witnesses if tall >= SHORT_FRAC else 3 * asked.witnesses
    if votes.film >= needed and votes.film >= 3 * votes.scene and not travels(votes, w):
        return 1 - 0.5 ** votes.film, ""
    if votes.gone >= max(asked.witnesses, 0.5 * (votes.frames - votes.seen)) and tall >= 0.3 and not votes.scene:
        return 1 - 0.6 ** votes.gone, ""
    if (known.over_cuts >= OVER_CUTS or known.in_bars) and tall >= SHORT_FRAC and not votes.scene:
        return 0.9, ""
    certain = max(
        asked.certainty, LOOSE_CERTAINTY * is_loose(votes), SCENE_CERTAINTY * is_of_a_scene(known),
        SHORT_CERTAINTY * (tall < SHORT_FRAC),
    )
    if votes.frames >= LEAST_FRAMES and probable >= certain and known.score > AGAINST and not travels(votes, w):
        return probable, ""
    if asked.still and tall >= 0.5 and not votes.scene:
        return 0.5, ""
    if not votes.frames:
        return 0.3, "a single frame cannot tell a scratch from a line of the scene"
    said = f"{votes.film} say film and {votes.scene} say scene"
    seen = f"seen in {votes.seen} of the {votes.frames} frames around, of which {said}"
    return 0.3, f"{seen}: too little moves to tell a scratch from a line of the scene"


def travels(votes: Votes, w: int) -> bool:
    """Tell whether a line of a picture w columns wide goes farther over the screen than scratches do.

    Small pictures come from narrower film, on which the same way is longer (as the same width is in `_lines.widths`).
    """
    return votes.sway.known and votes.sway.stays_px > TRAVEL_2K_PX * max((w / _lines.WIDE_2K_PX) ** 0.8, 0.35)


def speaks_against(known: Known, w: int) -> bool:
    """Tell whether anything says that a line of a picture w columns wide is part of the scene, or of a thing in it."""
    return travels(known.votes, w) or is_of_a_scene(known) or is_loose(known.votes)


def is_of_a_scene(known: Known) -> bool:
    """Tell whether a line is one of many alike, or the rim of something, or shakes as the scene does."""
    sway = known.votes.sway
    shakes = sway.known and sway.stays_px > SHAKEN_PX[0] and sway.goes_px > SHAKEN_PX[1]
    if known.company.neighbours >= IN_A_ROW or known.company.step >= RIM_STEP:
        return True
    return shakes and sway.own_px < SHAKEN_OWN * sway.stays_px


def is_loose(votes: Votes) -> bool:
    """Tell whether a line's pieces and halves move on their own: so do threads, ropes and what is poured."""
    sway = votes.sway
    return sway.known and sway.error_px > LOOSE_PX[0] and sway.bend_px > LOOSE_PX[1]
