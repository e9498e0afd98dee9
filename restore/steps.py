"""The steps of a run: what each reads, how it is keyed, what it writes. A step whose key matches its stamp is not done.

Digests come in along the graph's edges and go out again; pixels only ever pass through the store.
"""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from restore import __version__
from restore.by_field import View
from restore.compose import compose
from restore.curves import Curve
from restore.defects import Defect, Ids
from restore.detect import Detection
from restore.errors import OutputError, RestoreError, SourceError
from restore.fixity import md5_of
from restore.formats import Deed
from restore.frames import DONOR, Bits, Patch, Picture, digest
from restore.ledger import Stage, Stamp, key_of, now
from restore.outputs import bytes_of, identity, intact, seen_in, segment_path, sha256_of
from restore.parts import Part
from restore.provenance import papers_inside
from restore.session import Job, Session, session
from restore.span import Span


@dataclass(frozen=True)
class Result:
    """What goes along an edge of the graph, and what progress is told."""

    stage: Stage
    span: Span
    digests: Mapping[int, str] = field(default_factory=dict)
    """Frame number to the digest of what the step left in the store."""
    reused: bool = False
    """Whether the stamp already had it."""
    failed: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    """What the output could not hold. Everything else a step finds out is in its stamp: edges carry digests."""
    decoded_frames: int = 0
    """Frames this process has decoded so far."""
    key: str = ""
    """The step's key."""


@dataclass(frozen=True)
class Made:
    """What the work inside a step came to."""

    digests: Mapping[int, str]
    facts: Mapping[str, Any] = field(default_factory=dict)


Work = Callable[[Session, Span], Made]


def detect(job: Job, span: Span) -> Result:
    """Find the losses of a span: one mask layer a detector."""
    def key(open_: Session) -> list[Any]:
        return [[p.digest for p in open_.recipe.detect], asdict(open_.recipe.motion), open_.recipe.policy.strict]

    return _step(job, "detect", span, key, lambda s: s.recipe.detect, _detect, ())


def fill(job: Job, span: Span, near: Iterable[Result]) -> Result:
    """Fill the masks of a span; `near` are the detect results of every span within the ladder's reach."""
    near = list(near)
    seen = _joined(near)

    def key(open_: Session) -> list[Any]:
        frames = span.widen(_reach(open_.recipe.ladder), open_.store.source.span)
        masks = {t: [seen[t], open_.edits.trace(t, job.revision)] for t in frames}
        parts = [p.digest for p in open_.recipe.fill]
        return [parts, open_.recipe.policy.invent, asdict(open_.recipe.motion), sorted(masks.items())]

    return _with_originals(job, _step(job, "fill", span, key, lambda s: s.recipe.ladder, _fill, near))


def _with_originals(job: Job, filled: Result) -> Result:
    """Keep the originals of a span that was filled before they were wanted; filling it again is not needed for that."""
    stamp = None if filled.failed or not job.keep_originals else session(job).store.ledger.read("fill", filled.span)
    if stamp and not stamp.facts.get("originals"):
        open_ = session(job)
        open_.keep_originals(filled.span)
        open_.store.ledger.write(replace(stamp, facts=dict(stamp.facts, originals=True)))
    return filled


def blend(job: Job, span: Span, near: Iterable[Result]) -> Result:
    """Settle the patches of a span; `near` are the fill results of every span within the blenders' reach."""
    near = list(near)
    seen = _joined(near)

    def key(open_: Session) -> list[Any]:
        frames = span.widen(_reach(open_.recipe.blend), open_.store.source.span)
        parts = [p.digest for p in open_.recipe.blend]
        return [parts, asdict(open_.recipe.motion), sorted((t, seen[t]) for t in frames)]

    return _step(job, "blend", span, key, lambda s: s.recipe.blend, _blend, near)


def encode(job: Job, span: Span, near: Iterable[Result]) -> Result:
    """Encode one segment; `near` are the results that hold the final patches of its frames."""
    near = list(near)
    seen = _joined(near)

    def key(open_: Session) -> list[Any]:
        return [open_.encoder.digest, [seen[t] for t in span]]

    return _step(job, "encode", span, key, lambda s: (s.encoder,), lambda s, sp: _encode(s, sp, seen), near)


