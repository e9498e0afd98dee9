"""Somebody's own reel in, how well recipes find and fill damage planted on it out, and which setting suits it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import add
from pathlib import Path

import numpy as np

from restore.benchmark import EDGE_FRAMES, filler
from restore.decode import Decoder, open_decoder
from restore.ledger import Stamp, key_of, now
from restore.measure import advice, own_reel
from restore.measure.advice import SPECKS, WITH_LINES, Mended, OwnReel
from restore.measure.bench import FillRow, bench_fill
from restore.measure.own_reel import Attempt, Clock, Count
from restore.measure.planted import BRIEF, drawn_like, lines_on, plant
from restore.measure.stretches import Stretch, sections, stretches
from restore.probe import probe, refuse
from restore.recipe import load
from restore.restoration import report
from restore.scenes.damage import Damage
from restore.source import Source
from restore.store import Store


@dataclass(frozen=True)
class SelfTest:
    """What the benchmark on somebody's own reel is run with."""

    workflows: tuple[str, ...] = ("film", "dust")
    pieces: int = 4
    """Stretches, spread over the reel."""
    frames: int = 6
    """Judged in each; so many more on either side as the detectors look to are only looked at."""
    seed: int = 1
    rate: Fraction | None = None
    """Frames a second of an image sequence."""
    project: Path | None = None
    """A project of this reel, in whose ledger and report the figures are kept."""


def on_own_reel(path: str, test: SelfTest, on_frame: Callable[[int, int], None] = lambda *_: None) -> OwnReel:
    """Plant known damage where a reel looks clean, and say how well recipes find and fill it there.

    `on_frame` is told steps of the work done and in all. Raises SourceError where the reel is too short or interlaced,
    RecipeError for a recipe that cannot be judged, StoreError where the project is not of this reel; all of it before
    the work.
    """
    source = probe(path, test.rate)
    refuse(source)
    store = Store.held(test.project, source) or Store.open(test.project) if test.project else None
    tried = {w: own_reel.attempts(w) for w in dict.fromkeys(test.workflows)}
    began, decoder = time.monotonic(), open_decoder(source)
    try:
        result = _OwnReel(source, test, tried, on_frame).measured(decoder)
    finally:
        decoder.close()
    if store is not None:
        store.ledger.write(stamp_of(result, source, test, time.monotonic() - began))
        report(store.folder)
    return result


class _OwnReel:
    """The benchmark on one reel while it goes on."""

    def __init__(
        self, source: Source, test: SelfTest, tried: dict[str, list[Attempt]], on_frame: Callable[[int, int], None]
    ) -> None:
        self.source, self.test, self.tried, self.on_frame = source, test, tried, on_frame
        self.all = [a for some in tried.values() for a in some]
        self.edge = max(EDGE_FRAMES, *(p.reach_frames for a in self.all for p in a.parts))
        self.clock = Clock()
        self.counts = [Count()] * len(self.all)
        self.fills: defaultdict[tuple[str, str], list[FillRow]] = defaultdict(list)
        self.length = test.frames + 2 * self.edge
        pieces = len(sections(source.span, test.pieces, self.length))
        self.total, self.done = pieces * test.frames * (2 + len(tried)), 0

    def tick(self, frames: int = 1) -> None:
        """Tell that frames were looked at once more: as they are, damaged, and filled by each recipe."""
        self.done += frames
        self.on_frame(self.done, self.total)

    def measured(self, decoder: Decoder) -> OwnReel:
        """Judge every stretch, one in memory at a time, and write down what came of it."""
        least, lines, judged, befores, damages = 2 * EDGE_FRAMES + 1, 0, [], [], []
        for stretch in stretches(decoder, self.test.pieces, self.length, least):
            frames = inner(len(stretch.pictures), self.test.frames)
            judged.append((stretch.start + frames.start, stretch.start + frames.stop))
            before, damage = self.judge(stretch, frames, len(judged))
            befores.append(before)
            damages.append(damage)
            lines += lines_on(damage, frames)
        rows = {w: advice.tried(some, self.of(w)) for w, some in self.tried.items()}
        return OwnReel(
            self.source.path, self.source.frames, tuple(judged), self.test.seed,
            tuple(d.severity for d in damages), self.counts[0].dirt.objects, lines, all(b.own.usual for b in befores),
            float(np.mean([b.own.objects_a_frame for b in befores])), float(np.mean([b.known_frac for b in befores])),
            tuple(r for some in rows.values() for r in some),
            tuple(self.mended()),
            tuple(advice.advice(w, some) for w, some in rows.items()),
        )

    def judge(self, stretch: Stretch, frames: range, number: int) -> tuple[own_reel.AsItIs, Damage]:
        """Look at a stretch as it is, damage it, and see what every attempt finds and every recipe fills of that."""
        clip = stretch.clip(self.source)
        before = own_reel.as_it_is(clip, frames, self.all, self.tick)
        damage = drawn_like(before.own, self.test.seed * 1000 + number, clip.size, len(clip.pictures), frames)
        planted = plant(clip, damage, before.known)
        found = own_reel.judge(clip, planted, before, frames, self.all, self.clock, self.tick)
        self.counts = list(map(add, self.counts, found))
        brief = plant(clip, replace(damage, kinds=BRIEF), before.known)
        for workflow in self.tried:
            for what, wear in ((SPECKS, brief), (WITH_LINES, planted)):
                if what == SPECKS or any(c.says_lines for c in self.of(workflow)):
                    fill = self.clock.timed(f"{workflow} {what}", filler(load(workflow)))
                    self.fills[workflow, what].append(bench_fill(clip, wear, fill, frames, filled_only=True))
            self.tick(len(frames))
        return before, damage

    def of(self, workflow: str) -> list[Count]:
        """Return what was counted of a recipe so far, by attempt."""
        return [c for a, c in zip(self.all, self.counts, strict=True) if a.workflow == workflow]

    def mended(self) -> Iterator[Mended]:
        """Yield how each recipe filled specks and, where it finds them, lines; the last row says how long it takes."""
        for workflow, some in self.tried.items():
            finding = sum(self.clock.of(p.digest) for p in some[0].parts)
            whats = [what for w, what in self.fills if w == workflow]
            for what in whats:
                seconds = finding + self.clock.of(f"{workflow} {what}") if what == whats[-1] else 0.0
                yield advice.mended(workflow, what, self.fills[workflow, what], seconds)


def inner(length: int, wanted: int) -> range:
    """Return the frames in the middle of a stretch that are judged: those wanted, or all that have neighbours."""
    n = min(wanted, length - 2 * EDGE_FRAMES)
    return range((length - n) // 2, (length - n) // 2 + n)


def stamp_of(result: OwnReel, source: Source, test: SelfTest, seconds: float) -> Stamp:
    """Return what the ledger keeps of the benchmark: the figures, and the tables and sentences as people read them."""
    parts = tuple(p.record() for w in test.workflows for p in load(w).detect + load(w).fill)
    finds, fills = advice.cells(result)
    facts = {
        "figures": advice.plain(result), "planted": advice.planted_as(result), "advice": result.advice,
        "finding": [advice.HEADS, *finds], "filling": [advice.FILL_HEADS, *fills],
    }
    key = key_of("bench", source.sha256, test.pieces, test.frames, test.seed, parts)
    return Stamp("bench", (0, source.frames), key, parts=parts, facts=facts, started=now(), seconds=round(seconds, 1))
