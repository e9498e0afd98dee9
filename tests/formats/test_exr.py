from __future__ import annotations

import struct
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.errors import SourceError
from restore.formats import Deed, Format, exr
from restore.formats.exr import FORMAT
from restore.frames import Changes, changed_planes
from restore.source import Plane
from restore.testing import FormatSuite
from tests.maps_made import exr_bytes

SPECIAL = np.array([0x7E01, 0x7D01, 0xFC00, 0x7C00, 0x8000, 0x0001], np.uint16).view(np.float16)
"""A NaN, a signalling one, both infinities, minus zero and the smallest half."""


def drawn(names: str, kind: str = "f2", size: tuple[int, int] = (37, 21), seed: int = 0) -> dict[str, Plane]:
    rng = np.random.default_rng(seed)
    out = {n: (rng.normal(0, 3, size)).astype(kind) for n in names}
    for plane in out.values():
        plane.ravel()[: SPECIAL.size] = SPECIAL
        plane[5:20] = 0.5  # something to compress
    return out


def with_oiio(path: Path, planes: dict[str, Plane], compression: str, tiles: bool = False) -> Path:
    """Write an EXR in a compression that only OpenImageIO has."""
    oiio = pytest.importorskip("OpenImageIO")
    names, one = list(planes), next(iter(planes.values()))
    spec = oiio.ImageSpec(one.shape[1], one.shape[0], len(names), str(one.dtype).replace("float16", "half"))
    spec.channelnames = names
    spec.attribute("compression", compression)
    if tiles:
        spec.tile_width, spec.tile_height = 16, 16
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), oiio.geterror()
    assert out.write_image(np.stack(list(planes.values()), -1))
    out.close()
    return path


def some(planes: tuple[Plane, ...], seed: int = 0) -> Changes:
    at = np.unique(np.random.default_rng(seed).integers(0, planes[0].size, 20)).astype(np.int32)
    return tuple((at, (p.ravel()[at].view(f"u{p.itemsize}") ^ 1).view(p.dtype)) for p in planes)


def same(a: tuple[Plane, ...], b: tuple[Plane, ...]) -> bool:
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


class TestExr(FormatSuite):
    def make(self) -> Format:
        return FORMAT

    def examples(self, folder: Path) -> list[Path]:
        deep = {"z": drawn("z", "f4")["z"], "id": np.full((37, 21), 7, np.uint32)}
        files = {
            **{f"rgb_{c}": exr_bytes(drawn("RGB"), c) for c in range(4)},
            "rgba_float": exr_bytes(drawn("RGBA", "f4"), 3), "grey": exr_bytes(drawn("Y", "f4"), 2),
            "grey_alpha": exr_bytes(drawn("YA"), 3), "more": exr_bytes({**drawn("RGBA"), **deep}, 3),
            "tiles": exr_bytes(drawn("RGB"), 3, tile=(16, 8)), "window": exr_bytes(drawn("RGB"), 3, origin=(-5, 9)),
            "parts": exr_bytes(drawn("RGB"), 3, further=[drawn("RGB", seed=1), drawn("Z", "f4")]),
        }
        out = []
        for name, data in files.items():
            out.append(folder / f"{name}.exr")
            out[-1].write_bytes(data)
        return out


@given(
    st.sampled_from([0, 1, 2, 3]), st.sampled_from(["f2", "f4"]), st.sampled_from(["Y", "YA", "RGB", "RGBA"]),
    st.integers(1, 20), st.integers(1, 40), st.integers(0, 99), st.booleans(),
)
def test_what_was_written_is_read(tmp_path_factory, compression, kind, names, width, height, seed, tiled):
    planes = drawn(names, kind, (height, width), seed) if width * height > 5 else {
        n: np.ones((height, width), kind) for n in names}
    file = tmp_path_factory.getbasetemp() / "a.exr"
    file.write_bytes(exr_bytes(planes, compression, tile=(7, 5) if tiled else None))
    order = {"Y": "Y", "YA": "YA", "RGB": "GBR", "RGBA": "GBRA"}[names]
    assert same(FORMAT.read(file, 0), tuple(planes[n] for n in order))


