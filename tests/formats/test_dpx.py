from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.errors import OutputError, SourceError
from restore.formats import Deed, Format, dpx
from restore.formats.dpx import FORMAT
from restore.frames import Changes
from restore.testing import FormatSuite
from tests.maps_made import dpx_bytes

ORDERS = {50: (1, 2, 0), 51: (1, 2, 0, 3), 52: (2, 1, 3, 0), 6: (0,), 102: (1, 0, 2)}
"""For each descriptor the places of the native planes among its samples."""
KINDS = ((8, 0), (10, 0), (10, 1), (10, 2), (12, 0), (12, 1), (12, 2), (16, 0))
"""(bits, packing)."""


def drawn(descriptor: int, bits: int, size: tuple[int, int] = (9, 12), seed: int = 0) -> list[np.ndarray]:
    shape = (len(ORDERS[descriptor]), *size)
    return list(np.random.default_rng(seed).integers(0, 1 << bits, shape).astype(np.uint16))


def one_change(plane: int, at: int, value: int, planes: int = 3) -> Changes:
    none = (np.zeros(0, np.int32), np.zeros(0, np.uint16))
    return tuple((np.array([at], np.int32), np.array([value], np.uint16)) if p == plane else none
                 for p in range(planes))


class TestDpx(FormatSuite):
    def make(self) -> Format:
        return FORMAT

    def examples(self, folder: Path) -> list[Path]:
        out = []
        several = [(d, k) for d in (50, 51, 52, 102) for k in KINDS]
        for descriptor, (bits, packing) in [*several, (6, (8, 0)), (6, (16, 0))]:
            end, pad = "<>"[len(out) % 2], len(out) % 3
            out.append(folder / f"{descriptor}_{bits}_{packing}_{pad}.dpx")
            out[-1].write_bytes(dpx_bytes(drawn(descriptor, bits), bits, end, packing, descriptor, pad)[: -pad or None])
        return out


@given(
    st.sampled_from(KINDS), st.sampled_from("<>"), st.sampled_from([50, 51, 52, 102]), st.integers(1, 9),
    st.integers(1, 5), st.integers(0, 3), st.sampled_from([852, 1664, 2048, 8193]), st.integers(0, 99),
)
def test_what_was_written_is_read(tmp_path_factory, kind, end, descriptor, width, height, pad, start, seed):
    bits, packing = kind
    planes = drawn(descriptor, bits, (height, width), seed)
    file = tmp_path_factory.mktemp("dpx") / "a.dpx"
    file.write_bytes(dpx_bytes(planes, bits, end, packing, descriptor, pad, start))
    found = FORMAT.read(file, 0)
    assert len(found) == len(planes)
    assert all(np.array_equal(f, planes[k]) for f, k in zip(found, ORDERS[descriptor], strict=True))


@given(st.sampled_from(KINDS), st.sampled_from("<>"), st.integers(0, 2), st.integers(0, 34), st.data())
def test_one_changed_sample_changes_the_bits_of_its_field(tmp_path_factory, kind, end, plane, at, data):
    bits, packing = kind
    planes = drawn(50, bits, (5, 7))
    folder = tmp_path_factory.mktemp("dpx")
    whole = bytearray(dpx_bytes(planes, bits, end, packing, pad=3))
    for k in range(2048, len(whole)):
        whole[k] |= {(10, 1): 0x03, (12, 1): 0x0F}.get(kind, 0) if k % 2 == (end == ">") else 0  # padding that is not 0
    (folder / "a.dpx").write_bytes(whole)
    before = FORMAT.read(folder / "a.dpx", 0)
    value = data.draw(st.integers(0, (1 << bits) - 1))
    (folder / "b").mkdir()
    FORMAT.write(folder / "b/a.dpx", folder / "a.dpx", {0: one_change(plane, at, value)}, Deed())
    a, b = (int.from_bytes(f.read_bytes(), "little") for f in (folder / "a.dpx", folder / "b/a.dpx"))
    assert (a ^ b).bit_count() == (int(before[plane].ravel()[at]) ^ value).bit_count()
    assert FORMAT.read(folder / "b/a.dpx", 0)[plane].ravel()[at] == value


def test_a_value_too_large_for_its_field_is_refused(tmp_path):
    (tmp_path / "a.dpx").write_bytes(dpx_bytes(drawn(50, 10), 10))
    with pytest.raises(OutputError, match="1024 does not go into 10 bits"):
        FORMAT.write(tmp_path / "b.dpx", tmp_path / "a.dpx", {0: one_change(0, 3, 1024)}, Deed())


@pytest.mark.parametrize(("name", "field"), [("a.dpx", b"scan.dpx"), ("b.dpx", b"b.dpx"), ("c" * 120, b"c" * 99)])
def test_the_name_in_the_header_follows_a_new_name_alone(tmp_path, name, field):
    (tmp_path / "a.dpx").write_bytes(dpx_bytes(drawn(50, 10), 10))
    FORMAT.write(tmp_path / ".a.partial", tmp_path / "a.dpx", {0: one_change(0, 3, 1)}, Deed(name=name))
    before, after = ((tmp_path / n).read_bytes() for n in ("a.dpx", ".a.partial"))
    assert after[36:136].rstrip(b"\0") == field
    assert before[:36] + before[136:2048] == after[:36] + after[136:2048]


