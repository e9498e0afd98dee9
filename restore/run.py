"""A Plan in, a finished project out: the Dask graph, its cluster, and the events that progress is drawn from.

Edges carry digests, pixels travel through the store, and every step checks its own stamp, so a run that was killed
goes on where it was, an edit redoes what it changes, and neither needs code of its own. The only dask import.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from restore import heap, steps
from restore import session as sessions
from restore.errors import OutputError, RestoreError
from restore.plan import Plan, Step
from restore.session import Job
from restore.steps import Result

FATAL = ("OutputError", "StoreError")
"""Kinds of failure that the other spans would only repeat: the disk is full, the project is not ours."""

ANSWER_WITHIN = "20s"
"""How long an existing cluster may take to answer."""
UNWATCHED = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
}
"""A cluster of one's own looks at the stacks of its workers a hundred times a second, for a page that nobody opens
here. Each look stops the work."""


@dataclass
class Outcome:
    """What a run came to."""

    done: int = 0
    reused: int = 0
    failed: list[Result] = field(default_factory=list)
    decoded_frames: int = 0
    """Frames decoded by this machine's processes, all together."""
    joined: Result | None = None

    @property
    def ok(self) -> bool:
        """Whether every step succeeded."""
        return not self.failed


FULL_FRAC = 0.8
"""A process that holds this share of what the plan allows it gives back what it can."""
Progress = Callable[[Result], None]


def run(
    job: Job, plan: Plan, on_result: Progress = lambda _: None, *, workers: int = 0, scheduler: str = ""
) -> Outcome:
    """Do what the plan says, in an in-process cluster, in `workers` processes here, or on the cluster at `scheduler`.

    Raises OutputError where going on is of no use (disk full). Everything finished is kept, whatever happens.
    """
    outcome = Outcome()
    decoded: dict[str, int] = {}
    try:
        with _client(workers, scheduler, plan.threads) as client:
            for result, worker in _results(client, job, plan):
                _count(outcome, result)
                decoded[worker] = max(decoded.get(worker, 0), result.decoded_frames)
                outcome.decoded_frames = sum(decoded.values())
                on_result(result)
                if result.failed.startswith(FATAL):
                    raise OutputError(result.failed.partition(": ")[2])
    finally:
        sessions.close_all()
    if outcome.ok and outcome.joined:
        steps.tidy(job)
    return outcome


def _count(outcome: Outcome, result: Result) -> None:
    if result.failed:
        outcome.failed.append(result)
    elif result.reused:
        outcome.reused += 1
    else:
        outcome.done += 1
    if result.stage == "join" and not result.failed:
        outcome.joined = result


def _results(client: Any, job: Job, plan: Plan) -> Iterator[tuple[Result, str]]:
    """Submit every step and yield results as they come, each with the name of the process that made it."""
    from distributed import as_completed

    token = uuid.uuid4().hex[:8]  # so that two runs on one cluster never take each other's results
    futures: dict[str, Any] = {}
    for step in in_order(plan.steps):
        needs, after = ([futures[name] for name in names] for names in (step.needs, step.after))
        futures[step.name] = client.submit(
            _work, step.stage, job, step, needs, after, key=f"{step.name}-{token}", priority=-_place(step), pure=False
        )
    try:
        for future in as_completed(list(futures.values()), loop=client.loop):
            yield future.result()
    finally:
        client.cancel(list(futures.values()))


def in_order(steps: Sequence[Step]) -> list[Step]:
    """Return the steps so that none comes before one it needs or waits for."""
    sorter = TopologicalSorter({step.name: (*step.needs, *step.after) for step in steps})
    known = {step.name: step for step in steps}
    return [known[name] for name in sorter.static_order()]


def _place(step: Step) -> int:
    """Where in the film a step belongs; what is nearer the start goes first, so little is held between stages."""
    return step.span.start if step.stage != "join" else step.span.stop


def _work(
    stage: str, job: Job, step: Step, needs: list[tuple[Result, str]], after: list[tuple[Result, str]]
) -> tuple[Result, str]:
    """Run one step in whichever process Dask chose; `after` was only waited for."""
    try:
        return _made(stage, job, step, [result for result, _ in needs]), _process_name()
    finally:
        heap.give_back(int(FULL_FRAC * job.memory_bytes))


def _made(stage: str, job: Job, step: Step, near: list[Result]) -> Result:
    if stage == "detect":
        return steps.detect(job, step.span)
    if stage == "join":
        return steps.join(job, near)
    work = {"fill": steps.fill, "blend": steps.blend, "encode": steps.encode}[stage]
    return work(job, step.span, near)


def _process_name() -> str:
    import os
    import platform

    return f"{platform.node()}:{os.getpid()}"


@contextmanager
def _client(workers: int, scheduler: str, threads: int) -> Iterator[Any]:
    """Open the cluster asked for, and close what was opened for this run."""
    import dask
    from distributed import Client, LocalCluster

    if scheduler:
        try:
            client = Client(scheduler, timeout=ANSWER_WITHIN, set_as_default=False)
        except (OSError, ValueError) as error:
            raise RestoreError(
                f"no Dask scheduler answers at {scheduler} ({error}). Start one with `dask scheduler`, "
                "give its address as tcp://host:port, or leave --scheduler out to work here."
            ) from error
        with client:
            yield client
        return
    own = {"env": heap.ENVIRONMENT} if workers else {}
    with dask.config.set(UNWATCHED), LocalCluster(
        n_workers=max(1, workers), threads_per_worker=1 if workers else threads, processes=bool(workers), **own,
        dashboard_address="127.0.0.1:0", memory_limit=0, silence_logs=50,
    ) as cluster, Client(cluster, set_as_default=False) as client:
        yield client
