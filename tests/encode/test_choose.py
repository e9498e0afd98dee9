from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from restore.encode import choose
from restore.encode.ffv1 import Ffv1
from restore.encode.h264 import H264
from restore.errors import OutputError
from tests.encode.films import film


@pytest.mark.parametrize(("output", "name"), [
    ("a.mkv", "ffv1"), ("A.MKV", "ffv1"), ("a.mov", "prores"), ("a.mp4", "h264"), ("a.m4v", "h264"),
    ("clean", "sequence"), ("clean/", "sequence"), ("v1.2/", "sequence"),
])
def test_endings_choose_encoders(output: str, name: str) -> None:
    assert choose(output, film("gray", 2)) == name


def test_a_folder_that_is_there_takes_pictures_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "reel.1").mkdir()
    assert choose(tmp_path / "reel.1", film("gray", 2)) == "sequence"


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF"])
def test_one_picture_file_is_for_one_frame(suffix: str) -> None:
    assert choose(f"a{suffix}", film("gray", 1)) == "sequence"
    with pytest.raises(OutputError, match=r"cannot hold 2 frames; name a folder instead: -o a/"):
        choose(f"a{suffix}", film("gray", 2))


def test_unknown_endings_list_what_is_possible() -> None:
    with pytest.raises(OutputError, match=r"no encoder writes \.avi files.*\.mkv.*\.mov.*\.mp4.*folder"):
        choose("a.avi", film("gray", 2))


@pytest.mark.parametrize("settings", [{"crf": 52}, {"crf": -1}, {"preset": "best"}, {"grid_frames": 0}])
def test_settings_x264_does_not_have_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="crf must be 0 to 51"):
        H264(**settings)


@pytest.mark.parametrize("settings", [{"slices": -1}, {"slices": 65}, {"context": 2}])
def test_settings_ffv1_does_not_have_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="slices must be 0 to 64"):
        Ffv1(**settings)
