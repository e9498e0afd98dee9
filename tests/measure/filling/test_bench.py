"""The benchmark of fillers: known fillers get the figures they deserve, and its command says them."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from math import isnan
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[2]))

from media_made import make_video

import cli
from restore.errors import PartError, RecipeError, SourceError
from restore.frames import Patch, support
from restore.measure.bench import Clip
from restore.measure.filling import candidates
from restore.measure.filling.bench import FillTrial, judge, pace_table, paces, run
from restore.measure.filling.candidates import Biharmonic, Entrant, entrant, entrants
from restore.measure.filling.cost import costs
from restore.measure.filling.damage import Holes
from restore.measure.filling.pieces import material, materials
from restore.measure.filling.rows import FillingRow, asked, means, tables
from restore.measure.filling.scene import Scene, busiest
from restore.measure.filling.sheet import sheet
from restore.recipe import load
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT
from restore.testing import LAYOUTS, FillerSuite
from restore.window import Window

SIZE = (72, 96)


class TestBiharmonic(FillerSuite):
    """With scikit-image's solver in place of which, where it is not installed, stands the mean of what is known."""

    @pytest.fixture(autouse=True)
    def solver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(monkeypatch)

    def make(self) -> Biharmonic:
        return Biharmonic()


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def inpaint_biharmonic(image: np.ndarray, mask: np.ndarray, split_into_regions: bool) -> np.ndarray:
        return np.where(mask, image[~mask].mean() if not mask.all() else 0.0, image)

    module = ModuleType("skimage.restoration")
    module.inpaint_biharmonic = inpaint_biharmonic  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "skimage", ModuleType("skimage"))
    monkeypatch.setitem(sys.modules, "skimage.restoration", module)


@pytest.fixture(scope="module")
def clip() -> Clip:
    film = Film(5, SIZE, 11, grain=3.0)
    return Clip("leaves", [film.planes(t, FILM_10BIT) for t in range(11)], FILM_10BIT, 4.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, clip: Clip) -> Path:
    made = tmp_path_factory.mktemp("media")
    film = Film(6, SIZE, 1)
    cv2.imwrite(str(made / "still.png"), np.rint(film.rgb(0)[..., ::-1] * 255).astype(np.uint8))
    (made / "notes.txt").write_text("not a picture")
    make_video(made / "walk.mkv", [tuple(p for p in planes) for planes in clip.pictures], "yuv422p10le", rate=24)
    return made


def patch(planes: tuple[np.ndarray, ...], t: int, mask: np.ndarray) -> Patch:
    kept = tuple(np.where(support(mask, FILM_10BIT, p), plane, 0) for p, plane in enumerate(planes))
    return Patch(t, mask, kept, np.where(mask, 2, 0).astype(np.uint8), np.zeros(mask.shape, np.int8))


def entered(clip: Clip) -> list[Entrant]:
    """One that knows the truth, one that does nothing, one that fills the left half, and Telea."""
    half = np.arange(SIZE[1]) < SIZE[1] // 2

    def oracle(window: Window, t: int) -> Patch:
        return patch(clip.pictures[t], t, window.hidden(t))

    def idle(window: Window, t: int) -> Patch:
        return patch(clip.pictures[t], t, np.zeros(SIZE, bool))

    def left(window: Window, t: int) -> Patch:
        return patch(clip.pictures[t], t, window.hidden(t) & half)

    return [Entrant("oracle", oracle), Entrant("idle", idle), Entrant("left", left), entrant("telea")]


@pytest.fixture(scope="module")
def judgement(clip: Clip):  # type: ignore[no-untyped-def]
    scene = Scene(clip, Holes("wide", 2, SIZE), range(4, 7))
    ticks: list[int] = []
    rows, strip = judge(scene, entered(clip), ticks.append)
    assert ticks == [3] * 4
    return {r.filler: r for r in rows}, strip


