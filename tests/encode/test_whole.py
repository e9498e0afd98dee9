from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from restore.encode.ffv1 import Ffv1
from restore.encode.sequence import Sequence
from restore.encode.whole import whole
from restore.errors import OutputError
from restore.span import Span
from tests.encode.films import film, noise


@contextmanager
def files_of_at_most(limit_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, as a full disk would; the kernel answers EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(("number", "words"), [
    (errno.ENOSPC, "disk is full"), (errno.EDQUOT, "quota is used up"), (errno.EFBIG, "larger than"),
    (errno.EACCES, "cannot be written: .*Permission denied"),
])
def test_failures_say_what_to_do_and_leave_nothing(number: int, words: str, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    target.write_bytes(b"before")
    def fail() -> None:
        with whole(target) as partial:
            partial.write_bytes(b"half")
            raise OSError(number, os.strerror(number))

    with pytest.raises(OutputError, match=words):
        fail()
    assert target.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.mkv"]


def test_any_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with whole(tmp_path / "out") as partial:
            partial.mkdir()
            (partial / "a").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    with whole(tmp_path / "out") as partial:
        partial.mkdir()
        (partial / "new").touch()
    assert [p.name for p in tmp_path.rglob("*")] == ["out", "new"]


def test_encoding_onto_a_full_disk(tmp_path: Path) -> None:
    source = film("yuv422p10le", 12, (120, 160))
    pictures = noise(source)
    with files_of_at_most(100_000), pytest.raises(OutputError, match="larger than"):
        Ffv1().write_segment(tmp_path / "a", source, Span(0, 12), pictures)
    assert list(tmp_path.iterdir()) == []
    Ffv1().write_segment(tmp_path / "a", source, Span(0, 12), pictures)
    with files_of_at_most(100_000), pytest.raises(OutputError, match="larger than"):
        Ffv1().join(tmp_path / "out.mkv", source, [(Span(0, 12), tmp_path / "a")])
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_pictures_onto_a_full_disk(tmp_path: Path) -> None:
    source = film("gray16le", 1, (400, 400), kind="video")
    with files_of_at_most(100_000), pytest.raises(OutputError, match="larger than"):
        Sequence().write_segment(tmp_path / "a", source, Span(0, 1), noise(source))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Choose another place"), whole(tmp_path / "file" / "out.mkv"):
        raise AssertionError("never reached")
