from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from restore.errors import SourceError
from restore.formats import Deed, Format
from restore.formats.cineon import FORMAT
from restore.testing import FormatSuite
from tests.maps_made import cineon_bytes

LAYOUTS = ((3, 10, 5), (3, 10, 6), (3, 8, 1), (3, 12, 3), (3, 16, 4), (3, 10, 4), (1, 8, 2), (1, 16, 3))
"""(channels, bits, packing)."""


class TestCineon(FormatSuite):
    def make(self) -> Format:
        return FORMAT

    def examples(self, folder: Path) -> list[Path]:
        out = []
        for channels, bits, packing in LAYOUTS:
            for end in "<>":
                planes = np.random.default_rng(bits).integers(0, 1 << bits, (channels, 9, 12)).astype(np.uint16)
                out.append(folder / f"{channels}_{bits}_{packing}_{'be' if end == '>' else 'le'}.cin")
                out[-1].write_bytes(cineon_bytes(list(planes), bits, end, packing))
        return out


@pytest.mark.parametrize(("channels", "bits", "packing"), LAYOUTS)
def test_samples_are_where_the_standard_puts_them(tmp_path: Path, channels: int, bits: int, packing: int) -> None:
    planes = np.random.default_rng(bits).integers(0, 1 << bits, (channels, 5, 7)).astype(np.uint16)
    file = tmp_path / "a.cin"
    file.write_bytes(cineon_bytes(list(planes), bits, ">", packing, rate=25))
    assert FORMAT.inspect(file)[0].rate == Fraction(25)
    expected = planes if channels == 1 else planes[[1, 2, 0]]
    assert all(np.array_equal(a, b) for a, b in zip(FORMAT.read(file, 0), expected, strict=True))


def test_what_is_not_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.cin"
    whole = bytearray(cineon_bytes([np.zeros((4, 4), np.uint16)] * 3))
    for at, value, word in ((193, 2, "2 channels"), (680, 2, "one after the other"), (681, 0, "packed to the last bit"),
                            (682, 1, "signed"), (198, 8, "several kinds")):
        broken = bytearray(whole)
        broken[at] = value
        file.write_bytes(broken)
        with pytest.raises(SourceError, match=word):
            FORMAT.inspect(file)


def test_a_real_file_is_changed_where_it_was_asked_for(media: Path, tmp_path: Path) -> None:
    file = media / "formats/OpenImageIO-images/cineon/checker.cin"
    if not file.exists():
        pytest.skip(f"no {file}")
    green = FORMAT.read(file, 0)[0]
    assert green.shape == (90, 160)
    at = np.array([5], np.int32)
    changed = ((at, np.array([321], np.uint16)), *[(at[:0], green.ravel()[:0])] * 2)
    FORMAT.write(tmp_path / file.name, file, {0: changed}, Deed())
    before, after = (np.frombuffer(f.read_bytes(), np.uint8) for f in (file, tmp_path / file.name))
    assert np.ptp(np.flatnonzero(before != after)) < 4
