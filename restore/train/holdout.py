"""Frames and places that nothing was learnt from in, how well fillers fill known holes there and a verdict out.

Holes are planted (or, where a person restored the film, are the person's), every filler fills the same ones through the
very code of a run, and its errors are pooled by frame and by place. Gains are paired: grain and difficulty, which are
the same for all, drop out of their spread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.fill import Filler, _rgb
from restore.frames import Bits, support
from restore.train.footage import Footage, Shown
from restore.train.reserve import LEAST_HOLE_PX, OnFrame, Own, Split, plant

COVER, DRAWS = 0.12, 24
"""Share of a place that becomes holes; frames are shown with several drawings of them, so many in all at least."""
TIMES, LEAST, LEAST_DB = 2.0, 4, 0.05
"""A gain counts from so many standard errors on, over frames and over places, each where there are at least so many;
and from so many dB on, for a smaller one is not worth weights of one's own."""
CROP_PX, ROWS, ZOOM = 96, 6, 2
JUDGED_PX, LEAST_PLACES = 300_000, 4
"""Places of about so many pixels together are judged at one time, of large pictures some in turn: it takes no hours."""
Table = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Holes:
    """One frame of the hold-out."""

    t: int
    shown: Shown
    each: Mapping[int, Bits] = field(repr=False)
    """Place (its number) to the holes there (H, W)."""

    @property
    def filled(self) -> Bits:
        """Return what fillers are given (H, W): those holes, and the damage that is there anyway."""
        return np.logical_or.reduce([self.shown.in_the_way, *self.each.values()])


@dataclass(frozen=True)
class Gain:
    """How much better one filler is than another, in dB, and how sure that is."""

    over: str
    decibels: float
    """Of all holes pooled."""
    by_frame: tuple[float, float]
    """Mean over frames and its standard error; NaN where there are too few."""
    by_place: tuple[float, float]

    @property
    def sure(self) -> bool:
        """Whether the gain is more than chance explains."""
        spreads = [(m, e) for m, e in (self.by_frame, self.by_place) if not np.isnan(e)]
        return self.decibels >= LEAST_DB and bool(spreads) and all(m > TIMES * e for m, e in spreads)


@dataclass(frozen=True)
class Verdict:
    """What the hold-out says."""

    psnr: dict[str, float]
    """Filler to dB in the holes, all of them pooled."""
    gains: tuple[Gain, ...]
    """Of the tuned filler over each of the others."""
    frames: int
    places: int
    holes_px: int

    @property
    def kept(self) -> bool:
        """Whether the tuned filler is better than every other."""
        return bool(self.gains) and all(g.sure for g in self.gains)


def holes_of(footage: Footage, split: Split, own: Own, seed: int) -> Iterator[Holes]:
    """Yield the frames held back with holes at the places held back; those that have none are left out."""
    for t in split.held:
        if (shown := footage.shown(t)) is None:
            continue
        for draw in range(draws(split)):
            each = {}
            for k in in_turn(split, np.random.default_rng((seed, 84, t, draw))):
                place = split.places[k]
                here = np.zeros(footage.size, bool)
                here[place] = hole_at(place, shown, own, np.random.default_rng((seed, 83, t, k, draw)), draw == 0)
                if here.sum() >= LEAST_HOLE_PX:
                    each[k] = here
            if each:
                yield Holes(t, shown, each)


