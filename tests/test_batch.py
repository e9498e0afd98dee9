"""Batches: one that fails stops nobody, and a second call does nothing again."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.batch import Row, items, work, write_tables
from restore.batch.shelves import found_in
from restore.errors import RecipeError, SourceError
from restore.masks import import_masks
from restore.restoration import Wish
from restore.store import Store

from .media_made import make_video
from .runs import ROOT, scene

USUAL = Wish("", "", workflow="masks")
"""Fills what is marked by hand, and detects nothing: quick."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ten tiny films, one of which is none."""
    folder = tmp_path_factory.mktemp("tiny")
    one = make_video(folder / "reel_0.mkv", scene("gray", 3), "gray", rate=24)
    for k in range(1, 10):
        shutil.copy(one, folder / f"reel_{k}.mkv")
    (folder / "reel_4.mkv").write_bytes(one.read_bytes()[:200])
    return folder


def test_one_that_fails_stops_nobody_and_nothing_is_done_twice(tiny: Path, tmp_path: Path) -> None:
    rows = list(work(items(tiny, tmp_path, USUAL), tmp_path))
    assert [r.state for r in rows] == ["failed" if k == 4 else "restored" for k in range(10)]
    assert "reel_4.mkv" in rows[4].why
    assert all(r.steps for r in rows if r.state == "restored")
    again = list(work(items(tiny, tmp_path, USUAL), tmp_path))
    assert [r.state for r in again] == ["failed" if k == 4 else "skipped" for k in range(10)]
    assert sum(r.steps for r in again) == 0
    assert [r.frames for r in again] == [r.frames for r in rows]