def join(job: Job, near: Iterable[Result]) -> Result:
    """Make the output of all segments, in the film's order; then the segments are no longer needed."""
    near = sorted(near, key=lambda r: r.span)

    def key(open_: Session) -> list[Any]:
        return [open_.encoder.digest, str(job.output.resolve()), [(str(r.span), r.key) for r in near]]

    return _step(job, "join", job.frames, key, lambda s: (s.encoder,), lambda s, _: _join(s, near), near)


def _step(
    job: Job, stage: Stage, span: Span, key_facts: Callable[[Session], list[Any]],
    parts: Callable[[Session], tuple[Part, ...]], work: Work, near: Iterable[Result],
) -> Result:
    """Run one step unless its stamp has the same key; leave a stamp either way."""
    for result in near:
        if result.failed:
            return Result(stage, span, failed=f"needs {result.stage}-{result.span}, which failed: {result.failed}")
    begun, started = time.monotonic(), now()
    open_ = session(job)
    fields = ["by field"] if open_.by_field else []  # so that what was made of whole frames keeps its key
    key = key_of(stage, open_.store.source.sha256, [span.start, span.stop], *key_facts(open_), *fields)
    old = open_.store.ledger.read(stage, span)
    if old and old.key == key and not old.failed and _still_there(open_, old):
        return _result(open_, old, reused=True)
    stamp = Stamp(stage, (span.start, span.stop), key, parts=tuple(p.record() for p in parts(open_)), started=started)
    try:
        made = work(open_, span)
    except Exception as error:  # whatever a part throws: the other spans go on, and the next run tries again
        trace = "" if isinstance(error, RestoreError) else traceback.format_exc()
        why = f"{type(error).__name__}: {error}"
        failed = replace(stamp, failed=why, facts={"traceback": trace})
        open_.store.ledger.write(failed)
        return _result(open_, failed)
    out = {str(t): d for t, d in made.digests.items()}
    seconds = round(time.monotonic() - begun, 3)
    done = replace(stamp, out=out, facts=dict(made.facts), seconds=seconds)
    open_.store.ledger.write(done)
    return _result(open_, done)


def _result(open_: Session, stamp: Stamp, reused: bool = False) -> Result:
    digests = {int(t): d for t, d in stamp.out.items()}
    notes = tuple(stamp.facts.get("notes", ()))
    return Result(
        stamp.stage, Span(*stamp.span), digests, reused, stamp.failed, stamp.seconds, notes,
        open_.decoded_frames, stamp.key,
    )


def _still_there(open_: Session, stamp: Stamp) -> bool:
    """Tell whether what a finished step made still exists.

    Segments are tidied away once they are in the output; projects of earlier versions have no table of defects.
    """
    span = Span(*stamp.span)
    if stamp.stage == "join":
        return intact(stamp, open_.job.output)
    if stamp.stage == "detect":
        return open_.store.defects.path(span).exists()
    if stamp.stage != "encode":
        return True
    if "md5" not in stamp.facts:  # of a version that kept no fingerprints
        return False
    if segment_path(open_.job.project, span).exists():
        return True
    joined = open_.store.ledger.read("join", open_.job.frames)
    return bool(joined and joined.facts.get("segments", {}).get(str(span)) == stamp.key
                and intact(joined, open_.job.output))


def _joined(near: Iterable[Result]) -> dict[int, str]:
    return {t: d for result in near for t, d in result.digests.items()}


def _reach(parts: Iterable[Part]) -> int:
    return sum(p.reach_frames for p in parts)


def _detect(open_: Session, span: Span) -> Made:
    """Detect frame by frame; a frame at fault is listed, not searched."""
    view = View.of(open_, hiding=False)
    found: dict[str, list[Detection]] = {part.layer: [] for part in open_.recipe.detect}
    faults = {t: fault for t in span if (fault := open_.fault(t))}
    if faults and open_.recipe.policy.strict:
        t, fault = next(iter(faults.items()))
        raise SourceError(f"frame {t} did not decode soundly ({fault}) and policy.strict is set.")
    nothing = Detection(np.zeros(open_.store.source.size, bool))
    for t in span:
        for part in open_.recipe.detect:
            found[part.layer].append(nothing if t in faults else view.detect(part.made, t))
    for layer, detections in found.items():
        open_.store.write_masks(layer, span, [d.mask for d in detections])
    things = list(_listed(span, found))
    listed = [defect for defect, _ in things if defect is not None]
    open_.store.defects.write(span, listed)
    open_.store.curves.write(span, [curve for _, curve in things if curve is not None])
    digests = {t: _frame_digest(found, t - span.start) for t in span}
    return Made(digests, _detect_facts(open_, span, found, faults) | _counted(listed))


