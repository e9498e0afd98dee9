"""TIFFs of every layout we know of: what is read, what a changed copy keeps, and what is refused."""

from __future__ import annotations

import errno
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from restore import maps, stills
from restore.errors import OutputError, SourceError
from restore.formats import Deed, _tiff_codecs, _tiff_splice
from restore.formats._interleaved import PLACES
from restore.formats.tiff import FORMAT
from restore.probe import probe

from .round_trip import MOVING, tags, trip
from .tiffs_made import LONG, SHORT, Handmade, changed_in, noise, write

ROOT = Path(__file__).parents[2]
PLAIN = (None, "zlib", "lzma")
CODECS = ("lzw", "packbits", "zstd") if find_spec("imagecodecs") else ()
PREDICTED = ("zlib", "lzma", "lzw", "zstd")

with_codecs = pytest.mark.skipif(not find_spec("imagecodecs"), reason="imagecodecs is not installed")


def shaped(channels: int, planar: bool, size: tuple[int, int] = (40, 50)) -> tuple[int, ...]:
    if channels == 1:
        return size
    return (channels, *size) if planar else (*size, channels)


def told(channels: int, planar: bool) -> dict[str, Any]:
    return {
        "photometric": "rgb" if channels > 2 else "minisblack",
        "planarconfig": None if channels == 1 else "separate" if planar else "contig",
        "extrasamples": ["unassalpha"] if channels in (2, 4) else None,
    }


@given(
    channels=st.integers(1, 4), planar=st.booleans(), tiled=st.booleans(), predictor=st.booleans(),
    compression=st.sampled_from([*PLAIN, *CODECS]), order=st.sampled_from("<>"), big=st.booleans(),
    dtype=st.sampled_from(["u1", "u2", "i2", "u4", "f2", "f4", "f8"]), rows=st.sampled_from([7, 16, 40]),
)
def test_samples_come_back_and_nothing_else_changes(
    channels: int, planar: bool, tiled: bool, predictor: bool, compression: str | None, order: str, big: bool,
    dtype: str, rows: int, tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("tiff")
    pages = [noise(shaped(channels, planar), dtype, seed) for seed in range(2)]
    how = {"tile": (16, 32)} if tiled else {"rowsperstrip": rows}
    if predictor and compression in PREDICTED and (CODECS or dtype[0] != "f"):  # tifffile needs it too
        how["predictor"] = 3 if dtype[0] == "f" else 2
    file = write(
        folder / "a.tif", pages, compression=compression, byteorder=order, bigtiff=big, **told(channels, planar), **how
    )
    headers = stills.inspect(file)
    assert len(headers) == 2
    for n, samples in enumerate(pages):
        own = samples if planar or channels == 1 else np.moveaxis(samples, -1, 0)
        wanted = [own] if channels == 1 else [own[c] for c in PLACES[channels]]
        found = stills.read(file, headers[n].pixels, headers[n].size, n)
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))
        assert all(p.flags.c_contiguous and p.dtype == headers[n].pixels.dtype for p in found)
    assert trip(file, folder / "b.tif") == "round trip"
    if compression is None:
        assert (folder / "b.tif").stat().st_size == file.stat().st_size


@pytest.mark.parametrize("compression", [None, "zlib", *CODECS])
def test_only_what_holds_a_change_is_written(tmp_path: Path, compression: str | None) -> None:
    pages = [noise((64, 64, 3), np.uint16, n) for n in range(5)]
    file = write(tmp_path / "a.tif", pages, photometric="rgb", compression=compression, tile=(16, 16))
    out = tmp_path / "b.tif"
    wanted = tuple((np.array([70], np.int32), np.array([7], np.uint16)) for _ in range(3))
    FORMAT.write(out, file, {3: wanted}, Deed())
    a, b = file.read_bytes(), out.read_bytes()
    differing = [i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y]
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages[3]
        own = range(page.dataoffsets[0], page.dataoffsets[0] + page.databytecounts[0])
        lists = [range(t.valueoffset, t.valueoffset + t.valuebytecount) for t in page.tags if t.code in MOVING]
    assert all(any(i in r for r in (own, *lists)) for i in differing)
    assert len(differing) <= 6 or compression
    FORMAT.write(tmp_path / "c.tif", file, {3: wanted}, Deed())
    assert (tmp_path / "c.tif").read_bytes() == b


