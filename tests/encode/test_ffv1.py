from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.encode.ffv1 import Ffv1, _even, _returns_noise
from restore.errors import OutputError
from restore.frames import Picture
from restore.layout import layout_of
from restore.span import Span
from tests.encode.films import EXACT, conforms, ffprobe, film, need, noise, pieces, same, samples, through

RATES = [Fraction(r) for r in ("16", "50/3", "18", "24000/1001", "24", "25", "30000/1001")]
SHAPES = [Fraction(1), Fraction(16, 15), Fraction(64, 45), Fraction(8, 9), Fraction(10, 11)]


@pytest.mark.parametrize("name", EXACT)
def test_every_layout_comes_back_sample_for_sample(name: str, tmp_path: Path) -> None:
    source = film(name, 3)
    pictures = noise(source)
    through(Ffv1(), source, pictures, tmp_path / "out.mkv", pieces(source, [1]))
    assert same(samples(tmp_path / "out.mkv"), [p.planes for p in pictures])


@settings(max_examples=25)
@given(
    name=st.sampled_from(["gray16le", "yuv420p", "yuv411p", "yuv410p", "yuv422p10le", "gbrp", "gbrap12le"]),
    size=st.tuples(st.integers(17, 75), st.integers(17, 75)), cuts=st.sets(st.integers(1, 5)),
    other=st.sets(st.integers(1, 5)), rate=st.sampled_from(RATES),
)
def test_any_cut_gives_the_same_bytes_and_the_samples_back(
    name: str, size: tuple[int, int], cuts: set[int], other: set[int], rate: Fraction,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("cuts")
    source = film(name, 6, size, rate)
    pictures = noise(source)
    Ffv1().check(source, folder / "a.mkv")
    through(Ffv1(), source, pictures, folder / "a.mkv", pieces(source, cuts))
    through(Ffv1(), source, pictures, folder / "b.mkv", pieces(source, other))
    assert (folder / "a.mkv").read_bytes() == (folder / "b.mkv").read_bytes()
    assert same(samples(folder / "a.mkv"), [p.planes for p in pictures])


@pytest.mark.parametrize("size", [(405, 720), (271, 480), (576, 719), (575, 719), (480, 854), (1, 1), (2, 2), (5, 3)])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv411p", "gray"])
def test_odd_sizes_are_exact_too(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    source = film(name, 1, size)
    pictures = noise(source)
    through(Ffv1(), source, pictures, tmp_path / "out.mkv")
    assert same(samples(tmp_path / "out.mkv"), [p.planes for p in pictures])


@pytest.mark.parametrize(("rate", "shape"), [(r, SHAPES[i % len(SHAPES)]) for i, r in enumerate(RATES)])
def test_rate_and_shape_arrive(rate: Fraction, shape: Fraction, tmp_path: Path) -> None:
    source = film("yuv420p", 24, (36, 45), rate, sample_aspect=shape)
    through(Ffv1(), source, noise(source), tmp_path / "out.mkv")
    facts = ffprobe(tmp_path / "out.mkv", "streams")["streams"][0]
    assert Fraction(facts["r_frame_rate"]) == rate
    assert Fraction(facts["sample_aspect_ratio"].replace(":", "/")) == shape
    assert facts["field_order"] == "progressive"
    assert facts["disposition"]["default"] == 1


def test_colour_tags_arrive(tmp_path: Path) -> None:
    plain = film("yuv422p10le", 1).pixels
    pixels = replace(plain, full_range=False, matrix=1, primaries=5, transfer=6, chroma_location=3)
    source = film(pixels, 2)
    through(Ffv1(), source, noise(source), tmp_path / "out.mkv")
    facts = ffprobe(tmp_path / "out.mkv", "streams")["streams"][0]
    told = {k: facts[k] for k in ("color_range", "color_space", "color_primaries", "color_transfer", "chroma_location")}
    assert told == {"color_range": "tv", "color_space": "bt709", "color_primaries": "bt470bg",
                    "color_transfer": "smpte170m", "chroma_location": "topleft"}


def test_archives_find_what_they_ask_for(tmp_path: Path) -> None:
    source = film("gbrp10le", 5, (96, 128))
    through(Ffv1(), source, noise(source), tmp_path / "out.mkv")
    assert conforms(tmp_path / "out.mkv")
    report = subprocess.run([need("mediainfo"), str(tmp_path / "out.mkv")], capture_output=True, text=True).stdout
    told = dict((part.strip() for part in line.split(":", 1)) for line in report.splitlines() if ":" in line)
    assert told["Unique ID"]
    assert told["Format settings, GOP"] == "N=1"
    assert told["MaxSlicesCount"] == "16"
    assert "Version 3" in told["Format version"]
    assert told["Frame rate mode"] == "Constant"
    assert report.count("ErrorDetectionType                       : Per level 1") == 1
    assert report.count("ErrorDetectionType                       : Per slice") == 1


def test_the_identity_follows_the_content(tmp_path: Path) -> None:
    source = film("gray", 2)
    identities = set()
    for seed in (0, 0, 1):
        through(Ffv1(), source, noise(source, seed), tmp_path / "out.mkv")
        data = (tmp_path / "out.mkv").read_bytes()
        at = data.index(b"\x73\xa4\x90") + 3
        identities.add(data[at : at + 16])
    assert len(identities) == 2


@pytest.mark.parametrize("depth", [9, 10, 12, 14])
def test_samples_beyond_the_depth_are_refused(depth: int, tmp_path: Path) -> None:
    source = film(f"gray{depth}le", 1)
    plane = np.zeros(source.size, np.uint16)
    plane[7, 11] = 1 << depth
    with pytest.raises(OutputError, match=rf"{1 << depth} at \(y 7, x 11\)"):
        Ffv1().write_segment(tmp_path / "a", source, Span(0, 1), [Picture(0, (plane,))])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["gbrpf32le", "grayf32le", "ya16le"])
def test_what_cannot_be_held_is_refused_before_work(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=f"{name}.*folder"):
        Ffv1().check(film(name, 1), tmp_path / "out.mkv")


@pytest.mark.parametrize(("indices", "found"), [
    ([0, 2], "picture 2 came where 1"), ([0], "end before frame 1"), ([1], "picture 1 came where 0"),
])
def test_pictures_missing_or_out_of_order_are_refused(indices: list[int], found: str, tmp_path: Path) -> None:
    source = film("gray", 4)
    pictures = noise(source)
    with pytest.raises(OutputError, match=found):
        Ffv1().write_segment(tmp_path / "a", source, Span(0, 2), [pictures[t] for t in indices])
    assert not list(tmp_path.iterdir())


def test_segments_that_do_not_make_up_the_film_are_refused(tmp_path: Path) -> None:
    source = film("gray", 4)
    pictures = noise(source)
    Ffv1().write_segment(tmp_path / "a", source, Span(0, 2), pictures[:2])
    a = tmp_path / "a"
    for segments, found in (([(Span(0, 2), a)], "reach frame 2 of 4"), ([(Span(1, 3), a)], "follows frame 0"),
                            ([(Span(0, 2), a), (Span(2, 4), tmp_path / "b")], "is not there"),
                            ([(Span(0, 4), a)], "holds 2 pictures")):
        with pytest.raises(OutputError, match=found):
            Ffv1().join(tmp_path / "out.mkv", source, segments)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_large_pictures_get_more_slices() -> None:
    assert Ffv1().slices_for(film("gray", 1, (64, 2048))) == 24
    assert Ffv1().slices_for(film("gray", 1, (64, 2047))) == 16
    assert Ffv1(slices=4).slices_for(film("gray", 1, (64, 2048))) == 4


@pytest.mark.parametrize("name", ["yuv422p10le", "yuv420p", "yuv411p", "yuv410p"])
@pytest.mark.parametrize("size", [(96, 96), (72, 104), (60, 92)])
def test_cuts_believed_without_a_trial_lose_nothing(name: str, size: tuple[int, int]) -> None:
    pixels = layout_of(name).pixels
    believed = [n for n in (4, 6, 9, 12, 16, 24) if _even(n, size, pixels)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("restore.encode.ffv1._even", lambda *_: False)
        assert all(_returns_noise(n, size, pixels, 1) for n in believed)
    assert believed or size != (96, 96)