@pytest.fixture
def pair(tiny: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mkv", "b.mkv"):
        shutil.copy(tiny / "reel_0.mkv", folder / name)
    return folder


def edited(out: Path) -> None:
    painted = out / "painted"
    painted.mkdir()
    mask = np.zeros((72, 96), np.uint8)
    mask[4:9, 4:9] = 255
    cv2.imwrite(str(painted / "000001.png"), mask)
    import_masks(Store.open(out / "a.mkv.lacuna"), painted)


CHANGES: list[tuple[str, Callable[[Path, Path], object]]] = [
    ("another source", lambda src, out: make_video(src / "a.mkv", scene("gray", 4), "gray", rate=24)),
    ("an output taken away", lambda src, out: (out / "a.mkv").unlink()),
    ("a decision about masks", lambda src, out: edited(out)),
]


@pytest.mark.parametrize("change", [c for _, c in CHANGES], ids=[name for name, _ in CHANGES])
def test_what_changed_is_done_again_and_nothing_else(
    change: Callable[[Path, Path], object], pair: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    usual = Wish("", "", workflow="masks", overwrite=True)
    assert [r.state for r in work(items(pair, out, usual), out)] == ["restored", "restored"]
    change(pair, out)
    a, b = work(items(pair, out, usual), out)
    assert b.state == "skipped"
    if a.source.endswith("a.mkv") and change is CHANGES[0][1]:
        assert (a.state, "another file" in a.why) == ("failed", True)  # its project is the old film's
    else:
        assert (a.state, a.steps > 0) == ("restored", True)


def test_a_killed_batch_goes_on(tiny: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "batch", str(tiny), "-o", str(tmp_path), "--workflow", "masks", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        process.kill()
    assert first["state"] == "restored"
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["state"] == "skipped"
    assert [e["state"] for e in events[1:-1] if e["name"] != "reel_4.mkv"].count("restored") >= 7
    assert (events[-1]["event"], events[-1]["failed"], done.returncode) == ("done", 1, 1)
    table = list(csv.DictReader((tmp_path / "batch.csv").read_text().splitlines()))
    assert len(table) == 10
    assert (tmp_path / "batch.html").read_text().count("reel_") >= 10


def test_a_manifest_says_how_each_is_done(tiny: Path, tmp_path: Path) -> None:
    shutil.copy(tiny / "reel_0.mkv", tmp_path / "a.mkv")
    (tmp_path / "m.csv").write_text(
        "source, output, workflow, settings\n"
        "a.mkv, one.mkv, masks, policy.invent=false; harmonic.tension=0.2\na.mkv,,,\n"
    )
    (tmp_path / "m.toml").write_text(
        '[[item]]\nsource = "a.mkv"\noutput = "one.mkv"\nworkflow = "masks"\n'
        'settings = ["policy.invent=false", "harmonic.tension=0.2"]\n[[item]]\nsource = "a.mkv"\n'
    )
    listed = items(tmp_path / "m.csv", tmp_path / "out", Wish("", "", workflow="film"))
    assert listed == items(tmp_path / "m.toml", tmp_path / "out", Wish("", "", workflow="film"))
    one, two = (item.wish for item in listed)
    assert one.settings == ("policy.invent=false", "harmonic.tension=0.2")
    assert (one.workflow, one.output) == ("masks", str(tmp_path / "out" / "one.mkv"))
    assert (two.workflow, two.output) == ("film", str(tmp_path / "out" / "a.mkv"))
    (row, _) = work(listed[:1] + listed[:1], tmp_path / "out")
    assert row.state == "restored"
    assert "invent = false" in (tmp_path / "out" / "one.mkv.lacuna" / "recipe.toml").read_text()


@pytest.mark.parametrize(("name", "text", "says"), [
    ("m.csv", "sorce\na.mkv\n", "source"), ("m.csv", "source\n", "nothing to restore"),
    ("m.toml", "[[item]\n", "cannot be read"), ("m.csv", "source,output\na.mkv,x.mkv\nb.mkv,x.mkv\n", "two items"),
    ("m.toml", '[[item]]\nsource = "a"\nrate = "fast"\n', "frame rate"),
    ("m.csv", "source,output\n,x.mkv\n", "no source"),
])
def test_manifests_that_cannot_be_meant_are_refused(name: str, text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RecipeError, match=says):
        items(tmp_path / name, tmp_path / "out", USUAL)


def test_an_empty_folder_and_a_file_that_is_no_manifest_are_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").touch()
    for place in (tmp_path, tmp_path / "list.txt", tmp_path / "no.csv"):
        with pytest.raises(SourceError):
            items(place, tmp_path / "out", USUAL)


def test_what_a_folder_holds(tmp_path: Path) -> None:
    for name in ("a.mkv", "b.mov", "b.mp4", "notes.txt", ".hidden.mkv", "scan/f_001.tif", "scan/f_002.tif",
                 "album/anna.jpg", "album/bert.png", "mixed/s_9.png", "mixed/s_10.png", "mixed/title.png",
                 "a.mkv.lacuna/x.mkv", "out/a.mkv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = {Path(f.source).relative_to(tmp_path).as_posix(): f.output for f in found_in(tmp_path, tmp_path / "out")}
    assert found == {
        "a.mkv": "a.mkv", "b.mov": "b.mov.mkv", "b.mp4": "b.mp4.mkv", "scan": "scan",
        "album/anna.jpg": "album/anna.png", "album/bert.png": "album/bert.png",
        "mixed/s_%d.png": "mixed/s", "mixed/title.png": "mixed/title.png",
    }
    alone = {f.output for f in found_in(tmp_path, tmp_path / "out", album=True)}
    assert alone >= {"scan/f_001.tif", "scan/f_002.tif", "mixed/s_9.png"}


def test_the_table_escapes_what_names_say(tmp_path: Path) -> None:
    rows = [Row("<b>.mkv", "<b>.mkv", "o", "failed", why='"quoted", and\nmore')]
    table, shown = write_tables(rows, tmp_path)
    assert next(csv.DictReader(io.StringIO(table.read_text())))["why"] == '"quoted", and\nmore'
    assert "<b>" not in shown.read_text()
