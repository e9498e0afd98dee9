"""Sequences of pictures and single ones, the whole way."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from restore.edits import Edits
from restore.proof import prove
from restore.restoration import Wish, prepare

from .runs import SIZE, restore_it, scene, true_masks


def test_a_picture_sequence_comes_back_as_one(tmp_path: Path, masks: Path) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    for t, planes in enumerate(scene("gray16le", 5)):
        cv2.imwrite(str(folder / f"reel_{t + 100:05d}.png"), planes[0])
    few = true_masks(tmp_path / "few", 5)
    restore_it(Wish(str(folder), str(tmp_path / "clean"), masks=str(few), rate=Fraction(18)))
    names = sorted(p.name for p in (tmp_path / "clean").iterdir())
    assert names == [f"reel_{t + 100:05d}.png" for t in range(5)]
    assert (tmp_path / "clean/reel_00100.png").read_bytes() == (folder / "reel_00100.png").read_bytes()
    assert prove(str(folder), str(tmp_path / "clean"), tmp_path / "clean.lacuna").holds


def test_one_picture_in_one_picture_out(tmp_path: Path) -> None:
    rgb = np.stack(scene("gray16le", 1, damaged=False)[0] * 3, -1)
    cv2.imwrite(str(tmp_path / "photo.tif"), rgb)
    few = tmp_path / "m"
    few.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[30:40, 50] = 255
    cv2.imwrite(str(few / "0.png"), mask)
    restore_it(Wish(str(tmp_path / "photo.tif"), str(tmp_path / "clean.tif"), workflow="stills", masks=str(few)))
    after = cv2.imread(str(tmp_path / "clean.tif"), cv2.IMREAD_UNCHANGED)
    assert after.dtype == np.uint16
    assert np.array_equal(after[mask == 0], rgb[mask == 0])
    assert not np.array_equal(after, rgb)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Five 16-bit pages with a profile and Exif tags, two of them with dust; LZW where it can be written."""
    file = tmp_path / "album.tif"
    with tifffile.TiffWriter(file) as out:
        for n, (grey,) in enumerate(scene("gray16le", 5, damaged=False)):
            page = cv2.GaussianBlur(np.stack([grey, grey // 2, grey // 3], -1), (0, 0), 2)
            if n in (1, 3):
                cv2.circle(page, (30 + 8 * n, 40), 3, (65000, 65000, 65000), -1)
            out.write(
                page, photometric="rgb", compression="lzw" if find_spec("imagecodecs") else "zlib", rowsperstrip=16,
                predictor=2, metadata=None, iccprofile=bytes(600), description=f"Leaf {n}",
                extratags=[(33434, 5, 1, (1, 60), True), (36867, 2, None, "2021:03:04 05:06:07", True)],
            )
    return file


def test_pages_of_an_album_are_restored_each_for_itself(album: Path, tmp_path: Path) -> None:
    wish = Wish(str(album), str(tmp_path / "out.tif"))
    assert prepare(wish).recipe.name == "stills"
    restore_it(wish)
    project = tmp_path / "out.tif.lacuna"
    assert _changed_pages(album, tmp_path / "out.tif") == [1, 3]
    proof = prove(str(album), str(tmp_path / "out.tif"), project)
    assert proof.holds
    assert proof.identical_frames == 3
    assert not restore_it(wish)
    Edits(project / "edits").append("remove", {3: np.ones(SIZE, bool)})
    mask = np.zeros(SIZE, bool)
    mask[5:8, 60:64] = True
    Edits(project / "edits").append("add", {0: mask})
    restore_it(replace(wish, overwrite=True))
    assert _changed_pages(album, tmp_path / "out.tif") == [0, 1]
    assert prove(str(album), str(tmp_path / "out.tif"), project).holds


def _changed_pages(before: Path, after: Path) -> list[int]:
    """Return the pages whose samples differ; all their tags must be the same."""
    found = []
    with tifffile.TiffFile(before) as a, tifffile.TiffFile(after) as b:
        assert len(a.pages) == len(b.pages)
        for n, (x, y) in enumerate(zip(a.pages, b.pages, strict=True)):
            own, others = ({t.code: t.value for t in p.tags if t.code not in (273, 279)} for p in (x, y))
            assert own == others
            if not np.array_equal(x.asarray(), y.asarray()):
                found.append(n)
    return found
