"""Frame t and the frames around it in, its vertical scratches out: thin lines that do not move with the scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from restore.curves import Curve, corners, paint, runs
from restore.detect import Detection, Found, _beyond, _line_judge, _lines, _tracks
from restore.detect._lines import Line
from restore.detect._network import Table, probability
from restore.detect._tracks import Votes
from restore.detect._unrest import unrest
from restore.errors import PartError
from restore.window import Window

SHORT_FRAC = 0.2
"""Lines shorter than this share of the height need three times the witnesses: much of a scene is so short."""
LISTED_FRAC, LISTED_NFA, LISTED_LEVELS, LISTED_GRAINS = 0.4, -15.0, 8.0, 4.0
"""Undecided lines that are shorter, less certain (log10 of false alarms) or fainter (8-bit levels, and multiples of
the grain) than this are not worth a person's time."""
FEW_LINES = 3
"""In a frame of more tall lines than this some meet those of the next scene by chance."""
LISTED_MOST = 4
"""Undecided lines listed of a frame, the most certain ones."""
TOGETHER_FRAMES = 4
"""The frames so far before and after are asked what they think of the same line."""
LIKE = 4.0
"""Lines of two frames whose contrasts differ by more than this factor say nothing about each other."""
LEAST_FRAMES = 4
"""Fewer frames than these do not decide by weighing."""
LOOSE_PX, LOOSE_CERTAINTY = (0.1, 0.25), 0.9
"""A line whose pieces and halves differ by so much in how they move has to be so certain: threads and liquids do."""
OVER_CUTS = 2
"""So many frames beyond a cut that show a line at its place prove that it lies on the film."""
COMPANY, COMPANY_MOST = 0.1, 1.6
"""Each frame that shows the line makes their mean log-odds weigh so much more, up to so much."""


@dataclass(frozen=True)
class Known:
    """A line of a frame and what is known of it."""

    index: int
    """Its number among the lines of its frame."""
    line: Line
    votes: Votes
    score: float
    """Log-odds that it is a scratch, by what its own frame and those around it show."""
    over_cuts: int = 0
    """Frames of other shots that show it at its place."""
    in_bars: bool = False
    """Whether it runs on into the black above or below the picture."""


