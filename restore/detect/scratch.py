"""Frame t and the frames around it in, its vertical scratches out: thin lines that do not move with the scene."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from restore.detect import Detection, Found, _lines, _tracks
from restore.detect._lines import Line
from restore.detect._tracks import Votes
from restore.errors import PartError
from restore.frames import Bits
from restore.window import Window

SHORT_FRAC = 0.2
"""Lines shorter than this share of the height need three times the witnesses: much of a scene is so short."""
LISTED_FRAC, LISTED_NFA, LISTED_LEVELS, LISTED_GRAINS = 0.4, -15.0, 8.0, 4.0
"""Undecided lines that are shorter, less certain (log10 of false alarms) or fainter (8-bit levels, and multiples of
the grain) than this are not worth a person's time."""
LISTED_MOST = 4
"""Undecided lines listed of a frame, the most certain ones."""
WANDERER_FRAC, WANDERER_NFA, WANDERER_2K_PX = 0.55, -35.0, 4.0
"""Height, certainty and width (and two pixels more) of lines whose wandering is believed to be a scratch's."""
SHAKE_PX, SHAKE_TO_DOUBT, LEAST_DOUBT_PX, SHAKE_TO_BEND = 0.35, 3.0, 0.06, 0.85
"""How much it must wander: so far, and so many times what its two sides, and its two halves, do against each other."""


