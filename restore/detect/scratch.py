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
LISTED_FRAC = 0.25
"""Shorter lines about which nothing can be said are not worth a person's time."""


@dataclass(frozen=True)
class Scratch:
    """Good at vertical scratches while the scene moves; in a still shot it lists lines as undecided and leaves them.

    Lines come from an a-contrario detector on each frame (Newson, Almansa, Gousseau and Perez, IEEE Trans. Image
    Processing 23(3), 2014). A line is confirmed where the scene moves away under it, or where it comes and
    goes while all beside it stays. Poles and door frames of a still shot look like scratches: a person decides.
    """

    version: ClassVar[int] = 1
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
        lines = tuple(line for line in _tracks.lines_of(window, t) if line.columns.size >= shortest)
        if not lines:
            return Detection(mask)
        votes = _tracks.votes(window, t, lines, self.reach)
        judged = [(line, self.judge(window, t, line, vote)) for line, vote in zip(lines, votes, strict=True)]
        known = [(line, found) for line, found in judged if found is not None]
        known = inherited(known, _tracks.scale_of(window))
        for line, found in known:
            if found.status == "confirmed":
                paint(mask, line, max(self.margin_px * _tracks.scale_of(window), 0.75))
        return Detection(mask, tuple(found for _, found in known if found.confidence))

    def judge(self, window: Window, t: int, line: Line, votes: Votes) -> Found | None:
        """Return what is to be said about a line; None where it plainly belongs to the scene, or is too weak.

        Confidence 0 means that it is too short to be listed on its own.
        """
        h, w = window.size
        rows = -(-h // _lines.STRIPS)
        tall = line.columns.size * rows / h
        if line.log_nfa > 0 and votes.seen < 3:
            return None
        box = (
            line.first * rows, max(0, int(line.columns.min() - line.left_px)),
            min(h, line.stop * rows), min(w, int(line.columns.max() + line.right_px) + 1),
        )
        area = int(line.shows.sum()) * rows * round(line.left_px + line.right_px + 1)
        if votes.scene >= self.witnesses and votes.scene > votes.film:
            return None
        sure, why = self.verdict(votes, tall)
        if why and tall < LISTED_FRAC:
            sure = 0.0
        return Found(t, "scratch", box, area, sure, "undecided" if why else "confirmed", why)

    def verdict(self, votes: Votes, tall: float) -> tuple[float, str]:
        """Return (confidence, why it is undecided; empty where it is confirmed)."""
        needed = self.witnesses if tall >= SHORT_FRAC else 3 * self.witnesses
        if votes.film >= needed and votes.film >= 3 * votes.scene:
            return 1 - 0.5 ** votes.film, ""
        if votes.gone >= max(self.witnesses, 0.5 * (votes.frames - votes.seen)) and tall >= 0.3 and not votes.scene:
            return 1 - 0.6 ** votes.gone, ""
        if self.still and tall >= 0.5 and not votes.scene:
            return 0.5, ""
        if not votes.frames:
            return 0.3, "a single frame cannot tell a scratch from a line of the scene"
        if votes.shake_px >= 1:
            return 0.4, f"it wanders by {votes.shake_px:.1f} px while nothing moves beside it: a person should look"
        seen = f"{votes.film} of {votes.frames} frames say film and {votes.scene} say scene"
        return 0.3, f"{seen}: too little moves to tell a scratch from a line of the scene"


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
