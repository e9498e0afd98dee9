"""Frame t and the frames around it in, its vertical scratches out: thin lines that do not move with the scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from restore.curves import paint
from restore.detect import Detection, Found, _beyond, _line_judge, _lines, _tracks
from restore.detect._carried import carried
from restore.detect._company import company
from restore.detect._kin import inherited, is_flank, is_one
from restore.detect._line_shape import curve_of, found_of
from restore.detect._line_verdict import SHORT_FRAC, Known, speaks_against, verdict
from restore.detect._lines import Line
from restore.detect._network import probability
from restore.detect._onward import onward
from restore.detect._unrest import unrest
from restore.errors import PartError
from restore.nets import shelf
from restore.window import Window

LISTED_FRAC, LISTED_NFA, LISTED_LEVELS, LISTED_GRAINS = 0.4, -15.0, 8.0, 4.0
"""Undecided lines that are shorter, less certain (log10 of false alarms) or fainter (8-bit levels, and multiples of
the grain) than this are not worth a person's time."""
FEW_LINES = 3
"""In a frame of more tall lines than this some meet those of the next scene by chance."""
LISTED_MOST = 4
"""Undecided lines listed of a frame, the most certain ones."""
TOGETHER_FRAMES = 4
"""The frames so far before and after are asked what they think of the same line."""
HOLD_FRAMES, HOLD_SHARE = 8, 0.5
"""A line that is sure in a frame so far before or after needs this share of the certainty."""
CARRIED_BY = 3
"""So many frames near by have to be sure of a scratch for it to be taken where no line was found."""
LIKE = 4.0
"""Lines of two frames whose contrasts differ by more than this factor say nothing about each other."""
COMPANY, COMPANY_MOST = 0.1, 1.6
"""Each frame that shows the line makes their mean log-odds weigh so much more, up to so much."""


@dataclass(frozen=True)
class Judged:
    """A line and what is said about it, going by itself."""

    known: Known
    probable: float
    """How probable it is a scratch, by what all frames around that show it say."""
    found: Found | None
    """None where it is not worth a word."""

    @property
    def is_sure(self) -> bool:
        """Tell whether it is a scratch."""
        return self.found is not None and self.found.status == "confirmed"