@dataclass(frozen=True)
class Scratch:
    """Good at vertical scratches while the scene moves; in a still shot it lists lines as undecided and leaves them.

    Lines come from an a-contrario detector on each frame (Newson, Almansa, Gousseau and Perez, IEEE Trans. Image
    Processing 23(3), 2014). A line is confirmed where the scene moves away under it, where it comes and goes while
    all beside it stays, where it goes on over a cut or into the black around the picture, or where all that the frames
    around say about it, weighed together, makes it certain: that it sways in a scene at rest, and that its pieces
    change on their own. Poles and door frames of a still shot look like scratches: the plainest are listed, once, in
    the first frame that shows them, and a person decides; their curves are kept of every frame.
    """

    version: ClassVar[int] = 4
    finds: ClassVar[Literal["dirt", "scratch"]] = "scratch"
    sensitivity: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "cautious": {"certainty": 0.75, "witnesses": 5}, "thorough": {"certainty": 0.4, "witnesses": 2}
    }
    leads: ClassVar[Mapping[str, float]] = {"certainty": 0.01, "still": True}
    reach: int = 8
    """How many frames before and after are asked about a line."""
    witnesses: int = 3
    """How many of them must say that it lies on the film, none more than a third of that saying the contrary."""
    certainty: float = 0.6
    """How probable a line must be a scratch where no rule decides: the mean of the frames around that show it."""
    shortest_frac: float = 0.08
    """Shorter lines are left alone, as a share of the picture's height."""
    margin_px: float = 1.0
    """How far the mask goes beyond where the line fades into its sides, in pixels of a 2K scan, but 0.75 at least."""
    still: bool = False
    """Take lines over half the height as scratches where nothing moves (a photograph, a still shot)."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (
            ("reach", 1, 50), ("witnesses", 1, 50), ("certainty", 0.01, 1), ("shortest_frac", 0, 1),
            ("margin_px", 0, 20),
        ):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"scratch: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return self.reach + TOGETHER_FRAMES

    def detect(self, window: Window, t: int) -> Detection:
        """Return the scratches of frame t."""
        mask = np.zeros(window.size, bool)
        known = self.known(window, t)
        judged = [(k, self.judge(window, t, k, sure)) for k, sure in zip(known, self.together(window, t), strict=True)]
        told = inherited([(k, found) for k, found in judged if found is not None], _tracks.scale_of(window))
        sure = [self.drawn(window, k.line, found) for k, found in told if found.status == "confirmed"]
        for found in sure:
            if found.curve is not None:
                paint(mask, found.curve)
        # Lines come best first, and so do these.
        asked = [(k, found) for k, found in told if found.status == "undecided" and is_plain(window, t, k)]
        new = [self.drawn(window, k.line, found) for k, found in asked if k.votes.is_new][:LISTED_MOST]
        old = [self.drawn(window, k.line, found).curve for k, found in asked if not k.votes.is_new][:LISTED_MOST]
        return Detection(mask, (*sure, *new), followed=tuple(c for c in old if c is not None))

    def drawn(self, window: Window, line: Line, found: Found) -> Found:
        """Return what was found of a line with its curve."""
        curve = curve_of(line, found.frame, window.size[0], max(self.margin_px * _tracks.scale_of(window), 0.75))
        return replace(found, curve=replace(curve, confidence=round(found.confidence, 3), status=found.status))

    def known(self, window: Window, t: int) -> tuple[Known, ...]:
        """Return the lines of frame t that are tall enough, and what is known of them; made once."""
        return window.fact("scratch-known", (t, self.reach, self.shortest_frac), lambda: self._known(window, t))

    def _known(self, window: Window, t: int) -> tuple[Known, ...]:
        h, lines = window.size[0], _tracks.view(window, t).lines
        tall = [line.columns.size * -(-h // _lines.STRIPS) / h for line in lines]
        kept = [i for i, share in enumerate(tall) if share >= self.shortest_frac]
        if not kept:
            return ()
        votes, around = _tracks.votes(window, t, self.reach), _tracks.pictures(window, t, self.reach)
        grain, scale = window.grain(t), _tracks.scale_of(window)
        scores = _line_judge.score([
            _line_judge.measure(lines[i], votes[i], unrest(lines[i], around), tall[i], scale, grain) for i in kept
        ])
        few = sum(tall[i] >= SHORT_FRAC for i in kept) <= FEW_LINES
        over, strips = _beyond.over_cuts(window, t, self.reach), _tracks.view(window, t).strips
        return tuple(
            Known(i, lines[i], votes[i], float(s), int(over[i]) if few else 0, _beyond.in_bars(strips, lines[i]))
            for i, s in zip(kept, scores, strict=True)
        )

    def together(self, window: Window, t: int) -> list[float]:
        """Return how probable each known line of frame t is a scratch, the frames around that show it counted in."""
        shot = window.shot(t, TOGETHER_FRAMES)
        said = [[(k.score, k.line.columns.size)] for k in self.known(window, t)]
        for u in shot:
            if u != t:
                for i, other in self.same(window, t, u):
                    said[i].append((other.score, other.line.columns.size))
        out = []
        for each in said:
            score, tall = np.array(each).T
            company = min(1 + COMPANY * len(each), COMPANY_MOST)
            out.append(float(probability(np.array(company * (score * tall).sum() / tall.sum()))))
        return out

    def same(self, window: Window, t: int, u: int) -> list[tuple[int, Known]]:
        """Return which of the known lines of frame t (by number) is which known line of frame u."""
        here, there = self.known(window, t), self.known(window, u)
        if not here or not there:
            return []
        gaps, near, _ = _tracks.pairs(_tracks.view(window, t), _tracks.view(window, u))
        fits = (near & (abs(gaps) <= _tracks.slack_px(window, u - t)))[
            np.ix_([k.index for k in here], [k.index for k in there])
        ]
        strong, other = (np.array([k.line.contrast for k in known]) for known in (here, there))
        fits &= np.maximum(strong[:, None], other) <= LIKE * np.minimum(strong[:, None], other)
        tall = np.array([k.line.columns.size for k in there])
        best = np.where(fits, tall, 0).argmax(1)
        return [(i, there[best[i]]) for i in range(len(here)) if fits[i].any()]

    def judge(self, window: Window, t: int, known: Known, probable: float) -> Found | None:
        """Return what is to be said about a line; None where it plainly belongs to the scene, or is too weak."""
        line, votes = known.line, known.votes
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
        sure, why = self.verdict(known, window.size[0], probable)
        return Found(t, "scratch", box, area, sure, "undecided" if why else "confirmed", why)

    def verdict(self, known: Known, h: int, probable: float) -> tuple[float, str]:
        """Return (confidence, why it is undecided; empty where it is confirmed)."""
        line, votes = known.line, known.votes
        tall = line.columns.size * -(-h // _lines.STRIPS) / h
        needed = self.witnesses if tall >= SHORT_FRAC else 3 * self.witnesses
        if votes.film >= needed and votes.film >= 3 * votes.scene:
            return 1 - 0.5 ** votes.film, ""
        if votes.gone >= max(self.witnesses, 0.5 * (votes.frames - votes.seen)) and tall >= 0.3 and not votes.scene:
            return 1 - 0.6 ** votes.gone, ""
        if (known.over_cuts >= OVER_CUTS or known.in_bars) and tall >= SHORT_FRAC and not votes.scene:
            return 0.9, ""
        certain = max(self.certainty, LOOSE_CERTAINTY) if is_loose(votes) else self.certainty
        if votes.frames >= LEAST_FRAMES and probable >= certain:
            return probable, ""
        if self.still and tall >= 0.5 and not votes.scene:
            return 0.5, ""
        if not votes.frames:
            return 0.3, "a single frame cannot tell a scratch from a line of the scene"
        said = f"{votes.film} say film and {votes.scene} say scene"
        seen = f"seen in {votes.seen} of the {votes.frames} frames around, of which {said}"
        return 0.3, f"{seen}: too little moves to tell a scratch from a line of the scene"


def is_loose(votes: Votes) -> bool:
    """Tell whether a line's pieces and halves move on their own: so do threads, ropes and what is poured."""
    sway = votes.sway
    return sway.known and sway.error_px > LOOSE_PX[0] and sway.bend_px > LOOSE_PX[1]


