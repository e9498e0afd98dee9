"""The list of defects: chosen, sorted, and written for people and programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from restore import inventory
from restore.defects import Defect
from restore.edits import Edits
from restore.errors import MaskError
from restore.inventory import COLUMNS, Choice, chosen
from restore.store import Store

from .report.projects import project, source_of

FOUND = (
    Defect("dirt", "dirt", 1, (3, 4, 9, 10), 30, 0.9, "confirmed", "", "dirt-1-3-4"),
    Defect("dirt", "dirt", 1, (20, 4, 22, 6), 4, 0.4, "undecided", "faint, and alone", "dirt-1-20-4"),
    Defect("scratch", "scratch", 5, (0, 50, 64, 53), 190, 0.7, "confirmed", "", "scratch-5-0-50"),
    Defect("dirt", "dirt", 6, (8, 8, 12, 12), 16, 0.8, "confirmed", "", "dirt-6-8-8"),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = project(tmp_path / "p", source_of(12))
    for span in made.spans()[:2]:
        made.store.defects.write(span, [d for d in FOUND if d.frame in span])
        made.detect(span, {})
    return made.store


@pytest.mark.parametrize(
    ("choice", "right"),
    [
        (Choice(), lambda d: True),
        (Choice("undecided"), lambda d: d.status == "undecided"),
        (Choice(kinds=("scratch",)), lambda d: d.kind == "scratch"),
        (Choice(frames=(2, 6)), lambda d: d.frame == 5),
        (Choice(ids=("dirt-6-8-8", "dirt-1-3-4")), lambda d: d.id in ("dirt-6-8-8", "dirt-1-3-4")),
        (Choice(ids=("dirt-6-8-8",), frames=(0, 2)), lambda d: False),
        (Choice("rejected"), lambda d: False),
    ],
)
def test_what_was_asked_for_comes(store: Store, choice: Choice, right: Callable[[Defect], bool]) -> None:
    assert list(chosen(store, choice)) == [d for d in FOUND if right(d)]


def test_it_comes_in_the_order_asked_for_and_no_more_than_so_many(store: Store) -> None:
    areas = [d.area_px for d in chosen(store, Choice(order="area"))]
    assert areas == sorted(areas, reverse=True)
    sure = [d.confidence for d in chosen(store, Choice(order="confidence"))]
    assert sure == sorted(sure)
    for order in ("frame", "area", "confidence"):
        every, two = (list(chosen(store, Choice(order=order, most=n))) for n in (None, 2))  # type: ignore[arg-type]
        assert two == every[:2]


def test_what_people_decided_counts(store: Store) -> None:
    edits = Edits(store.folder / "edits")
    edits.append("remove", {}, "Ada", defects=["dirt-6-8-8", "dirt-1-20-4"])
    edits.append("add", {}, defects=["dirt-1-20-4"])
    status = {d.id: (d.status, d.by) for d in chosen(store, Choice()) if d.by}
    assert status == {"dirt-6-8-8": ("rejected", "Ada"), "dirt-1-20-4": ("confirmed", "a person")}


def test_frames_the_film_has_not_are_refused(store: Store) -> None:
    with pytest.raises(MaskError, match="0:12"):
        list(chosen(store, Choice(frames=(3, 99))))


def test_the_table_is_csv_that_other_programs_read(store: Store, tmp_path: Path) -> None:
    assert inventory.write_csv(chosen(store, Choice()), tmp_path / "a.csv") == len(FOUND)
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [r["id"] for r in rows] == [d.id for d in FOUND]
    assert rows[1]["why"] == "faint, and alone"
    assert next(inventory.in_csv([])).split(",") == list(COLUMNS)


def test_json_is_one_object_a_defect(store: Store) -> None:
    rows = [json.loads(line) for line in inventory.in_json(chosen(store, Choice()))]
    assert rows[2] | {"y1": 64, "x1": 53, "area_px": 190, "detector": "scratch"} == rows[2]


def test_lines_for_people(store: Store) -> None:
    head, *lines = inventory.in_lines(chosen(store, Choice()))
    assert head.startswith("id ")
    assert [line.split()[:2] for line in lines] == [[d.id, d.status] for d in FOUND]
    assert list(inventory.in_lines([])) == ["no such defect"]


def test_a_status_counts_by_kind(store: Store) -> None:
    counts = {"kinds": {"dirt": {"dirt": {"8": 2, "9": 1}}}, "objects": {"dirt": [{}]}}
    made = project(store.folder.parent / "q", source_of(12))
    for span in made.spans()[1:]:
        made.detect(span, {}, **counts)
    assert inventory.counts(made.store) == {"dirt": 6, "undecided": 2}
