from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore import dpx
from restore.errors import SourceError

from .maps_made import dpx_bytes


@given(
    st.sampled_from([(8, 0), (10, 1), (10, 2), (12, 1), (12, 2), (16, 0)]), st.sampled_from("<>"),
    st.integers(1, 9), st.integers(1, 5), st.integers(0, 99),
)
def test_what_was_written_is_read(kind, end, width, height, seed):
    bits, packing = kind
    planes = np.random.default_rng(seed).integers(0, 2**bits, (3, height, width), np.uint16)
    found, full = dpx.read(dpx_bytes(list(planes), bits, end, packing))
    assert full == 2**bits - 1
    assert list(found) == ["R", "G", "B"]
    assert all(np.array_equal(found[n], p) for n, p in zip("RGB", planes, strict=True))


def test_alpha_and_grey_have_their_names():
    planes = [np.full((2, 3), v, np.uint16) for v in (1, 2, 3, 4)]
    assert [int(v[0, 0]) for v in dpx.read(dpx_bytes(planes, 16, descriptor=51))[0].values()] == [1, 2, 3, 4]
    assert {n: int(v[0, 0]) for n, v in dpx.read(dpx_bytes(planes, 16, descriptor=52))[0].items()}["A"] == 1
    assert list(dpx.read(dpx_bytes(planes[:1], 8, descriptor=6))[0]) == ["Y"]


def test_what_cannot_be_read_is_named():
    whole = dpx_bytes([np.zeros((4, 4), np.uint16)] * 3, 10)
    with pytest.raises(SourceError, match="ends early, 16 bytes"):
        dpx.read(whole[:-16])
    with pytest.raises(SourceError, match="not a DPX"):
        dpx.read(b"II*\0" + whole[4:])
    with pytest.raises(SourceError, match="packing 0"):
        dpx.read(dpx_bytes([np.zeros((4, 4), np.uint16)] * 3, 10, packing=0))
    with pytest.raises(SourceError, match="descriptor 100"):
        dpx.read(dpx_bytes([np.zeros((4, 4), np.uint16)] * 3, 10, descriptor=100))


@pytest.mark.parametrize("name", [
    "RAWcooked-RegressionTestingFiles/Formats/DPX/Flavors/RGBA_10_FilledA_BE/10bit_a.dpx",
    "RAWcooked-RegressionTestingFiles/Formats/DPX/Flavors/RGB_16_Packed_BE/16bit.dpx",
    "RAWcooked-RegressionTestingFiles/Formats/DPX/Flavors/Y_16_Packed_BE/FFmpeg_gray16be.dpx",
    "OpenImageIO-images/dpx/dpx_nuke_10bits_rgb.dpx",
])
def test_real_files_are_read_as_ffmpeg_reads_them(media, name):
    path = media / "formats" / name
    if not path.exists():
        pytest.skip(f"no {path}")
    with av.open(str(path)) as file:
        expected = next(file.decode(video=0)).to_ndarray()
    found = np.stack(list(dpx.read(path.read_bytes())[0].values()), -1)
    assert np.array_equal(found, expected.reshape(found.shape))