def test_the_truth_gets_full_marks(judgement) -> None:  # type: ignore[no-untyped-def]
    row = judgement[0]["oracle"]
    assert (row.clip, row.material, row.kind, row.frames) == ("leaves", "moving", "wide", 3)
    assert (row.psnr, row.ssim, row.features) == (float("inf"), 1, 0)
    assert (row.flicker, row.seam, row.filled_frac) == (1, 1, 1)
    assert row.grain == pytest.approx(row.grain_truth)


def test_telea_ties_with_itself_and_is_told_by_every_measure(judgement) -> None:  # type: ignore[no-untyped-def]
    row = judgement[0]["telea"]
    assert row.gain == 0
    assert 10 < row.psnr < 35
    assert row.ssim < 0.9
    assert row.features > 0.1
    assert row.flicker > 1.5
    assert row.grain < 0.8 * row.grain_truth
    assert row.seconds_a_frame > 0


def test_what_is_left_open_counts_as_unfilled_alone(judgement) -> None:  # type: ignore[no-untyped-def]
    rows, _ = judgement
    assert rows["idle"].filled_frac == 0
    assert all(isnan(v) for v in (rows["idle"].psnr, rows["idle"].ssim, rows["idle"].flicker, rows["idle"].seam))
    assert 0 < rows["left"].filled_frac < 1
    assert (rows["left"].psnr, rows["left"].ssim) == (float("inf"), 1)


def test_a_strip_shows_damage_every_fill_and_the_truth(judgement) -> None:  # type: ignore[no-untyped-def]
    _, strip = judgement
    assert strip.names == ("damaged", "oracle", "idle", "left", "telea", "truth")
    assert np.array_equal(strip.crops[1], strip.crops[-1])
    assert np.array_equal(strip.crops[0], strip.crops[2])
    assert not np.array_equal(strip.crops[4], strip.crops[-1])
    both = sheet([strip, strip])
    # The idle one has no column, and the one that fills the left half found no hole there.
    assert both.shape[1] == 4 * 164
    assert both.shape[0] == 18 + 2 * 164


def test_the_busiest_square_is_about_the_hole() -> None:
    mask = np.zeros((60, 80), bool)
    mask[20:30, 40:50] = True
    assert busiest(mask, 20) == (15, 35)
    assert busiest(mask, 200) == (0, 0)


def test_a_filler_in_a_process_of_its_own_takes_memory_and_time(clip: Clip, tmp_path: Path) -> None:
    (tmp_path / "hoard.py").write_text(HOARD)
    masks = [Holes("blotch", 1, SIZE).mask(t) for t in range(11)]
    spec = str(tmp_path / "hoard.py")
    found = costs(clip, masks, ["telea", spec], range(4, 6))
    assert 190 < found[spec].peak_mb < 300
    assert 0 <= found["telea"].peak_mb < 60
    assert found[spec].wall_s_a_frame > 0.19
    assert found[spec].seconds_a_frame < found[spec].wall_s_a_frame
    (tmp_path / "hoard.py").write_text(HOARD.replace("time.sleep(0.2)", "raise ValueError('no')"))
    with pytest.raises(PartError, match=r"(?s)hoard.py failed .*ValueError: no\. .*--filler"):
        costs(clip, masks, [spec], range(4, 5))


HOARD = '''"""Takes 200 MB and a while."""
import time
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from restore.fill import Filling

@dataclass(frozen=True)
class Hoard:
    """Fills nothing."""
    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True
    reach_frames: int = 0

    def fill(self, window, t, planes, hole):
        kept = np.ones(200 * 2**20, np.uint8)
        time.sleep(0.2)
        return Filling(planes, np.zeros(hole.shape, bool)) if kept[-1] else None
'''


def test_every_filler_is_judged_unless_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "find_spec", lambda name: None)
    some = entrants((), ("film",))
    assert {"film", "donors", "harmonic", "patchmatch", "telea", "thin", "biharmonic"} <= {e.name for e in some}
    assert [e.name for e in some if e.restore is None] == ["biharmonic"]
    assert "torchscript" not in {e.name for e in some}  # it has nothing to run until a person brings it
    assert some[0].about.startswith("donors, ")
    assert [e.name for e in entrants(("rows", "rows"), ())] == ["rows"]
    with pytest.raises(PartError, match="telea"):
        entrants(("tela",), ())
    with pytest.raises(RecipeError):
        entrants((), ("flim",))


