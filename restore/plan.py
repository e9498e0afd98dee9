"""A source and a recipe in, a Plan out: the steps, and what memory, disk and time they will need, before any work.

Pure: nothing is read but the arguments, nothing is written. What does not fit is refused here and not after a night.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from restore.cuts import REACH_FRAMES
from restore.errors import BudgetError
from restore.ledger import Stage, step_name
from restore.motion.proxy import scale_of
from restore.parts import Part
from restore.recipe import Recipe
from restore.source import Source
from restore.span import Span
from restore.written import counted

SPAN_FRAMES = (24, 16, 12, 8, 6, 4, 3, 2, 1)
"""Span lengths to choose from: the longest that memory allows. They do not change a pixel."""
EXCERPT_SPANS = 2
"""Spans that a short excerpt is cut into at least: what it needs on either side is done by whole spans, and should cost
less than the excerpt."""
COMFORT_BYTES = 1700 << 20
"""What a process takes without being asked to make do with less, where the picture's size permits it at all."""
BASE_BYTES = 360 << 20
"""A process with its libraries and an open codec."""
FLOWS = 30
"""Displacement fields' worth of what is held: three neighbours on each side, both ways, for two threads, and what is
found around damage, which blending asks for once more a few spans later."""
FACT_BYTES = 0.75
"""What is known of a frame and asked for again from those around it, bytes a pixel; measured on 1080p."""
HANDS = 34
"""Float pictures that one thread may hold while it fills a frame, measured on 1080p film."""
SECONDS_PER_MEGAPIXEL = {"detect": 0.20, "fill": 0.14, "blend": 0.05, "encode": 0.10}
"""One core's time, for the estimate only; measured on 1080p with about 1 % damage. Detectors that take much longer than
the usual ones say by how much, in a `seconds_a_megapixel` of their own."""
STAGES: tuple[Stage, ...] = ("detect", "fill", "blend", "encode", "join")


@dataclass(frozen=True)
class Step:
    """One node of the graph."""

    stage: Stage
    span: Span
    needs: tuple[str, ...] = ()
    """Names of the steps whose results it takes."""
    after: tuple[str, ...] = ()
    """Names of steps it waits for without taking anything: what keeps detection from running far ahead of encoding,
    by when the frames it had decoded would no longer be held."""

    @property
    def name(self) -> str:
        """Return "fill-000120-000144"."""
        return step_name(self.stage, self.span)


@dataclass(frozen=True)
class Budget:
    """Resources of a run. They change how fast it is, never what comes out."""

    threads: int
    """Steps at one time in one process."""
    processes: int = 1
    memory_bytes: int | None = None
    """Most memory one process may take; None for what the machine has."""


@dataclass(frozen=True)
class Plan:
    """What a run will do."""

    steps: tuple[Step, ...]
    frames: Span
    span_frames: int
    picture_cache_bytes: int
    work_cache_bytes: int
    fact_cache_bytes: int
    peak_bytes: int
    """Memory of one process."""
    disk_bytes: int
    """Output, sidecar and the segments that wait to be joined."""
    seconds: float
    threads: int

    def count(self, stage: str) -> int:
        """Count the steps of a stage."""
        return sum(step.stage == stage for step in self.steps)


def make_plan(
    source: Source, recipe: Recipe, encoder: Part, frames: Span, budget: Budget,
    span_frames: int | None = None, until: Stage = "join",
) -> Plan:
    """Return the plan of a run over `frames`.

    `span_frames` is the grid of a project that exists already. Raises BudgetError where memory does not suffice.
    """
    most = len(frames) // (1 if frames == source.span else EXCERPT_SPANS)
    lengths = [span_frames] if span_frames else [n for n in SPAN_FRAMES if n <= max(4, most)]
    length, threads, caches, peak = _fitting(source, recipe, lengths, budget)
    lanes = threads * budget.processes
    steps = make_steps(source, recipe, encoder, frames, length, until, lanes)
    disk, seconds = disk_bytes(source, frames, until), _seconds(source, recipe, steps, lanes)
    return Plan(steps, frames, length, *caches, peak, disk, seconds, threads)


def _fitting(
    source: Source, recipe: Recipe, lengths: Sequence[int], budget: Budget
) -> tuple[int, int, tuple[int, int, int], int]:
    """Return the span length, threads, caches and peak that fit: first with comfort, then at all, then more slowly."""
    allowed = budget.memory_bytes
    limits = [COMFORT_BYTES if allowed is None else min(allowed, COMFORT_BYTES), allowed]
    peak = 0
    for threads in range(budget.threads, 0, -1):
        for limit in limits:
            for length in lengths if limit == limits[0] else lengths[-4:]:
                caches = cache_bytes(source, recipe, length, threads * budget.processes)
                peak = peak_bytes(source, caches, threads)
                if limit is None or peak <= limit:
                    return length, threads, caches, peak
    raise BudgetError(_too_little(source, peak, lengths[-1], budget))


