"""Curves frame by frame in, the same linked into tracks out: one track a scratch of the film, however it drifts.

A scratch lies on the film: it drifts, breaks and fades, and it goes on over a cut. So curves of neighbouring frames
that lie at one column are one scratch, whatever rows of it show. Links are made from the film's first frame on, so a
track's name does not depend on what was asked for, nor on how the film was divided.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby

import numpy as np

from restore.curves import Curve
from restore.defects import Ids

GAP_FRAMES = 6
"""A track that shows in none of so many frames has ended."""
WIDE_2K_PX = 2048
NEAR_PX, DRIFT_PX, FAR_PX = 3.0, 1.5, 10.0
"""How far a scratch may be off on the next frame, how much more a frame, and at most: pixels of a 2K scan."""
LIKE = 4.0
"""Curves whose contrasts differ by more than this factor are not one scratch."""


@dataclass
class _Live:
    """A track that may go on."""

    name: str
    begins: int
    last: list[Curve] = field(default_factory=list)
    """Its pieces on the latest frame that shows it, downwards."""

    def gap(self, curve: Curve, scale: float) -> float:
        """Return how far off a curve lies, pixels; infinite where it cannot be the same scratch."""
        near = min(self.last, key=lambda c: _apart_rows(c, curve))
        first, last = max(near.rows[0], curve.rows[0]), min(near.rows[-1], curve.rows[-1])
        at = np.array([(first + last) // 2])
        off = float(abs(near.at(at) - curve.at(at))[0])
        apart = curve.frame - near.frame
        here, there = strength(curve), strength(near)
        alike = near.sign == curve.sign and near.layer == curve.layer and max(here, there) <= LIKE * min(here, there)
        slack = min(NEAR_PX + DRIFT_PX * apart, FAR_PX) * scale + 1
        return off if alike and off <= slack else np.inf


def _apart_rows(a: Curve, b: Curve) -> int:
    return max(a.rows[0], b.rows[0]) - min(a.rows[-1], b.rows[-1])


def strength(curve: Curve) -> float:
    """Return a curve's contrast in 8-bit levels, 1 where it is unknown or less."""
    return max((abs(v) for v in curve.profile), default=1.0) or 1.0


def linked(curves: Iterable[Curve], width_px: int) -> Iterator[Curve]:
    """Yield curves, which must come frame by frame, with the track each belongs to."""
    scale = width_px / WIDE_2K_PX
    live: list[_Live] = []
    names = Ids()
    for t, each in groupby(curves, lambda c: c.frame):
        here = list(each)
        live = [k for k in live if t - k.last[0].frame <= GAP_FRAMES]
        given = _given(here, live, scale)
        for i, curve in enumerate(here):
            if i not in given:
                # Pieces of a scratch that begins here belong together.
                new = [k for k in live if k.begins == t]
                joins = [k for k in new if np.isfinite(k.gap(curve, scale)) and _is_free(k.last, curve)]
                corner = (curve.rows[0], round(curve.columns[0]), 0, 0)
                given[i] = joins[0] if joins else _Live(names.next("track", t, corner), t)
                live += [] if joins else [given[i]]
            track = given[i]
            track.last = [*(c for c in track.last if c.frame == t), curve]
            yield replace(curve, track=track.name)


def _given(here: list[Curve], live: list[_Live], scale: float) -> dict[int, _Live]:
    """Return which curve (by number) goes on with which track: the nearest first; pieces of a track do not overlap."""
    offers = sorted(
        (gap, i, k) for i, curve in enumerate(here) for k, track in enumerate(live)
        if np.isfinite(gap := track.gap(curve, scale))
    )
    given: dict[int, _Live] = {}
    taken: dict[int, list[Curve]] = {}
    for _, i, k in offers:
        if i not in given and _is_free(taken.get(k, []), here[i]):
            given[i] = live[k]
            taken.setdefault(k, []).append(here[i])
    return given


def _is_free(others: Iterable[Curve], curve: Curve) -> bool:
    return all(_apart_rows(c, curve) >= 0 for c in others if c.frame == curve.frame)


@dataclass(frozen=True)
class Track:
    """One scratch of the film."""

    name: str
    frames: tuple[int, int]
    """The first that shows it and one past the last."""
    shown: int
    """Frames that show it."""
    columns: tuple[float, float]
    """The leftmost and the rightmost it reaches."""
    width_px: float
    """Mean, without margins."""
    sign: int
    strength: float
    """Mean contrast, 8-bit levels."""
    confidence: float
    """Mean of its frames."""
    filled: int
    """Frames in which it is filled."""


def summed(curves: Iterable[Curve]) -> list[Track]:
    """Return the tracks of linked curves, by where they begin."""
    of: dict[str, list[Curve]] = {}
    for curve in curves:
        of.setdefault(curve.track, []).append(curve)
    return [_summed(name, pieces) for name, pieces in of.items()]


def _summed(name: str, pieces: list[Curve]) -> Track:
    frames = {c.frame for c in pieces}
    return Track(
        name, (min(frames), max(frames) + 1), len(frames),
        (min(min(c.columns) for c in pieces), max(max(c.columns) for c in pieces)),
        float(np.mean([c.left_px + c.right_px + 1 for c in pieces])), pieces[0].sign,
        float(np.mean([strength(c) for c in pieces])), float(np.mean([c.confidence for c in pieces])),
        len({c.frame for c in pieces if c.status == "confirmed"}),
    )


def in_lines(tracks: Iterable[Track]) -> Iterator[str]:
    """Yield lines for people."""
    head = True
    for k in tracks:
        if head:
            yield f"{'track':20} {'frames':14} {'shown':>6} {'filled':>6} {'columns':>15} {'width':>5} levels sure"
            head = False
        frames, columns = f"{k.frames[0]}:{k.frames[1]}", f"{k.columns[0]:.1f}-{k.columns[1]:.1f}"
        yield (
            f"{k.name:20} {frames:14} {k.shown:6} {k.filled:6} {columns:>15} {k.width_px:5.1f} "
            f"{k.sign * k.strength:+6.0f} {k.confidence:.2f}"
        )
    if head:
        yield "no such scratch"


def in_json(tracks: Iterable[Track]) -> Iterator[str]:
    """Yield one JSON object a track."""
    yield from (json.dumps(asdict(k)) for k in tracks)
