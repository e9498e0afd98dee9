from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from restore.errors import SourceError
from restore.formats import Format
from restore.formats.jpeg2000 import FORMAT, LOSSY
from restore.testing import FormatSuite

oiio = pytest.importorskip("OpenImageIO")


def written(path: Path, channels: int, bits: int = 8) -> Path:
    samples = np.random.default_rng(channels).integers(0, 1 << bits, (40, 32, channels)).astype(np.uint16)
    spec = oiio.ImageSpec(32, 40, channels, "uint8" if bits == 8 else "uint16")
    spec.attribute("oiio:BitsPerSample", bits)
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), oiio.geterror()
    assert out.write_image(samples.astype(np.uint8) if bits == 8 else samples << (16 - bits))
    out.close()
    return path


class TestJpeg2000(FormatSuite):
    tail_bytes = 2

    def make(self) -> Format:
        return FORMAT

    def examples(self, folder: Path) -> list[Path]:
        return [written(folder / f"{n}_{b}.jp2", n, b) for n in (1, 3) for b in (8, 10, 12, 16)]


def test_code_values_stay_code_values(tmp_path: Path) -> None:
    for bits in (10, 12, 16):
        file = written(tmp_path / "a.jp2", 1, bits)
        (plane,) = FORMAT.read(file, 0)
        spread = oiio.ImageInput.open(str(file)).read_image(0, 0, 0, 1, oiio.UINT16)[..., 0].astype(np.uint32)
        assert plane.max() < 1 << bits
        assert np.array_equal(np.rint(spread * ((1 << bits) - 1) / 65535), plane)


def test_what_is_not_read_is_named(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jp2", 3)
    whole = file.read_bytes()
    size = whole.index(b"\xff\x4f\xff\x51")
    for at, value, word in (
        (whole.index(b"colr") + 7, struct.pack(">I", 18), "Y'CbCr"), (size + 43, b"\x87", "several kinds"),
        (size + 42, b"\x87\1\1\x87\1\1\x87", "signed"), (size + 42, b"\x0a\1\1\x0a\1\1\x0a", "11 bits"),
        (size + 42, b"\7\2\2\7\2\2\7\2\2", "subsampled"), (size + 41, b"\4", "4 channels"),
        (size + 8, struct.pack(">2I", 60000, 60000), "promises"), (0, b"\x89PNG", "not a JPEG 2000"),
    ):
        file.write_bytes(whole[:at] + value + whole[at + len(value) :])
        with pytest.raises(SourceError, match=word):
            FORMAT.inspect(file)


def test_a_transform_that_loses_is_told(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jp2", 1)
    whole = bytearray(file.read_bytes())
    for reversible, notes in ((0, (LOSSY,)), (1, ())):
        whole[whole.index(b"\xff\x52") + 13] = reversible
        file.write_bytes(whole)
        assert FORMAT.inspect(file)[0].notes == notes


@pytest.mark.parametrize(("name", "size"), [
    ("16bit.cropped.j2k", (64, 64)), ("16bit.cropped.jp2", (64, 64)), ("test-card-lossless.jp2", (480, 640)),
    ("test-card-lossy-tiled.jp2", (480, 640)),
])
def test_real_files(media: Path, name: str, size: tuple[int, int]) -> None:
    file = media / "formats/Pillow/Tests/images" / name
    if not file.exists():
        pytest.skip(f"no {file}")
    assert FORMAT.inspect(file)[0].size == size
    assert FORMAT.read(file, 0)[0].shape == size