def test_all_but_the_chunks_that_changed_has_the_same_bytes(tmp_path):
    file, copy = tmp_path / "a.exr", tmp_path / "b.exr"
    further = drawn("RGB", seed=5)
    file.write_bytes(exr_bytes({**drawn("RGBA"), "z": drawn("z", "f4")["z"]}, 3, further=[further]) + b"a tail")
    planes = FORMAT.read(file, 0)
    at = np.array([20 * 21 + 3], np.int32)  # in the second of three chunks
    changed = tuple((at[: p < 1], np.array([9], np.float16)[: p < 1]) for p in range(4))
    FORMAT.write(copy, file, {0: changed}, Deed())
    assert same(FORMAT.read(copy, 0), changed_planes(planes, changed))
    before, after = file.read_bytes(), copy.read_bytes()
    table = next(k for k in range(len(before)) if before[k : k + 8] == struct.pack("<Q", k + 48))  # of six chunks
    assert after[:table] == before[:table]
    assert after[-6:] == b"a tail"
    assert [a == b for a, b in zip(*(_bodies(d, table) for d in (before, after)), strict=True)] == [
        True, False, *[True] * 4]


def _bodies(data: bytes, table: int) -> list[bytes]:
    """Return the chunks of a file of several parts, six of them, with their heads."""
    starts = struct.unpack_from("<6Q", data, table)
    return [data[s : s + 12 + struct.unpack_from("<i", data, s + 8)[0]] for s in starts]


@pytest.mark.parametrize("tiles", [False, True], ids=["lines", "tiles"])
@pytest.mark.parametrize("compression", ["piz", "pxr24", "b44", "b44a", "dwaa", "dwab", "htj2k256", "htj2k32"])
@pytest.mark.parametrize("kind", ["f2", "f4"])
def test_compressions_that_lose_lose_nothing_more(tmp_path, compression, kind, tiles):
    file = with_oiio(tmp_path / "a.exr", drawn("RGB", kind), compression, tiles)
    planes = FORMAT.read(file, 0)
    changed = some(planes)
    FORMAT.write(tmp_path / "b.exr", file, {0: changed}, Deed())
    assert same(FORMAT.read(tmp_path / "b.exr", 0), changed_planes(planes, changed))
    again = some(planes, 1)  # now some chunks are stored as they are
    FORMAT.write(tmp_path / "c.exr", tmp_path / "b.exr", {0: again}, Deed())
    assert same(FORMAT.read(tmp_path / "c.exr", 0), changed_planes(changed_planes(planes, changed), again))
    assert "stored uncompressed" in FORMAT.lost(file)[0]


def test_other_parts_of_any_compression_stay(tmp_path):
    oiio = pytest.importorskip("OpenImageIO")
    file, copy = tmp_path / "a.exr", tmp_path / "b.exr"
    specs = [oiio.ImageSpec(21, 37, 3, kind) for kind in ("half", "float")]
    for name, spec in zip(("left", "right"), specs, strict=True):
        spec.attribute("compression", "piz")
        spec.attribute("oiio:subimagename", name)
    parts = [np.stack(list(drawn("RGB", kind).values()), -1) for kind in ("f2", "f4")]
    out = oiio.ImageOutput.create(str(file))
    assert out.open(str(file), tuple(specs)), oiio.geterror()
    assert out.write_image(parts[0])
    assert out.open(str(file), specs[1], "AppendSubimage")
    assert out.write_image(parts[1])
    out.close()
    planes = FORMAT.read(file, 0)
    changed = some(planes)
    FORMAT.write(copy, file, {0: changed}, Deed())
    assert same(FORMAT.read(copy, 0), changed_planes(planes, changed))
    second = oiio.ImageInput.open(str(copy)).read_image(1, 0, 0, 3, oiio.FLOAT)
    assert second.tobytes() == parts[1].tobytes()


def test_without_openimageio_the_line_that_installs_it_is_named(tmp_path, monkeypatch):
    file = with_oiio(tmp_path / "a.exr", drawn("RGB"), "piz")
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    assert FORMAT.inspect(file)[0].size == (37, 21)
    with pytest.raises(SourceError, match=r"pip install 'lacuna\[film\]'"):
        FORMAT.read(file, 0)


def test_headers_say_rate_window_and_preview(tmp_path):
    file = tmp_path / "a.exr"
    file.write_bytes(exr_bytes(drawn("RGB"), shown=(0, 0, 99, 49), more=[
        ("framesPerSecond", "rational", struct.pack("<iI", 24000, 1001)), ("preview", "preview", bytes(12)),
    ]))
    (header,) = FORMAT.inspect(file)
    assert header.rate == Fraction(24000, 1001)
    assert header.size == (37, 21)
    assert "display window (0, 0, 99, 49)" in header.notes[0]
    assert "preview" in FORMAT.lost(file)[0]