def _frame_digest(found: Mapping[str, list[Detection]], at: int) -> str:
    digests = [digest(detections[at].mask) for detections in found.values()]
    return "-" if all(d == "-" for d in digests) else " ".join(digests)


def _detect_facts(
    open_: Session, span: Span, found: Mapping[str, list[Detection]], faults: Mapping[int, str]
) -> dict[str, Any]:
    view = View.of(open_, hiding=False)
    return {
        "faults": {str(t): fault for t, fault in faults.items()},
        "cuts": [t for t in span if view.is_cut(t)],
        "masked_px": {
            layer: {str(t): int(d.mask.sum()) for t, d in zip(span, detections, strict=True) if d.mask.any()}
            for layer, detections in found.items()
        },
        "notes": {
            layer: {str(t): d.note for t, d in zip(span, detections, strict=True) if d.note}
            for layer, detections in found.items()
        },
    }


def _listed(span: Span, found: Mapping[str, list[Detection]]) -> Iterator[tuple[Defect | None, Curve | None]]:
    """Yield everything found, frame by frame, as the table of defects has it, with its curve; then what goes on."""
    ids = Ids()
    for at in range(len(span)):
        for layer, detections in found.items():
            for o in detections[at].objects:
                sure = round(float(o.confidence), 3)
                name = ids.next(o.kind, o.frame, o.box)
                defect = Defect(layer, o.kind, o.frame, o.box, o.area_px, sure, o.status, o.why, name)
                yield defect, o.curve and replace(o.curve, layer=layer, id=name)
            for c in detections[at].followed:
                name = ids.next("line", c.frame, (c.rows[0], int(min(c.columns)), 0, 0))
                yield None, replace(c, layer=layer, id=name)


def _counted(listed: Sequence[Defect]) -> dict[str, Any]:
    """Return what the stamp says of the defects: the undecided ones, and of the others how many a frame and kind."""
    objects: dict[str, list[dict[str, Any]]] = {}
    confirmed: dict[str, dict[str, dict[str, int]]] = {}
    for d in listed:
        if d.status == "undecided":
            objects.setdefault(d.layer, []).append({k: v for k, v in asdict(d).items() if k not in ("by", "was")})
        else:
            frames = confirmed.setdefault(d.layer, {}).setdefault(d.kind, {})
            frames[str(d.frame)] = frames.get(str(d.frame), 0) + 1
    return {"objects": objects, "kinds": confirmed}


def _fill(open_: Session, span: Span) -> Made:
    view = View.of(open_, hiding=True)
    ladder = [part.made for part in open_.recipe.fill]
    pixels = {}

    def fill_one(t: int) -> Patch:
        wanted = open_.mask(t)
        if not wanted.any():
            return open_.empty(t)
        patch = view.fill(ladder, t, open_.recipe.policy.invent, wanted)
        pixels[str(t)] = _origins(open_, wanted, patch.origin, patch.mask)
        return patch

    kept = open_.keep("fill", span, map(fill_one, span))
    # What stayed unfilled is hidden from the blenders too, so it belongs to the digest although no patch holds it.
    digests = {t: f"{d} {view.hidden_digest(t)}" if open_.mask(t).any() else d for t, d in kept.items()}
    if open_.job.keep_originals:
        open_.keep_originals(span)
    return Made(digests, {"pixels": pixels, "originals": open_.job.keep_originals})


def _origins(open_: Session, wanted: Bits, origin: Any, filled: Bits) -> dict[str, int]:
    """Count one frame's pixels by where they came from, and those that nothing could fill."""
    counts = np.bincount(origin[filled], minlength=2 + len(open_.recipe.fill))
    out = {"donors": int(counts[DONOR]), "unfilled": int((wanted & ~filled).sum())}
    out |= {part.name: int(counts[2 + k]) for k, part in enumerate(open_.recipe.fill) if part.made.invents}
    return out


