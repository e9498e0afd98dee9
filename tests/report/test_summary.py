from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from restore.edits import Edits
from restore.errors import StoreError
from restore.report.summary import summarise
from restore.span import Span
from tests.report.projects import LADDER, Project, part, project, source_of

PIXELS = {
    1: {"donors": 70, "unfilled": 5, "rows": 20, "harmonic": 0},
    2: {"donors": 0, "unfilled": 9, "rows": 0, "harmonic": 0},
    9: {"donors": 11, "unfilled": 0, "rows": 0, "harmonic": 4},
}


def finished(folder: Path, **detected: object) -> Project:
    made = project(folder, source_of(12))
    made.finish(PIXELS, **detected)
    return made


def test_totals_are_the_ledgers(tmp_path: Path) -> None:
    t = summarise(finished(tmp_path).store).totals
    assert (t.frames, t.frames_filled, t.frames_touched) == (12, 12, 2)
    assert (t.masked_px, t.donors_px, t.invented_px, t.unfilled_px) == (119, 81, 24, 14)
    assert [(a.name, a.px) for a in t.invented] == [("rows", 20), ("harmonic", 4)]
    assert t.changed_px == 105
    assert t.share_frac == 119 / (12 * 64 * 96)


def test_series_add_up_to_totals_frame_by_frame(tmp_path: Path) -> None:
    s = summarise(finished(tmp_path).store)
    assert s.series.masked_px == (0, 95, 9, 0, 0, 0, 0, 0, 0, 15, 0, 0)
    assert s.series.donors_px[1] == 70
    assert s.series.invented_px[0][1] == 20
    assert s.series.unfilled_px[2] == 9
    assert sum(s.series.masked_px) == s.totals.masked_px


def test_fillers_that_made_nothing_are_not_listed_and_the_ladder_is_whole(tmp_path: Path) -> None:
    made = project(tmp_path, source_of(4))
    made.finish({1: {"donors": 3, "unfilled": 0, "rows": 0, "harmonic": 2}})
    s = summarise(made.store)
    assert [a.name for a in s.totals.invented] == ["harmonic"]
    assert s.ladder == ("donors", "rows", "harmonic")


def test_a_finished_project_is_finished(tmp_path: Path) -> None:
    s = summarise(finished(tmp_path).store)
    assert s.finished
    assert s.output is not None
    assert (s.output.path, s.output.byte_count, s.output.lossless) == ("/out/clean.mkv", 9_876_543, True)
    assert [d.stage for d in s.stages] == ["detect", "fill", "blend", "encode", "join"]
    assert all(d.frames == 12 for d in s.stages)
    assert [d.seconds for d in s.stages] == [4.5, 4.5, 4.5, 4.5, 1.5]
    assert (s.first_started, s.last_started) == ("2026-11-21T10:00:00+00:00", "2026-11-21T11:00:00+00:00")


def test_an_unfinished_project_says_how_far_it_is(tmp_path: Path) -> None:
    made = project(tmp_path, source_of(12))
    made.detect(Span(0, 4), {1: 95})
    made.detect(Span(4, 8), {})
    made.fill(Span(0, 4), PIXELS)
    s = summarise(made.store)
    assert not s.finished
    assert s.output is None
    assert s.filled_spans == ((0, 4),)
    assert [(d.stage, d.frames) for d in s.stages] == [("detect", 8), ("fill", 4)]
    assert s.totals.frames_filled == 4
    assert s.totals.share_frac == 104 / (4 * 64 * 96)
    assert s.recipe == ""
    assert s.invent is None


def test_an_untouched_project_is_summarised_too(tmp_path: Path) -> None:
    s = summarise(project(tmp_path, source_of(3)).store)
    assert s.stages == ()
    assert s.totals.frames == 3
    assert s.series.masked_px == (0, 0, 0)


def test_only_frames_of_the_run_count(tmp_path: Path) -> None:
    """A run of part of a film works on whole spans and on what the parts reach, and reports on what was asked."""
    made = finished(tmp_path, cuts=lambda span: [t for t in (1, 9) if t in span])
    made.run(Span(2, 6))
    s = summarise(made.store)
    assert (s.start, s.stop, s.totals.frames) == (2, 6, 4)
    assert s.totals.masked_px == 9
    assert s.cuts == ()
    assert s.output is None, "the output there is holds other frames"
    assert [d.frames for d in s.stages if d.stage == "fill"] == [4]


def test_finds_are_counted_and_the_undecided_listed(tmp_path: Path) -> None:
    def objects(span: Span) -> dict[str, list[dict[str, object]]]:
        return {"scratch": [{
            "frame": span.start, "kind": "line", "box": [0, 3, 64, 5], "area_px": 128, "confidence": 0.4,
            "status": "undecided", "why": "moves with the scene", "id": f"line-{span.start}-0-3",
        }]}

    def confirmed(span: Span) -> dict[str, dict[str, dict[str, int]]]:
        dirt = {"dirt": {"stain": {"1": 1}, "dirt": {"1": 1, "2": 0}}} if 1 in span else {}
        return {"scratch": {"line": {str(span.start): 1}}, **dirt}

    made = finished(tmp_path, objects=objects, kinds=confirmed)
    s = summarise(made.store)
    layers = {la.name: la for la in s.layers}
    assert (layers["scratch"].confirmed, layers["scratch"].undecided) == (3, 3)
    assert (layers["dirt"].confirmed, layers["dirt"].kinds) == (2, (("dirt", 1), ("stain", 1)))
    assert (layers["dirt"].frames, layers["dirt"].masked_px) == (3, 119)
    assert [(u.frame, u.box, u.why) for u in s.undecided] == [
        (t, (0, 3, 64, 5), "moves with the scene") for t in (0, 4, 8)
    ]
    Edits(made.store.folder / "edits").append("remove", {}, defects=["line-4-0-3"])
    assert [u.id for u in summarise(made.store).undecided] == ["line-0-0-3", "line-8-0-3"]


