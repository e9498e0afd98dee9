from __future__ import annotations

import cv2
import numpy as np
import pytest
import tifffile

from restore import maps
from restore.errors import MaskError
from restore.layout import planar_format
from restore.source import PixelFormat

from .maps_made import dpx_bytes, exr_bytes

SIZE = (6, 8)


def plane(value, dtype=np.uint16):
    return np.full(SIZE, value, dtype)


def test_a_folder_a_glob_and_a_pattern_name_the_same_maps_in_order(tmp_path):
    for n in (9, 10, 100):
        cv2.imwrite(str(tmp_path / f"ir_{n}.png"), plane(n))
    cv2.imwrite(str(tmp_path / "irx.png"), plane(0))
    (tmp_path / "notes.txt").write_text("no picture")
    for given in (tmp_path / "ir_*.png", tmp_path / "ir_%d.png"):
        assert [p.stem for p in maps.members(str(given))] == ["ir_9", "ir_10", "ir_100"]
    assert [p.stem for p in maps.members(str(tmp_path / "ir_%03d.png"))] == ["ir_100"]
    assert len(maps.members(str(tmp_path))) == 4
    for nothing in ("ir_*.exr", "no_%d.png", "gone/ir_%d.png"):
        with pytest.raises(MaskError, match="does not exist"):
            maps.members(str(tmp_path / nothing))


def test_every_kind_of_file_gives_its_channels_by_name_and_number(tmp_path):
    full = np.dstack([plane(v) for v in (1000, 2000, 3000, 60000)])
    cv2.imwrite(str(tmp_path / "a.png"), full[..., [2, 1, 0, 3]])
    tifffile.imwrite(tmp_path / "a.tif", full, photometric="rgb", extrasamples=["unspecified"])
    tifffile.imwrite(tmp_path / "planes.tif", np.moveaxis(full, -1, 0), photometric="rgb", planarconfig="separate")
    (tmp_path / "a.dpx").write_bytes(dpx_bytes(list(np.moveaxis(full, -1, 0)), 16, descriptor=51))
    for name in ("a.png", "a.tif", "planes.tif", "a.dpx"):
        file = tmp_path / name
        for k, value in enumerate((1000, 2000, 3000, 60000)):
            assert np.allclose(maps.read(file, str(k)).share, value / 65535)
        assert np.allclose(maps.read(file, "alpha").share, 60000 / 65535)
        assert np.allclose(maps.read(file).share, 3000 / 65535)
        assert maps.read(file).step == pytest.approx(1 / 65535)


def test_an_exr_has_names_and_is_counted_from_red(tmp_path):
    file = tmp_path / "a.exr"
    file.write_bytes(exr_bytes({n: np.full(SIZE, v, "f2") for n, v in (("R", 0.25), ("A", 0.5), ("ir", 0.75))}))
    assert [float(maps.read(file, c).share[0, 0]) for c in ("0", "alpha", "IR", "")] == [0.25, 0.5, 0.75, 0.25]


def test_infrared_on_a_second_page_or_as_a_fifth_sample_is_counted_on(tmp_path):
    with tifffile.TiffWriter(tmp_path / "pages.tif") as tiff:
        tiff.write(np.dstack([plane(100)] * 3), photometric="rgb")
        tiff.write(plane(40000), photometric="minisblack")
        tiff.write(np.zeros((2, 2), np.uint16), photometric="minisblack")
    tifffile.imwrite(
        tmp_path / "five.tif", np.dstack([plane(v) for v in (1, 2, 3, 4, 40000)]), photometric="rgb",
        extrasamples=["assocalpha", "unspecified"],
    )
    for name, channel in (("pages.tif", "3"), ("five.tif", "4")):
        assert np.allclose(maps.read(tmp_path / name, channel).share, 40000 / 65535)


def test_what_cannot_be_read_is_named(tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), plane(7))
    with pytest.raises(MaskError, match=r"no channel 'alpha'; it has Y, numbers 0 to 0"):
        maps.read(tmp_path / "grey.png", "alpha")
    for name in ("no.png", "no.tif", "no.exr", "no.dpx"):
        (tmp_path / name).write_bytes(b"nothing that is a picture")
        with pytest.raises(MaskError, match=f"{name} cannot be read as a defect map"):
            maps.read(tmp_path / name)


def test_the_films_own_channels_are_counted_as_people_count_them():
    rgb = planar_format("gbrap", 16)
    planes = tuple(plane(v) for v in (2000, 3000, 1000, 60000))
    assert [round(float(maps.own(planes, rgb, c).share[0, 0]) * 65535) for c in ("0", "1", "2", "3", "alpha")] == [
        1000, 2000, 3000, 60000, 60000
    ]
    assert maps.own_plane(PixelFormat("ya8", "grey", 8, alpha=True), "alpha") == 1
    assert maps.own_plane(planar_format("yuva420p", 8), "3") == 3
    for pixels, channel in ((planar_format("gbrp", 8), "alpha"), (planar_format("yuv420p", 8), "1"), (rgb, "ir")):
        with pytest.raises(MaskError, match="no whole channel"):
            maps.own_plane(pixels, channel)
