from __future__ import annotations

from pathlib import Path

import numpy as np

from restore.formats import Format
from restore.formats.png import FORMAT
from restore.testing import FormatSuite
from tests.media_made import png_of


class TestPng(FormatSuite):
    def make(self) -> Format:
        return FORMAT

    def examples(self, folder: Path) -> list[Path]:
        out = []
        for depth in (8, 16):
            for channels in (1, 2, 3, 4):
                shape = (9, 11) if channels == 1 else (9, 11, channels)
                samples = np.random.default_rng(channels).integers(0, 1 << depth, shape)
                out.append(folder / f"{channels}_{depth}.png")
                out[-1].write_bytes(png_of(samples.astype(np.uint8 if depth == 8 else np.uint16)))
        return out
