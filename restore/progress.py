"""Results of steps in, what a person or a program sees of a run out: bars on a terminal, lines in a log, JSON lines.

Used by the command line alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from restore.ledger import step_name
from restore.plan import STAGES, Plan
from restore.restoration import Prepared, last_run
from restore.run import Outcome
from restore.span import Span
from restore.steps import Result
from restore.store import Store

LINE_EVERY_S = 10.0
"""How often a log gets a line."""
Listener = Callable[[Result], None]


@contextmanager
def show(prepared: Prepared, as_json: bool) -> Iterator[Listener]:
    """Give the listener that fits: JSON lines, bars on a terminal, or plain lines."""
    if as_json:
        yield _json_line
    elif sys.stderr.isatty():
        with _bars(prepared.plan) as listener:
            yield listener
    else:
        yield _Lines(prepared.plan)


def closing(prepared: Prepared, outcome: Outcome) -> Iterator[str]:
    """Yield the lines that end a run."""
    store = Store.open(prepared.project)
    counts = totals(store, prepared.plan.frames)
    area = store.source.size[0] * store.source.size[1] * len(prepared.plan.frames)
    masked = sum(counts.values())
    yield f"{masked:,} pixels were masked, {100 * masked / area:.3f} % of the picture:"
    for name, pixels in counts.items():
        if pixels:
            yield f"  {pixels:>12,}  {_words(name)}"
    if outcome.reused:
        yield f"{outcome.reused} of {outcome.reused + outcome.done} steps were done before and were not repeated"
    for result in outcome.failed:
        yield f"failed: {result.stage}-{result.span}: {result.failed}"
    if outcome.failed:
        yield "nothing finished is lost; the same command does only what is missing."
    elif outcome.joined:
        yield f"output   {prepared.output}"
        for note in (n for n in outcome.joined.notes if n not in prepared.notes):
            yield f"   note  {note}"
        yield (f"check    lacuna verify {prepared.source.path} {prepared.output} --project {prepared.project}")
    yield f"report   {prepared.project / 'report.html'}"


def totals(store: Store, frames: Span) -> dict[str, int]:
    """Return how many pixels of `frames` came from where, as the ledger has it."""
    counts: Counter[str] = Counter({"donors": 0, "unfilled": 0})
    for stamp in store.ledger.stamps(("fill",)):
        for t, origins in stamp.facts.get("pixels", {}).items():
            if int(t) in frames:
                counts.update(origins)
    return dict(counts)


@dataclass(frozen=True)
class Standing:
    """How far a project is."""

    project: str
    source: str
    output: str
    workflow: str
    stages: Mapping[str, tuple[int, int]]
    """Stage to steps done and steps planned last."""
    failed: dict[str, str]
    """Step to why it failed."""


def standing(project: Path) -> Standing:
    """Return how far a project is: steps done of those planned last, by stage, and what failed."""
    store, last = Store.open(project), last_run(project)
    wanted = last.steps if last else ()
    finished = {s.name: s.failed for s in store.ledger.stamps()}
    stages: dict[str, tuple[int, int]] = {
        stage: (
            sum(name.startswith(stage) and finished.get(name) == "" for name in wanted),
            sum(name.startswith(stage) for name in wanted),
        )
        for stage in STAGES
    }
    failed = {name: why for name, why in finished.items() if why}
    words = (last.source, last.output, last.workflow) if last else (store.source.path, "", "")
    return Standing(str(project), *words, stages, failed)


def _words(origin: str) -> str:
    known = {"donors": "copied from neighbouring frames", "unfilled": "left as they were: nothing could fill them"}
    return known.get(origin, f"filled by {origin}, not copied from any frame")


def _json_line(result: Result) -> None:
    facts = {
        "event": "step", "step": step_name(result.stage, result.span), "stage": result.stage,
        "reused": result.reused, "failed": result.failed, "seconds": result.seconds,
    }
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


class _Lines:
    """Plain lines for a log: one when it begins, one every few seconds, one for every failure."""

    def __init__(self, plan: Plan) -> None:
        self.frames = len(plan.frames)
        self.last_stage = "encode" if plan.count("encode") else plan.steps[-1].stage
        self.begun = self.told = time.monotonic()
        self.done = 0

    def __call__(self, result: Result) -> None:
        if result.failed:
            sys.stderr.write(f"failed: {result.stage}-{result.span}: {result.failed}\n")
        if result.stage != self.last_stage:
            return
        self.done += len(result.span)
        now = time.monotonic()
        if now - self.told >= LINE_EVERY_S or self.done == self.frames:
            self.told = now
            speed = self.done / max(1e-3, now - self.begun)
            left = (self.frames - self.done) / speed
            sys.stderr.write(f"{self.done} of {self.frames} frames, {speed:.2f} a second, {left:.0f} s left\n")
            sys.stderr.flush()


@contextmanager
def _bars(plan: Plan) -> Iterator[Listener]:
    """Draw one bar a stage: frames done, frames a second, time left."""
    columns = (
        TextColumn("{task.description:>7}"), BarColumn(32), MofNCompleteColumn(), TextColumn("frames"),
        TextColumn("{task.fields[speed]}"), TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}
        for stage in STAGES[:-1]:
            total = sum(len(s.span) for s in plan.steps if s.stage == stage)
            if total:
                tasks[stage] = progress.add_task(stage, total=total, speed="")

        def listener(result: Result) -> None:
            if result.failed:
                progress.console.print(f"failed: {result.stage}-{result.span}: {result.failed}", style="red")
            if result.stage in tasks:
                task = progress.tasks[list(tasks).index(result.stage)]
                speed = f"{task.speed:.1f}/s" if task.speed else ""
                progress.update(tasks[result.stage], advance=len(result.span), speed=speed)

        yield listener
