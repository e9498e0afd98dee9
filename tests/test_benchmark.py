"""The benchmark of detectors from its parameters to its files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "measure"))

from media_made import make_video, scene_planes
from overlay_made import made

import cli
from restore.benchmark import BASELINES, Trial, candidates, findings, record
from restore.errors import PartError, RecipeError, SourceError


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    planes = [scene_planes("yuv420p", (96, 128), t) for t in range(12)]
    return make_video(tmp_path_factory.mktemp("clip") / "walk.mkv", planes, "yuv420p", rate=24)


def test_by_default_the_workflow_and_every_baseline_is_judged() -> None:
    some = candidates(Trial())
    assert [c.name for c in some] == ["film", *BASELINES]
    assert [type(d).__name__ for d in some[0].detectors] == ["Dirt", "Scratch", "Standing"]
    two = candidates(Trial(parts=("sdip+line_median", "rod")))
    assert [len(c.detectors) for c in two] == [2, 1]


def test_clips_with_real_damage_end_in_files(clip: Path, tmp_path: Path) -> None:
    trial = Trial(2, (3,), ("sdip", "line_median"), overlays=(made(tmp_path / "overlays"),))
    said: list[str] = []
    verdicts = findings([clip], trial, said.append)
    assert [v.row.part for v in verdicts] == ["sdip", "line_median"]
    assert {v.row.frames for v in verdicts} == {2}
    assert said == [f"{verdicts[0].row.clip}, damage 3"]
    table, plot = record(verdicts, tmp_path / "out")
    assert table.read_text().count("\n") == 3
    assert plot.read_text().startswith("<svg")


def test_the_command_prints_the_table(clip: Path, tmp_path: Path) -> None:
    words = ["bench", "detect", str(clip), "--frames", "1", "--seed", "5", "--part", "srod", "--kind", "dust"]
    said = CliRunner().invoke(cli.lacuna, [*words, "-o", str(tmp_path)], catch_exceptions=False)
    assert said.exit_code == 0
    assert "| srod | walk" in said.output
    assert "Mean over clips" in said.output
    assert (tmp_path / "detect.csv").exists()


@pytest.mark.parametrize(("wrong", "error", "says"), [
    ({"parts": ("sdpi",)}, PartError, "sdip"),
    ({"kinds": ("rust",)}, RecipeError, "rust"),
    ({"frames": 0}, RecipeError, "frames"),
    ({"severity": 1.5}, RecipeError, "severity"),
    ({"parts": ("scratch",)}, SourceError, "41 are needed"),
])
def test_what_cannot_be_is_refused(clip: Path, wrong, error, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=says):
        findings([clip], Trial(**{"frames": 1, "seeds": (1,), **wrong}))
