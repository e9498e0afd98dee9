"""A project's ledger in, the Summary of what was done out: stamps, edits and the recipe's text; no pixel is read."""

from __future__ import annotations

import hashlib
import json
import tomllib
from typing import Any

from restore.edits import Edits
from restore.errors import StoreError
from restore.ledger import Stamp
from restore.report.facts import EditMade, Failure, OutputFacts, SelfTest, Series, SourceFacts, Summary, Totals, Tuning
from restore.report.tally import Tally, merged
from restore.source import UNSPECIFIED, PixelFormat, Source
from restore.span import Span
from restore.store import Store


def summarise(store: Store, revision: int | None = None) -> Summary:
    """Return what the ledger says was done; works at any moment of a run, finished or not.

    The frames in question are those the latest run was for, or the whole film where nobody ran it. `revision` is how
    many edits to list, all of them for None. Raises StoreError where a stamp or the recipe's text cannot be read.
    """
    frames = _frames(store)
    joined = store.ledger.read("join", frames)
    tally = Tally(frames)
    for stamp in store.ledger.stamps():
        tally.take(stamp)
    text, recipe = _recipe(store)
    series = tally.series()
    filled = merged(tally.done["fill"])
    output = _output(joined, tally, "blend" if recipe.get("blend") else "fill")
    decided = Edits(store.folder / "edits").decided(revision)
    failures = tuple(f for f in tally.failures if not _overtaken(f, joined))
    return Summary(
        source=_source(store.source),
        output=output,
        start=frames.start,
        stop=frames.stop,
        finished=bool(output and not output.stale_frames and not failures),
        recipe=text,
        recipe_sha256=hashlib.sha256(text.encode()).hexdigest() if text else "",
        invent=bool(recipe.get("policy", {}).get("invent", True)) if text else None,
        ladder=tuple(tally.ladder),
        totals=_totals(tally, series, sum(map(len, filled)), store.source.size),
        series=series,
        filled_spans=tuple((s.start, s.stop) for s in filled),
        layers=tally.layers(),
        undecided=tuple(u for u in tally.undecided if u.id not in decided),
        faults=tally.fault_list(),
        failures=failures,
        cuts=tuple(sorted(tally.cuts)),
        stages=tally.stages(),
        parts=tally.parts(),
        edits=_edits(store, revision),
        code=tuple(sorted(tally.code)),
        hosts=tuple(sorted(tally.hosts)),
        first_started=tally.started[0] if tally.started else "",
        last_started=tally.started[-1] if tally.started else "",
        ledger_digest=tally.digest,
        self_test=_self_test(store),
        tuning=_tuning(store),
    )


def _self_test(store: Store) -> SelfTest | None:
    """Return what the benchmark on this reel said, where it was kept."""
    stamp = store.ledger.read("bench", store.source.span)
    if stamp is None:
        return None
    finding, filling, advice = (
        tuple(tuple(map(str, line)) for line in stamp.facts[key]) for key in ("finding", "filling", "advice")
    )
    return SelfTest(stamp.started, str(stamp.facts["planted"]), finding, filling, advice)


def _tuning(store: Store) -> Tuning | None:
    """Return what the latest tuning to this film came to."""
    stamp = store.ledger.read("tune", store.source.span)
    if stamp is None:
        return None
    facts = stamp.facts
    psnr = tuple((str(name), float(v)) for name, v in facts["verdict"]["psnr"].items() if v is not None)
    return Tuning(
        stamp.started, bool(facts["kept"]), str(facts["why"]), int(facts["steps"]), stamp.seconds, int(facts["seed"]),
        str(facts["data"]), str(facts["in_force"]), psnr,
    )


def _frames(store: Store) -> Span:
    """Return the frames of the latest run, else of the latest output, else all."""
    path = store.folder / "run.json"
    try:
        start, stop = json.loads(path.read_text(encoding="utf-8"))["frames"]
        return Span(int(start), int(stop)).meet(store.source.span)
    except FileNotFoundError:
        joined = max(store.ledger.stamps(("join",)), key=lambda s: s.started, default=None)
        return Span(*joined.span) if joined else store.source.span
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} cannot be read ({error}). Run again; the run writes it anew.") from error


