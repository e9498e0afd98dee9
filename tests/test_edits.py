"""Masks out, painted, and in again: what a person decides counts, and only what sees it is done again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore import restoration, steps
from restore.edits import Edits
from restore.errors import MaskError, StoreError
from restore.masks import export_masks, import_masks, unsearched
from restore.probe import probe
from restore.restoration import Wish, prepare
from restore.store import Store

from .runs import FRAMES, SIZE, restore_it


def test_masks_come_out_and_go_in_as_they_are(reel: Path, masks: Path, tmp_path: Path) -> None:
    restore_it(Wish(str(reel), str(tmp_path / "out.mkv"), masks=str(masks), until="detect"))
    session = restoration.open_session(tmp_path / "out.mkv.lacuna")
    export_masks(session, tmp_path / "exported")
    names = sorted(p.name for p in (tmp_path / "exported").iterdir())
    assert names == [f"{t:06d}.png" for t in range(FRAMES)]
    for t in range(FRAMES):
        a, b = (cv2.imread(str(f / f"{t:06d}.png"), cv2.IMREAD_UNCHANGED) for f in (masks, tmp_path / "exported"))
        assert np.array_equal(a, b)


def test_frames_that_nobody_searched_are_counted(reel: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out.mkv")
    restore_it(Wish(str(reel), out, frames=(0, 2), until="detect"), 2)
    store = Store.open(tmp_path / "out.mkv.lacuna")
    # Filling looks at neighbours, so more than the two that were asked for are searched, but not all.
    assert 0 < unsearched(store) <= FRAMES - 2
    restore_it(Wish(str(reel), out, until="detect"), 2)
    assert unsearched(store) == 0


def test_an_edit_redoes_the_spans_that_see_it_and_no_other(reel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    wish = Wish(str(reel), str(out), overwrite=True)
    restore_it(wish, 2)
    project = tmp_path / "out.mkv.lacuna"
    painted = tmp_path / "painted"
    painted.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[50:54, 60:64] = 255
    cv2.imwrite(str(painted / "000009.png"), mask)
    import_masks(Store.open(project), painted)
    prepared = prepare(wish)
    reach = sum(p.reach_frames for p in prepared.recipe.ladder)
    seeing = [s for s in prepared.source.span.split(2) if 9 in s.widen(reach, prepared.source.span)]
    done = restore_it(wish)
    assert done["detect"] == 0
    assert done["fill"] == len(seeing)
    assert done["encode"] <= len(seeing)
    assert done["join"] == 1
    assert np.array_equal(Store.open(project).patch("blend", 9).where, np.flatnonzero(mask))


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".mp4"])
def test_after_an_edit_the_untouched_segments_are_copied_not_encoded(
    suffix: str, reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / f"out{suffix}"
    wish = Wish(str(reel), str(out), workflow="masks", overwrite=True, settings=("h264.grid_frames=4",))
    restore_it(wish, 4)
    painted = tmp_path / "painted"
    painted.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[50:54, 60:64] = 255
    cv2.imwrite(str(painted / "000001.png"), mask)
    import_masks(Store.open(Path(f"{out}.lacuna")), painted)
    encoded: list[int] = []
    real = steps._encode
    monkeypatch.setattr(steps, "_encode", lambda s, span, seen: encoded.append(span.start) or real(s, span, seen))
    restore_it(wish)
    assert encoded == [0], "frame 1 is in the first segment, and no other had to be encoded"
    fresh = tmp_path / f"fresh{suffix}"
    few = tmp_path / "masks"
    shutil.copytree(painted, few)
    for t in range(FRAMES):
        if t != 1:
            cv2.imwrite(str(few / f"{t:06d}.png"), np.zeros(SIZE, np.uint8))
    restore_it(replace(wish, output=str(fresh), masks=str(few)), 4)
    assert out.read_bytes() == fresh.read_bytes()


@pytest.mark.parametrize(
    ("names", "says"),
    [([], "holds no PNG"), (["a"], "not named for a frame"), (["20"], "frames 0 to 19"),
     (["7", "000007"], "second mask for frame 7")],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_masks_that_are_none_of_this_film_are_refused_whole(
    names: list[str], says: str, reel: Path, tmp_path: Path
) -> None:
    store = Store.create(tmp_path / "project", probe(reel), 4)
    folder = tmp_path / "painted"
    folder.mkdir()
    for name in names:
        cv2.imwrite(str(folder / f"{name}.png"), np.zeros(SIZE, np.uint8))
    with pytest.raises(MaskError, match=says):
        import_masks(store, folder)
    assert not Edits(store.folder / "edits").all()


def test_names_in_capitals_are_read_too(reel: Path, tmp_path: Path) -> None:
    store = Store.create(tmp_path / "project", probe(reel), 4)
    (tmp_path / "painted").mkdir()
    cv2.imwrite(str(tmp_path / "painted" / "3.PNG"), np.zeros(SIZE, np.uint8))
    assert list(import_masks(store, tmp_path / "painted").digests) == [3]


@pytest.mark.parametrize("which", ["json", "npz", "no npz"])
def test_a_damaged_edit_is_named_with_what_to_do(which: str, tmp_path: Path) -> None:
    edits = Edits(tmp_path)
    edits.append("add", {4: np.ones(SIZE, bool)})
    if which == "no npz":
        (tmp_path / "000001.npz").unlink()
    else:
        (tmp_path / f"000001.{which}").write_text("{")
    with pytest.raises(StoreError, match=r"000001.*Put both back"):
        edits.apply(np.zeros(SIZE, bool), 4)
