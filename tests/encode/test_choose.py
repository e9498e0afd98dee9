from __future__ import annotations

from pathlib import Path

import pytest

from restore.encode import choose
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
