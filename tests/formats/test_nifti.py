from __future__ import annotations

import gzip
import shutil
import struct
import subprocess
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore import slices
from restore.errors import SourceError
from restore.formats import Deed, _gunzip
from restore.formats._levels import levels
from restore.formats.nifti import FORMAT, _replaced
from restore.frames import Changes, changed_planes, changes
from restore.probe import probe
from restore.source import Plane

CODES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768}


def nifti(
    values: npt.NDArray[Any], version: int = 1, intent: int = 0, code: int | None = None, dim: tuple[int, ...] = (),
    extension: bytes = b"", magic: bytes | None = None,
) -> bytes:
    """Return a file of values in the order of its axes reversed: (t, z, y, x), of the byte order of their type."""
    order = ">" if values.dtype.byteorder == ">" else "<"
    dims = dim or (values.ndim, *values.shape[::-1])
    dims = (*dims, *[1] * (8 - len(dims)))
    code = CODES[values.dtype.str[1:]] if code is None else code
    size = {1: 348, 2: 540}[version]
    head, offset = bytearray(size), size + 4 + len(extension)
    for at, kind, *what in {
        1: [(0, "i", 348), (40, "8h", *dims), (68, "3h", intent, code, 8 * values.itemsize),
            (108, "3f", offset, 2.5, -1024.0), (148, "80s", b"Somebody's head"), (252, "2h", 1, 2),
            (344, "4s", magic or b"n+1\0")],
        2: [(0, "i", 540), (4, "8s", magic or b"n+2\0\r\n\x1a\n"), (12, "2h", code, 8 * values.itemsize),
            (16, "8q", *dims), (168, "q", offset), (176, "2d", 2.5, -1024.0), (504, "i", intent)],
    }[version]:
        struct.pack_into(order + kind, head, at, *what)
    return bytes(head) + bytes([bool(extension), 0, 0, 0]) + extension + values.tobytes()


def drawn(kind: str, shape: tuple[int, ...] = (2, 3, 5, 4)) -> npt.NDArray[Any]:
    dtype, rng = np.dtype(kind), np.random.default_rng(4)
    if dtype.kind == "f":
        return rng.normal(0, 1e4, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, endpoint=True).astype(dtype)


def touched(plane: Plane) -> Changes:
    new = plane.copy()
    new.ravel()[::3] = new.ravel()[1::3][: new.ravel()[::3].size].mean().astype(plane.dtype)
    return changes((plane,), (new,))


@pytest.mark.parametrize("kind", ["u1", "i1", *(f"{o}{k}" for o in "<>" for k in ("i2", "u2", "i4", "u4", "f4", "f8"))])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_samples_are_read_and_only_they_change(tmp_path: Path, kind: str, version: int, ending: str) -> None:
    values = drawn(kind)
    data = nifti(values, version, extension=bytes(28))
    file, out = tmp_path / f"a{ending}", [tmp_path / f"{n}{ending}" for n in "bc"]
    file.write_bytes(gzip.compress(data) if ending == ".nii.gz" else data)
    assert [h.size for h in FORMAT.inspect(file)] == [(5, 4)] * 6
    planes = [FORMAT.read(file, n)[0] for n in (5, 0, 3, 1, 2, 4)]  # not in order
    assert all(np.array_equal(p, values.reshape(6, 5, 4)[n]) for n, p in zip((5, 0, 3, 1, 2, 4), planes, strict=True))
    wanted = {4: touched(planes[5])}
    for path in out:
        FORMAT.write(path, file, wanted, Deed())
    assert out[0].read_bytes() == out[1].read_bytes()
    after = gzip.decompress(out[0].read_bytes()) if ending == ".nii.gz" else out[0].read_bytes()
    expected = values.copy().reshape(6, 5, 4)
    expected[4] = changed_planes((planes[5],), wanted[4])[0]
    assert after == data[: len(data) - values.nbytes] + expected.tobytes()


def test_volumes_follow_on_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_bytes(nifti(drawn("<i2")))
    source = probe(tmp_path / "a.nii")
    assert (source.frames, source.breaks, source.pages) == (6, (3,), tuple(range(6)))
    assert source.pixels.sample == "int16"
    assert source.notes == ()


