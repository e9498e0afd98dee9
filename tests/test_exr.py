from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore import exr
from restore.errors import SourceError

from .maps_made import exr_bytes


@given(
    st.sampled_from([0, 1, 2, 3]), st.sampled_from(["f2", "f4", "u4"]), st.integers(1, 20), st.integers(1, 40),
    st.integers(0, 99), st.booleans(),
)
def test_what_was_written_is_read(compression, kind, width, height, seed, plain):
    rng = np.random.default_rng(seed)
    planes = {n: (rng.random((height, width)) * (1 if plain else 9)).astype(kind) for n in ("R", "A", "ir")}
    planes["ir"][:] = 1  # a run
    found = exr.read(exr_bytes(planes, compression))
    assert set(found) == {"A", "R", "ir"}
    assert all(np.array_equal(found[n], planes[n].astype(np.float32)) for n in planes)


def test_the_picture_is_the_display_window():
    plane = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = exr.read(exr_bytes({"Y": plane}, shown=(1, -1, 5, 1)))["Y"]
    assert found.shape == (3, 5)
    assert np.array_equal(found[1:, :3], plane[:2, 1:])
    assert not found[0].any()
    assert not found[:, 3:].any()


def test_what_cannot_be_read_is_named():
    plane = np.random.default_rng(0).random((40, 30)).astype(np.float32)
    whole = exr_bytes({"Y": plane})
    with pytest.raises(SourceError, match="compression PIZ"):
        exr.read(exr_bytes({"Y": plane}, 4))
    with pytest.raises(SourceError, match="tiles"):
        exr.read(exr_bytes({"Y": plane}, version=2 | 0x200))
    with pytest.raises(SourceError, match="not an EXR"):
        exr.read(b"\x89PNG" + whole)


@given(st.integers(0, 2000), st.integers(0, 255))
def test_damage_is_refused_or_changes_samples_and_never_breaks_anything_else(at, value):
    whole = bytearray(exr_bytes({"Y": np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30)}))
    at %= len(whole)
    whole[at] = value
    for data in (bytes(whole), bytes(whole[:at])):
        try:
            found = exr.read(data)
        except SourceError:
            continue
        assert all(p.ndim == 2 for p in found.values())


def test_real_files_are_read_as_ffmpeg_reads_them(media):
    path = media / "formats/openexr-images/TestImages/BrightRings.exr"
    if not path.exists():
        pytest.skip(f"no {path}")
    found = exr.read(path.read_bytes())
    with av.open(str(path)) as file:
        frame = next(file.decode(video=0))
    assert frame.format.name == "gbrpf16le"
    for name, plane in zip("GBR", frame.planes, strict=True):
        expected = np.frombuffer(plane, "<f2").reshape(800, -1)[:, :800]
        assert np.array_equal(found[name], expected.astype(np.float32))
