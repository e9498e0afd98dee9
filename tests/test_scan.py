"""Medical volumes, the whole way: what is asked first, what is found and filled, what is said and what is not."""

from __future__ import annotations

import gzip
import html
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restore import colour
from restore.decode import open_decoder
from restore.detect.dropout import Dropout
from restore.errors import OutputError, PartError, SourceError
from restore.formats import dicom
from restore.formats.nifti import FORMAT
from restore.layout import planar_format
from restore.masks import export_masks
from restore.probe import probe
from restore.proof import prove
from restore.recipe import load
from restore.report import write_report
from restore.report.discreet import without_names
from restore.restoration import Wish, open_session, prepare
from restore.undo import undo
from restore.window import Window
from tests.formats.test_nifti import nifti

from .runs import ROOT, restore_it

GREY = planar_format("gray", 16)
NAME = "Pfefferkorn_Leopoldine"


def head(slices: int = 9, size: tuple[int, int] = (56, 72)) -> npt.NDArray[np.int16]:
    """Something like a head, with noise, signed."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    rng, out = np.random.default_rng(7), []
    texture = cv2.GaussianBlur(rng.normal(0, 1, (slices + 8, *size)).astype(np.float32).reshape(-1, size[1]), (0, 0), 2)
    texture = texture.reshape(-1, *size)
    for t in range(slices):
        radius = 24 - 0.3 * abs(t - 4)
        inside = ((y - 28) ** 2 + (x - 36) ** 2 < radius**2).astype(np.float32)
        inner = sum(texture[t + k] * w for k, w in enumerate((1, 2, 3, 3, 2, 1))) * 60
        out.append(inside * (900 + inner + 60 * np.sin(x / 6 + t / 5)) + rng.normal(0, 6, size) - 100)
    return np.rint(np.stack(out)).astype(np.int16)


def window(slices: npt.NDArray[Any], breaks: tuple[int, ...] = ()) -> Window:
    low, high = int(slices.min()), int(slices.max())
    seen = ((slices.astype(np.float64) - low) / (high - low) * 65535).astype(np.uint16)
    return replace(Window.of([(s,) for s in seen], GREY), breaks=frozenset(breaks))


def found(slices: npt.NDArray[Any], t: int, **more: Any) -> npt.NDArray[np.bool_]:
    return Dropout().detect(window(slices, **more), t).mask


# Finding


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("value", [-100, 2000])
def test_dead_lines_are_found_and_nothing_else(width: int, axis: int, value: int) -> None:
    slices, wanted = head(), np.zeros((56, 72), bool)
    (wanted if axis == 0 else wanted.T)[30 : 30 + width] = True
    slices[4][wanted] = value
    assert np.array_equal(found(slices, 4), wanted)
    assert not found(slices, 3).any()
    every = head()
    every[:, wanted] = value  # on all slices, as of a dead cell
    assert np.array_equal(found(every, 4), wanted)


def test_a_line_of_noise_is_lost_where_the_slices_beside_have_none() -> None:
    slices = head()
    slices[4, 20] = np.random.default_rng(0).integers(-100, 1500, 72)
    assert np.flatnonzero(found(slices, 4).all(1)).tolist() == [20]
    assert not found(slices[4:5], 0).any()
    slices[3, 20] = slices[5, 20] = slices[4, 20]  # goes on beside: anatomy
    assert not found(slices, 4).any()


def test_what_is_drawn_is_left_alone() -> None:
    slices = head()
    slices[:, 2] = 1500  # a frame around the picture, above background
    slices[:, 20:36, 3] = 1500  # a scale
    slices[:, 40:, 50] = 1500  # part of a line
    assert not any(found(slices, t).any() for t in range(9))
    pattern = np.repeat(np.random.default_rng(0).integers(0, 900, (1, 1, 9)), 8, 2) * np.ones((3, 56, 1), int)
    pattern[:, 20] = 1500  # a grid over areas of one value each
    assert not found(pattern.astype(np.int16), 1).any()
    labels = np.zeros((5, 56, 72), np.int16)
    labels[:, :, 20:22] = 1
    labels[:, :, 21:30] = 3  # areas of one value each, with straight edges
    assert not found(labels, 2).any()


def test_lost_slices_are_found_between_slices_that_resemble_each_other() -> None:
    slices = head()
    slices[4] = 0
    slices[6] = np.random.default_rng(0).integers(-100, 1500, slices[6].shape)
    assert [bool(found(slices, t).all()) for t in range(9)] == [t in (4, 6) for t in range(9)]
    row = head()
    row[3:5] = -100
    assert [bool(found(row, t).all()) for t in range(9)] == [t in (3, 4) for t in range(9)]
    assert not found(row, 3, breaks=(4,)).any()  # the last of a volume may be empty
    ends = head()
    ends[:2], ends[-1] = -100, -100
    assert not any(found(ends, t).any() for t in range(9))


def test_one_odd_sample_makes_no_slice_sound() -> None:
    slices = head()
    rng = np.random.default_rng(1)
    slices[4] = slices[3] + rng.normal(0, 60, slices[4].shape).astype(np.int16)  # noisy, but of this place
    assert not found(slices, 4).any()


def test_parameters_out_of_range_are_refused() -> None:
    for wrong in ({"reach": 0}, {"reach": 9}, {"contrast_levels": 0.0}):
        with pytest.raises(PartError):
            Dropout(**wrong)


@pytest.mark.parametrize("name", ["example4d.nii.gz", "someones_anatomy.nii.gz", "anatomical.nii", "functional.nii",
                                  "AIL.nii.gz", "fslmean.nii.gz", "emri_small.dcm"])
def test_sound_volumes_are_left_as_they_are(media: Path, name: str) -> None:
    if name.endswith(".dcm"):
        pytest.importorskip("pydicom")
    file = next((media / "medical").rglob(name), None)
    if file is None:
        pytest.skip(f"{name} is not there")
    source = probe(file)
    decoder = open_decoder(source)
    pictures = [
        tuple(colour.to_working(p, source.pixels) for p in decoder.read(t)[-1].planes) for t in source.span
    ]
    seen = replace(Window.of(pictures, colour.working(source.pixels)), breaks=frozenset(source.breaks))
    assert not any(Dropout().detect(seen, t).mask.any() for t in range(0, source.frames, 2))


# The whole way


def test_a_medical_image_waits_for_a_word_and_stays_of_its_kind(tmp_path: Path) -> None:
    file = tmp_path / "a.nii"
    file.write_bytes(nifti(head()))
    with pytest.raises(SourceError, match=r"no medical device.*--not-for-diagnosis"):
        prepare(Wish(str(file), str(tmp_path / "b.nii")))
    for other in ("b.mkv", "b.png", "b.tif", "b.dcm"):
        with pytest.raises(OutputError):
            prepare(Wish(str(file), str(tmp_path / other), not_for_diagnosis=True))
    assert prepare(Wish(str(file), str(tmp_path / "b.nii"), not_for_diagnosis=True)).recipe.name == "scan"
    run = subprocess.run([sys.executable, "-m", "cli", "run", str(file), "-o", str(tmp_path / "b.nii")], cwd=ROOT,
                         capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "--not-for-diagnosis" in run.stderr


def test_the_recipe_has_no_net_and_no_grain() -> None:
    recipe = load("scan")
    assert [p.name for p in (*recipe.detect, *recipe.fill, *recipe.blend)] == ["dropout", "between", "harmonic"]


def test_a_volume_gets_back_what_its_scanner_lost(tmp_path: Path) -> None:
    true = np.stack([head(), head()[::-1] + 7])
    values = true.copy()
    values[0, 4], values[1, 5, 30], values[1, 2, :, 40] = 0, 1900, -100
    folder = tmp_path / NAME
    folder.mkdir()
    file, out = folder / f"{NAME}.nii.gz", tmp_path / f"{NAME}_out.nii.gz"
    file.write_bytes(gzip.compress(nifti(values)))
    restore_it(Wish(str(file), str(out), not_for_diagnosis=True))
    project = tmp_path / f"{out.name}.lacuna"
    assert prove(str(file), str(out), project).holds
    after = np.stack([FORMAT.read(out, n)[0] for n in range(18)]).reshape(values.shape)
    changed = np.argwhere((after != values).reshape(18, -1).any(1)).ravel().tolist()
    assert changed == [4, 11, 14]
    off = np.abs(after.astype(float) - true)
    assert off[0, 4].mean() < np.abs(true[0, 3].astype(float) - true[0, 4]).mean()
    assert off[1, 5, 30].mean() < 60
    assert off[1, 2, :, 40].mean() < 60
    undo(str(out), project, str(tmp_path / "back.nii.gz"))
    assert gzip.decompress((tmp_path / "back.nii.gz").read_bytes()) == nifti(values)
    said = "".join((project / f"report.{kind}").read_text() for kind in ("html", "json"))
    assert NAME not in said
    assert "Somebody" not in said
    assert f"SOURCE-{probe(file).sha256[:12]}" in said
    session = open_session(project)
    write_report(session.store, tmp_path / "there", session.picture)
    assert export_masks(session, tmp_path / "masks", kind="nifti") == 18
    session.close()
    masks = np.stack([FORMAT.read(_pictured(tmp_path / "masks/masks.nii.gz"), n)[0] for n in range(18)])
    assert masks.sum(axis=(1, 2)).tolist() == [0, 0, 0, 0, 56 * 72, *[0] * 6, 56, 0, 0, 72, 0, 0, 0]
    with pytest.raises(OutputError, match="dicom"):
        export_masks(session, tmp_path / "seg", kind="seg")


def _pictured(labels: Path) -> Path:
    """Return a copy that no longer says that it is one of labels, for labels are not read."""
    data = bytearray(gzip.decompress(labels.read_bytes()))
    assert data[68:70] == (1002).to_bytes(2, "little")
    data[68:70] = bytes(2)
    out = labels.with_name("picture.nii")
    out.write_bytes(bytes(data))
    return out


def test_a_series_gets_back_what_its_scanner_lost(tmp_path: Path) -> None:
    pytest.importorskip("pydicom", reason="the extra `medical` is not installed")
    from .formats import dicom_made as made

    slices = made.stack(9)
    slices[4] = 0
    slices[6, 24] = np.where(slices[6, 24] == made.PADDING, made.PADDING, 900)
    files = made.series(tmp_path / "in", slices)
    restore_it(Wish(str(tmp_path / "in"), str(tmp_path / "out"), not_for_diagnosis=True))
    assert prove(str(tmp_path / "in"), str(tmp_path / "out"), tmp_path / "out.lacuna").holds
    undo(str(tmp_path / "out"), tmp_path / "out.lacuna", f"{tmp_path / 'back'}/")
    assert all(np.array_equal(dicom.FORMAT.read(f, 0)[0], dicom.FORMAT.read(tmp_path / "back" / f.name, 0)[0])
               for f in files)
    told = [made.told(tmp_path / "out" / f.name) for f in files]
    assert [t.get("SyntheticData") for t in told] == [None] * 4 + ["YES", None, "YES", None, None]
    assert len({t["SeriesInstanceUID"] for t in told}) == 1
    said = "".join((tmp_path / f"out.lacuna/report.{kind}").read_text() for kind in ("html", "json"))
    assert not any(word in said for word in ("Pfefferkorn", "Leopoldine", "19010203", "Thorax"))
    session = open_session(tmp_path / "out.lacuna")
    highdicom = pytest.importorskip("highdicom", reason="the extra `medical` is not installed")
    for folder in ("seg", "again"):
        export_masks(session, tmp_path / folder, kind="seg")
    assert (tmp_path / "seg/masks.dcm").read_bytes() == (tmp_path / "again/masks.dcm").read_bytes()
    seg = highdicom.seg.segread(tmp_path / "seg/masks.dcm")
    held = seg.get_pixels_by_source_instance(
        [made.told(f)["SOPInstanceUID"] for f in files], ignore_spatial_locations=True,
        assert_missing_frames_are_empty=True,
    )
    assert np.array_equal(held[..., 0].astype(bool), np.stack([session.detected(t) for t in range(9)]))
    assert seg.ContentDate == "20200102"
    session.close()


def test_names_are_taken_out_in_every_form(tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_bytes(nifti(head(2)))
    path = '/x/Müller & "Söhne"/12.nii'
    source = replace(probe(tmp_path / "a.nii"), path=path, files=(path, path))
    text = f"{path}; {json.dumps(path)}; {html.escape(path)}"
    told = without_names(text + "; frame 12", source, ("/y/out",))
    assert "ller" not in told
    assert "hne" not in told
    assert told.endswith("; frame 12")


def test_a_folder_called_in_does_not_take_all_words_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_bytes(nifti(head(2)))
    source = replace(probe(tmp_path / "a.nii"), path="in", files=("in/Pfeffer.dcm",) * 2)
    told = without_names("in: found in one of two; in/Pfeffer.dcm, Pfeffer.dcm, in/other, within", source, ("out",))
    mark = f"SOURCE-{source.sha256[:12]}"
    assert told == f"{mark}: found in one of two; {mark}/0, {mark}/0, {mark}/other, within"