def _recipe(store: Store) -> tuple[str, dict[str, Any]]:
    """Return the recipe that the project keeps, as text and as values; nothing where no run has begun."""
    path = store.folder / "recipe.toml"
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        return "", {}
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read ({error}). Run again; the run writes it anew.") from error


def _overtaken(failure: Failure, joined: Stamp | None) -> bool:
    """Tell whether a later run brought the output about all the same, so that the failure is history."""
    return bool(joined and not joined.failed and failure.started <= joined.started)


def _totals(tally: Tally, series: Series, filled_frames: int, size: tuple[int, int]) -> Totals:
    invented = tally.invented()
    masked, left = sum(series.masked_px), sum(series.unfilled_px)
    made = sum(a.px for a in invented)
    return Totals(
        frames=len(tally.frames),
        frames_filled=filled_frames,
        frames_touched=sum(m > u for m, u in zip(series.masked_px, series.unfilled_px, strict=True)),
        masked_px=masked,
        share_frac=masked / max(1, filled_frames * size[0] * size[1]),
        donors_px=masked - left - made,
        invented_px=made,
        invented=invented,
        unfilled_px=left,
    )


def _output(joined: Stamp | None, tally: Tally, last: str) -> OutputFacts | None:
    if joined is None or joined.failed:
        return None
    facts = joined.facts
    encoded, final = tally.final["encode"], tally.final[last]
    path, modified_ns, _ = facts.get("output") or ("", 0, 0)
    return OutputFacts(
        path=str(path),
        byte_count=int(facts.get("bytes", 0)),
        modified_ns=int(modified_ns),
        encoder=next((p["name"] for p in joined.parts), ""),
        lossless=bool(facts.get("lossless", False)),
        start=joined.span[0],
        stop=joined.span[1],
        started=joined.started,
        notes=tuple(facts.get("notes", ())),
        stale_frames=sum(final.get(t, d) != d for t, d in encoded.items()),
    )


def _edits(store: Store, revision: int | None) -> tuple[EditMade, ...]:
    made = []
    for e in Edits(store.folder / "edits").all(revision):
        first, last = min(e.digests, default=0), max(e.digests, default=0)
        made.append(EditMade(e.number, e.verb, len(e.digests), first, last, e.by, e.made, e.note))
    return tuple(made)


def _source(source: Source) -> SourceFacts:
    return SourceFacts(
        path=source.path,
        kind=source.kind,
        sha256=source.sha256,
        byte_count=source.byte_count,
        container=source.container,
        codec=source.codec,
        height_px=source.size[0],
        width_px=source.size[1],
        pixels=source.pixels.name,
        depth_bits=source.pixels.depth,
        colour=_colour(source.pixels),
        rate=str(source.rate),
        variable_rate=source.variable_rate,
        frames=source.frames,
        seconds=_seconds(source),
        field_order=source.field_order,
        sample_aspect=str(source.sample_aspect),
        streams=tuple(
            " ".join(filter(None, (s.kind, s.codec, s.language, f"“{s.title}”" if s.title else "")))
            for s in source.other_streams
        ),
        notes=source.notes,
    )


def _seconds(source: Source) -> float:
    """Return how long the film runs; the last frame is held for one frame of the nominal rate."""
    if not source.pts:
        return 0.0
    last = (source.pts[-1] - source.pts[0]) * source.time_base
    return round(float(last + (1 / source.rate if source.rate else 0)), 3)


def _colour(pixels: PixelFormat) -> str:
    """Return what the file says about colour, in the code points of ISO/IEC 23091-2."""
    said = {None: "", True: "full range", False: "limited range"}[pixels.full_range]
    codes = [
        f"{name} {code}" for name, code in
        (("matrix", pixels.matrix), ("primaries", pixels.primaries), ("transfer", pixels.transfer))
        if code != UNSPECIFIED
    ]
    return ", ".join(filter(None, [said, *codes])) or "the file does not say"
