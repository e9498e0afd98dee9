from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from restore.formats import Format
from restore.formats.tiff import FORMAT
from restore.testing import FormatSuite


class TestTiff(FormatSuite):
    def make(self) -> Format:
        return FORMAT

    def examples(self, folder: Path) -> list[Path]:
        out = []
        for channels in (1, 2, 3, 4):
            shape = (9, 11) if channels == 1 else (9, 11, channels)
            samples = np.random.default_rng(channels).integers(0, 1 << 16, shape).astype(np.uint16)
            for compression, order in ((None, "<"), (None, ">"), ("zlib", "<")):
                out.append(folder / f"{channels}_{compression}_{'be' if order == '>' else 'le'}.tif")
                tifffile.imwrite(
                    out[-1], samples, compression=compression, byteorder=order, metadata=None, software=False,
                    photometric="rgb" if channels > 2 else "minisblack",
                    planarconfig="contig" if channels > 1 else None,
                    extrasamples=["unassalpha"] if channels in (2, 4) else None,
                )
        return out
