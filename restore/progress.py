"""Results of steps, or frames done, in; what is seen of work while it goes on out: bars, lines in a log, JSON lines.

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
Counted = Callable[[int, int], None]


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


@contextmanager
def show_frames(label: str, as_json: bool) -> Iterator[Counted]:
    """Give what is told (frames done, frames in all): a bar on a terminal, plain lines, or nothing beside JSON."""
    if as_json:
        yield lambda done, total: None
    elif sys.stderr.isatty():
        with _bar(label) as counted:
            yield counted
    else:
        yield _Log()


def _json_line(result: Result) -> None:
    facts = {
        "event": "step", "step": step_name(result.stage, result.span), "stage": result.stage,
        "reused": result.reused, "failed": result.failed, "seconds": result.seconds,
    }
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


class _Log:
    """Plain lines for a log: one every few seconds, and one when all frames are done."""

    def __init__(self) -> None:
        self.begun = self.told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.told >= LINE_EVERY_S or done == total:
            self.told = now
            speed = done / max(1e-3, now - self.begun)
            left = (total - done) / speed
            sys.stderr.write(f"{done} of {total} frames, {speed:.2f} a second, {left:.0f} s left\n")
            sys.stderr.flush()


class _Lines:
    """A log of the last stage of a run, and a line for every failure."""

    def __init__(self, plan: Plan) -> None:
        self.frames = len(plan.frames)
        self.last_stage = "encode" if plan.count("encode") else plan.steps[-1].stage
        self.log = _Log()
        self.done = 0

    def __call__(self, result: Result) -> None:
        if result.failed:
            sys.stderr.write(f"failed: {result.stage}-{result.span}: {result.failed}\n")
        if result.stage == self.last_stage:
            self.done += len(result.span)
            self.log(self.done, self.frames)


@contextmanager
def _bars(plan: Plan) -> Iterator[Listener]:
    """Draw one bar a stage."""
    totals = {stage: sum(len(s.span) for s in plan.steps if s.stage == stage) for stage in STAGES[:-1]}
    with _drawn() as progress:
        tasks = {stage: progress.add_task(stage, total=total, speed="") for stage, total in totals.items() if total}

        def listener(result: Result) -> None:
            if result.failed:
                progress.console.print(f"failed: {result.stage}-{result.span}: {result.failed}", style="red")
            if result.stage in tasks:
                progress.advance(tasks[result.stage], len(result.span))
                _say_speed(progress, tasks[result.stage])

        yield listener


@contextmanager
def _bar(label: str) -> Iterator[Counted]:
    """Draw one bar for all."""
    with _drawn() as progress:
        task = progress.add_task(label, total=None, speed="")

        def counted(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)
            _say_speed(progress, task)

        yield counted


def _drawn() -> Progress:
    """Return what draws bars: frames done, frames a second, time left."""
    columns = (
        TextColumn("{task.description:>7}"), BarColumn(32), MofNCompleteColumn(), TextColumn("frames"),
        TextColumn("{task.fields[speed]}"), TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))


def _say_speed(progress: Progress, which: TaskID) -> None:
    (task,) = (task for task in progress.tasks if task.id == which)
    progress.update(which, speed=f"{task.speed:.1f}/s" if task.speed else "")
