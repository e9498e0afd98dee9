"""The benchmark on somebody's own reel, from the command line to the project's report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parent))

from media_made import make_video, scene_planes

import cli
from restore.errors import RecipeError, SourceError, StoreError
from restore.measure import own_reel
from restore.measure.advice import plain
from restore.measure.own_reel import SHIPPED, Step
from restore.probe import probe
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT
from restore.self_test import SelfTest, inner, on_own_reel
from restore.source import PixelFormat
from restore.store import Store


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    film = Film(3, (120, 160), 30)
    planes = [film.planes(t, FILM_10BIT) for t in range(30)]
    return make_video(tmp_path_factory.mktemp("own") / "own.mkv", planes, FILM_10BIT.name, rate=24)


@pytest.fixture
def two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_reel, "STEPS", (Step(SHIPPED), Step("bold", ("*.certainty=0.4",))))


def said(*words: str) -> Result:
    return CliRunner().invoke(cli.lacuna, list(words), catch_exceptions=False)


@pytest.mark.usefixtures("two_steps")
def test_a_reel_is_judged_and_the_project_keeps_the_figures(own: Path, tmp_path: Path) -> None:
    project, before = tmp_path / "p", own.read_bytes()
    Store.create(project, probe(own), 30)
    # The spelling without `reel`, for people.
    words = ("bench", str(own), "--workflow", "dust", "--pieces", "1", "--frames", "2", "--project", str(project))
    shown = said(*words)
    assert shown.exit_code == 0
    for piece in ("30 frames, of which 2 were judged (14-15)", "dust    bold", "recommended", "dust: --workflow dust"):
        assert piece in shown.output
    assert own.read_bytes() == before
    stamp = Store.open(project).ledger.read("bench", probe(own).span)
    assert stamp is not None
    assert stamp.facts["figures"]["judged"] == [[14, 16]]
    assert "How well this reel does" in (project / "report.html").read_text()
    kept = json.loads((project / "report.json").read_text())["summary"]["self_test"]
    assert kept["finding"][0][0] == "recipe"
    assert {line[1] for line in kept["finding"][1:]} == {SHIPPED, "bold"}


@pytest.mark.usefixtures("two_steps")
def test_the_same_words_give_the_same_figures(own: Path) -> None:
    told: list[tuple[int, int]] = []
    test = SelfTest(("film", "dust"), pieces=1, frames=1, seed=4)
    first, second = on_own_reel(str(own), test, lambda *done: told.append(done)), on_own_reel(str(own), test)
    assert plain(first)["tried"] == plain(second)["tried"]
    assert first.planted_things == second.planted_things > 0
    assert first.planted_lines > 0
    assert told[-1] == (4, 4)
    best = {r.workflow: r for r in first.tried if r.recommended}
    assert set(best) == {"film", "dust"}
    assert all(0 < r.found_frac <= 1 and 0 <= r.touched_frac < 0.01 for r in first.tried)
    assert {m.workflow: m.left_frac for m in first.mended}["film"] == 0
    assert on_own_reel(str(own), SelfTest(("dust",), 1, 1, seed=5)).planted_things != first.planted_things


@pytest.mark.usefixtures("two_steps")
def test_as_json_it_is_one_object(own: Path) -> None:
    shown = said("bench", "reel", str(own), "--workflow", "dust", "--pieces", "1", "--frames", "1", "--json")
    assert json.loads(shown.stdout)["frames"] == 30


@pytest.mark.usefixtures("two_steps")
def test_the_same_film_does_as_well_in_any_format(tmp_path: Path) -> None:
    film, found = Film(7, (240, 320), 14), []
    for pixels in (PixelFormat("yuv420p", "yuv", 8, 1, 1), PixelFormat("gray12le", "grey", 12),
                   PixelFormat("gbrp10le", "rgb", 10), PixelFormat("yuv444p16le", "yuv", 16)):
        reel = make_video(tmp_path / "reel.mkv", [film.planes(t, pixels) for t in range(14)], pixels.name, rate=24)
        result = on_own_reel(str(reel), SelfTest(("dust",), 1, 2))
        assert result.judged == ((6, 8),)
        found.append(result.tried[-1].found_frac)
    assert min(found) > 0.1
    assert max(found) - min(found) < 0.05


def test_frames_judged_lie_in_the_middle() -> None:
    assert inner(30, 6) == range(12, 18)
    assert inner(9, 6) == range(4, 5)


def test_what_cannot_be_judged_is_refused_before_the_work(own: Path, tmp_path: Path) -> None:
    short = make_video(tmp_path / "short.mkv", [scene_planes("yuv420p", (48, 64), t) for t in range(6)], rate=24)
    with pytest.raises(SourceError, match=r"6 frames.*needed: 9 in a row"):
        on_own_reel(str(short), SelfTest(("dust",)))
    with pytest.raises(RecipeError, match="Choose another --workflow"):
        on_own_reel(str(own), SelfTest(("masks",)))
    with pytest.raises(StoreError, match="not a project"):
        on_own_reel(str(own), SelfTest(project=tmp_path / "nowhere"))
    other = tmp_path / "other"
    Store.create(other, probe(short), 6)
    with pytest.raises(StoreError, match="was made from another file"):
        on_own_reel(str(own), SelfTest(project=other))


def test_a_word_that_is_neither_command_nor_file_is_refused() -> None:
    assert said("bench", "nowhere.mkv").exit_code == 2
    assert "No such command" in said("bench", "nowhere.mkv").output