def test_what_is_not_installed_is_said_in_its_row(monkeypatch: pytest.MonkeyPatch, clip: Clip) -> None:
    monkeypatch.setattr(candidates, "find_spec", lambda name: None)
    scene = Scene(Clip("one", clip.pictures[:1], FILM_10BIT), Holes("blotch", 1, SIZE), range(1))
    rows, strip = judge(scene, entrants(("biharmonic", "telea"), ()), lambda frames: None)
    assert "not installed" in "\n".join(tables(rows))
    assert strip.names == ("damaged", "telea", "truth")
    stand_in(monkeypatch)
    monkeypatch.setattr(candidates, "find_spec", lambda name: object())
    rows, strip = judge(scene, entrants(("biharmonic",), ()), lambda frames: None)
    assert rows[0].filled_frac == 1
    assert "biharmonic" in strip.names


def test_a_table_has_the_mean_over_clips_and_what_the_truth_would_get() -> None:
    a = FillingRow("film", "a", "moving", "thin", 3, 0.01, 1.0, 30.0, 7.0, flicker=1.2, grain=0.9, grain_truth=1.1)
    b, still = replace(a, clip="b", gain=5.5, flicker=0.8), replace(a, clip="c", material="still", flicker=float("nan"))
    (both, alone) = means([still, a, b])
    assert (both.clip, both.frames, both.gain, both.flicker) == ("mean", 6, 6.25, 1.0)
    assert alone.material == "still"
    text = "\n".join(tables([a, b]))
    assert "2 of them, 6 frames" in text
    assert "(the truth) | -        | -       | -       | 1.000   | 1.100" in text
    assert "MB" not in text
    assert "SSIM" not in text
    (line,) = asked([a, b, still], ["film"])
    assert "+6.25 dB above Telea (6 asked: reached)" in line
    assert "(at most 1.1 asked: missed)" in next(iter(asked([a], ["film"])))
    *_, last = asked([a, replace(a, kind="wide", gain=3.0)], ["film"])
    assert last.startswith("film, mean of kinds: +5.00 dB above Telea (6 asked: missed)")


def test_a_folder_is_taken_file_by_file_clips_first(folder: Path) -> None:
    some = materials([folder], 2, 1)
    assert [(m.name, m.frames) for m in some] == [("walk", 2), ("still", 1)]
    assert [len(m.open(10**6).pictures) for m in some] == [10, 1]
    small = some[0].open(70 * 80)
    assert small.size == (64, 80)
    assert [p.shape for p in small.pictures[0]] == [(64, 80), (64, 40), (64, 40)]


@pytest.mark.parametrize(("size", "frames", "says"), [((40, 90), 1, "64 or more"), ((72, 96), 8, "more than 8")])
def test_what_is_too_small_is_refused(tmp_path: Path, size: tuple[int, int], frames: int, says: str) -> None:
    layout = LAYOUTS["yuv420p"]
    film = Film(1, size, frames)
    made = make_video(tmp_path / "a.mkv", [film.planes(t, layout) for t in range(frames)], "yuv420p", rate=24)
    with pytest.raises(SourceError, match=says):
        material(made, 4)


@pytest.mark.parametrize(("edge_frames", "read", "first"), [(0, 10, 4), (6, 14, 6), (30, 31, 14)])
def test_as_much_is_read_as_is_looked_at_and_the_same_is_judged(
    tmp_path: Path, edge_frames: int, read: int, first: int
) -> None:
    layout = LAYOUTS["yuv420p"]
    film = Film(1, (72, 96), 31)
    planes = [film.planes(t, layout) for t in range(31)]
    some = material(make_video(tmp_path / "a.mkv", planes, "yuv420p", rate=24), 2, edge_frames)
    clip = some.open(10**6)
    assert (len(clip.pictures), some.judged) == (read, range(first, first + 2))
    assert np.array_equal(clip.pictures[first][0], planes[14][0])


