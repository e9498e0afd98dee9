"""A source, a plan, a run or a project in, what is said of it out: lines for people, facts for programs.

Used by the command line alone, which prints them.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from restore import parts, sensitivity
from restore.inventory import counts
from restore.plan import STAGES
from restore.recipe import Recipe
from restore.restoration import Prepared, last_run
from restore.run import Outcome
from restore.source import Source
from restore.span import Span
from restore.store import Store
from restore.written import amount, counted, duration


@dataclass(frozen=True)
class Forecast:
    """What a run would do and need."""

    source: str
    output: str
    project: str
    recipe: str
    frames: int
    spans: int
    span_frames: int
    steps: int
    threads: int
    peak_memory_bytes: int
    disk_bytes: int
    estimated_seconds: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Ending:
    """What a run came to."""

    event: str
    """"done": what tells this line from those of the steps."""
    ok: bool
    steps: int
    """Steps done by this run."""
    reused: int
    """Steps that an earlier run had done."""
    failed: tuple[str, ...]
    """Step and why it failed."""
    decoded_frames: int
    output: str
    project: str
    report: str


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
    defects: Mapping[str, int] = field(default_factory=dict)
    """Kind to how many were found for certain, and "undecided": as the detectors left them."""


def about_source(source: Source) -> Iterator[str]:
    """Yield the lines that describe a source."""
    h, w = source.size
    pixels = source.pixels
    yield from _table({
        "file": f"{source.path} ({source.byte_count:,} bytes)",
        "picture": f"{w}x{h}, pixel aspect {source.sample_aspect}, {pixels.name}, {pixels.depth} bit",
        "codec": f"{source.codec} in {source.container}",
        "frames": f"{source.frames:,} at {source.rate} a second" + (" (variable)" if source.variable_rate else ""),
        "fields": source.field_order,
        "sha256": source.sha256,
    })
    for stream in source.other_streams:
        yield f"{stream.kind:>8}  {stream.codec} {stream.language} {stream.title}".rstrip()
    yield from _notes(source.notes)


def forecast(prepared: Prepared) -> Forecast:
    """Return the facts of a plan."""
    plan = prepared.plan
    return Forecast(
        prepared.source.path, str(prepared.output), str(prepared.project), prepared.recipe.name, len(plan.frames),
        plan.count("detect"), plan.span_frames, len(plan.steps), plan.threads, plan.peak_bytes, plan.disk_bytes,
        round(plan.seconds, 1), prepared.notes,
    )


def about_plan(prepared: Prepared) -> Iterator[str]:
    """Yield the lines that say what a run would do and need."""
    plan, recipe = prepared.plan, prepared.recipe
    chain = " -> ".join(part.name for part in (*recipe.detect, *recipe.fill, *recipe.blend))
    yield from _table({
        "source": f"{prepared.source.path} ({counted(len(plan.frames), 'frame')})",
        "recipe": f"{recipe.name}: {chain}",
        **_about_harm(recipe),
        "output": f"{prepared.output} ({prepared.encoder.name})",
        "project": str(prepared.project),
        "work": f"{counted(len(plan.steps), 'step')} on {counted(plan.count('detect'), 'span')} of "
                f"{counted(plan.span_frames, 'frame')}, {plan.threads} at a time",
        "memory": f"{plan.peak_bytes / 2**20:,.0f} MB at the peak",
        "disk": f"{amount(plan.disk_bytes)} at the fullest",
        "time": f"about {duration(plan.seconds)} (an estimate from the size of the picture)",
    })
    yield from _notes(prepared.notes)


def _about_harm(recipe: Recipe) -> dict[str, str]:
    """Return the line on what the recipe's sensitivity may cost, where any detector knows of one."""
    if not any(hasattr(part.made, "sensitivity") for part in recipe.detect):
        return {}
    step = recipe.policy.sensitivity
    return {"harm": f"{step} sensitivity {sensitivity.expected(recipe.name, step)}"}