def test_faults_and_cuts_are_listed_in_order(tmp_path: Path) -> None:
    s = summarise(finished(
        tmp_path, faults=lambda span: {"5": "slice CRC mismatch"} if 5 in span else {}, cuts=lambda span: [span.start]
    ).store)
    assert [(f.frame, f.why) for f in s.faults] == [(5, "slice CRC mismatch")]
    assert s.cuts == (0, 4, 8)


def test_failed_steps_are_listed_and_are_not_done(tmp_path: Path) -> None:
    made = finished(tmp_path)
    made.stamp("fill", Span(4, 8), failed="MemoryError: too little", started="2026-11-21T12:00:00+00:00")
    s = summarise(made.store)
    assert [(f.step, f.why) for f in s.failures] == [("fill-000004-000008", "MemoryError: too little")]
    assert not s.finished
    assert s.totals.frames_filled == 8
    assert s.filled_spans == ((0, 4), (8, 12))


def test_a_failure_that_a_later_run_made_good_is_history(tmp_path: Path) -> None:
    made = finished(tmp_path)
    made.stamp("encode", Span(0, 6), failed="OutputError: full", started="2026-11-21T09:00:00+00:00")
    assert summarise(made.store).failures == ()


def test_an_output_older_than_its_repairs_is_not_finished(tmp_path: Path) -> None:
    made = finished(tmp_path)
    made.stamp("blend", Span(0, 4), out={"0": "digest-0", "1": "another", "2": "digest-2", "3": "digest-3"})
    s = summarise(made.store)
    assert s.output is not None
    assert s.output.stale_frames == 1
    assert not s.finished


def test_parts_are_listed_as_they_worked_in_the_order_of_the_pipeline(tmp_path: Path) -> None:
    made = finished(tmp_path)
    made.stamp("fill", Span(0, 4), {"pixels": {}}, parts=(part("fill", "donors", reach=2), *LADDER[1:]))
    uses = [(u.room, u.name, u.params, u.steps) for u in summarise(made.store).parts if u.name == "donors"]
    assert uses == [("fill", "donors", {"reach": 2}, 1), ("fill", "donors", {"reach": 3}, 2)]
    rooms = [u.room for u in summarise(made.store).parts]
    assert rooms == sorted(rooms, key=["detect", "fill", "blend", "encode", "join"].index)


def test_edits_are_listed_up_to_the_revision(tmp_path: Path) -> None:
    made = finished(tmp_path)
    edits = Edits(made.store.folder / "edits")
    bits = np.ones((64, 96), bool)
    edits.append("add", {3: bits, 7: bits}, by="Ada", note="hair")
    edits.append("remove", {3: bits})
    assert [(e.verb, e.frames, e.first, e.last, e.by) for e in summarise(made.store, 1).edits] == [
        ("add", 2, 3, 7, "Ada")
    ]
    assert len(summarise(made.store).edits) == 2


def test_the_recipes_digest_is_that_of_its_text(tmp_path: Path) -> None:
    made = finished(tmp_path)
    made.recipe('name = "dust"\n[policy]\ninvent = false\n')
    s = summarise(made.store)
    assert s.invent is False
    assert s.recipe_sha256 == hashlib.sha256(s.recipe.encode()).hexdigest()


@pytest.mark.parametrize("name", ["recipe.toml", "run.json"])
def test_damaged_records_are_refused_by_name(tmp_path: Path, name: str) -> None:
    made = finished(tmp_path)
    (made.store.folder / name).write_text("= {")
    with pytest.raises(StoreError, match=name):
        summarise(made.store)


def test_the_ledgers_digest_follows_what_was_done_and_not_when(tmp_path: Path) -> None:
    first, second = finished(tmp_path / "a"), finished(tmp_path / "b")
    second.stamp("encode", Span(0, 4), started="2030-01-01T00:00:00+00:00", seconds=9.0)
    assert summarise(first.store).ledger_digest == summarise(second.store).ledger_digest
    second.stamp("encode", Span(0, 4), key="another")
    assert summarise(first.store).ledger_digest != summarise(second.store).ledger_digest


def test_a_summary_is_frozen_and_holds_no_arrays(tmp_path: Path) -> None:
    s = summarise(finished(tmp_path).store)
    assert not any(isinstance(getattr(s, f.name), np.ndarray | list) for f in fields(s))
    with pytest.raises(AttributeError):
        s.finished = False  # type: ignore[misc]
