"""A person's wish in (this file, that recipe, into there), a finished restoration out: the door for programs.

    wish = Wish("reel.mkv", "clean.mkv")
    prepared = prepare(wish)      # reads, plans, refuses; writes nothing
    outcome = carry_out(prepared) # makes the project, runs, joins, reports
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from restore import formats, heap, provenance
from restore import run as runner
from restore.edits import Edits
from restore.encode import choose
from restore.encode.whole import discard
from restore.errors import BudgetError, OutputError, RestoreError, SourceError
from restore.fields import by_field
from restore.ledger import Stage, Stamp, write_atomic
from restore.outputs import made_by
from restore.parts import Part
from restore.plan import Budget, Plan, make_plan
from restore.probe import probe
from restore.provenance import bag, c2pa
from restore.recipe import Recipe, load
from restore.report import write_report
from restore.run import Outcome, Progress
from restore.session import Job, Session
from restore.source import Source
from restore.span import Span
from restore.store import Store
from restore.written import amount

DEFAULT_WORKFLOW = "film"


@dataclass(frozen=True)
class Wish:
    """What a person asked for, in their own words."""

    source: str
    output: str
    workflow: str = ""
    """Name or file; empty for `film`, `masks` where masks are given, `stills` for pictures that stand alone, `scan` for
    medical images."""
    project: str = ""
    """Empty for OUTPUT.lacuna."""
    masks: str = ""
    """A folder of masks to fill, instead of detection."""
    settings: tuple[str, ...] = ()
    sensitivity: str = ""
    """cautious, normal or thorough; empty for what the recipe says."""
    frames: tuple[int, int] | None = None
    until: Stage = "join"
    rate: Fraction | None = None
    fields: str = "auto"
    """Whether each field of a frame is restored on its own: on, off, or auto: where the file says so."""
    device: str = "auto"
    workers: int = 0
    scheduler: str = ""
    memory_bytes: int | None = None
    overwrite: bool = False
    keep_originals: bool = True
    """Whether the samples that are replaced are kept with the project, so that `lacuna undo` needs no source."""
    operator: str = ""
    """Who restores, for the record."""
    bag: bool = False
    """Whether a BagIt bag of output and documents is made beside the output."""
    c2pa: tuple[str, str] | None = None
    """PEM files of certificate and key to sign content credentials with."""
    not_for_diagnosis: bool = False
    """The person's word that nobody will be judged by the output; medical images are not restored without it."""


@dataclass(frozen=True)
class LastRun:
    """What a project was last run with, as its run.json has it."""

    source: str
    output: str
    workflow: str
    recipe: str
    """The recipe's digest."""
    frames: tuple[int, int]
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """A wish that was found possible."""

    wish: Wish
    source: Source
    recipe: Recipe
    encoder: Part
    plan: Plan
    project: Path
    output: Path
    notes: tuple[str, ...] = ()
    """What the output will not hold, known before the work."""


def prepare(wish: Wish) -> Prepared:
    """Read the source, choose the parts and plan the work; write nothing.

    Raises a RestoreError for everything that would stop the run later.
    """
    heap.settle()
    output = Path(wish.output)
    source = by_field(probe(wish.source, wish.rate), wish.fields)
    _require_word(wish, source)
    frames = _frames(wish, source)
    project = Path(wish.project) if wish.project else _beside(output)
    masks = Path(wish.masks).resolve() if wish.masks else None
    knob = (f"policy.sensitivity={wish.sensitivity}",) if wish.sensitivity else ()
    recipe = load(wish.workflow or _usual(wish, source), (*knob, *wish.settings), masks)
    for part in recipe.detect:
        if hasattr(part.made, "check"):
            part.made.check(source.size, source.frames)
        if hasattr(part.made, "check_pixels"):
            part.made.check_pixels(source.pixels)
    held = Store.held(project, source)
    _check_output(wish, source, output, project, held)
    encoder = recipe.encoder(choose(output, source))
    _require_own_kind(source, output, encoder)
    recipe = dataclasses.replace(recipe, encode=(encoder,))
    notes = encoder.made.check(source, output)
    notes += _check_device(wish.device)
    if wish.bag:
        bag.check()
    if wish.c2pa:
        c2pa.Signer(*map(Path, wish.c2pa)).check()
    grid = held.facts.span_frames if held else None
    plan = make_plan(source, recipe, encoder, frames, _budget(wish), grid, wish.until)
    return Prepared(wish, source, recipe, encoder, plan, project, output, (*source.notes, *notes))


