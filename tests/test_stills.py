from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from restore.errors import SourceError
from restore.formats import png
from restore.probe import probe, refuse
from restore.stills import inspect, members, read
from tests.media_made import PROBE_SIZE as SIZE
from tests.media_made import make_stills, png_chunk, png_of

CHANNELS = {1: "gray", 2: "ya", 3: "gbrp", 4: "gbrap"}


def picture(channels: int, depth: int, seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Random samples (H, W) or (H, W, channels), RGB order."""
    shape = size if channels == 1 else (*size, channels)
    dtype = np.uint8 if depth == 8 else np.uint16
    return np.random.default_rng(seed).integers(0, 1 << depth, shape).astype(dtype)


def planes_of(samples: np.ndarray) -> list[np.ndarray]:
    if samples.ndim == 2:
        return [samples]
    order = {2: (0, 1), 3: (1, 2, 0), 4: (1, 2, 0, 3)}[samples.shape[2]]
    return [samples[..., c] for c in order]


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["png", "tif", "deflate", "planar", "big endian"])
def test_samples_come_back_exactly(tmp_path: Path, kind: str, channels: int, depth: int) -> None:
    samples = picture(channels, depth)
    file = tmp_path / ("a.png" if kind == "png" else "a.tif")
    if kind == "png":
        file.write_bytes(png_of(samples))
    else:
        stored = np.moveaxis(samples, -1, 0) if kind == "planar" and channels > 1 else samples
        tifffile.imwrite(
            file, stored, photometric="rgb" if channels > 2 else "minisblack",
            planarconfig=None if channels == 1 else "separate" if kind == "planar" else "contig",
            compression="zlib" if kind == "deflate" else None, byteorder=">" if kind == "big endian" else "<",
            extrasamples=["unassalpha"] if channels in (2, 4) else None,
        )  # fmt: skip
    (header,) = inspect(file)
    assert header.size == SIZE
    assert header.pixels.name.startswith(CHANNELS[channels])
    assert (header.pixels.depth, header.pixels.alpha, header.pixels.full_range) == (depth, channels in (2, 4), True)
    planes = read(file, header.pixels, SIZE)
    for ours, theirs in zip(planes, planes_of(samples), strict=True):
        assert ours.dtype == header.pixels.dtype
        assert ours.flags.c_contiguous
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("channels", [1, 3])
def test_lzw_tiff_is_read_exactly(tmp_path: Path, channels: int) -> None:
    samples = picture(channels, 16)
    assert cv2.imwrite(str(tmp_path / "a.tif"), samples[..., ::-1] if channels == 3 else samples,
                       [cv2.IMWRITE_TIFF_COMPRESSION, 5])  # fmt: skip
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.pages.first.compression == 5
    (header,) = inspect(tmp_path / "a.tif")
    for ours, theirs in zip(read(tmp_path / "a.tif", header.pixels, SIZE), planes_of(samples), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("suffix", ["jpg", "bmp", "webp"])
def test_other_pictures_of_8_bits(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(file), cv2.GaussianBlur(picture(3, 8), (0, 0), 3))
    source = probe(file)
    assert (source.kind, source.pixels.name, source.frames, source.rate) == ("sequence", "gbrp", 1, 1)
    assert any("JPEG" in n for n in source.notes) == (suffix == "jpg")
    expected = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read(file, source.pixels, SIZE)[2], expected[..., 2])


# Which files


def names(path: str | Path) -> list[str]:
    return [f.name for f in members(path)]


def test_numbers_and_not_letters_give_the_order(tmp_path: Path) -> None:
    make_stills(tmp_path, [f"f{i}.png" for i in range(8, 12)])
    assert names(tmp_path) == ["f8.png", "f9.png", "f10.png", "f11.png"]


def test_folder_glob_pattern_and_file_name_the_same_pictures(tmp_path: Path) -> None:
    made = [f"scan_{i:04d}.png" for i in range(998, 1003)]
    make_stills(tmp_path, made)
    (tmp_path / "notes.txt").write_text("scanned in spring")
    (tmp_path / ".scan_0001.png").write_text("hidden")
    (tmp_path / "scan_99.png.bak").write_text("no picture")
    for way in (tmp_path, tmp_path / "scan_*.png", tmp_path / "scan_%04d.png"):
        assert names(way) == made
        source = probe(way)
        assert (source.frames, source.rate, source.kind) == (5, 24, "sequence")
        assert [Path(f).name for f in source.files] == made
        assert any("24 frames a second is assumed" in n for n in source.notes)
        assert source.intra_only
        refuse(source)
    assert len({probe(way).sha256 for way in (tmp_path, tmp_path / "scan_*.png")}) == 1
    assert probe(tmp_path / "scan_1000.png").frames == 1


def test_a_given_rate_is_used_and_not_remarked_on(tmp_path: Path) -> None:
    make_stills(tmp_path, ["1.png", "2.png"])
    source = probe(tmp_path, Fraction(50, 3))
    assert (source.rate, source.time_base, source.pts, source.notes) == (Fraction(50, 3), Fraction(3, 50), (0, 1), ())


def test_one_changed_byte_changes_the_digest(tmp_path: Path) -> None:
    make_stills(tmp_path, ["1.png", "2.png"])
    before = probe(tmp_path).sha256
    make_stills(tmp_path, ["2.png"])
    assert probe(tmp_path).sha256 != before


def refused(path: str | Path, *words: str) -> None:
    with pytest.raises(SourceError) as caught:
        probe(path)
    for word in words:
        assert word in str(caught.value)


def test_gaps_are_named(tmp_path: Path) -> None:
    make_stills(tmp_path, ["a1.png", "a2.png", "a4.png"])
    refused(tmp_path, "number 3 is missing before a4.png")
    make_stills(tmp_path, ["a9.png"])
    (tmp_path / "a4.png").unlink()
    refused(tmp_path, "3 to 8 is missing")


def test_two_sequences_in_one_folder(tmp_path: Path) -> None:
    make_stills(tmp_path, ["left1.png", "left2.png", "right1.png"])
    refused(tmp_path, "not one numbered sequence", "left1.png")
    assert names(tmp_path / "left*.png") == ["left1.png", "left2.png"]


def test_a_number_twice_and_two_running_numbers(tmp_path: Path) -> None:
    make_stills(tmp_path, ["a1.png", "a01.png", "a2.png"])
    refused(tmp_path, "repeats a number")
    make_stills(tmp_path / "b", ["r1_f1.png", "r1_f2.png", "r2_f1.png"])
    refused(tmp_path / "b", "2 numbers")


def test_mixtures_are_refused_by_name(tmp_path: Path) -> None:
    make_stills(tmp_path / "kinds", ["a1.png", "a2.tif"])
    refused(tmp_path / "kinds", "several kinds", "a1.png", "a2.tif")
    layout = "pixel layout"
    for what, kwargs in (("size", {"size": (40, 40)}), (layout, {"depth": 16}), (layout, {"channels": 1})):
        folder = tmp_path / f"{what}{len(kwargs)}{next(iter(kwargs))}"
        make_stills(folder, ["a1.png", "a2.png"])
        make_stills(folder, ["a3.png"], **kwargs)  # type: ignore[arg-type]
        refused(folder, "a3.png", what)


def test_nothing_there(tmp_path: Path) -> None:
    refused(tmp_path, "no pictures in this folder", ".png")
    refused(tmp_path / "*.png", "no pictures in this glob")
    refused(tmp_path / "f%d.png", "no pictures in this printf pattern")
    refused(tmp_path / "none.png", "no such file")
    refused(tmp_path / "none" / "f%d.png", "no pictures")


def test_unreadable_members_are_all_named(tmp_path: Path) -> None:
    make_stills(tmp_path, [f"a{i}.png" for i in range(1, 7)])
    (tmp_path / "a2.png").write_bytes(b"")
    (tmp_path / "a4.png").write_bytes((tmp_path / "a4.png").read_bytes()[:-300])
    (tmp_path / "a5.png").write_text("not a picture")
    data = bytearray((tmp_path / "a6.png").read_bytes())
    data[len(data) // 2] ^= 4
    (tmp_path / "a6.png").write_bytes(data)
    refused(tmp_path, "a2.png: the file is empty", "a4.png: damaged", "a5.png: not a PNG", "a6.png: damaged: the check")


def test_a_tiff_cut_short(tmp_path: Path) -> None:
    make_stills(tmp_path, ["a.tif"])
    data = (tmp_path / "a.tif").read_bytes()
    for kept in (len(data) - 100, 60, 4):
        (tmp_path / "a.tif").write_bytes(data[:kept])
        refused(tmp_path / "a.tif", "a.tif")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cmyk", "SEPARATED"), ("palette", "PALETTE"), ("bits", "1-bit"), ("complex", "64-bit"), ("lab", "CIELAB"),
        ("five", "5 samples"),
    ],
)  # fmt: skip
def test_tiffs_this_house_does_not_read(tmp_path: Path, name: str, words: str) -> None:
    file = tmp_path / "a.tif"
    grey = picture(1, 8)
    if name == "cmyk":
        tifffile.imwrite(file, picture(4, 8), photometric="separated")
    elif name == "palette":
        tifffile.imwrite(file, grey, photometric="palette", colormap=np.zeros((3, 256), np.uint16))
    elif name == "bits":
        tifffile.imwrite(file, grey > 99, photometric="minisblack")
    elif name == "complex":
        tifffile.imwrite(file, grey.astype(np.complex64), photometric="minisblack")
    elif name == "lab":
        tifffile.imwrite(file, picture(3, 8), photometric="cielab")
    else:
        tifffile.imwrite(file, picture(5, 8), photometric="minisblack", planarconfig="contig")
    refused(file, words, "a.tif")


@pytest.mark.parametrize(
    ("head", "extra", "words"),
    [
        ((1, 0), b"", "1 bits"), ((8, 3), b"PLTE", "palette"), ((4, 0), b"", "4 bits"),
        ((8, 2), b"tRNS", "tRNS"), ((8, 2), b"acTL", "animation"), ((8, 5), b"", "unknown colour"),
    ],
)  # fmt: skip
def test_pngs_this_house_does_not_read(tmp_path: Path, head: tuple[int, int], extra: bytes, words: str) -> None:
    ihdr = (8).to_bytes(4, "big") * 2 + bytes(head) + b"\0\0\0"
    more = png_chunk(extra, b"\0" * 6) if extra else b""
    data = png.SIGNATURE + png_chunk(b"IHDR", ihdr) + more + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(data)
    refused(tmp_path / "a.png", words)


def test_same_picture_with_and_without_lzw(media: Path) -> None:
    folder = media / "formats" / "Pillow" / "Tests" / "images"
    plain, lzw = probe(folder / "hopper.tif"), probe(folder / "hopper_lzw.tif")
    assert plain.pixels == lzw.pixels
    one, other = (read(Path(s.path), s.pixels, s.size) for s in (plain, lzw))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("layout", ["strip", "tiled"])
def test_same_picture_in_planes_with_and_without_lzw(media: Path, layout: str) -> None:
    folder = media / "formats" / "Pillow" / "Tests" / "images"
    plain, lzw = (probe(folder / f"tiff_{layout}_planar_{how}") for how in ("raw.tif", "lzw.tiff"))
    one, other = (read(Path(s.path), s.pixels, s.size) for s in (plain, lzw))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