def test_pages_unlike_the_first_are_left_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    pictures = [noise((40, 50), np.uint8, n) for n in range(3)]
    with tifffile.TiffWriter(file) as out:
        out.write(noise((20, 25), np.uint8), subfiletype=1, photometric="minisblack")
        out.write(pictures[0], photometric="minisblack")
        out.write(noise((16, 16), np.uint8), photometric="minisblack")
        out.write(pictures[1], photometric="minisblack")
        out.write(noise((40, 50), np.uint16), photometric="minisblack")
        out.write(noise((40, 50, 3), np.uint8), photometric="rgb")
        out.write(pictures[2], photometric="minisblack", compression="zlib")
    headers = FORMAT.inspect(file)
    assert len(headers) == 3
    note = "a.tif: 4 of 7 pages are left as they are (page 0: a reduced copy, which does not show what is restored; " \
        "page 2: 16x16 and not 50x40; page 4: 1 uint16 samples a pixel and not 1 uint8; page 5: 3 uint8 samples"
    assert headers[0].notes[0].startswith(note)
    for n, picture in enumerate(pictures):
        assert np.array_equal(FORMAT.read(file, n)[0], picture)
    assert trip(file, tmp_path / "b.tif") == "round trip"
    with pytest.raises(SourceError, match="changed since it was looked at: it has 3 pages"):
        FORMAT.read(file, 3)


def test_pictures_below_a_page_are_left_as_they_are(tmp_path: Path) -> None:
    file, small = tmp_path / "a.tif", noise((20, 25, 3), np.uint8)
    with tifffile.TiffWriter(file) as out:
        out.write(noise((40, 50, 3), np.uint8), photometric="rgb", compression="zlib", subifds=1)
        out.write(small, photometric="rgb", compression="zlib", subfiletype=1)
    assert trip(file, tmp_path / "b.tif") == "round trip"
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        assert np.array_equal(tiff.pages[0].pages[0].asarray(), small)
    with tifffile.TiffWriter(file) as out:
        out.write(small, photometric="rgb", subifds=1, subfiletype=1)
        out.write(noise((40, 50, 3), np.uint8), photometric="rgb")
    with pytest.raises(SourceError, match="nothing but a reduced copy"):
        FORMAT.inspect(file)


