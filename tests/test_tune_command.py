"""Tuning from the command line, to the project's ledger and report and the run that uses what it kept."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

import cli
from restore.recipe import load
from restore.restoration import Wish
from restore.store import Store
from restore.train import holdout, pieces, reserve, tuning

from .media_made import make_video
from .runs import restore_it

SIZE = (96, 128)
FRAMES = 20


def film(t: int, damaged: bool = True) -> tuple[np.ndarray, ...]:
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]]
    weave = (128 + 60 * np.sign(np.sin(2 * np.pi * (xs + ys + t) / 6)) + 30 * np.sin((xs - ys) / 9)).astype(np.uint8)
    if damaged:
        weave[spot(t)] = 255
    return (weave,)


def spot(t: int) -> tuple[slice, slice]:
    return slice(20 + 2 * t, 27 + 2 * t), slice(60 + t, 66 + t)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A damaged film, the same as it was, its masks, and a project that has them."""
    folder = tmp_path_factory.mktemp("tune")
    make_video(folder / "film.mkv", [film(t) for t in range(FRAMES)], "gray", rate=24)
    make_video(folder / "by_hand.mkv", [film(t, damaged=False) for t in range(FRAMES)], "gray", rate=24)
    (folder / "masks").mkdir()
    for t in range(FRAMES):
        mask = np.zeros(SIZE, np.uint8)
        mask[spot(t)] = 255
        cv2.imwrite(str(folder / "masks" / f"{t:06d}.png"), mask)
    restore_it(Wish(str(folder / "film.mkv"), str(folder / "out.mkv"), masks=str(folder / "masks")))
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = np.repeat(film(3)[0][..., None], 3, -1)
    monkeypatch.setattr(pieces, "SHEET_PX", 96)
    monkeypatch.setattr(pieces, "gather", lambda *_: pieces.Pictures((scene,)))
    monkeypatch.setattr(reserve, "PIECES", 30)
    monkeypatch.setattr(reserve, "HELD_FRAMES", 4)
    monkeypatch.setattr(reserve, "SHEET_PX", 160)
    monkeypatch.setattr(tuning, "PROBES", 1)
    monkeypatch.setattr(holdout, "DRAWS", 1)


def said(*words: object) -> Result:
    return CliRunner().invoke(cli.lacuna, ["tune", *map(str, words)], catch_exceptions=False)


def test_a_project_is_tuned_recorded_and_run_with_it(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whether it gains is the hold-out's matter (tests/train); here any gain is taken for sure.
    monkeypatch.setattr(holdout.Gain, "sure", True)
    project = made / "out.mkv.lacuna"
    shown = said(project, "--steps", 2)
    assert shown.exit_code == 0
    for piece in ("shipped", "harmonic", "kept: ", "to use it: lacuna run", f"--workflow {project}/tuned/recipe.toml"):
        assert piece in shown.output
    weights = project / "tuned" / "thin.safetensors"
    recipe = load(str(project / "tuned" / "recipe.toml"))
    assert [p.name for p in recipe.fill] == ["donors", "thin", "harmonic"]
    assert recipe.fill[1].params["weights"] == str(weights)
    store = Store.open(project)
    stamp = store.ledger.read("tune", store.source.span)
    assert stamp is not None
    assert stamp.facts["kept"]
    assert stamp.facts["in_force"] == stamp.facts["weights"]
    assert "Tuned to this film" in (project / "report.html").read_text()
    assert json.loads((project / "report.json").read_text())["summary"]["tuning"]["kept"] is True
    again = Wish(str(made / "film.mkv"), str(made / "out.mkv"), str(project / "tuned" / "recipe.toml"), overwrite=True)
    done = restore_it(again)
    assert done["detect"] == 0
    assert done["fill"] > 0


def test_what_is_refused_is_said_and_exits_with_0(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holdout.Gain, "sure", False)
    shown = said(made / "out.mkv.lacuna", "--steps", 1, "--json", "-o", tmp_path / "t")
    assert shown.exit_code == 0
    told = json.loads(shown.stdout)
    assert told["kept"] is False
    assert told["why"].startswith("hold-out: ")
    assert told["use"] == []
    assert not (tmp_path / "t" / "thin.safetensors").exists()
    (tmp_path / "t" / "thin.safetensors").write_bytes(b"kept before")
    assert "refused: hold-out: " in (again := said(made / "out.mkv.lacuna", "--steps", 1, "-o", tmp_path / "t").output)
    assert "weights of an earlier tuning are there" in again


def test_a_pair_that_a_person_restored_is_learnt_from(made: Path) -> None:
    shown = said("--restored", made / "film.mkv", made / "by_hand.mkv", "--steps", 1, "--json")
    assert shown.exit_code == 0
    told = json.loads(shown.stdout)
    assert told["folder"] == str(made / "by_hand.mkv.tuned")
    assert told["shapes"] == 16
    assert (made / "by_hand.mkv.tuned" / "verdict.json").is_file()


def test_a_dry_run_looks_and_writes_nothing(made: Path, tmp_path: Path) -> None:
    shown = said(made / "out.mkv.lacuna", "--dry-run", "-o", tmp_path / "t")
    assert "16 frames looked at" in shown.output
    assert not (tmp_path / "t").exists()


def test_what_cannot_be_tuned_is_refused_with_what_to_do(made: Path, tmp_path: Path) -> None:
    def why(*words: object) -> str:
        result = CliRunner().invoke(cli.lacuna, ["tune", *map(str, words)])
        assert result.exit_code != 0
        return f"{result.output} {result.exception}"

    assert "give a PROJECT" in why()
    assert "not a project" in why(tmp_path)
    short = make_video(tmp_path / "short.mkv", [film(t) for t in range(3)], "gray", rate=24)
    assert "3 frames" in why("--restored", made / "film.mkv", short)
    restore_it(Wish(str(short), str(tmp_path / "dust.mkv"), "dust", until="detect"))
    assert "policy.invent" in why(tmp_path / "dust.mkv.lacuna")
