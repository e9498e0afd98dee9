from __future__ import annotations

import zlib
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.encode import ebml
from restore.encode.ffv1 import Ffv1
from restore.errors import OutputError
from tests.encode.films import ffprobe, film, noise, samples, through


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ebml") / "plain.mkv"
    source = film("gray", 2, (20, 45))
    through(Ffv1(), source, noise(source), path)
    return path


def crcs(data: bytes) -> list[bool]:
    """Tell of every master that begins with a CRC-32 whether it is right."""
    return [
        zlib.crc32(e.body[6:]).to_bytes(4, "little") == e.body[2:6]
        for e in ebml.parse(data, "test") if e.body[:2] == b"\xbf\x84"
    ]


@given(
    width=st.integers(1, 9000), height=st.integers(1, 9000), shape=st.fractions(Fraction(1, 9), 9, max_denominator=99)
)
def test_display_sizes_are_exact(width: int, height: int, shape: Fraction) -> None:
    wide, high, unit = ebml.display_size(width, height, shape)
    assert Fraction(wide * height, high * width) == shape
    assert unit in (ebml.IN_PIXELS, ebml.AS_RATIO)


@pytest.mark.parametrize(("size", "shape", "shown"), [
    ((720, 576), Fraction(16, 15), (768, 576, 0)), ((720, 576), Fraction(64, 45), (1024, 576, 0)),
    ((720, 480), Fraction(8, 9), (640, 480, 0)), ((1440, 1080), Fraction(4, 3), (1920, 1080, 0)),
])
def test_tapes_are_shown_at_their_usual_size(
    size: tuple[int, int], shape: Fraction, shown: tuple[int, int, int]
) -> None:
    assert ebml.display_size(*size, shape) == shown


@given(numbers=st.lists(st.tuples(st.sampled_from([0xEC, 0x4DBB, 0x1654AE6B]), st.binary(max_size=300))))
def test_what_is_written_is_parsed_again(numbers: list[tuple[int, bytes]]) -> None:
    data = b"".join(ebml.write(n, b) for n, b in numbers)
    assert [(e.number, e.body) for e in ebml.parse(data, "test")] == numbers


@given(length=st.integers(2, 400))
def test_voids_have_any_length(length: int) -> None:
    assert len(ebml._void(length)) == length
    assert ebml.parse(ebml._void(length), "test")[0].number == ebml.VOID


def test_patching_again_keeps_the_length_the_checksums_and_the_pictures(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    before = plain.read_bytes()
    for shape in (Fraction(16, 15), Fraction(1000, 999), Fraction(8, 9)):
        path.write_bytes(before)
        ebml.finish(path, {1: ebml.Look(shape)}, bytes(16))
        after = path.read_bytes()
        assert len(after) == len(before)
        with path.open("rb") as file:
            start, length = ebml._segment(file, path)
            header = ebml._header(file, start, length, path)
        assert after[start + len(header) :] == before[start + len(header) :]
        assert crcs(header) == [True] * 4  # index, Info, Tracks, Tags
        assert len(samples(path)) == 2
    assert ffprobe(path, "streams")["streams"][0]["sample_aspect_ratio"] == "8:9"


@given(at=st.integers(0, 700), bit=st.integers(0, 7))
def test_damaged_headers_are_refused_or_rewritten_at_the_same_length(plain: Path, at: int, bit: int) -> None:
    with plain.open("rb") as file:
        start, length = ebml._segment(file, plain)
        header = bytearray(ebml._header(file, start, length, plain))
    header[at % len(header)] ^= 1 << bit
    try:
        made = ebml.relaid(bytes(header), {1: ebml.Look(Fraction(4, 3))}, bytes(16), "damaged")
    except OutputError:
        return
    assert len(made) == len(header)


@given(st.binary(max_size=200))
def test_garbage_is_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "a.mkv"
    path.write_bytes(data)
    with pytest.raises(OutputError):
        ebml.finish(path, {1: ebml.Look(Fraction(1))}, bytes(16))
    assert path.read_bytes() == data


def test_a_track_that_is_not_there_is_refused(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(plain.read_bytes())
    with pytest.raises(OutputError, match="no picture track number 7"):
        ebml.finish(path, {7: ebml.Look(Fraction(1))}, bytes(16))
    assert path.read_bytes() == plain.read_bytes()