@dataclass(frozen=True)
class Scratch:
    """Good at vertical scratches while the scene moves; in a still shot it lists lines as undecided and leaves them.

    Lines come from an a-contrario detector on each frame (Newson, Almansa, Gousseau and Perez, IEEE Trans. Image
    Processing 23(3), 2014). A line is confirmed where the scene moves away under it, where it comes and goes while
    all beside it stays, or where it wanders as nothing beside it does. Poles and door frames of a still shot look
    like scratches: the plainest are listed, once, in the first frame that shows them, and a person decides.
    """

    version: ClassVar[int] = 2
    reach: int = 8
    """How many frames before and after are asked about a line."""
    witnesses: int = 3
    """How many of them must say that it lies on the film, none more than a third of that saying the contrary."""
    shortest_frac: float = 0.08
    """Shorter lines are left alone, as a share of the picture's height."""
    margin_px: float = 1.0
    """How far the mask goes beyond where the line fades into its sides, in pixels of a 2K scan, but 0.75 at least."""
    still: bool = False
    """Take lines over half the height as scratches where nothing moves (a photograph, a still shot)."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("reach", 1, 50), ("witnesses", 1, 50), ("shortest_frac", 0, 1), ("margin_px", 0, 20)):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"scratch: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return self.reach

    def detect(self, window: Window, t: int) -> Detection:
        """Return the scratches of frame t."""
        mask = np.zeros(window.size, bool)
        rows = -(-window.size[0] // _lines.STRIPS)
        shortest = self.shortest_frac * window.size[0] / rows
        lines = _tracks.view(window, t).lines
        votes = _tracks.votes(window, t, self.reach)
        judged = [
            (line, self.judge(window, t, line, vote))
            for line, vote in zip(lines, votes, strict=True) if line.columns.size >= shortest
        ]
        known = [(line, found) for line, found in judged if found is not None]
        known = inherited(known, _tracks.scale_of(window))
        sure = [(line, found) for line, found in known if found.status == "confirmed"]
        for line, _ in sure:
            paint(mask, line, max(self.margin_px * _tracks.scale_of(window), 0.75))
        # Lines come best first, and so do these.
        open_questions = [found for _, found in known if found.status == "undecided" and found.confidence]
        return Detection(mask, tuple(found for _, found in sure) + tuple(open_questions[:LISTED_MOST]))

    def judge(self, window: Window, t: int, line: Line, votes: Votes) -> Found | None:
        """Return what is to be said about a line; None where it plainly belongs to the scene, or is too weak.

        Confidence 0 means that it is not to be listed.
        """
        if line.log_nfa > 0 and votes.seen < 3:
            return None
        if votes.scene >= self.witnesses and votes.scene > votes.film:
            return None
        h, w = window.size
        rows = -(-h // _lines.STRIPS)
        box = (
            line.first * rows, max(0, int(line.columns.min() - line.left_px)),
            min(h, line.stop * rows), min(w, int(line.columns.max() + line.right_px) + 1),
        )
        area = int(line.shows.sum()) * rows * round(line.left_px + line.right_px + 1)
        sure, why = self.verdict(votes, line, window)
        if why and not is_listed(line, votes, line.columns.size * rows / h, window.grain(t)):
            sure = 0.0
        return Found(t, "scratch", box, area, sure, "undecided" if why else "confirmed", why)

    def verdict(self, votes: Votes, line: Line, window: Window) -> tuple[float, str]:
        """Return (confidence, why it is undecided; empty where it is confirmed)."""
        h = window.size[0]
        tall = line.columns.size * -(-h // _lines.STRIPS) / h
        needed = self.witnesses if tall >= SHORT_FRAC else 3 * self.witnesses
        if votes.film >= needed and votes.film >= 3 * votes.scene:
            return 1 - 0.5 ** votes.film, ""
        if votes.gone >= max(self.witnesses, 0.5 * (votes.frames - votes.seen)) and tall >= 0.3 and not votes.scene:
            return 1 - 0.6 ** votes.gone, ""
        if tall >= WANDERER_FRAC and is_wanderer(line, votes, _tracks.scale_of(window)):
            return 0.8, ""
        if self.still and tall >= 0.5 and not votes.scene:
            return 0.5, ""
        if not votes.frames:
            return 0.3, "a single frame cannot tell a scratch from a line of the scene"
        said = f"{votes.film} say film and {votes.scene} say scene"
        seen = f"seen in {votes.seen} of the {votes.frames} frames around, of which {said}"
        return 0.3, f"{seen}: too little moves to tell a scratch from a line of the scene"


def is_wanderer(line: Line, votes: Votes, scale: float) -> bool:
    """Tell whether a line wanders as no line of the scene does: far more than what is beside it, and as a whole."""
    thin = line.left_px + line.right_px <= WANDERER_2K_PX * scale + 2
    least = max(SHAKE_PX, SHAKE_TO_DOUBT * max(votes.doubt_px, LEAST_DOUBT_PX), SHAKE_TO_BEND * votes.bend_px)
    plain = line.log_nfa <= WANDERER_NFA and 4 * votes.seen >= 3 * votes.frames and not votes.scene
    return thin and plain and votes.shake_px >= least


def is_listed(line: Line, votes: Votes, tall: float, grain: float) -> bool:
    """Tell whether a person should be asked about a line here: it is plain, it stays, and this is its first frame."""
    plain = line.log_nfa <= LISTED_NFA and line.contrast >= max(LISTED_LEVELS, LISTED_GRAINS * grain)
    stays = not votes.frames or 2 * votes.seen >= max(votes.frames, 2 * 4)
    return plain and tall >= LISTED_FRAC and stays and votes.is_new


def inherited(judged: list[tuple[Line, Found]], scale: float) -> list[tuple[Line, Found]]:
    """Confirm what continues a confirmed line above or below it."""
    sure = [line for line, found in judged if found.status == "confirmed"]
    out = []
    for line, found in judged:
        middle = 0.5 * (line.first + line.stop - 1)
        joins = any(
            other.sign == line.sign and abs(other.at(middle) - line.at(middle)) <= 4 * scale + 1 for other in sure
        )
        if found.status != "confirmed" and joins and line.log_nfa < 0:
            found = replace(found, status="confirmed", why="", confidence=0.6)
        out.append((line, found))
    return out


def paint(mask: Bits, line: Line, margin_px: float) -> None:
    """Set the pixels of `mask` (H, W) that a line covers."""
    h, w = mask.shape
    rows = -(-h // _lines.STRIPS)
    ys = np.arange(line.first * rows, min(line.stop * rows, h))
    at = (ys + 0.5) / rows - 0.5 - line.first
    column = np.interp(at, np.arange(line.columns.size), line.columns)
    shows = line.shows[np.clip(np.rint(at).astype(int), 0, line.shows.size - 1)]
    left = column - line.left_px - margin_px
    right = column + line.right_px + margin_px
    x0, x1 = max(0, int(np.floor(left.min()))), min(w, int(np.ceil(right.max())) + 1)
    xs = np.arange(x0, x1)
    mask[ys[0] : ys[-1] + 1, x0:x1] |= (xs >= left[:, None]) & (xs <= right[:, None]) & shows[:, None]