@pytest.mark.parametrize(("data", "word"), [
    (exr_bytes(drawn("RGB"), version=2 | 0x800), "deep"), (exr_bytes(drawn("RGB"), version=3), "version 3"),
    (exr_bytes(drawn("Z")), "no channels R, G, B or Y but Z"),
    (exr_bytes({**drawn("RG"), "B": drawn("B", "f4")["B"]}), "float16, float32"),
    (exr_bytes({n: np.ones((4, 4), np.uint32) for n in "RGB"}), "uint32"),
    (exr_bytes({**drawn("Y"), "RY": drawn("Y")["Y"]}), "luminance and chroma"),
    (exr_bytes(drawn("RGB")).replace(b"compression\0\1\0\0\0\3", b"compression\0\1\0\0\0\x0d"), "number 13"),
    (exr_bytes(drawn("RGB"), tile=(8, 8)).replace(struct.pack("<IIB", 8, 8, 0), struct.pack("<IIB", 8, 8, 1)),
     "several resolutions"),
    (exr_bytes(drawn("RGB")).replace(b"\1\0\0\0\1\0\0\0R\0", b"\2\0\0\0\2\0\0\0R\0"), "channel G at another"),
    (exr_bytes(drawn("RGB"), shown=(5, 5, 0, 0)), "a window of 5, 5"), (b"\x89PNG" * 30, "not an EXR"),
])
def test_what_cannot_be_read_is_named(tmp_path, data, word):
    (tmp_path / "a.exr").write_bytes(data)
    with pytest.raises(SourceError, match=word):
        FORMAT.inspect(tmp_path / "a.exr")


def test_a_header_that_promises_far_more_than_the_file_holds_is_refused_at_once(tmp_path):
    data = exr_bytes({n: np.zeros((16, 30000), np.float32) for n in "RGB"}).replace(
        struct.pack("<4i", 0, 0, 29999, 15), struct.pack("<4i", 0, 0, 29_999_999, 15))
    (tmp_path / "a.exr").write_bytes(data)
    with pytest.raises(SourceError, match="bytes of samples out of"):
        FORMAT.inspect(tmp_path / "a.exr")


@settings(max_examples=150)
@given(st.integers(0, 6000), st.integers(0, 255), st.sampled_from(["lines", "tiles", "parts"]), st.booleans())
def test_damage_is_refused_or_changes_samples_and_never_breaks_anything_else(tmp_path_factory, at, value, kind, cut):
    whole = bytearray({
        "lines": lambda: exr_bytes(drawn("Y"), 2), "tiles": lambda: exr_bytes(drawn("Y"), 3, tile=(16, 8)),
        "parts": lambda: exr_bytes(drawn("Y"), 3, further=[drawn("Z")]),
    }[kind]())
    at %= len(whole)
    whole[at] = value
    file = tmp_path_factory.getbasetemp() / "fuzzed.exr"
    file.write_bytes(whole[:at] if cut else whole)
    try:
        planes = FORMAT.read(file, 0)
        FORMAT.write(file.with_name("copy.exr"), file, {0: some(planes)}, Deed())
    except SourceError:
        return
    assert all(p.shape == FORMAT.inspect(file)[0].size for p in planes)


def test_a_map_is_the_display_window(tmp_path):
    plane = np.arange(12, dtype=np.float32).reshape(3, 4)
    (tmp_path / "a.exr").write_bytes(exr_bytes({"Y": plane, "ir": plane}, shown=(1, -1, 5, 1)))
    found = exr.channels(tmp_path / "a.exr")
    assert list(found) == ["Y", "ir"]
    assert found["Y"].shape == (3, 5)
    assert np.array_equal(found["Y"][1:, :3], plane[:2, 1:])
    assert not found["Y"][0].any()
    assert not found["Y"][:, 3:].any()


@pytest.mark.parametrize("name", ["BrightRings", "BrightRingsNanInf", "AllHalfValues", "GammaChart", "stripes"])
def test_real_files_are_changed_where_they_were_asked_for(media, tmp_path, name):
    file = media / f"formats/openexr-images/TestImages/{name}.exr"
    if not file.exists():
        pytest.skip(f"no {file}")
    planes = FORMAT.read(file, 0)
    changed = some(planes)
    FORMAT.write(tmp_path / "b.exr", file, {0: changed}, Deed())
    assert same(FORMAT.read(tmp_path / "b.exr", 0), changed_planes(planes, changed))
    if name != "BrightRings":
        return
    for path, expected in ((file, planes), (tmp_path / "b.exr", changed_planes(planes, changed))):
        with av.open(str(path)) as opened:
            frame = next(opened.decode(video=0))
        assert frame.format.name == "gbrpf16le"
        stored = [np.frombuffer(p, "<f2").reshape(800, -1)[:, :800] for p in frame.planes]
        assert all(np.array_equal(a, b) for a, b in zip(stored, expected, strict=True))
