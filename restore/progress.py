"""Results of steps in, what is seen of a run while it goes on out: bars on a terminal, lines in a log, JSON lines.

Used by the command line alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from restore.ledger import step_name
from restore.plan import STAGES, Plan
from restore.restoration import Prepared
from restore.steps import Result

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