def ending(prepared: Prepared, outcome: Outcome) -> Ending:
    """Return the facts of a run that is over."""
    return Ending(
        "done", outcome.ok, outcome.done, outcome.reused,
        tuple(f"{r.stage}-{r.span}: {r.failed}" for r in outcome.failed), outcome.decoded_frames,
        str(prepared.output), str(prepared.project), str(prepared.project / "report.html"),
    )


def about_run(prepared: Prepared, outcome: Outcome) -> Iterator[str]:
    """Yield the lines that end a run."""
    until = prepared.wish.until
    if until != "detect":
        yield from _about_pixels(prepared)
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
        words = ["lacuna", "verify", prepared.source.path, str(prepared.output), "--project", str(prepared.project)]
        yield f"check    {shlex.join(words)}"
    else:
        yield f"stopped after {until}, as --until asks; the same command without it goes on from there."
        yield f"masks    {shlex.join(['lacuna', 'masks', 'export', str(prepared.project), 'FOLDER'])}"
    yield f"report   {prepared.project / 'report.html'}"


def _about_pixels(prepared: Prepared) -> Iterator[str]:
    """Yield how many pixels were masked, and where what fills them came from."""
    store = Store.open(prepared.project)
    counts = totals(store, prepared.plan.frames)
    area = store.source.size[0] * store.source.size[1] * len(prepared.plan.frames)
    if not (masked := sum(counts.values())):
        yield "no pixel was masked, so none was changed"
        return
    yield f"{counted(masked, 'pixel')} masked, {100 * masked / area:.3f} % of the picture:"
    for name, pixels in counts.items():
        if pixels:
            yield f"  {pixels:>12,}  {_words(name)}"


def totals(store: Store, frames: Span) -> dict[str, int]:
    """Return how many pixels of `frames` came from where, as the ledger has it."""
    counts: Counter[str] = Counter({"donors": 0, "unfilled": 0})
    for stamp in store.ledger.stamps(("fill",)):
        for t, origins in stamp.facts.get("pixels", {}).items():
            if int(t) in frames:
                counts.update(origins)
    return dict(counts)


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
    return Standing(str(project), *words, stages, failed, counts(store))


def about_standing(standing: Standing) -> Iterator[str]:
    """Yield the lines that say how far a project is."""
    yield from _table({"source": standing.source, "output": standing.output, "recipe": standing.workflow})
    for stage, (done, total) in standing.stages.items():
        yield f"{stage:>8}  {done} of {total} steps"
    if standing.defects:
        yield f" defects  {', '.join(f'{n:,} {kind}' for kind, n in standing.defects.items())}"
    for name, why in standing.failed.items():
        yield f"  failed  {name}: {why}"


def about_parts(name: str = "") -> Iterator[str]:
    """Yield a line for every part, or the lines of one (dirt, or detect.dirt) with its parameters; none for no part."""
    for room, part in parts.names():
        if name in ("", part, f"{room}.{part}"):
            cls, _ = parts.find(room, part)
            yield f"{room}.{part:16} {parts.about(cls)}"
            yield from (f"    {line}" for line in parts.parameters(cls) if name)
            yield from (f"    {line}" for line in sensitivity.about(cls) if name)


def in_json(facts: Any) -> Iterator[str]:
    """Yield facts, a mapping or a dataclass, as one line of JSON."""
    yield json.dumps(asdict(facts) if is_dataclass(facts) and not isinstance(facts, type) else facts, default=str)


def _table(lines: Mapping[str, str]) -> Iterator[str]:
    yield from (f"{name:>8}  {value}" for name, value in lines.items())


def _notes(notes: tuple[str, ...]) -> Iterator[str]:
    yield from (f"    note  {note}" for note in notes)


def _words(origin: str) -> str:
    known = {"donors": "copied from neighbouring frames", "unfilled": "left as they were: nothing could fill them"}
    return known.get(origin, f"filled by {origin}, not copied from any frame")