def test_other_readers_agree(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel", reason="the extra `medical` is not installed")
    values = drawn(">i2")
    (tmp_path / "a.nii").write_bytes(nifti(values))
    theirs = np.asanyarray(nibabel.load(tmp_path / "a.nii").dataobj.get_unscaled())
    ours = np.stack([FORMAT.read(tmp_path / "a.nii", n)[0] for n in range(6)]).reshape(2, 3, 5, 4)
    assert np.array_equal(theirs.T, ours)


@pytest.mark.parametrize(("data", "why"), [
    (nifti(drawn("u1"), code=128), "RGB"), (nifti(drawn("u1"), code=32), "complex"),
    (nifti(drawn("u1"), code=1536), "128-bit floats"), (nifti(drawn("u1"), code=1024), "64-bit whole numbers"),
    (nifti(drawn("u1"), code=77), "type 77"), (nifti(drawn("u1"), intent=1002), "labels"),
    (nifti(drawn("u1"), version=2, intent=1002), "labels"), (nifti(drawn("u1"), magic=b"ni1\0"), "another file"),
    (nifti(drawn("u1"), dim=(5, 4, 5, 3, 1, 2)), "a fifth axis"), (nifti(drawn("u1"), dim=(1, 120)), "a single axis"),
    (nifti(drawn("u1"), dim=(9, 4, 5, 3, 2)), "9 axes"), (nifti(drawn("u1"), dim=(4, 4, 5, -3, 2)), "lengths"),
    (nifti(drawn("u1"), dim=(4, 4, 5, 2000, 2000)), "more than are read"),
    (nifti(drawn("u1"), version=2, dim=(3, 1 << 40, 1 << 20, 1)), "larger than is read"),
    (nifti(drawn("u1"))[:400], "not all there"), (nifti(drawn("u1"))[:100], "does not begin with"),
    (bytes(600), "does not begin with"), (b"", "empty"),
])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_what_cannot_be_restored_is_refused_by_its_name(tmp_path: Path, data: bytes, why: str, ending: str) -> None:
    file = tmp_path / f"a{ending}"
    file.write_bytes(gzip.compress(data) if ending == ".nii.gz" and data else data)
    with pytest.raises(SourceError, match=why) as e:
        probe(file)
    assert "Somebody" not in str(e.value)


def test_packed_data_that_is_damaged_is_a_sentence(tmp_path: Path) -> None:
    data = gzip.compress(nifti(drawn("<i2", (1, 40, 30, 20))))
    for k, broken in enumerate((data[:-500], data[:200] + b"\0\0" + data[202:], b"no gzip at all")):
        file = tmp_path / f"{k}.nii.gz"
        file.write_bytes(broken)
        with pytest.raises(SourceError, match=r"damaged"):
            probe(file)


# What is packed


def test_parts_of_what_is_packed_come_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gunzip, "PIECE_BYTES", 100)
    monkeypatch.setattr(_gunzip, "BLOCK_BYTES", 700)
    monkeypatch.setattr(_gunzip, "HELD_BYTES", 1400)
    rng = np.random.default_rng(0)
    data = rng.integers(0, 9, 9000).astype(np.uint8).tobytes() + bytes(50_000)
    file = tmp_path / "a.gz"
    file.write_bytes(gzip.compress(data[:5000]) + gzip.compress(data[5000:]) + bytes(20))  # two members, and padding
    for start in (0, 8000, 100, 699, 58_000, 3000):
        assert _gunzip.part(file, start, 1500) == data[start : start + 1500]
    assert b"".join(_gunzip.pieces(file)) == data
    file.write_bytes(file.read_bytes()[:-120])
    with pytest.raises(zlib.error):
        b"".join(_gunzip.pieces(file))


@given(st.lists(st.integers(1, 7), min_size=1, max_size=12), st.sets(st.integers(0, 20)))
def test_words_are_put_in_across_pieces(lengths: list[int], places: set[int]) -> None:
    data = bytes(range(sum(lengths)))
    words = {3 * p: b"\xff\xfe" for p in places if 3 * p + 2 <= len(data)}
    expected = bytearray(data)
    for at, word in words.items():
        expected[at : at + 2] = word
    starts = np.cumsum([0, *lengths])
    pieces = (data[a:b] for a, b in pairwise(starts))
    assert b"".join(_replaced(pieces, words)) == bytes(expected)


# What stages see, and in which order


def test_black_and_white_leave_room_but_not_for_what_is_far_out() -> None:
    values = np.random.default_rng(0).normal(100, 10, 20_000).astype(np.float32)
    values[:3] = (1e30, np.nan, -np.inf)
    found = levels(values)
    assert 0 < found.low < 70
    assert 130 < found.high < 200
    assert levels(np.full(5, 7, np.int16)).high == 8
    assert levels(np.array([np.nan], np.float32)).high == 1


@pytest.mark.parametrize(("places", "breaks"), [
    ([0.0, 1.0, 2.0, 0.0, 1.0, 2.0], (3,)), ([4.0, 2.0, 0.0], ()), ([0.0, 2.0, 4.0, 8.0, 10.0], (3,)),
    ([0.0, 0.0, 0.0], (1, 2)), ([None, 1.0, 2.0], ()), ([1.0], ()), ([0.0, 1.0, 0.0, 1.0], (2,)),
])
def test_volumes_begin_where_places_turn_back(places: list[float | None], breaks: tuple[int, ...]) -> None:
    assert slices.laid_out(places).breaks == breaks


@pytest.mark.skipif(not shutil.which("nifti_tool"), reason="nifti_tool (nifti-bin) is not installed")
def test_a_validator_sees_no_other_header(media: Path, tmp_path: Path) -> None:
    names = ["functional.nii", "reoriented_anat_moved.nii", "example_nifti2.nii.gz", "pcasl.nii.gz"]
    for file in (next((media / "medical").rglob(n), None) for n in names):
        if file is None:
            continue
        out = tmp_path / file.name
        FORMAT.write(out, file, {2: touched(FORMAT.read(file, 2)[0])}, Deed())
        compared = subprocess.run(["nifti_tool", "-diff_hdr", "-infiles", str(file), str(out)], capture_output=True,
                                  check=False)
        assert compared.returncode == 0
        checks = [subprocess.run(["nifti_tool", "-check_hdr", "-check_nim", "-infiles", str(f)], capture_output=True,
                                 check=False).returncode for f in (file, out)]
        assert checks[0] == checks[1]