def draws(split: Split) -> int:
    """Return how often each frame is shown."""
    return max(1, -(-DRAWS // len(split.held)))


def in_turn(split: Split, rng: np.random.Generator) -> list[int]:
    """Return the places (their numbers) that are judged at one time."""
    most = max(LEAST_PLACES, int(JUDGED_PX / (split.closed.mean() * split.closed.size / len(split.places))))
    return sorted(int(k) for k in rng.permutation(len(split.places))[:most])


def hole_at(place: tuple[slice, slice], shown: Shown, own: Own, rng: np.random.Generator, first: bool) -> Bits:
    """Return the holes at a place: what a person restored there, once, or else planted ones."""
    given = shown.given[place]
    if first and given.sum() >= LEAST_HOLE_PX:
        return given
    return plant(own.shapes, given.shape, COVER, rng) & ~shown.unsure[place]


class Score:
    """Errors of some fillers, by frame and place."""

    def __init__(self, footage: Footage, names: tuple[str, ...]) -> None:
        """Begin with nothing."""
        self.footage, self.names = footage, names
        self.sums: list[tuple[int, int, int, list[float]]] = []
        self.holes_px = 0

    def add(self, holes: Holes, fills: Mapping[str, tuple[Float, ...]]) -> None:
        """Take in how each filler filled one frame."""
        for k, hole in holes.each.items():
            self.holes_px += int(hole.sum())
            under = [support(hole, self.footage.pixels, p) for p in range(len(holes.shown.planes))]
            count = sum(int(u.sum()) for u in under)
            errors = [
                sum(float(np.square((f - c)[u], dtype=np.float64).sum())
                    for f, c, u in zip(fills[name], holes.shown.planes, under, strict=True))
                for name in self.names
            ]
            self.sums.append((holes.t, k, count, [e / self.footage.pixels.peak**2 for e in errors]))

    def verdict(self, tuned: str) -> Verdict:
        """Compare one filler with the others."""
        frames, places = np.array([s[0] for s in self.sums], int), np.array([s[1] for s in self.sums], int)
        counts = np.array([s[2] for s in self.sums], float)
        errors = np.array([s[3] for s in self.sums], float).reshape(-1, len(self.names))
        whole = pooled(errors, counts, np.zeros(len(counts), int))[0] if self.sums else np.full(len(self.names), np.nan)
        own = self.names.index(tuned)
        gains = tuple(
            Gain(name, float(whole[own] - whole[k]), *(
                spread(by[:, own] - by[:, k]) for by in (pooled(errors, counts, of) for of in (frames, places))
            ))
            for k, name in enumerate(self.names) if k != own
        )
        psnr = {name: float(v) for name, v in zip(self.names, whole, strict=True)}
        return Verdict(psnr, gains, len(np.unique(frames)), len(np.unique(places)), self.holes_px)


def pooled(errors: Table, counts: Table, of: npt.NDArray[np.int64]) -> Table:
    """Return the PSNR (groups, fillers) of squared errors (n, fillers) and samples (n,), pooled by group (n,)."""
    _, group = np.unique(of, return_inverse=True)
    n = int(group.max(initial=-1)) + 1
    summed = np.stack([np.bincount(group, errors[:, k], n) for k in range(errors.shape[1])], 1)
    means = summed / np.bincount(group, counts, n)[:, None]
    return np.asarray(-10 * np.log10(np.maximum(means, 1e-10)))


def spread(gains: Table) -> tuple[float, float]:
    """Return the mean of some gains and its standard error; NaN for too few of them to say."""
    if len(gains) < LEAST:
        return float("nan"), float("nan")
    return float(gains.mean()), float(gains.std(ddof=1) / len(gains) ** 0.5)


def judge(
    footage: Footage, frames: Iterable[Holes], total: int, fillers: Mapping[str, Filler], tuned: str, on_frame: OnFrame
) -> tuple[Verdict, npt.NDArray[np.uint8] | None]:
    """Let fillers fill the same holes; return the verdict on one of them, and a picture of some of it.

    Each row of the picture is a place: with its holes black, each filler's work, and the truth.
    """
    score, rows, window = Score(footage, tuple(fillers)), list[Float](), footage.window()
    every = max(1, total // ROWS)
    for n, holes in enumerate(frames):
        hole = holes.filled
        fills = {}
        for name, filler in fillers.items():
            done = filler.fill(window, holes.t, holes.shown.planes, hole)
            fills[name] = tuple(rounded(p, footage.pixels.peak, footage.pixels.depth) for p in done.planes)
        score.add(holes, fills)
        if n % every == 0 and len(rows) < ROWS:
            rows.append(row(footage, holes, fills))
        on_frame(n + 1, total)
    return score.verdict(tuned), sheet(rows)


def rounded(plane: Float, peak: float, depth: int) -> Float:
    """Return samples as they would be written."""
    return plane if depth == 32 else np.clip(np.rint(plane), 0, peak)


def row(footage: Footage, holes: Holes, fills: Mapping[str, tuple[Float, ...]]) -> Float:
    """Return (3, CROP_PX or less, ...) one place with its holes, filled by each filler, and as it is."""
    hole = max(holes.each.values(), key=lambda h: int(h.sum()))
    ys, xs = np.nonzero(hole)
    side = [min(CROP_PX, n // 4 * 4) for n in footage.size]
    y, x = (min(max(int(v.mean()) - s // 2, 0), n - s) // 4 * 4 for v, s, n in
            zip((ys, xs), side, footage.size, strict=True))

    def seen(planes: tuple[Float, ...]) -> Float:
        parts = []
        for k, plane in enumerate(planes):
            sy, sx = footage.pixels.shift(k)
            parts.append(plane[y >> sy : y + side[0] >> sy, x >> sx : x + side[1] >> sx])
        return _rgb.to_rgb(tuple(parts), footage.pixels)

    truth, bits = seen(holes.shown.planes), hole[y : y + side[0], x : x + side[1]]
    return np.concatenate([truth * ~bits, *(np.where(bits, seen(f), truth) for f in fills.values()), truth], 2)


def sheet(rows: list[Float]) -> npt.NDArray[np.uint8] | None:
    """Return rows below each other, enlarged (h, w, 3), 8-bit; None for none."""
    if not rows:
        return None
    whole = np.clip(np.concatenate(rows, 1).transpose(1, 2, 0) * 255, 0, 255).astype(np.uint8)
    return whole.repeat(ZOOM, 0).repeat(ZOOM, 1)