def test_rows_need_not_be_whole_words(tmp_path):
    planes = drawn(50, 8, (3, 5))
    samples = np.stack(planes, -1).astype(np.uint8).tobytes()
    (tmp_path / "a.dpx").write_bytes(dpx_bytes(planes, 8)[:2048] + samples)
    assert np.array_equal(FORMAT.read(tmp_path / "a.dpx", 0)[2], planes[0])


def test_rates_are_taken_from_the_film_header(tmp_path):
    file = tmp_path / "a.dpx"
    for told, expected in ((24, Fraction(24)), (23.976, Fraction(24000, 1001)), (16.667, Fraction(50, 3)), (0, None),
                           (float("nan"), None), (9.4e-38, None)):
        file.write_bytes(dpx_bytes(drawn(50, 8), 8, rate=told))
        assert FORMAT.inspect(file)[0].rate == expected
    whole = bytearray(dpx_bytes(drawn(50, 8), 8, rate=18))
    struct.pack_into(">f", whole, 1940, 25)
    file.write_bytes(whole)
    (header,) = FORMAT.inspect(file)
    assert header.rate == 18
    assert "television header 25" in header.notes[0]
    file.write_bytes(dpx_bytes(drawn(50, 8), 8, start=1664))  # samples where those headers would be
    assert FORMAT.inspect(file)[0].rate is None


@pytest.mark.parametrize(("at", "value", "word"), [
    (770, b"\0\2", "2 image elements is not read"), (770, b"\0\0", "damaged: its header says 0"),
    (806, b"\0\1", "run-length"), (783, b"\1", "signed"), (800, b"\x64", "4:2:2"), (800, b"\x63", "descriptor 99"),
    (803, b"\x20", "32 bits"), (805, b"\7", "packing 7"), (772, b"\0\0\0\0", "0x9"),
    (804, b"\0\1\0\0\0\0\0\x08", "at byte 8"), (0, b"II*\0", "not a DPX"), (812, b"\x7f\0\0\0", "ends early"),
])
def test_what_cannot_be_read_is_named(tmp_path, at, value, word):
    whole = bytearray(dpx_bytes(drawn(50, 10), 10))
    whole[at : at + len(value)] = value
    (tmp_path / "a.dpx").write_bytes(whole)
    with pytest.raises(SourceError, match=word):
        FORMAT.inspect(tmp_path / "a.dpx")


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(768, 860), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, 3000))
def test_no_header_breaks_anything_but_itself(tmp_path_factory, bytes_, cut):
    whole = bytearray(dpx_bytes(drawn(50, 10), 10))
    for at, value in bytes_:
        whole[at] = value
    file = tmp_path_factory.getbasetemp() / "fuzzed.dpx"
    file.write_bytes(whole[: len(whole) - cut] if cut > 2000 else whole)
    try:
        (header,) = FORMAT.inspect(file)
        planes = FORMAT.read(file, 0)
        copy = file.with_name("copy.dpx")
        FORMAT.write(copy, file, {0: one_change(0, planes[0].size - 1, 1, len(planes))}, Deed())
    except SourceError:
        return
    assert all(p.shape == header.size for p in planes)
    assert copy.read_bytes()[36:768] != whole[36:768]  # its new name


def test_channels_have_their_names(tmp_path):
    file = tmp_path / "a.dpx"
    for descriptor, names in ((50, "RGB"), (51, "RGBA"), (52, "ABGR"), (6, "Y"), (102, "UYV")):
        planes = drawn(descriptor, 10)
        file.write_bytes(dpx_bytes(planes, 10, descriptor=descriptor, packing=0))
        found, full = dpx.channels(file)
        assert full == 1023
        assert list(found) == list(names)
        assert all(np.array_equal(a, b) for a, b in zip(found.values(), planes, strict=True))


@pytest.mark.parametrize("name", [
    "RAWcooked-RegressionTestingFiles/Formats/DPX/Flavors/RGBA_10_FilledA_BE/10bit_a.dpx",
    "RAWcooked-RegressionTestingFiles/Formats/DPX/Flavors/RGB_10_FilledA_BE/10bit.dpx",
    "RAWcooked-RegressionTestingFiles/Formats/DPX/Flavors/RGB_12_Packed_BE/12bit.dpx",
    "RAWcooked-RegressionTestingFiles/Formats/DPX/Flavors/RGB_16_Packed_BE/16bit.dpx",
    "RAWcooked-RegressionTestingFiles/Formats/DPX/Flavors/Y_16_Packed_BE/FFmpeg_gray16be.dpx",
    "RAWcooked-RegressionTestingFiles/Formats/DPX/Features/OffsetToData/8bit-OffsetToData0.dpx",
    "OpenImageIO-images/dpx/dpx_nuke_10bits_rgb.dpx",
])
def test_real_files_are_read_and_changed_as_ffmpeg_reads_them(media, tmp_path, name):
    file = media / "formats" / name
    if not file.exists():
        pytest.skip(f"no {file}")
    planes = list(FORMAT.read(file, 0))
    rng = np.random.default_rng(0)
    at = np.unique(rng.integers(0, planes[0].size, 100)).astype(np.int32)
    changed = tuple((at, (p.ravel()[at] ^ 1)) for p in planes)
    FORMAT.write(tmp_path / file.name, file, {0: changed}, Deed())
    for path in (file, tmp_path / file.name):
        with av.open(str(path)) as opened:
            expected = next(opened.decode(video=0)).to_ndarray()
        stored = np.stack(list(dpx.channels(path)[0].values()), -1)
        assert np.array_equal(stored, expected.reshape(stored.shape))
        for plane in planes:
            plane.ravel()[at] ^= 1
