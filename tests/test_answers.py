"""What is said of sources, plans, runs and projects: by the words, on one small film restored with given masks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore import answers, parts
from restore.probe import probe
from restore.restoration import Prepared, Wish, carry_out, prepare
from restore.run import Outcome
from restore.span import Span
from restore.steps import Result

from .media_made import make_video, scene_planes

SIZE = (48, 64)
MASKED = 4 * 5
"""Pixels in the one mask there is."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, Outcome]:
    folder = tmp_path_factory.mktemp("two words")
    clip = make_video(folder / "clip.mkv", [scene_planes("yuv420p", SIZE, t) for t in range(6)], rate=24, audio=True)
    (folder / "masks").mkdir()
    for t in range(6):
        mask = np.zeros(SIZE, np.uint8)
        mask[10:14, 10:15] = 255 * (t == 2)
        cv2.imwrite(str(folder / "masks" / f"{t:06d}.png"), mask)
    prepared = prepare(Wish(str(clip), str(folder / "out.mkv"), masks=str(folder / "masks")))
    return prepared, carry_out(prepared)


def named(lines: Sequence[str], name: str) -> str:
    """Return what stands behind a name in a table of lines."""
    (line,) = (line for line in lines if line.split(maxsplit=1)[0] == name)
    return line.split(maxsplit=1)[1]


def test_a_source_in_lines(ended: tuple[Prepared, Outcome]) -> None:
    lines = list(answers.about_source(probe(ended[0].source.path)))
    assert named(lines, "picture") == "64x48, pixel aspect 1, yuv420p, 8 bit"
    assert named(lines, "frames") == "6 at 24 a second"
    assert named(lines, "audio") == "pcm_s16le"


def test_a_source_of_varying_rate_and_its_notes_are_said(tmp_path: Path) -> None:
    clip = make_video(tmp_path / "a.mkv", [scene_planes("gray", SIZE, t) for t in range(5)], "gray",
                      pts=[0, 40, 95, 300, 310], time_base=Fraction(1, 1000))
    lines = list(answers.about_source(probe(clip)))
    assert named(lines, "frames").endswith("(variable)")
    assert named(lines, "note") == "the frame rate varies; every frame keeps its own time"


def test_a_plan_in_lines_and_as_facts_agree(ended: tuple[Prepared, Outcome]) -> None:
    prepared = ended[0]
    lines, facts = list(answers.about_plan(prepared)), answers.forecast(prepared)
    assert named(lines, "source") == f"{prepared.source.path} ({facts.frames} frames)"
    assert named(lines, "work").startswith(f"{facts.steps} steps on 1 span of {facts.span_frames} frames")
    assert named(lines, "recipe").startswith("masks: matte -> ")
    assert facts.steps == len(prepared.plan.steps)
    assert facts.peak_memory_bytes == prepared.plan.peak_bytes


def test_a_run_that_succeeded_says_what_came_from_where_and_how_to_check(ended: tuple[Prepared, Outcome]) -> None:
    prepared, outcome = ended
    lines = list(answers.about_run(prepared, outcome))
    area = 6 * SIZE[0] * SIZE[1]
    assert lines[0] == f"{MASKED} pixels masked, {100 * MASKED / area:.3f} % of the picture:"
    assert sum(int(line.split()[0]) for line in lines if line.startswith("   ")) == MASKED
    assert shlex.split(named(lines, "check")) == [
        "lacuna", "verify", prepared.source.path, str(prepared.output), "--project", str(prepared.project)
    ]
    assert named(lines, "report") == str(prepared.project / "report.html")
    facts = answers.ending(prepared, outcome)
    assert (facts.ok, facts.steps, facts.reused, facts.failed) == (True, outcome.done, 0, ())


def test_a_run_that_was_to_stop_says_so_and_counts_nothing_it_has_not_done(ended: tuple[Prepared, Outcome]) -> None:
    prepared = replace(ended[0], wish=replace(ended[0].wish, until="detect"))
    lines = list(answers.about_run(prepared, Outcome(done=1)))
    assert lines[0].startswith("stopped after detect, as --until asks")
    assert not any("pixel" in line for line in lines)
    filled = replace(ended[0], wish=replace(ended[0].wish, until="fill"))
    assert next(answers.about_run(filled, Outcome(done=2))).startswith(f"{MASKED} pixels masked")


def test_a_run_that_found_nothing_says_so(ended: tuple[Prepared, Outcome]) -> None:
    nothing = replace(ended[0], plan=replace(ended[0].plan, frames=Span(3, 6)))
    assert next(answers.about_run(nothing, ended[1])) == "no pixel was masked, so none was changed"


def test_a_run_that_failed_says_what_and_names_no_output(ended: tuple[Prepared, Outcome]) -> None:
    prepared = ended[0]
    failed = Outcome(done=3, reused=1, failed=[Result("fill", Span(0, 6), {}, failed="ValueError: cursed")])
    lines = list(answers.about_run(prepared, failed))
    assert "failed: fill-000000-000006: ValueError: cursed" in lines
    assert "1 of 4 steps were done before and were not repeated" in lines
    assert any("the same command does only what is missing" in line for line in lines)
    assert not any(line.startswith(("output", "check")) for line in lines)
    assert answers.ending(prepared, failed).failed == ("fill-000000-000006: ValueError: cursed",)
    assert not answers.ending(prepared, failed).ok


def test_the_standing_of_a_project(ended: tuple[Prepared, Outcome]) -> None:
    prepared = ended[0]
    standing = answers.standing(prepared.project)
    assert standing.stages == dict.fromkeys(("detect", "fill", "blend", "encode", "join"), (1, 1))
    lines = list(answers.about_standing(standing))
    assert named(lines, "recipe") == "masks"
    assert named(lines, "encode") == "1 of 1 steps"
    failing = answers.Standing(**{**asdict(standing), "failed": {"fill-000000-000006": "cursed"}})
    assert list(answers.about_standing(failing))[-1] == "  failed  fill-000000-000006: cursed"


def test_pixels_are_counted_within_the_frames_asked_for(ended: tuple[Prepared, Outcome]) -> None:
    from restore.store import Store

    store = Store.open(ended[0].project)
    assert sum(answers.totals(store, Span(0, 6)).values()) == MASKED
    assert sum(answers.totals(store, Span(2, 3)).values()) == MASKED
    assert sum(answers.totals(store, Span(3, 6)).values()) == 0


def test_parts_in_lines() -> None:
    assert len(list(answers.about_parts())) == len(parts.names())
    first, *rest = answers.about_parts("matte")
    assert first.startswith("detect.matte")
    assert len(rest) == len(parts.parameters(parts.find("detect", "matte")[0]))
    assert list(answers.about_parts("detect.matte")) == [first, *rest]
    assert list(answers.about_parts("nothing")) == []


def test_facts_are_one_line_of_json(ended: tuple[Prepared, Outcome]) -> None:
    (line,) = answers.in_json(answers.forecast(ended[0]))
    assert json.loads(line) == {**asdict(answers.forecast(ended[0])), "notes": list(ended[0].notes)}
    (line,) = answers.in_json({"rate": Fraction(24000, 1001), "path": Path("a")})
    assert json.loads(line) == {"rate": "24000/1001", "path": "a"}
