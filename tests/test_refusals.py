"""What is refused, and before which work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from restore.errors import OutputError, RestoreError, StoreError
from restore.restoration import Wish, carry_out, prepare
from restore.store import Store

from .media_made import make_video
from .runs import restore_it, scene


@pytest.mark.parametrize("case", ["same file", "exists", "no folder", "suffix", "frames", "not a film"])
def test_what_cannot_be_done_is_refused_before_any_work(case: str, reel: Path, tmp_path: Path) -> None:
    good = Wish(str(reel), str(tmp_path / "out.mkv"))
    (tmp_path / "there.mkv").touch()
    (tmp_path / "text.mkv").write_text("not a film")
    wish = {
        "same file": replace(good, output=str(reel), overwrite=True),
        "exists": replace(good, output=str(tmp_path / "there.mkv")),
        "no folder": replace(good, output=str(tmp_path / "no" / "out.mkv")),
        "suffix": replace(good, output=str(tmp_path / "out.avi")),
        "frames": replace(good, frames=(5, 99)),
        "not a film": replace(good, source=str(tmp_path / "text.mkv")),
    }[case]
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RestoreError):
        prepare(wish)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_project_of_fields_is_not_gone_on_with_in_whole_frames(tmp_path: Path) -> None:
    source = make_video(tmp_path / "i.mkv", scene("yuv422p10le", 4), "yuv422p10le", "ffv1",
                        options={"field_order": "tt"})
    wish = Wish(str(source), str(tmp_path / "out.mkv"), until="detect")
    restore_it(wish)
    with pytest.raises(StoreError, match=r"field by field.*--fields"):
        prepare(replace(wish, fields="off"))


def test_another_films_project_is_not_taken(reel: Path, tmp_path: Path) -> None:
    restore_it(Wish(str(reel), str(tmp_path / "out.mkv"), until="detect"))
    other = make_video(tmp_path / "other.mkv", scene("yuv422p10le", 12), "yuv422p10le")
    with pytest.raises(StoreError, match="another file"):
        carry_out(prepare(Wish(str(other), str(tmp_path / "out.mkv"))))


def test_a_second_run_on_a_busy_project_is_refused(reel: Path, tmp_path: Path) -> None:
    prepared = prepare(Wish(str(reel), str(tmp_path / "out.mkv")))
    store = Store.create(prepared.project, prepared.source, 12)
    with store.locked(), pytest.raises(StoreError, match="in use"):
        carry_out(prepared)
    assert carry_out(prepared).ok


def test_an_output_that_would_change_needs_permission(reel: Path, masks: Path, tmp_path: Path) -> None:
    wish = Wish(str(reel), str(tmp_path / "out.mkv"))
    restore_it(wish)
    written = (tmp_path / "out.mkv").read_bytes()
    with pytest.raises(OutputError, match="--overwrite"):
        carry_out(prepare(replace(wish, masks=str(masks))))
    assert (tmp_path / "out.mkv").read_bytes() == written