def make_steps(
    source: Source, recipe: Recipe, encoder: Part, frames: Span, span_frames: int, until: Stage = "join",
    lanes: int = 1,
) -> tuple[Step, ...]:
    """Return the steps in an order that never has one before what it needs."""
    grid = source.span.split(span_frames)
    fill_reach, blend_reach = (sum(p.reach_frames for p in room) for room in (recipe.ladder, recipe.blend))
    blended = _touching(grid, frames)
    filled = _touching(grid, Span(blended[0].start, blended[-1].stop).widen(blend_reach, source.span))
    detected = _touching(grid, Span(filled[0].start, filled[-1].stop).widen(fill_reach, source.span))
    wanted = STAGES[: STAGES.index(until) + 1]
    if "fill" not in wanted:
        detected = blended
    if "blend" not in wanted or not recipe.blend:
        filled = blended
    last: Stage = "blend" if "blend" in wanted and recipe.blend else "fill" if "fill" in wanted else "detect"
    ends = {s: step_name(last, s) for s in blended} if last != "detect" else {}
    behind = [None] * (chain_spans(recipe, span_frames) + lanes) + list(detected)
    steps = [
        Step("detect", s, after=(ends[b],) if b in ends else ()) for s, b in zip(detected, behind, strict=False)
    ]
    if "fill" in wanted:
        steps += [Step("fill", s, _near("detect", detected, s.widen(fill_reach, source.span))) for s in filled]
    if "blend" in wanted and recipe.blend:
        steps += [Step("blend", s, _near("fill", filled, s.widen(blend_reach, source.span))) for s in blended]
    if "encode" in wanted:
        pieces = frames.split(encoder.made.segment_frames or span_frames)
        encoded = [Step("encode", s, _near(last, blended, s)) for s in pieces]
        steps += encoded
        if "join" in wanted:
            steps.append(Step("join", frames, tuple(s.name for s in encoded)))
    return tuple(steps)


def chain_spans(recipe: Recipe, span_frames: int) -> int:
    """Return how many spans detection must be ahead of blending: blending needs its neighbours filled, and those
    theirs searched."""
    reaches = (sum(p.reach_frames for p in room) for room in (recipe.ladder, recipe.blend))
    return 1 + sum(-(-reach // span_frames) for reach in reaches)


def cache_bytes(source: Source, recipe: Recipe, span_frames: int, lanes: int) -> tuple[int, int, int]:
    """Return the bytes of the caches of pictures, of work and of facts for spans of a length.

    A frame is decoded once if it is still held when it is encoded. Detection is kept from running further ahead than
    `Step.after` lets it, and looks ahead as far as it reaches, and as cuts do.
    """
    reach = max((p.reach_frames for p in recipe.detect), default=0)
    ahead = reach + REACH_FRAMES
    spans = chain_spans(recipe, span_frames) + lanes + 1
    held = min(source.frames, spans * span_frames + ahead + sum(p.reach_frames for p in recipe.ladder))
    h, w = source.size
    scale = scale_of(source.size)
    flow = (h // scale) * (w // scale) * 9
    work = min(source.frames, 2) * h * w * 4 + min(2 * source.frames, FLOWS) * flow + (32 << 20)
    facts = int(min(source.frames, lanes * (span_frames + reach)) * h * w * FACT_BYTES) + (16 << 20)
    return held * source.pixels.picture_bytes(source.size), work, facts


def peak_bytes(source: Source, caches: tuple[int, int, int], threads: int) -> int:
    """Return the most memory one process will need: caches, codecs, and arrays in the hands of each thread."""
    h, w = source.size
    hands = h * w * 4 * HANDS + 6 * source.pixels.picture_bytes(source.size)
    return BASE_BYTES + sum(caches) + threads * hands


def disk_bytes(source: Source, frames: Span, until: Stage) -> int:
    """Return the disk a run needs at its fullest: the sidecar with the samples that were replaced, the output, and of a
    video its segments beside it; those of pictures hold only what changed.
    """
    raw = source.pixels.picture_bytes(source.size) * len(frames)
    coded = min(raw, int(source.byte_count * len(frames) / max(1, source.frames) * 1.1)) if source.intra_only else raw
    sidecar = raw // 25
    copies = 2 if source.kind == "video" else 1
    return sidecar + (copies * coded if until in ("encode", "join") else 0)


def _touching(spans: Sequence[Span], around: Span) -> Sequence[Span]:
    """Return those of the spans, which follow one another, that share a frame with `around`."""
    first = bisect_right(spans, around.start, key=lambda s: s.stop)
    return spans[first : bisect_left(spans, around.stop, key=lambda s: s.start)]


def _near(stage: str, spans: Sequence[Span], around: Span) -> tuple[str, ...]:
    return tuple(step_name(stage, s) for s in _touching(spans, around))


def _seconds(source: Source, recipe: Recipe, steps: Iterable[Step], lanes: int) -> float:
    megapixels = source.size[0] * source.size[1] / 1e6
    heavy: float = sum(getattr(part.made, "seconds_a_megapixel", 0.0) for part in recipe.detect)
    each = SECONDS_PER_MEGAPIXEL | {"detect": SECONDS_PER_MEGAPIXEL["detect"] + heavy}
    work = sum(each.get(s.stage, 0.0) * len(s.span) * megapixels for s in steps)
    return work / max(1, lanes)


def _too_little(source: Source, peak: int, span_frames: int, budget: Budget) -> str:
    h, w = source.size
    more = f"{-(-peak * budget.processes // 2**20)}M"
    ways = f"--memory {more}" if budget.processes == 1 else f"--memory {more} for all of them, take fewer --workers"
    return (
        f"one process needs {peak / 2**20:,.0f} MB for {w}x{h} {source.pixels.name} even with one thread and spans of "
        f"{counted(span_frames, 'frame')}, and may take {(budget.memory_bytes or 0) / 2**20:,.0f} MB. "
        f"Allow {ways}, or use a machine that has it."
    )
