"""Stamps in, one after the other; running counts out. Holds numbers a frame, never the stamps themselves."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from restore.ledger import Stamp
from restore.report.facts import Amount, Failure, Fault, Layer, PartUse, Series, StageDone, Undecided
from restore.span import Span

COPIED, LEFT = "donors", "unfilled"
"""Keys of a fill stamp's counts that are no inventing filler's name."""
STAGES = ("detect", "fill", "blend", "encode", "join")


class Tally:
    """Counts of a project's stamps, as far as they concern the frames in question."""

    def __init__(self, frames: Span) -> None:
        """Count for `frames`; what stamps say of other frames is left out."""
        self.frames = frames
        self.pixels: dict[str, dict[int, int]] = {COPIED: {}, LEFT: {}}
        self.layer_px: dict[str, dict[int, int]] = {}
        self.confirmed: dict[str, Counter[str]] = {}
        """Confirmed finds of each layer by kind."""
        self.undecided: list[Undecided] = []
        self.faults: dict[int, str] = {}
        self.cuts: set[int] = set()
        self.failures: list[Failure] = []
        self.done: dict[str, list[Span]] = {stage: [] for stage in STAGES}
        self.seconds: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.final: dict[str, dict[int, str]] = {"fill": {}, "blend": {}, "encode": {}}
        self.ladder: list[str] = []
        self.code: Counter[str] = Counter()
        self.hosts: Counter[str] = Counter()
        self.started: list[str] = []
        self._parts: dict[str, tuple[dict[str, Any], int]] = {}
        self._hash = hashlib.sha256()

    def take(self, stamp: Stamp) -> None:
        """Count one stamp. A failed one counts as a failure and as nothing else."""
        self._hash.update(json.dumps([stamp.name, stamp.key, stamp.failed, sorted(stamp.out.items())]).encode())
        if not (met := Span(*stamp.span).meet(self.frames)):
            return
        self.started = [min([stamp.started, *self.started]), max([stamp.started, *self.started])]
        if stamp.failed:
            self.failed[stamp.stage] += 1
            self.failures.append(Failure(stamp.name, stamp.failed, stamp.started))
            return
        self.code[stamp.code] += 1
        self.hosts[stamp.host] += 1
        self.done[stamp.stage].append(met)
        self.seconds[stamp.stage] += stamp.seconds  # type: ignore[assignment]  # a Counter adds floats as well
        self._use(stamp)
        if stamp.stage == "detect":
            self._detect(stamp.facts)
        elif stamp.stage == "fill":
            self._fill(stamp)
        if stamp.stage in self.final:
            self.final[stamp.stage] |= {int(t): d for t, d in stamp.out.items() if int(t) in met}

    def _use(self, stamp: Stamp) -> None:
        for part in stamp.parts:
            key = json.dumps(part, sort_keys=True)
            self._parts[key] = (part, self._parts[key][1] + 1 if key in self._parts else 1)

    def _detect(self, facts: Mapping[str, Any]) -> None:
        self.faults |= self._mine(facts.get("faults", {}))
        self.cuts.update(t for t in facts.get("cuts", ()) if t in self.frames)
        for layer, counts in facts.get("masked_px", {}).items():
            self.layer_px.setdefault(layer, {}).update(self._mine(counts))
        for layer, objects in facts.get("objects", {}).items():
            for found in objects:
                if found["frame"] in self.frames:
                    self._object(layer, found)
        for layer, kinds in facts.get("kinds", {}).items():
            mine = {kind: sum(self._mine(by_frame).values()) for kind, by_frame in kinds.items()}
            self.confirmed.setdefault(layer, Counter()).update({kind: n for kind, n in mine.items() if n})

    def _object(self, layer: str, found: Mapping[str, Any]) -> None:
        self.undecided.append(Undecided(
            layer, found["frame"], found["kind"], tuple(found["box"]), found["area_px"], found["confidence"],
            found.get("why", ""), found.get("id", ""),
        ))

    def _fill(self, stamp: Stamp) -> None:
        for part in stamp.parts:
            if part["name"] not in self.ladder:
                self.ladder.append(part["name"])
        for t, counts in self._mine(stamp.facts.get("pixels", {})).items():
            for name, px in counts.items():
                self.pixels.setdefault(name, {})[t] = px

    def _mine(self, by_frame: Mapping[str, Any]) -> dict[int, Any]:
        return {int(t): value for t, value in by_frame.items() if int(t) in self.frames}

    def invented(self) -> tuple[Amount, ...]:
        """Return the inventing fillers and what each made up, in the order of the ladder; silent ones left out."""
        amounts = (Amount(n, sum(px.values())) for n, px in self.pixels.items() if n not in (COPIED, LEFT))
        place = {name: k for k, name in enumerate(self.ladder)}
        return tuple(sorted((a for a in amounts if a.px), key=lambda a: (place.get(a.name, len(place)), a.name)))

    def series(self) -> Series:
        """Return the counts of every frame in question."""
        donors, unfilled = self._dense(COPIED), self._dense(LEFT)
        invented = tuple(self._dense(a.name) for a in self.invented())
        masked = tuple(map(sum, zip(donors, unfilled, *invented, strict=True)))
        return Series(masked, donors, invented, unfilled)

    def _dense(self, name: str) -> tuple[int, ...]:
        counts = self.pixels[name]
        return tuple(counts.get(t, 0) for t in self.frames)

    def layers(self) -> tuple[Layer, ...]:
        """Return what each detector found."""
        doubts = Counter(u.layer for u in self.undecided)
        names = dict.fromkeys([*self.layer_px, *self.confirmed, *doubts])
        counted = {name: self.layer_px.get(name, {}) for name in names}
        kinds = {name: tuple(sorted(self.confirmed.get(name, {}).items())) for name in names}
        return tuple(
            Layer(n, len(px), sum(px.values()), sum(c for _, c in kinds[n]), doubts[n], kinds[n])
            for n, px in counted.items()
        )

    def stages(self) -> tuple[StageDone, ...]:
        """Return how far each stage has come; stages that nothing is known of are left out."""
        return tuple(
            StageDone(s, len(self.done[s]), self.failed[s], sum(map(len, merged(self.done[s]))),
                      round(float(self.seconds[s]), 3))
            for s in STAGES if self.done[s] or self.failed[s]
        )

    def parts(self) -> tuple[PartUse, ...]:
        """Return every part in every form in which it worked, in the pipeline's order."""
        uses = [
            PartUse(p["room"], p["name"], str(p["version"]), p.get("code", ""), p.get("params", {}), n,
                    p.get("read", ""))
            for p, n in self._parts.values()
        ]
        rooms = {stage: k for k, stage in enumerate(STAGES)}
        return tuple(sorted(uses, key=lambda use: rooms.get(use.room, len(rooms))))

    def fault_list(self) -> tuple[Fault, ...]:
        """Return the frames at fault in the film's order."""
        return tuple(Fault(t, why) for t, why in sorted(self.faults.items()))

    @property
    def digest(self) -> str:
        """Return the digest of every stamp taken so far."""
        return self._hash.hexdigest()


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the frames of all spans as the fewest spans, in order; overlaps count once."""
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.start <= out[-1].stop:
            out[-1] = Span(out[-1].start, max(out[-1].stop, span.stop))
        else:
            out.append(span)
    return tuple(out)