def is_plain(window: Window, t: int, known: Known) -> bool:
    """Tell whether a person should be asked about a line of frame t: it is plain, and it stays."""
    line, votes, h = known.line, known.votes, window.size[0]
    plain = line.log_nfa <= LISTED_NFA and line.contrast >= max(LISTED_LEVELS, LISTED_GRAINS * window.grain(t))
    stays = not votes.frames or 2 * votes.seen >= max(votes.frames, 2 * 4)
    return plain and line.columns.size * -(-h // _lines.STRIPS) / h >= LISTED_FRAC and stays


def inherited(judged: list[tuple[Known, Found]], scale: float) -> list[tuple[Known, Found]]:
    """Confirm what continues a confirmed line above or below it."""
    sure = [known.line for known, found in judged if found.status == "confirmed"]
    out = []
    for known, found in judged:
        line = known.line
        middle = 0.5 * (line.first + line.stop - 1)
        joins = any(
            other.sign == line.sign and abs(other.at(middle) - line.at(middle)) <= 4 * scale + 1 for other in sure
        )
        if found.status != "confirmed" and joins and line.log_nfa < 0:
            found = replace(found, status="confirmed", why="", confidence=0.6)
        out.append((known, found))
    return out


def curve_of(line: Line, t: int, h: int, margin_px: float) -> Curve:
    """Return a line of frame t as a curve on a picture h rows high: what is drawn, and what a person may move."""
    rows = -(-h // _lines.STRIPS)
    ys = np.arange(line.first * rows, min(line.stop * rows, h))
    at = (ys + 0.5) / rows - 0.5 - line.first
    column: Table = np.asarray(np.interp(at, np.arange(line.columns.size), line.columns), np.float64).round(2)
    shows = line.shows[np.clip(np.rint(at).astype(int), 0, line.shows.size - 1)]
    kept = corners(ys, column)
    return Curve(
        t, tuple(ys[kept].tolist()), tuple(column[kept].tolist()), line.left_px, line.right_px, line.sign,
        round(margin_px, 2), runs(~shows, int(ys[0])), tuple(np.round(line.profile.astype(np.float64), 1).tolist()),
    )