def test_a_file_written_again_is_looked_at_again(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    for n in range(20):
        Handmade(((n % 2,),), (np.zeros((20, 50), np.uint8), noise((20, 50), np.uint8))).to(file)
        assert FORMAT.read(file, 0)[0].any() == n % 2


def test_a_full_disk_is_no_fault_of_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.tif", [noise((40, 50), np.uint8)], photometric="minisblack")
    wanted = changed_in(file, 0)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for place in ("_overwrite", "spliced"):
        monkeypatch.setattr(f"restore.formats.{'tiff' if place == 'spliced' else '_tiff_splice'}.{place}", full)
        with pytest.raises(OSError, match="No space left"):
            FORMAT.write(tmp_path / "b.tif", file, wanted, Deed())


@pytest.mark.parametrize("kind", [SHORT, LONG])
@pytest.mark.parametrize("strips", [1, 3])
def test_numbers_that_no_longer_fit_are_written_anew(tmp_path: Path, kind: int, strips: int) -> None:
    flat = tuple(np.full((300, 300), 9, np.uint8) for _ in range(strips))
    file = Handmade((tuple(range(strips)),), flat, kind).to(tmp_path / "a.tif")
    rng = np.random.default_rng(0)
    at = np.arange(300 * 300, dtype=np.int32)
    wanted = (rng.integers(0, 256, at.size, np.uint8),)
    FORMAT.write(tmp_path / "b.tif", file, {0: ((at, wanted[0]),)}, Deed())
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        page = tiff.pages[0]
        assert page.tags[279].dtype == LONG
        assert page.dataoffsets[0] % 2 == 0
        found = page.asarray()
    assert np.array_equal(found[:300].ravel(), wanted[0])
    assert (found[300:] == 9).all()


def test_pages_that_share_strips_do_not_share_changes(tmp_path: Path) -> None:
    strips = tuple(noise((20, 50), np.uint8, n) for n in range(3))
    file = Handmade(((0, 1), (0, 1), (2, 2)), strips).to(tmp_path / "a.tif")
    assert trip(file, tmp_path / "b.tif") == "round trip"
    FORMAT.write(tmp_path / "c.tif", file, changed_in(file, 1), Deed())
    for n in (0, 2):
        assert np.array_equal(FORMAT.read(tmp_path / "c.tif", n)[0], FORMAT.read(file, n)[0])


def test_what_strips_leave_is_used_again(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    file = write(tmp_path / "a.tif", [smooth], photometric="minisblack", compression="zlib", rowsperstrip=1)
    at = np.arange(0, 4096, 64, dtype=np.int32)
    FORMAT.write(tmp_path / "b.tif", file, {0: ((at, np.full(64, 200, np.uint8)),)}, Deed())
    grown = (tmp_path / "b.tif").stat().st_size - file.stat().st_size
    with tifffile.TiffFile(tmp_path / "b.tif") as after, tifffile.TiffFile(file) as before:
        longer = sum(after.pages[0].databytecounts) - sum(before.pages[0].databytecounts)
        spans = sorted(zip(after.pages[0].dataoffsets, after.pages[0].databytecounts, strict=True))
        assert np.array_equal(np.delete(after.asarray(), 0, 1), np.delete(smooth, 0, 1))
    assert all(a + n <= b for (a, n), (b, _) in pairwise(spans))
    assert longer <= grown < longer + 100


def test_a_tiff_that_would_outgrow_its_kind_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flat = np.full((64, 64), 9, np.uint8)
    for big in (False, True):
        file = write(tmp_path / f"{big}.tif", [flat], photometric="minisblack", compression="zlib", bigtiff=big)
        monkeypatch.setattr(_tiff_splice, "CLASSIC_BYTES", file.stat().st_size + 5)
        if big:
            assert trip(file, tmp_path / "b.tif") == "round trip"
        else:
            with pytest.raises(OutputError, match="4 GiB"):
                FORMAT.write(tmp_path / "b.tif", file, changed_in(file, 0), Deed())


@with_codecs
@pytest.mark.parametrize("kind", ["jpeg", "jpeg2000"])
@pytest.mark.parametrize("big", [False, True])
def test_pages_compressed_with_loss_become_deflate_one_by_one(tmp_path: Path, kind: str, big: bool) -> None:
    pages = [np.stack([np.add.outer(np.arange(40) * n, np.arange(50))] * 3, -1).astype(np.uint8) for n in (1, 2, 3)]
    photometric = "ycbcr" if kind == "jpeg" else "rgb"
    file = write(tmp_path / "a.tif", pages, photometric=photometric, compression=kind, bigtiff=big, tile=(16, 32))
    (note,) = FORMAT.lost(file)
    assert f"{kind.upper()} compression becomes Deflate" in note
    before = [FORMAT.read(file, n) for n in range(3)]
    wanted = changed_in(file, 1)
    FORMAT.write(tmp_path / "b.tif", file, wanted, Deed())
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        assert [p.compression.name for p in tiff.pages] == [kind.upper(), "ADOBE_DEFLATE", kind.upper()]
        for n, page in enumerate(tiff.pages):
            assert page.photometric.name == ("RGB" if n == 1 else photometric.upper())
            differ = [int((page.asarray()[..., c] != before[n][p]).sum()) for p, c in enumerate(PLACES[3])]
            assert differ == [100 * (n == 1)] * 3
    assert all(p[700] == q[700] and len(p) >= len(q) for p, q in zip(tags(file, set()), tags(tmp_path / "b.tif", set()),
                                                                    strict=True))


@with_codecs
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("planar", [False, True])
def test_lzw_without_imagecodecs_is_the_same(
    tmp_path: Path, dtype: str, planar: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = noise(shaped(4, planar), dtype)
    file = write(tmp_path / "a.tif", [samples], compression="lzw", predictor=2, rowsperstrip=9, **told(4, planar))
    with_it = FORMAT.read(file, 0)
    monkeypatch.setattr(_tiff_codecs, "imagecodecs", lambda: False)
    for _ in range(3):
        assert all(np.array_equal(a, b) for a, b in zip(FORMAT.read(file, 0), with_it, strict=True))
    assert "LZW compression becomes Deflate" in FORMAT.lost(file)[0]
    assert trip(file, tmp_path / "b.tif").startswith("round trip")
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        assert tiff.pages[0].compression == 8


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_bits_in_the_other_order(tmp_path: Path, compression: str | None) -> None:
    samples = noise((40, 50), np.uint16)
    file = write(tmp_path / "a.tif", [samples], compression=compression, photometric="minisblack", rowsperstrip=8)
    data = bytearray(file.read_bytes())
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages[0]
        for a, n in zip(page.dataoffsets, page.databytecounts, strict=True):
            data[a : a + n] = data[a : a + n].translate(_tiff_codecs.TURNED)
        spare = page.tags[65000].offset
    # The tag of our own becomes FillOrder = 2; it stands last, where TIFF would not have it but readers do not mind.
    data[spare : spare + 12] = b"\x0a\x01\x03\0\x01\0\0\0\x02\0\0\0"
    file.write_bytes(data)
    assert np.array_equal(FORMAT.read(file, 0)[0], samples)
    wanted = changed_in(file, 0)
    FORMAT.write(tmp_path / "b.tif", file, wanted, Deed())
    after = FORMAT.read(tmp_path / "b.tif", 0)[0]
    assert np.array_equal(np.flatnonzero(after != samples), wanted[0][0][0])


# What stages see


def test_the_working_range_is_what_is_there_or_what_the_file_says(tmp_path: Path) -> None:
    heights = noise((40, 50), np.float32)
    heights[0, 0], heights[0, 1] = np.nan, np.inf
    write(tmp_path / "a.tif", [heights, heights * 3], photometric="minisblack")
    pixels = FORMAT.inspect(tmp_path / "a.tif")[0].pixels
    finite = heights[np.isfinite(heights)]
    assert (pixels.name, pixels.sample) == ("gray-float32", "float32")
    assert (pixels.low, pixels.high) == (3 * finite.min(), 3 * finite.max())
    said = [(code, 11, 1, value, True) for code, value in ((340, -500.0), (341, 500.0))]
    tifffile.imwrite(tmp_path / "b.tif", heights, photometric="minisblack", extratags=said)
    pixels = FORMAT.inspect(tmp_path / "b.tif")[0].pixels
    assert (pixels.low, pixels.high) == (-500, 500)
    tifffile.imwrite(tmp_path / "c.tif", noise((40, 50, 3), np.float16), photometric="rgb")
    header = FORMAT.inspect(tmp_path / "c.tif")[0]
    assert (header.pixels.name, header.pixels.low, header.pixels.high) == ("gbrp-float16", 0, 0)
    assert "linear light" in header.notes[0]
    tifffile.imwrite(tmp_path / "d.tif", np.full((4, 4), 7, np.int16), photometric="minisblack")
    pixels = FORMAT.inspect(tmp_path / "d.tif")[0].pixels
    assert (pixels.low, pixels.high) == (7, 8)


def test_a_folder_of_floats_is_seen_in_one_range(tmp_path: Path) -> None:
    for n in range(2):
        tifffile.imwrite(tmp_path / f"s{n}.tif", np.array([[n, n + 2]], np.float32), photometric="minisblack")
    pixels = probe(tmp_path).pixels
    assert (pixels.low, pixels.high) == (0, 3)


def test_white_as_zero_and_more_samples_than_are_restored_are_remarked_on(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise((40, 50), np.uint8), photometric="miniswhite")
    assert "MINISWHITE" in FORMAT.inspect(tmp_path / "a.tif")[0].notes[0]
    samples = noise((40, 50, 6), np.uint16)
    tifffile.imwrite(tmp_path / "b.tif", samples, photometric="rgb", planarconfig="contig",
                     extrasamples=["unspecified", "unspecified", "unassalpha"])
    (header,) = FORMAT.inspect(tmp_path / "b.tif")
    assert header.pixels.alpha
    assert header.notes == ("2 further samples of each pixel are left as they are",)
    assert np.array_equal(FORMAT.read(tmp_path / "b.tif", 0)[3], samples[..., 3])
    for name in ("a.tif", "b.tif"):
        assert trip(tmp_path / name, tmp_path / "c.tif") == "round trip"


def test_pages_stand_alone_unless_they_are_frames(tmp_path: Path) -> None:
    file = write(tmp_path / "a.tif", [noise((40, 50), np.uint8, n) for n in range(4)], photometric="minisblack")
    album = probe(file)
    assert (album.frames, album.pages, album.breaks, album.rate) == (4, (0, 1, 2, 3), (1, 2, 3), 1)
    assert any("4 pages are taken for pictures that have nothing to do with each other" in n for n in album.notes)
    film = probe(file, album.rate * 18)
    assert (film.frames, film.breaks, film.rate, film.notes) == (4, (), 18, ())


@pytest.mark.parametrize("compression", ["zlib", *CODECS])
def test_defect_maps_of_any_compression(tmp_path: Path, compression: str) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as out:
        out.write(noise((40, 50, 3), np.uint16), photometric="rgb", compression=compression)
        out.write(np.full((40, 50), 40000, np.uint16), photometric="minisblack", compression=compression)
    assert np.allclose(maps.read(tmp_path / "a.tif", "3").share, 40000 / 65535)


# Everything there is


def test_whatever_a_directory_says_the_answer_is_one_of_ours(tmp_path: Path) -> None:
    samples = [noise((40, 50, 3), np.uint16, n) for n in range(2)]
    file = write(tmp_path / "a.tif", samples, photometric="rgb", compression="zlib", tile=(16, 16))
    sound = file.read_bytes()
    with tifffile.TiffFile(file) as tiff:
        entries = [int(t.offset) for p in tiff.pages for t in p.tags]
    rng = np.random.default_rng(0)
    outcomes = set()
    for _ in range(150):
        data = bytearray(sound)
        for _ in range(rng.integers(1, 4)):
            data[rng.choice(entries) + rng.integers(12)] = rng.choice([0, 1, 128, 255])
        file.write_bytes(data)
        try:
            headers = FORMAT.inspect(file)
            for n in range(len(headers)):
                FORMAT.read(file, n)
            FORMAT.write(tmp_path / "b.tif", file, changed_in(file, 0), Deed())
            outcomes.add("fine")
        except (SourceError, OutputError) as e:
            outcomes.add(type(e).__name__)
    assert outcomes >= {"fine", "SourceError"}
