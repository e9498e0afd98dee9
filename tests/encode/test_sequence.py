from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from restore import stills
from restore.encode.sequence import Sequence
from restore.errors import OutputError
from restore.formats import _tiff_codecs, png
from restore.formats._interleaved import layout, separate
from restore.frames import Picture
from restore.probe import probe
from restore.source import Source
from tests.encode.films import film, noise, through

ICC = bytes(range(200)) * 3


def decoded(source: Source) -> list[Picture]:
    return [Picture(t, stills.read(Path(f), source.pixels, source.size)) for t, f in enumerate(source.files)]


def touched(picture: Picture, y: int = 5, x: int = 7) -> Picture:
    """Change one sample of every colour plane."""
    planes = [p.copy() for p in picture.planes]
    for p in planes[:3]:
        p[y, x] ^= 1
    return replace(picture, planes=tuple(planes))


def tiffs(folder: Path, dtype: Any, shape: tuple[int, ...], **how: Any) -> Source:
    """Write three TIFFs with a profile, a resolution and tags of their own."""
    folder.mkdir()
    rng = np.random.default_rng(3)
    for i in range(3):
        samples = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
        tifffile.imwrite(
            folder / f"scan_{i:04d}.tif", samples, metadata=None, iccprofile=ICC, resolution=(3000, 3000),
            resolutionunit="INCH", description="Glass negative", software="Scanner 2.1", datetime="2021:03:04 05:06:07",
            extratags=[
                (315, 2, None, "A. Photographe\xe9".encode("latin1"), True), (297, 3, 2, (2, 5), True),
                (700, 1, None, b"<x:xmpmeta/>", True),
            ], **how,
        )
    return probe(folder)


def tags(path: Path) -> dict[int, Any]:
    with tifffile.TiffFile(path) as file:
        page: Any = file.pages[0]
        return {t.code: t.value for t in page.tags if t.code not in (273, 279, 324, 325)}