@dataclass(frozen=True)
class Scratch:
    """Good at vertical scratches; one that neither sways nor changes in a still shot is listed as undecided and left.

    Lines come from an a-contrario detector on each frame (Newson, Almansa, Gousseau and Perez, IEEE Trans. Image
    Processing 23(3), 2014). A line is confirmed where the scene moves away under it, where it comes and goes while
    all beside it stays, where it goes on over a cut or into the black around the picture, or where all that the frames
    around say about it, weighed together, makes it certain: that it sways in a scene at rest, and that its pieces
    change on their own. Where a frame is sure of it, those around need be less so. Poles and door frames of a still
    shot look like scratches: the plainest are listed, once, in the first frame that shows them, and a person decides;
    their curves are kept of every frame.
    """

    version: ClassVar[int] = 9
    finds: ClassVar[Literal["dirt", "scratch"]] = "scratch"
    sensitivity: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "cautious": {"certainty": 0.7, "witnesses": 5}, "thorough": {"certainty": 0.3, "witnesses": 2}
    }
    leads: ClassVar[Mapping[str, float]] = {"certainty": 0.01, "still": True}
    reach: int = 8
    """How many frames before and after are asked about a line."""
    witnesses: int = 3
    """How many of them must say that it lies on the film, none more than a third of that saying the contrary."""
    certainty: float = 0.5
    """How probable a line must be a scratch where no rule decides: the mean of the frames around that show it."""
    shortest_frac: float = 0.08
    """Shorter lines are left alone, as a share of the picture's height."""
    margin_px: float = 1.0
    """How far the mask goes beyond where the line fades into its sides, in pixels of a 2K scan, but 0.75 at least."""
    still: bool = False
    """Take lines over half the height as scratches where nothing moves (a photograph, a still shot)."""

    judge: str = ""
    """A file (.json) with a judge of your own, fitted by `lacuna train lines`; empty for the one that is shipped."""

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
        return self.reach + TOGETHER_FRAMES + HOLD_FRAMES

    def fingerprint(self) -> str:
        """Return the digest of the judge."""
        return shelf.sha256(_line_judge.path_of(self.judge))

    def detect(self, window: Window, t: int) -> Detection:
        """Return the scratches of frame t."""
        mask = np.zeros(window.size, bool)
        all_told = inherited(self.held(window, t), _tracks.scale_of(window))
        strips = _tracks.view(window, t).strips
        sure = [
            self.drawn(window, onward(k.line, strips), found) for k, found in all_told if found.status == "confirmed"
        ]
        for found in sure:
            if found.curve is not None:
                paint(mask, found.curve)
        # Lines come best first, and so do these.
        asked = [(k, found) for k, found in all_told if found.status == "undecided" and is_plain(window, t, k)]
        new = [self.drawn(window, k.line, found) for k, found in asked if k.votes.is_new][:LISTED_MOST]
        old = [self.drawn(window, k.line, found).curve for k, found in asked if not k.votes.is_new][:LISTED_MOST]
        return Detection(mask, (*sure, *new), followed=tuple(c for c in old if c is not None))

    def judged(self, window: Window, t: int) -> tuple[Judged, ...]:
        """Return the lines of frame t, each judged alone; made once."""
        def make() -> tuple[Judged, ...]:
            probable = self.together(window, t)
            return tuple(
                Judged(k, sure, self.told(window, t, k, sure))
                for k, sure in zip(self.known(window, t), probable, strict=True)
            )

        return window.fact("scratch-judged", (t, self), make)

    def held(self, window: Window, t: int) -> list[tuple[Known, Found]]:
        """Return what is to be said about the lines of frame t, those confirmed that a frame near by is sure of.

        A threshold with hysteresis (Canny, IEEE Trans. Pattern Analysis and Machine Intelligence 8(6), 1986): a line
        that is sure in one frame of its life need be half as probable in those around, unless there is something that
        speaks for its being part of the scene.
        """
        judged = self.judged(window, t)
        least, w = HOLD_SHARE * self.certainty, window.size[1]
        likely = {
            i for i, j in enumerate(judged)
            if not j.is_sure and j.probable >= least and not speaks_against(j.known, w)
        }
        shot, sure = window.shot(t, HOLD_FRAMES), set[int]()
        for u in sorted(shot, key=lambda u: abs(u - t)):
            if u != t and likely - sure and any(j.is_sure for j in self.judged(window, u)):
                there = {j.known.index for j in self.judged(window, u) if j.is_sure}
                sure |= {i for i, other in self.same(window, t, u) if i in likely and other.index in there}
        best, scale = [j.known.line for j in judged if j.is_sure], _tracks.scale_of(window)
        sure = {i for i in sure if not any(is_flank(judged[i].known.line, other, scale) for other in best)}
        taken = best + [judged[i].known.line for i in sure]
        return [
            (j.known, replace(j.found, status="confirmed", why="", confidence=j.probable) if i in sure else j.found)
            for i, j in enumerate(judged) if j.found is not None
        ] + self.carried(window, t, taken)

    def carried(self, window: Window, t: int, taken: list[Line]) -> list[tuple[Known, Found]]:
        """Return the scratches that CARRIED_BY frames near by are sure of and that show here, but the `taken` ones.

        And but those that frame t shows as a line itself, and has something to say against.
        """
        strips, scale = _tracks.view(window, t).strips, _tracks.scale_of(window)
        shot = sorted(window.shot(t, HOLD_FRAMES), key=lambda u: (abs(u - t), u))
        leads = [
            (line, u, j) for u in shot if u != t for j in self.judged(window, u) if j.is_sure
            for line in [carried(j.known.line, strips, int(np.ceil(_tracks.slack_px(window, u - t))))] if line
        ]
        against = [k.line for k in self.known(window, t) if speaks_against(k, window.size[1])] if leads else []
        out = []
        for line, _, j in leads:
            frames = {v for other, v, _ in leads if is_flank(line, other, scale) and other.sign == line.sign}
            known = any(is_flank(line, other, scale) for other in taken) or any(is_one(line, k) for k in against)
            if len(frames) >= CARRIED_BY and not known:
                taken = [*taken, line]
                found = Found(t, "scratch", (0, 0, 0, 0), 0, j.probable, "confirmed", "")
                out.append((replace(j.known, line=line), found_of(line, found, window.size)))
        return out

    def drawn(self, window: Window, line: Line, found: Found) -> Found:
        """Return what was found of a line with its curve."""
        curve = curve_of(line, found.frame, window.size[0], max(self.margin_px * _tracks.scale_of(window), 0.75))
        curve = replace(curve, confidence=round(found.confidence, 3), status=found.status)
        return replace(found_of(line, found, window.size), curve=curve)

    def known(self, window: Window, t: int) -> tuple[Known, ...]:
        """Return the lines of frame t that are tall enough, what is known of them and how they score; made once."""
        def make() -> tuple[Known, ...]:
            lines = self.measured(window, t)
            scores = _line_judge.score([k.measured for k in lines], _line_judge.path_of(self.judge))
            return tuple(replace(k, score=float(s)) for k, s in zip(lines, scores, strict=True))

        return window.fact("scratch-known", (t, self.reach, self.shortest_frac, self.fingerprint()), make)

    def measured(self, window: Window, t: int) -> list[Known]:
        """Return the lines of frame t that are tall enough and what is measured of them, not yet judged."""
        h, view = window.size[0], _tracks.view(window, t)
        lines, strips = view.lines, view.strips
        tall = [line.columns.size * -(-h // _lines.STRIPS) / h for line in lines]
        kept = [i for i, share in enumerate(tall) if share >= self.shortest_frac]
        if not kept:
            return []
        votes, around = _tracks.votes(window, t, self.reach), _tracks.pictures(window, t, self.reach)
        setting = _line_judge.Setting(len(strips), _tracks.scale_of(window), window.grain(t))
        over = _beyond.over_cuts(window, t, self.reach)
        few, black = sum(tall[i] >= SHORT_FRAC for i in kept) <= FEW_LINES, _beyond.bars(strips)
        out = []
        for i in kept:
            line, beside = lines[i], company(lines[i], strips)
            values = _line_judge.measure(line, tall[i], (votes[i], unrest(line, around), beside), setting)
            out.append(Known(i, line, votes[i], tuple(values), over_cuts=int(over[i]) if few else 0,
                             in_bars=_beyond.in_bars(strips, line, black), company=beside))
        return out

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

    def told(self, window: Window, t: int, known: Known, probable: float) -> Found | None:
        """Return what is to be said about a line; None where it plainly belongs to the scene, or is too weak."""
        line, votes = known.line, known.votes
        if line.log_nfa > 0 and votes.seen < 3:
            return None
        if votes.scene >= self.witnesses and votes.scene > votes.film:
            return None
        if _beyond.at_rim(_tracks.view(window, t).strips, line):
            return None
        sure, why = verdict(self, known, window.size, probable)
        return found_of(line, Found(t, "scratch", (0, 0, 0, 0), 0, sure, "undecided" if why else "confirmed", why),
                        window.size)

def is_plain(window: Window, t: int, known: Known) -> bool:
    """Tell whether a person should be asked about a line of frame t: it is plain, and it stays."""
    line, votes, h = known.line, known.votes, window.size[0]
    plain = line.log_nfa <= LISTED_NFA and line.contrast >= max(LISTED_LEVELS, LISTED_GRAINS * window.grain(t))
    stays = not votes.frames or 2 * votes.seen >= max(votes.frames, 2 * 4)
    return plain and line.columns.size * -(-h // _lines.STRIPS) / h >= LISTED_FRAC and stays
