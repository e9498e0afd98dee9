from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from restore import formats
from restore.errors import SourceError
from restore.formats import Format
from restore.formats.targa import FORMAT
from restore.testing import FormatSuite

pytest.importorskip("OpenImageIO")


def targa(samples: np.ndarray, alpha: int = 0) -> bytes:
    """Samples (H, W, C) uint8, B, G, R as Targa has them, from the top row down."""
    h, w, c = samples.shape
    return struct.pack("<BBB9xHHBB", 0, 0, 3 if c == 1 else 2, w, h, 8 * c, 0x20 | alpha) + samples.tobytes()


class TestTarga(FormatSuite):
    def make(self) -> Format:
        return FORMAT

    def examples(self, folder: Path) -> list[Path]:
        out = []
        for channels in (1, 3, 4):
            samples = np.random.default_rng(channels).integers(0, 256, (9, 11, channels)).astype(np.uint8)
            out.append(folder / f"{channels}.tga")
            out[-1].write_bytes(targa(samples, 8 if channels == 4 else 0))
        return out

    def test_is_found(self, tmp_path: Path) -> None:
        """By its name alone: it has no signature."""
        assert all(formats.of(file) is FORMAT for file in self.examples(tmp_path))


def test_alpha_takes_nothing_from_colours(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (9, 11, 4)).astype(np.uint8)
    (tmp_path / "a.tga").write_bytes(targa(samples, 8))
    planes = FORMAT.read(tmp_path / "a.tga", 0)
    assert all(np.array_equal(p, samples[..., c]) for p, c in zip(planes, (1, 0, 2, 3), strict=True))


@pytest.mark.parametrize(("at", "value", "word"), [
    (1, 1, "palette"), (2, 1, "type 1"), (16, 16, "16 bits"), (17, 0x28, "8 of them alpha"), (13, 200, "do not fit"),
])
def test_what_is_not_read_is_named(tmp_path: Path, at: int, value: int, word: str) -> None:
    whole = bytearray(targa(np.zeros((9, 11, 3), np.uint8)))
    whole[at] = value
    (tmp_path / "a.tga").write_bytes(whole)
    with pytest.raises(SourceError, match=word):
        FORMAT.inspect(tmp_path / "a.tga")


def test_a_real_file(media: Path) -> None:
    file = media / "formats/OpenImageIO-images/targa/CBW8.TGA"
    if not file.exists():
        pytest.skip(f"no {file}")
    assert FORMAT.read(file, 0)[0].shape == (128, 128)