def carry_out(prepared: Prepared, on_result: Progress = lambda _: None) -> Outcome:
    """Run what was prepared, then write the report. Everything finished is kept, whatever happens."""
    wish, plan, source = prepared.wish, prepared.plan, prepared.source
    _check_disk(prepared)
    store = Store.create(prepared.project, source, plan.span_frames)
    with store.locked():
        for stale in prepared.output.parent.glob(f".{prepared.output.name}.*.partial"):
            discard(stale)  # of a run that was killed while it joined
        job = make_job(prepared)
        write_atomic(prepared.project / "recipe.toml", job.recipe_toml)
        write_atomic(prepared.project / "run.json", json.dumps(dataclasses.asdict(_record(prepared)), indent=1))
        outcome = runner.run(job, plan, on_result, workers=wish.workers, scheduler=wish.scheduler)
        finished = _finished(prepared, outcome)
        if finished and wish.c2pa:
            finished = provenance.sign(prepared.project, finished, c2pa.Signer(*map(Path, wish.c2pa)))
        report(prepared.project)
        if finished:
            provenance.write(prepared.project, finished)
        if finished and wish.bag:
            provenance.pack(prepared.project, finished)
    return outcome


def _finished(prepared: Prepared, outcome: Outcome) -> Stamp | None:
    """Return the stamp of the output that a run has finished, None where it has not."""
    if not outcome.ok or not outcome.joined:
        return None
    return Store.open(prepared.project).ledger.read("join", prepared.plan.frames)


def make_job(prepared: Prepared) -> Job:
    """Return what every worker of the run is told; pins the edits there are now."""
    plan, revision = prepared.plan, len(Edits(prepared.project / "edits").all())
    return Job(
        prepared.project.resolve(), prepared.recipe.to_toml(), revision, plan.frames, prepared.output.resolve(),
        prepared.encoder.name, plan.picture_cache_bytes, plan.work_cache_bytes, plan.fact_cache_bytes,
        overwrite=prepared.wish.overwrite, memory_bytes=plan.peak_bytes, operator=prepared.wish.operator,
        keep_originals=prepared.wish.keep_originals,
    )


def open_session(project: Path, held_pictures: int = 8) -> Session:
    """Return a session on a project for looking at it: pictures, masks and patches, so many pictures held."""
    store = Store.open(project)
    path = project / "recipe.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else 'name = "none"'
    held = held_pictures * store.source.pixels.picture_bytes(store.source.size)
    revision = len(Edits(project / "edits").all())
    return Session(Job(project, text, revision, store.source.span, project, "ffv1", held, held, held))


def report(project: Path, folder: Path | None = None) -> tuple[Path, Path]:
    """Write report.json and report.html for a project, into it or into `folder`; return their paths."""
    session = open_session(project)
    try:
        return write_report(session.store, folder or project, session.picture)
    finally:
        session.close()


def last_run(project: Path) -> LastRun | None:
    """Return what the project was last run with; None where it never was."""
    path = project / "run.json"
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    return LastRun(**{**data, "frames": tuple(data["frames"]), "steps": tuple(data["steps"])})


def _record(prepared: Prepared) -> LastRun:
    frames, steps = prepared.plan.frames, tuple(s.name for s in prepared.plan.steps)
    return LastRun(
        prepared.source.path, str(prepared.output), prepared.recipe.name, prepared.recipe.digest,
        (frames.start, frames.stop), steps,
    )


def _usual(wish: Wish, source: Source) -> str:
    if formats.is_medical(source.files):
        return "scan"
    if len(source.breaks) == source.frames - 1:
        return "stills"
    return "masks" if wish.masks else DEFAULT_WORKFLOW