@pytest.mark.parametrize(("dtype", "shape", "how"), [
    (np.uint8, (40, 50), {}), (np.uint16, (40, 50, 3), {"photometric": "rgb"}),
    (np.uint16, (40, 50, 3), {"photometric": "rgb", "byteorder": ">"}),
    (np.uint8, (3, 40, 50), {"photometric": "rgb", "planarconfig": "separate"}),
    (np.uint16, (40, 50, 4), {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
    (np.uint16, (40, 50), {"compression": "zlib", "predictor": True}),
    (np.uint8, (64, 64, 3), {"photometric": "rgb", "compression": "zlib", "tile": (16, 32)}),
    (np.uint16, (40, 50, 3), {"photometric": "rgb", "compression": "zlib", "rowsperstrip": 8, "bigtiff": True}),
])
def test_tiff_keeps_everything_but_the_restored_samples(
    dtype: Any, shape: tuple[int, ...], how: dict[str, Any], tmp_path: Path
) -> None:
    source = tiffs(tmp_path / "in", dtype, shape, **how)
    pictures = decoded(source)
    pictures[1] = touched(pictures[1])
    output = tmp_path / "out"
    assert Sequence().check(source, output) == ()
    assert through(Sequence(), source, pictures, output, source.span.split(2)) == ()
    assert sorted(p.name for p in output.iterdir()) == [f"scan_{i:04d}.tif" for i in range(3)]
    for i, file in enumerate(map(Path, source.files)):
        written = output / file.name
        found = stills.read(written, source.pixels, source.size)
        assert all(np.array_equal(a, b) for a, b in zip(found, pictures[i].planes, strict=True))
        assert tags(written) == tags(file)
        if i != 1:
            assert written.read_bytes() == file.read_bytes()
    if "compression" not in how:
        a, b = ((p / "scan_0001.tif").read_bytes() for p in (tmp_path / "in", output))
        changed = sum(x != y for x, y in zip(a, b, strict=True))
        assert changed == source.pixels.colour_planes  # one byte of one sample a plane


def test_tiff_compressed_in_a_way_that_cannot_be_written_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tiff_codecs, "imagecodecs", lambda: False)
    picture = np.random.default_rng(0).integers(0, 255, (30, 40), np.uint8)
    cv2.imwrite(str(tmp_path / "a.tif"), picture, [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    source = probe(tmp_path / "a.tif")
    notes = Sequence().check(source, tmp_path / "b.tif")
    assert any("LZW compression becomes Deflate" in n for n in notes)
    through(Sequence(), source, [touched(decoded(source)[0])], tmp_path / "b.tif")
    again = probe(tmp_path / "b.tif")
    assert again.pixels == source.pixels


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.fixture
def pngs(tmp_path: Path) -> Source:
    """Two 16-bit RGB PNGs with a profile, a resolution and text."""
    folder = tmp_path / "in"
    folder.mkdir()
    rng = np.random.default_rng(1)
    extra = chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1)) + chunk(b"iCCP", b"p\0\0" + zlib.compress(ICC))
    extra += chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0\0\0\0\0")
    for i in range(2):
        path = folder / f"f{i}.png"
        cv2.imwrite(str(path), rng.integers(0, 65535, (20, 30, 3), np.uint16))
        data = path.read_bytes()
        path.write_bytes(data[:33] + extra + data[33:-12] + chunk(b"tEXt", b"Title\0Reel 4") + data[-12:])
    return probe(folder)


def test_png_keeps_everything_but_the_restored_samples(pngs: Source, tmp_path: Path) -> None:
    pictures = decoded(pngs)
    pictures[0] = touched(pictures[0])
    through(Sequence(), pngs, pictures, tmp_path / "out")
    assert (tmp_path / "out" / "f1.png").read_bytes() == Path(pngs.files[1]).read_bytes()
    found = stills.read(tmp_path / "out" / "f0.png", pngs.pixels, pngs.size)
    assert all(np.array_equal(a, b) for a, b in zip(found, pictures[0].planes, strict=True))
    before, after = (
        [(k, b) for k, b in png.chunks(p) if k not in (b"IHDR", b"IDAT", b"IEND")]
        for p in (Path(pngs.files[0]), tmp_path / "out" / "f0.png")
    )
    assert after == before
    assert {k for k, _ in after} >= {b"pHYs", b"iCCP", b"eXIf", b"tEXt"}


@given(
    channels=st.integers(1, 4), height=st.integers(1, 20), width=st.integers(1, 20), seed=st.integers(0, 99),
    dtype=st.sampled_from([np.uint8, np.uint16]), smooth=st.booleans(),
)
def test_png_samples_come_back(
    channels: int, height: int, width: int, seed: int, dtype: Any, smooth: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    shape = (height, width) if channels == 1 else (height, width, channels)
    rng = np.random.default_rng(seed)
    samples: npt.NDArray[Any] = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    if smooth:
        samples = np.cumsum(samples // 60, axis=1, dtype=dtype)
    path = tmp_path_factory.mktemp("png") / "a.png"
    pixels = layout(channels, 8 * samples.itemsize)
    planes = separate(samples, pixels)
    png.FORMAT.make(path, planes, pixels)
    source = probe(path)
    found = stills.read(path, source.pixels, source.size)
    assert all(np.array_equal(a, b) for a, b in zip(found, planes, strict=True))


@pytest.mark.parametrize(("into", "names"), [("clean.tif", ".tif"), ("clean.png", ".png"), ("clean.tiff", ".tiff")])
@pytest.mark.parametrize("kind", ["tif", "png", "jpg"])
def test_one_picture_in_one_picture_out(kind: str, into: str, names: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / f"in.{kind}"), np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8))
    source = probe(tmp_path / f"in.{kind}")
    pictures = [touched(decoded(source)[0])]
    notes = Sequence().check(source, tmp_path / into)
    assert any("becomes TIFF" in n or "becomes PNG" in n for n in notes) == (kind not in into)
    through(Sequence(), source, pictures, tmp_path / into)
    found = stills.read(tmp_path / into, source.pixels, source.size)
    assert all(np.array_equal(a, b) for a, b in zip(found, pictures[0].planes, strict=True))


def test_video_becomes_pictures_where_that_is_exact(tmp_path: Path) -> None:
    source = film("gbrp16le", 3, kind="video")
    pictures = noise(source)
    through(Sequence(), source, pictures, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [f"frame_{i:06d}.png" for i in range(3)]
    again = probe(tmp_path / "out")
    assert again.pixels.name == "gbrp16le"
    assert all(np.array_equal(a, b) for a, b in zip(decoded(again)[2].planes, pictures[2].planes, strict=True))


@pytest.mark.parametrize("name", ["yuv422p10le", "yuv444p", "gray12le", "gbrp10le", "gbrpf32le"])
def test_what_pictures_cannot_hold_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=rf"{name}.*Write \.mkv"):
        Sequence().check(film(name, 2, kind="video"), tmp_path / "out")


def test_the_source_is_never_written_to(pngs: Source, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="this is where the source lies"):
        Sequence().check(pngs, tmp_path / "in")
    single = pngs.excerpt(type(pngs.span)(0, 1))
    with pytest.raises(OutputError, match="this is where the source lies"):
        Sequence().check(single, tmp_path / "in" / ".." / "in" / "f0.png")


def test_a_folder_with_other_files_is_refused(pngs: Source, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    Sequence().check(pngs, tmp_path / "out")
    (tmp_path / "out" / "f7.png").touch()
    with pytest.raises(OutputError, match="1 other files"):
        Sequence().check(pngs, tmp_path / "out")


def test_a_folder_that_is_there_is_filled_again(pngs: Source, tmp_path: Path) -> None:
    pictures = decoded(pngs)
    for wanted in (pictures, [touched(p) for p in pictures]):
        through(Sequence(), pngs, wanted, tmp_path / "out")
        assert all(
            np.array_equal(stills.read(tmp_path / "out" / Path(f).name, pngs.pixels, pngs.size)[0], p.planes[0])
            for f, p in zip(pngs.files, wanted, strict=True)
        )


def test_a_source_picture_that_no_longer_reads_is_copied_as_it_is(pngs: Source, tmp_path: Path) -> None:
    pictures = [touched(p) for p in decoded(pngs)]
    broken = Path(pngs.files[0])
    broken.write_bytes(broken.read_bytes()[:200])
    with pytest.raises(OutputError, match=r"f0\.png.*ends early.*Nothing of this part was written"):
        through(Sequence(), pngs, pictures, tmp_path / "lost")
    assert not (tmp_path / "lost").exists()
    pictures[0] = replace(pictures[0], fault="the PNG ends early")  # as a decoder says it of such a file
    through(Sequence(), pngs, pictures, tmp_path / "out")
    assert (tmp_path / "out" / "f0.png").read_bytes() == broken.read_bytes()
    found = stills.read(tmp_path / "out" / "f1.png", pngs.pixels, pngs.size)
    assert all(np.array_equal(a, b) for a, b in zip(found, pictures[1].planes, strict=True))


def test_segments_hold_what_changed_and_come_back_out_of_the_output(pngs: Source, tmp_path: Path) -> None:
    pictures = decoded(pngs)
    pictures[1] = touched(pictures[1])
    segment, again = tmp_path / "segment", tmp_path / "again"
    Sequence().write_segment(segment, pngs, pngs.span, pictures)
    assert [p.name for p in segment.iterdir()] == ["000001.npz"]
    assert sum(p.stat().st_size for p in segment.iterdir()) < 2000
    Sequence().join(tmp_path / "out", pngs, [(pngs.span, segment)])
    Sequence().extract(tmp_path / "out", pngs, [(pngs.span, again)])
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {p.name: p.read_bytes() for p in segment.iterdir()}