def _blend(open_: Session, span: Span) -> Made:
    view = View.of(open_, hiding=True)
    chain = [part.made for part in open_.recipe.blend]

    def blend_one(t: int) -> Patch:
        raw = open_.draft("fill", t)
        return view.blend(chain, t, lambda u: open_.draft("fill", u)) if raw.mask.any() else raw

    return Made(open_.keep("blend", span, map(blend_one, span)))


def _encode(open_: Session, span: Span, seen: Mapping[int, str]) -> Made:
    layer = "blend" if open_.recipe.blend else "fill"
    before: list[str] = []
    after: list[str] = []

    def composed() -> Iterable[Picture]:
        for t in span:
            patch = None if seen[t] == "-" else open_.patch(layer, t)
            own = open_.picture(t)
            picture = compose(own, patch, open_.store.source.pixels)
            before.append(md5_of(own))
            after.append(before[-1] if picture is own else md5_of(picture))
            yield replace(picture, index=t - first)

    first = open_.job.frames.start
    source = open_.store.source.excerpt(open_.job.frames)
    place, path = _segment(open_, span)
    open_.encoder.made.write_segment(path, source, place, composed())
    # Fingerprints are taken of what goes into a lossless encoder; `verify` and `undo` take them again from the file.
    facts = {"bytes": bytes_of(path), "source_md5": before, "md5": after}
    return Made({t: seen[t] for t in span}, facts)


def _join(open_: Session, near: list[Result]) -> Made:
    source, output = open_.store.source, open_.job.output
    if output.exists() and not open_.job.overwrite:
        raise OutputError(
            f"{output} exists and is not what this run would write. Add --overwrite, or choose another -o: "
            "everything but the last joining is done and will not be done again."
        )
    _fetch_segments(open_, near)
    segments = [_segment(open_, r.span) for r in near]
    made, excerpt = open_.encoder.made, source.excerpt(open_.job.frames)
    about = Stamp("join", (open_.job.frames.start, open_.job.frames.stop), "", parts=(open_.encoder.record(),), facts={
        "output": [output.name], "lossless": made.lossless, "operator": open_.job.operator})
    papers = papers_inside(open_.store, about, {str(r.span): r.key for r in near})
    notes = made.join(output, excerpt, segments, _deed(open_, near), **({"papers": papers} if papers.attached else {}))
    facts = {
        "output": identity(output),
        "sha256": sha256_of(output),
        "segments": {str(r.span): r.key for r in near},
        "bytes": bytes_of(output),
        "lossless": made.lossless,
        "notes": list(notes or ()),
        "attached": {paper.name: paper.sha256 for paper in papers.attached},
        "operator": open_.job.operator,
    }
    return Made({}, facts if made.lossless else facts | {"md5": seen_in(output, excerpt)})


def _deed(open_: Session, near: Iterable[Result]) -> Deed:
    """Return what was done to the whole film, as its files have to tell."""
    fillers = {part.name for part in open_.recipe.fill if part.made.invents}
    pixels = (p for stamp in open_.store.ledger.stamps(("fill",)) for p in stamp.facts.get("pixels", {}).items())
    invented = any(int(t) in open_.job.frames and counts.get(name) for t, counts in pixels for name in fillers)
    key = key_of("join", open_.store.source.sha256, [(str(r.span), r.key) for r in near])
    return Deed("Lacuna", __version__, open_.recipe.name, invented, key)


def _fetch_segments(open_: Session, near: list[Result]) -> None:
    """Have every segment there: those tidied away come back out of the last output, or are encoded again."""
    missing = [r for r in near if not segment_path(open_.job.project, r.span).exists()]
    last = open_.store.ledger.read("join", open_.job.frames)
    if missing and last and intact(last, open_.job.output):
        kept = last.facts.get("segments", {})
        same = [r for r in missing if kept.get(str(r.span)) == r.key]
        excerpt = open_.store.source.excerpt(open_.job.frames)
        open_.encoder.made.extract(open_.job.output, excerpt, [_segment(open_, r.span) for r in same])
        missing = [r for r in missing if r not in same]
    for result in missing:
        _encode(open_, result.span, result.digests)


def _segment(open_: Session, span: Span) -> tuple[Span, Path]:
    """Return a segment's place in the output, counted from the output's first frame, and on disk."""
    first = open_.job.frames.start
    return Span(span.start - first, span.stop - first), segment_path(open_.job.project, span)


def tidy(job: Job) -> None:
    """Remove the segments of a finished run."""
    folder = job.project / "segments"
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
