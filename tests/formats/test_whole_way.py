"""Scans of film, the whole way: found, restored under a mask, written, proved."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from restore.formats import cineon, exr
from restore.frames import Picture
from restore.probe import probe
from restore.proof import prove
from restore.report.views import thumbnail
from restore.restoration import Wish
from restore.undo import undo
from tests.maps_made import cineon_bytes, dpx_bytes, exr_bytes
from tests.runs import SIZE, restore_it, scene, true_masks


def scans(folder: Path, frames: int = 4) -> list[Path]:
    """Frames of the scene as 10-bit DPX whose padding and headers are not all zeros."""
    folder.mkdir()
    out = []
    for t, (plane,) in enumerate(scene("gray16le", frames)):
        ten = plane >> 6
        out.append(folder / f"reel_{t:04d}.dpx")
        data = bytearray(dpx_bytes([ten, ten // 2, ten], 10, ">", 1, pad=4, rate=18, name=out[-1].name))
        data[160:172] = b"an archivist"
        data[2048 + 3 :: 4] = bytes(b | 3 for b in data[2048 + 3 :: 4])
        out[-1].write_bytes(data)
    return out


def test_a_reel_of_dpx_keeps_every_other_bit(tmp_path: Path) -> None:
    files = scans(tmp_path / "scan")
    source = probe(tmp_path / "scan")
    assert source.rate == 18
    assert source.pixels.name == "gbrp10le"
    masks = true_masks(tmp_path / "masks", 4)
    restore_it(Wish(str(tmp_path / "scan"), str(tmp_path / "clean"), masks=str(masks)))
    assert prove(str(tmp_path / "scan"), str(tmp_path / "clean"), tmp_path / "clean.lacuna").holds
    changed = 0
    for file, mask in zip(files, sorted(masks.iterdir()), strict=True):
        copy = tmp_path / "clean" / file.name
        before, after = (np.frombuffer(f.read_bytes(), np.uint8) for f in (file, copy))
        assert before.size == after.size
        words = np.flatnonzero(before != after) // 4 - 512
        y, x = np.divmod(words, SIZE[1] + 1)  # a word a pixel, and one of padding at the end of each row
        assert cv2.imread(str(mask), 0)[y, x].all()
        assert not ((before ^ after)[2048 + 3 :: 4] & 3).any()
        changed += words.size
    assert changed
    before = [f.read_bytes() for f in files]
    shutil.rmtree(tmp_path / "scan")
    undo(str(tmp_path / "clean"), tmp_path / "clean.lacuna", f"{tmp_path / 'back'}/")
    assert [(tmp_path / "back" / f.name).read_bytes() for f in files] == before


def test_the_rate_is_the_pictures_own_unless_another_is_given(tmp_path: Path) -> None:
    files = scans(tmp_path / "scan", 2)
    given = probe(tmp_path / "scan", Fraction(24))
    assert given.rate == 24
    assert any("say 18 frames a second; 24 was asked for" in n for n in given.notes)
    data = bytearray(files[1].read_bytes())
    data[1724:1728] = bytes(4)
    files[1].write_bytes(data)
    unsure = probe(tmp_path / "scan")
    assert unsure.rate == 24
    assert any("disagree on their rate" in n for n in unsure.notes)


def test_one_exr_keeps_light_outside_the_mask_and_the_rest_of_its_channels(tmp_path: Path) -> None:
    (plane,) = scene("gray16le", 1)[0]
    light = (plane / 20000).astype(np.float16)
    light[0, :4] = [np.nan, np.inf, -np.inf, -1]
    rng = np.random.default_rng(0)
    planes = {"R": light, "G": light / 2, "B": light, "A": light, "z": rng.normal(size=SIZE).astype(np.float32)}
    (tmp_path / "plate.exr").write_bytes(exr_bytes(planes))
    masks = tmp_path / "m"
    masks.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[30:40, 50:52] = 255
    cv2.imwrite(str(masks / "0.png"), mask)
    restore_it(Wish(str(tmp_path / "plate.exr"), str(tmp_path / "clean.exr"), workflow="stills", masks=str(masks)))
    before, after = (exr.FORMAT.read(tmp_path / n, 0) for n in ("plate.exr", "clean.exr"))
    for p, (a, b) in enumerate(zip(before, after, strict=True)):
        differs = a.view(np.uint16) != b.view(np.uint16)
        assert not differs[mask == 0].any()
        assert differs.any() == (p < 3)
    found = exr.channels(tmp_path / "clean.exr")
    assert np.array_equal(found["z"], planes["z"])
    assert np.isfinite(found["G"][mask > 0]).all()
    undo(str(tmp_path / "clean.exr"), tmp_path / "clean.exr.lacuna", str(tmp_path / "back.exr"))
    back = exr.channels(tmp_path / "back.exr")
    assert all(np.array_equal(back[n], v, equal_nan=True) for n, v in exr.channels(tmp_path / "plate.exr").items())


def test_a_report_shows_large_pictures_of_half_floats(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    light = rng.random((200, 1000)).astype(np.float16)
    (tmp_path / "a.exr").write_bytes(exr_bytes({"R": light, "G": light, "B": light, "A": light}))
    source = probe(tmp_path / "a.exr")
    small = thumbnail(Picture(0, exr.FORMAT.read(tmp_path / "a.exr", 0)), source, (0, 0, 2, 2))
    assert small.shape[1] < 1000
    assert 90 < small[40:].mean() < 220


def test_one_cineon_file_under_another_name_says_that_name(tmp_path: Path) -> None:
    (plane,) = scene("gray16le", 1)[0]
    (tmp_path / "a.cin").write_bytes(cineon_bytes([plane >> 6] * 3))
    masks = tmp_path / "m"
    masks.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[30:40, 50:52] = 255
    cv2.imwrite(str(masks / "0.png"), mask)
    restore_it(Wish(str(tmp_path / "a.cin"), str(tmp_path / "clean.cin"), workflow="stills", masks=str(masks)))
    assert (tmp_path / "clean.cin").read_bytes()[32:42] == b"clean.cin\0"
    before, after = (cineon.FORMAT.read(tmp_path / n, 0) for n in ("a.cin", "clean.cin"))
    assert all(((a != b) <= (mask > 0)).all() for a, b in zip(before, after, strict=True))
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
