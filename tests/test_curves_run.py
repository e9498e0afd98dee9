"""A run keeps the curves of its scratches: they are what its masks were drawn from, however the film was divided."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from cli import lacuna
from restore.curve_list import listed
from restore.curves import Curve, painted
from restore.edits import Edits
from restore.restoration import Wish
from restore.store import Store

from .media_made import make_video
from .runs import restore_it

SIZE, COUNT = (200, 256), 11
RECIPE = 'name = "lines"\n[[detect]]\npart = "scratch"\n[[fill]]\npart = "harmonic"\n'


def film():
    """Return a panning texture with a scratch at column 80 that drifts."""
    canvas = cv2.GaussianBlur(np.random.default_rng(4).random((SIZE[0], SIZE[1] + 60)).astype(np.float32), (0, 0), 3)
    canvas = 0.4 + 0.08 * (canvas - canvas.mean()) / canvas.std()
    for t in range(COUNT):
        picture = canvas[:, 5 * t : 5 * t + SIZE[1]].copy()
        picture[:, 79 + t // 3 : 82 + t // 3] += 0.25
        yield ((np.clip(picture, 0, 1) * 255).astype(np.uint8),)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lines")
    (folder / "lines.toml").write_text(RECIPE, encoding="utf-8")
    make_video(folder / "reel.mkv", list(film()), "gray", rate=24, gop=1)
    for spans in (4, COUNT):
        wish = Wish(str(folder / "reel.mkv"), str(folder / f"{spans}.mkv"), workflow=str(folder / "lines.toml"),
                    until="detect")
        restore_it(wish, spans)
    return folder


def curves(project: Path, spans: int) -> list[Curve]:
    return list(listed(Store.open(project / f"{spans}.mkv.lacuna")))


def test_the_masks_are_what_the_curves_cover(project):
    store = Store.open(project / "4.mkv.lacuna")
    for t in range(COUNT):
        mine = [c for c in curves(project, 4) if c.frame == t and c.status == "confirmed"]
        assert np.array_equal(painted(mine, SIZE), store.mask("scratch", t))
        assert abs(float(mine[0].at(np.array([70]))[0]) - (80 + t // 3)) < 1


def test_however_the_film_is_divided_curves_and_tracks_are_the_same(project):
    assert curves(project, 4) == curves(project, COUNT)
    longest = [c for c in curves(project, 4) if c.rows[-1] - c.rows[0] > 100]
    assert {c.frame for c in longest} == set(range(COUNT))
    assert len({c.track for c in longest}) == 1


def test_from_the_command_line_curves_go_out_and_come_back_moved(project, tmp_path):
    def run(*words: str) -> str:
        done = CliRunner().invoke(lacuna, ["curves", *words])
        assert done.exit_code == 0, done.output
        return done.output

    folder = str(project / f"{COUNT}.mkv.lacuna")
    (track,) = {c.track for c in curves(project, COUNT) if c.rows[-1] - c.rows[0] > 100}
    assert track in run("list", folder)
    assert track in {json.loads(line)["name"] for line in run("list", folder, "--json").splitlines()}
    table = tmp_path / "curves.csv"
    assert f"{COUNT} curves" in run("export", folder, str(table), "--track", track)
    assert "so already" in run("import", folder, str(table))
    table.write_text(table.read_text().replace("confirmed", "rejected"), encoding="utf-8")
    assert "run" in run("import", folder, str(table))
    store = Store.open(project / f"{COUNT}.mkv.lacuna")
    assert not Edits(store.folder / "edits").apply(store.mask("scratch", 4), 4)[:, 80].any()
    assert "filled" in run("decide", folder, track, "--accept")
    assert Edits(store.folder / "edits").apply(store.mask("scratch", 4), 4)[:, 80].mean() > 0.9