def _require_word(wish: Wish, source: Source) -> None:
    """Raise SourceError for a medical image, unless the person says that it is not for diagnosis."""
    if not wish.not_for_diagnosis and formats.is_medical(source.files):
        raise SourceError(
            f"{source.path} is a medical image, and this program is no medical device: what fills a damaged place was "
            "never measured there, and may hide disease or look like it. Where nobody will be diagnosed, treated or "
            "judged by the output, say so with --not-for-diagnosis; every file that is changed will say it too."
        )


def _require_own_kind(source: Source, output: Path, encoder: Part) -> None:
    """Raise OutputError where a medical image would become a kind that cannot say what was done to it."""
    if not formats.is_medical(source.files):
        return
    own = formats.required(Path(source.files[0]))
    if encoder.name != "sequence" or formats.of(output) not in (own, None):
        raise OutputError(
            f"{output}: a medical image stays of its kind ({own.name}), so that it goes on saying what it is and what "
            f"was done to it; give the output the ending {own.suffixes[0]}, or name a folder (-o name/)."
        )


def _frames(wish: Wish, source: Source) -> Span:
    if wish.frames is None:
        return source.span
    start, stop = wish.frames
    if source.pages and wish.frames != (0, source.frames):
        raise RestoreError(
            f"--frames {start}:{stop}: {source.path} keeps several pictures in one file, which can only be written "
            "whole. Leave --frames out, or mask only the pictures you mean."
        )
    if not 0 <= start < stop <= source.frames:
        raise RestoreError(
            f"--frames {start}:{stop} does not fit {source.path}, which has frames 0:{source.frames}. "
            "Give a first frame and one past the last."
        )
    return Span(start, stop)


def _beside(output: Path) -> Path:
    return output.with_name(f"{output.name}.lacuna")


def _check_output(wish: Wish, source: Source, output: Path, project: Path, held: Store | None) -> None:
    same = [f for f in (source.path, *source.files) if output.exists() and os.path.samefile(output, _real(f))]
    inside = source.kind == "sequence" and any(Path(f).resolve().parent == output.resolve() for f in source.files)
    if same or inside:
        raise OutputError(f"{output} is the source itself; a source is never written to. Choose another -o.")
    if not output.absolute().parent.is_dir():
        raise OutputError(f"the folder {output.absolute().parent} for the output does not exist. Make it first.")
    parent = project.absolute().parent
    if not parent.is_dir():
        raise OutputError(f"the folder {parent} for the project does not exist. Make it, or choose another --project.")
    own = held is not None and made_by(held, output)
    if output.exists() and not wish.overwrite and wish.until == "join" and not own:
        raise OutputError(f"{output} exists and is not overwritten. Choose another -o, or add --overwrite.")


def _real(path: str) -> str:
    return path if os.path.exists(path) else os.curdir


def _check_device(device: str) -> tuple[str, ...]:
    if device != "cuda":
        return ()
    import torch

    if not torch.cuda.is_available():
        raise BudgetError(
            f"--device cuda: torch {torch.__version__} sees no CUDA device here. "
            "Use --device auto or cpu, or install the CUDA build of torch (see the README)."
        )
    return ("no part of this version computes on a GPU: --device cuda changes nothing",)


def _budget(wish: Wish) -> Budget:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = 1 if wish.workers else cores
    allowed = wish.memory_bytes or physical_memory_bytes() * 3 // 4
    return Budget(threads, max(1, wish.workers), allowed // max(1, wish.workers))


def physical_memory_bytes() -> int:
    """Return the memory of this machine, or of the control group the process may not leave."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        if Path(limit).is_file() and (text := Path(limit).read_text().strip()).isdigit():
            total = min(total, int(text))
    return total


def _check_disk(prepared: Prepared) -> None:
    parent = prepared.project.absolute().parent
    free = shutil.disk_usage(parent).free
    if prepared.plan.disk_bytes > free:
        raise BudgetError(
            f"the run needs about {amount(prepared.plan.disk_bytes)} on {parent} (output, segments and sidecar) "
            f"and {amount(free) if free else 'nothing'} is free. Make room, or choose another --project and -o."
        )