def test_a_ladder_says_how_far_it_looks() -> None:
    fine = load("fine")
    assert entrant("workflow:fine").reach_frames == sum(p.made.reach_frames for p in (*fine.fill, *fine.blend))
    assert entrant("telea").reach_frames == 0


def test_an_empty_folder_and_a_strange_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="without pictures"):
        materials([tmp_path], 4, 1)
    with pytest.raises(RecipeError, match="rust"):
        FillTrial(kinds=("rust",))


def test_all_of_it_at_once_and_the_same_again(folder: Path) -> None:
    trial = FillTrial(("telea", "harmonic"), (), ("blotch",), frames=2, memory=False)
    told: list[tuple[int, int]] = []
    first = run([folder], trial, lambda done, total: told.append((done, total)))
    assert told == [(2, 6), (4, 6), (5, 6), (6, 6)]
    again = run([folder], trial)
    timeless = [[replace(r, seconds_a_frame=0) for r in v.rows] for v in (first, again)]
    assert repr(timeless[0]) == repr(timeless[1])
    assert [r.material for r in first.rows] == ["moving", "moving", "still", "still"]


def test_speed_is_told_for_each_filler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "find_spec", lambda name: None)
    told: list[tuple[int, int]] = []
    some = paces(FillTrial(("telea", "biharmonic"), ()), SIZE, lambda *counts: told.append(counts))
    assert told == [(1, 2), (2, 2)]
    assert some[0].cost is not None
    assert some[0].cost.seconds_a_frame > 0
    lines = list(pace_table(some))
    assert lines[2].startswith("telea ")
    assert "not installed" in lines[3]


def test_the_command_prints_tables_and_writes_files(folder: Path, tmp_path: Path) -> None:
    words = ["bench", "fill", str(folder), "--filler", "rows", "--kind", "thin", "--frames", "1", "--no-memory"]
    files = ["-o", str(tmp_path / "out"), "--csv", str(tmp_path / "a.csv"), "--sheet", str(tmp_path / "a.png")]
    said = CliRunner().invoke(cli.lacuna, [*words, *files], catch_exceptions=False)
    assert said.exit_code == 0
    assert "film: donors, " in said.output
    assert "dB above Telea" in said.output
    rows = list(csv.DictReader((tmp_path / "out" / "fill.csv").read_text().splitlines()))
    assert [(r["filler"], r["clip"]) for r in rows] == [
        ("film", "walk"), ("rows", "walk"), ("film", "still"), ("rows", "still")
    ]
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "out" / "fill.csv").read_bytes()
    for picture in (tmp_path / "a.png", tmp_path / "out" / "fill-thin.png"):
        assert cv2.imread(str(picture)).shape == (18 + 2 * 164, 4 * 164, 3)


def test_the_command_speaks_json(folder: Path) -> None:
    words = ["bench", "fill", str(folder / "still.png"), "--filler", "rows", "--kind", "blotch", "--no-memory"]
    said = CliRunner().invoke(cli.lacuna, [*words, "--json"], catch_exceptions=False)
    rows = json.loads(said.output)["fill"]
    assert [r["filler"] for r in rows] == ["film", "rows"]
    assert rows[0]["flicker"] is None
    assert rows[0]["psnr"] > 10


@pytest.mark.parametrize(("option", "name"), [("--sheet", "a.txt"), ("--sheet", "no/a.png"), ("--csv", "no/a.csv")])
def test_what_cannot_be_written_is_refused_at_once(folder: Path, tmp_path: Path, option: str, name: str) -> None:
    words = ["bench", "fill", str(folder / "still.png"), "--filler", "rows", option, str(tmp_path / name)]
    with pytest.raises(RecipeError, match=rf"{name}.*needed"):
        CliRunner().invoke(cli.lacuna, words, catch_exceptions=False)
