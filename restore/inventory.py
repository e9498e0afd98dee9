"""A project in, those of its defects that were asked for out, in the order asked for: as lines, as CSV, as JSON."""

from __future__ import annotations

import csv
import heapq
import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

from restore.decisions import standing
from restore.defects import Defect, Status, frame_of
from restore.edits import Edits
from restore.errors import MaskError
from restore.span import Span
from restore.store import Store

Order = Literal["frame", "area", "confidence"]
COLUMNS = (
    "id", "kind", "detector", "frame", "y0", "x0", "y1", "x1", "area_px", "confidence", "status", "decided_by", "why",
)


@dataclass(frozen=True)
class Choice:
    """Which defects, in which order."""

    status: Status | Literal["all"] = "all"
    kinds: tuple[str, ...] = ()
    """Empty for all."""
    frames: tuple[int, int] | None = None
    """First frame and one past the last; None for all."""
    ids: tuple[str, ...] = ()
    """These alone; empty for all."""
    order: Order = "frame"
    """By frame, the largest first, or the surest last: doubtful ones are what a person looks at."""
    most: int | None = None
    """No more than these."""


def chosen(store: Store, choice: Choice) -> Iterator[Defect]:
    """Yield the defects chosen; span by span where the order allows. Raises StoreError for tables it cannot read."""
    decided = Edits(store.folder / "edits").decided()
    ids = frozenset(choice.ids)
    spans = (s for s in store.grid(store.source.span) if s.touches(_within(store, choice)))
    right = (d for span in spans for d in standing(store, span, decided) if _is_right(d, choice, ids))
    if choice.order == "frame":
        yield from itertools.islice(right, choice.most)
    elif choice.most is not None:
        yield from heapq.nsmallest(choice.most, right, key=lambda d: _place(d, choice.order))
    else:
        yield from sorted(right, key=lambda d: _place(d, choice.order))


def _within(store: Store, choice: Choice) -> Span:
    """Return the frames that have to be looked at. Raises MaskError where the film has not got them."""
    film = store.source.span
    start, stop = choice.frames or (film.start, film.stop)
    if not 0 <= start < stop <= film.stop:
        raise MaskError(f"--frames {start}:{stop} does not fit the film, which has frames 0:{film.stop}. Correct it.")
    if choice.ids:
        named = [frame_of(one) for one in choice.ids]
        start, stop = max(start, min(named)), min(stop, max(named) + 1)
    return Span(min(start, stop), stop)


def _is_right(d: Defect, choice: Choice, ids: Collection[str]) -> bool:
    start, stop = choice.frames or (d.frame, d.frame + 1)
    return (
        choice.status in ("all", d.status) and (not choice.kinds or d.kind in choice.kinds)
        and start <= d.frame < stop and (not ids or d.id in ids)
    )


def _place(d: Defect, order: Order) -> tuple[float, int, str]:
    return (-d.area_px if order == "area" else d.confidence, d.frame, d.id)


def row(d: Defect) -> dict[str, str | int | float]:
    """Return a defect as the columns of a table."""
    y0, x0, y1, x1 = d.box
    values = (d.id, d.kind, d.layer, d.frame, y0, x0, y1, x1, d.area_px, d.confidence, d.status, d.by, d.why)
    return dict(zip(COLUMNS, values, strict=True))


def in_csv(defects: Iterable[Defect]) -> Iterator[str]:
    """Yield the lines of a CSV table (RFC 4180), its head first."""
    yield _csv_line(COLUMNS)
    for d in defects:
        yield _csv_line(row(d).values())


def write_csv(defects: Iterable[Defect], path: Path) -> int:
    """Write the CSV table into a file, and return how many defects it has."""
    with path.open("w", encoding="utf-8", newline="") as file:
        return sum(file.write(line + "\r\n") > 0 for line in in_csv(defects)) - 1


def in_json(defects: Iterable[Defect]) -> Iterator[str]:
    """Yield one JSON object a defect."""
    yield from (json.dumps(row(d)) for d in defects)


def _csv_line(values: Iterable[object]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()


def in_lines(defects: Iterable[Defect]) -> Iterator[str]:
    """Yield lines for people."""
    head = True
    for d in defects:
        if head:
            yield f"{'id':26} {'status':10} {'sure':>5} {'area':>8}  {'rows':13} {'columns':13} why"
            head = False
        y0, x0, y1, x1 = d.box
        said = f"{d.by} said so" if d.by else d.why
        line = f"{d.id:26} {d.status:10} {d.confidence:5.2f} {d.area_px:8,}  "
        yield f"{line}{f'{y0}-{y1 - 1}':13} {f'{x0}-{x1 - 1}':13} {said}".rstrip()
    if head:
        yield "no such defect"


def counts(store: Store) -> Mapping[str, int]:
    """Return how many defects there are of each kind, by the stamps: what is filled, and what is undecided.

    As the detectors left them; what people decided is in the table alone.
    """
    found: dict[str, int] = {}
    for stamp in store.ledger.stamps(("detect",)):
        for kinds in stamp.facts.get("kinds", {}).values():
            for kind, frames in kinds.items():
                found[kind] = found.get(kind, 0) + sum(frames.values())
        for objects in stamp.facts.get("objects", {}).values():
            found["undecided"] = found.get("undecided", 0) + len(objects)
    return found
