from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pydicom = pytest.importorskip("pydicom", reason="the extra `medical` is not installed")

from pydicom.uid import (  # noqa: E402
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from restore import formats, stills  # noqa: E402
from restore.encode.sequence import Sequence  # noqa: E402
from restore.errors import SourceError  # noqa: E402
from restore.formats import Deed, Header  # noqa: E402
from restore.formats.dicom import FORMAT  # noqa: E402
from restore.frames import Changes, Picture, changed_planes, changes  # noqa: E402
from restore.probe import probe  # noqa: E402
from restore.source import Plane, Source  # noqa: E402
from restore.span import Span  # noqa: E402

from . import dicom_made as made  # noqa: E402

DEED = Deed("Lacuna", "1.2", "scan", True, "a key")
DERIVED = {
    "SOPInstanceUID", "MediaStorageSOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription",
    "ImageType", "DerivationDescription", "DerivationCodeSequence", "SourceImageSequence",
    "ContributingEquipmentSequence", "SyntheticData", "SmallestImagePixelValue", "LargestImagePixelValue",
    "InstanceCreationDate", "InstanceCreationTime", "IconImageSequence", "PixelData", "ImplementationClassUID",
    "ImplementationVersionName", "FileMetaInformationGroupLength",
}
LARGE_BYTES = 45_000
WITHIN = {
    "u2": (np.uint16, 12), "i2": (np.int16, 16), "i2 of 13 bits": (np.int16, 13), "u1": (np.uint8, 8),
    "i1": (np.int8, 8), "rgb": (np.uint8, 8), "rgb16": (np.uint16, 16),
}


def samples(name: str, frames: int = 1) -> npt.NDArray[Any]:
    kind, bits = WITHIN[name]
    low = -(1 << (bits - 1)) if np.dtype(kind).kind == "i" else 0
    shape = (frames, 33, 40) if frames > 1 else (33, 40)
    drawn = np.random.default_rng(2).integers(low, low + (1 << bits), (*shape, 3) if "rgb" in name else shape)
    return drawn.astype(kind)


def nudged(planes: tuple[Plane, ...], many: int = 20) -> Changes:
    """Change samples by one, within what the first bits hold."""
    at = np.random.default_rng(3).choice(planes[0].size, min(many, planes[0].size), replace=False)
    out = []
    for plane in planes:
        new = plane.copy()
        new.ravel()[at] = np.where(plane.ravel()[at] & 1, plane.ravel()[at] - 1, plane.ravel()[at] + 1)
        out.append(new)
    return changes(planes, tuple(out))


@pytest.mark.parametrize("name", WITHIN)
@pytest.mark.parametrize("syntax", [None, RLELossless, JPEG2000Lossless, JPEGLSLossless], ids=lambda s: s and s.name)
@pytest.mark.parametrize("frames", [1, 3])
def test_changed_samples_change_and_no_others(tmp_path: Path, name: str, syntax: Any, frames: int) -> None:
    if syntax == JPEGLSLossless and name in ("rgb16",):
        pytest.skip("pyjpegls does not write it")
    file, out = tmp_path / "a.dcm", [tmp_path / "b.dcm", tmp_path / "c.dcm"]
    original = samples(name, frames)
    ds = made.image(original, WITHIN[name][1], kind=made.SC)
    if syntax is not None:
        ds.compress(syntax, generate_instance_uid=False)
    ds.save_as(file)
    before = [FORMAT.read(file, n) for n in range(frames)]
    wanted = {frames - 1: nudged(before[frames - 1])}
    for path in out:
        FORMAT.write(path, file, wanted, DEED)
    assert out[0].read_bytes() == out[1].read_bytes()
    assert FORMAT.lost(file) == ()
    assert pydicom.dcmread(out[0]).file_meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID
    for n, planes in enumerate(before):
        expected = changed_planes(planes, wanted[n]) if n in wanted else planes
        assert all(np.array_equal(a, b) for a, b in zip(expected, FORMAT.read(out[0], n), strict=True))
    theirs = pydicom.dcmread(file).pixel_array.reshape(frames, 33, 40, -1)
    assert np.array_equal(before[0][0], theirs[0, ..., 1 if "rgb" in name else 0])


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian], ids=lambda s: s.name)
def test_byte_order_and_types_stay(tmp_path: Path, syntax: Any) -> None:
    file, out = tmp_path / "a.dcm", tmp_path / "b.dcm"
    ds = made.image(samples("i2"), padding=made.PADDING)
    if syntax == ExplicitVRBigEndian:
        ds["PixelData"].value = samples("i2").astype(">i2").tobytes()
    ds.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(
        file, ds, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian, force_encoding=True
    )
    planes = FORMAT.read(file, 0)
    assert np.array_equal(planes[0], samples("i2"))
    FORMAT.write(out, file, {0: nudged(planes)}, DEED)
    again = pydicom.dcmread(out)
    assert again.file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(FORMAT.read(out, 0)[0], changed_planes(planes, nudged(planes))[0])


def test_bits_above_the_samples_stay(tmp_path: Path) -> None:
    words = samples("u2") | np.uint16(0xA000)  # old overlays lie there
    ds = made.image(samples("u2"), 12)
    ds["PixelData"].value = words.astype("<u2").tobytes()
    ds.save_as(tmp_path / "a.dcm")
    planes = FORMAT.read(tmp_path / "a.dcm", 0)
    assert np.array_equal(planes[0], samples("u2"))
    FORMAT.write(tmp_path / "b.dcm", tmp_path / "a.dcm", {0: nudged(planes, 33 * 40)}, DEED)
    stored = np.frombuffer(pydicom.dcmread(tmp_path / "b.dcm").PixelData, "<u2")
    assert (stored & 0xF000 == 0xA000).all()


def test_a_derived_image_says_so_and_keeps_the_rest(tmp_path: Path) -> None:
    (file,) = made.series(tmp_path / "in", made.stack(1))
    out = tmp_path / "b.dcm"
    FORMAT.write(out, file, {0: nudged(FORMAT.read(file, 0))}, DEED)
    before, after = made.told(file), made.told(out)
    differ = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
    assert differ <= DERIVED
    assert after["ImageType"] == ["DERIVED", "SECONDARY", "AXIAL"]
    assert after["SyntheticData"] == "YES"
    assert after["SeriesNumber"] == 1003
    assert after["SeriesDescription"] == "Thorax, restored, not for diagnosis"
    assert after["SOPInstanceUID"] == after["MediaStorageSOPInstanceUID"] != before["SOPInstanceUID"]
    (source,) = after["SourceImageSequence"]
    assert source.ReferencedSOPInstanceUID == before["SOPInstanceUID"]
    purposes = [e.PurposeOfReferenceCodeSequence[0].CodeValue for e in after["ContributingEquipmentSequence"]]
    assert purposes == ["109103", "109100"]
    assert after["LossyImageCompression"] == "00"
    assert after["(0011,1001)"] == "kept"
    assert not {"InstanceCreationDate", "SmallestImagePixelValue"} & after.keys()
    copied = replace(DEED, invented=False)
    FORMAT.write(out, file, {0: nudged(FORMAT.read(file, 0))}, copied)
    assert "SyntheticData" not in made.told(out)


def test_enhanced_images_tell_it_by_frame(tmp_path: Path) -> None:
    file, out = tmp_path / "a.dcm", tmp_path / "b.dcm"
    ds = made.image(np.stack([samples("u2")] * 3), 12, kind=made.ENHANCED_MR)
    groups, shared = [], pydicom.Dataset()
    kind, plane = pydicom.Dataset(), pydicom.Dataset()
    kind.FrameType, plane.ImageOrientationPatient = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], [1, 0, 0, 0, 1, 0]
    shared.MRImageFrameTypeSequence, shared.PlaneOrientationSequence = [kind], [plane]
    for z in (0.0, 2.0, 4.0):
        group, place = pydicom.Dataset(), pydicom.Dataset()
        place.ImagePositionPatient = [0, 0, z]
        group.PlanePositionSequence = [place]
        groups.append(group)
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [shared], groups
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    ds.save_as(file)
    assert [h.place for h in FORMAT.inspect(file)] == [0.0, 2.0, 4.0]
    FORMAT.write(out, file, {1: nudged(FORMAT.read(file, 1))}, DEED)
    again = pydicom.dcmread(out)
    types = [g.MRImageFrameTypeSequence[0].FrameType[0] for g in again.PerFrameFunctionalGroupsSequence]
    assert types == ["ORIGINAL", "DERIVED", "ORIGINAL"]
    assert again.ImageType[0] == "MIXED"
    derived = again.SharedFunctionalGroupsSequence[0].DerivationImageSequence[0]
    assert derived.SourceImageSequence[0].ReferencedSOPInstanceUID == ds.SOPInstanceUID


# Series


def pictures(source: Source) -> list[Picture]:
    return [
        Picture(t, stills.read(Path(source.page(t)[0]), source.pixels, source.size, source.page(t)[1]))
        for t in source.span
    ]


def written(folder: Path, source: Source, held: list[Picture], name: str = "out") -> Path:
    part = Sequence()
    part.check(source, folder / name)
    part.write_segment(folder / f"{name}.seg", source, source.span, held)
    part.join(folder / name, source, [(source.span, folder / f"{name}.seg")], DEED)
    return folder / name


def test_a_series_lies_along_the_body_whatever_its_files_are_called(tmp_path: Path) -> None:
    files = made.series(tmp_path / "in", made.stack())
    source = probe(tmp_path / "in")
    assert [Path(f) for f in source.files] == files
    assert source.breaks == ()
    assert source.pixels.sample == "int16"
    assert (source.pixels.void_from, source.pixels.void_to) == (made.PADDING, made.PADDING)
    assert source.pixels.low > made.PADDING
    heads = [FORMAT.inspect(f)[0].pixels for f in files]
    assert source.pixels.high == max(h.high for h in heads) > min(h.high for h in heads)
    assert "24 frames" not in " ".join(source.notes)


def test_volumes_of_a_series_and_its_gaps_are_no_neighbours(tmp_path: Path) -> None:
    made.series(tmp_path / "in", made.stack(4))
    for k in range(4):
        made.image(made.stack(4)[k], number=20 + k, z=2.0 * k, padding=made.PADDING).save_as(tmp_path / f"in/x{k}.dcm")
    assert probe(tmp_path / "in").breaks == (4,)
    (tmp_path / "in/x2.dcm").unlink()
    gap = probe(tmp_path / "in")
    assert gap.breaks == (4, 6)
    assert "slices are missing in 1 place" in " ".join(gap.notes)


def test_one_change_makes_one_new_series_and_none_makes_none(tmp_path: Path) -> None:
    files = made.series(tmp_path / "in", made.stack())
    source = probe(tmp_path / "in")
    held = pictures(source)
    same = written(tmp_path, source, held, "same")
    assert all((same / f.name).read_bytes() == f.read_bytes() for f in files)
    held[2] = replace(held[2], planes=changed_planes(held[2].planes, nudged(held[2].planes)))
    out = written(tmp_path, source, held)
    told = [made.told(out / f.name) for f in files]
    assert len({t["SeriesInstanceUID"] for t in told}) == 1
    assert len({t["SOPInstanceUID"] for t in told} | {made.told(f)["SOPInstanceUID"] for f in files}) == 14
    assert [t.get("SyntheticData") for t in told] == [None, None, "YES", None, None, None, None]
    assert [t["PixelData"] == made.told(f)["PixelData"] for t, f in zip(told, files, strict=True)] == (
        [True, True, False, True, True, True, True]
    )
    assert {tuple(t["ImageType"]) for t in told} == {("DERIVED", "SECONDARY", "AXIAL")}
    Sequence().extract(out, source, [(Span(0, 7), tmp_path / "again")])
    assert [p.name for p in (tmp_path / "again").iterdir()] == ["000002.npz"]
    assert [Path(f).name for f in probe(out).files] == [f.name for f in files]


def test_several_series_in_a_folder_are_told_apart_without_the_patient(tmp_path: Path) -> None:
    made.series(tmp_path / "in", made.stack(3))
    made.image(made.stack(1)[0], series="b").save_as(tmp_path / "in/b.dcm")
    with pytest.raises(SourceError, match=r"2 series in one folder: 3 \(CT, UID \.\.\.\d+\): 3 files, 3 \(CT"):
        probe(tmp_path / "in")


# What is refused


def spoilt(**values: Any) -> Any:
    def spoil(ds: Any) -> None:
        for name, value in values.items():
            setattr(ds, name, value)
    return spoil


@pytest.mark.parametrize(("spoil", "why"), [
    (spoilt(PhotometricInterpretation="PALETTE COLOR"), "palette"),
    (spoilt(SOPClassUID=made.DOSE), "radiation dose"),
    (spoilt(SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4"), "segmentation"),
    (spoilt(BitsAllocated=1, BitsStored=1, HighBit=0), "1 bits allocated"),
    (spoilt(BitsAllocated=32), "32 bits allocated"),
    (spoilt(HighBit=15, BitsStored=12), "do not begin at the lowest bit"),
    (spoilt(PhotometricInterpretation=made.PATIENT), r"photometric interpretation \?"),
    (spoilt(Rows=4000), "bytes of its pixels are missing"),
    (spoilt(NumberOfFrames=2000000000), "bytes of its pixels are missing"),
    (spoilt(Rows=0), "0"),
    (lambda ds: ds.__delattr__("PixelData"), "holds no picture"),
    (lambda ds: ds.__delattr__("BitsStored"), "damaged, or not as the standard has it"),
    (lambda ds: ds.file_meta.__delattr__("TransferSyntaxUID"), "transfer syntax"),
])
def test_what_cannot_be_restored_is_refused_by_its_name(tmp_path: Path, spoil: Any, why: str) -> None:
    file = tmp_path / "a.dcm"
    ds = made.image(samples("u2"), 12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spoil(ds)
        ds.save_as(file, implicit_vr=False, little_endian=True)
    with pytest.raises(SourceError, match=why) as e:
        probe(file)
    assert "Pfeffer" not in str(e.value)


def test_subsampled_colour_is_refused(tmp_path: Path) -> None:
    ds = made.image(samples("rgb"))
    ds.PhotometricInterpretation = "YBR_FULL_422"
    ds.save_as(tmp_path / "a.dcm")
    with pytest.raises(SourceError, match="YBR_FULL_422"):
        probe(tmp_path / "a.dcm")


@pytest.mark.parametrize("data", [b"", b"nothing at all", bytes(128) + b"DICM", bytes(128) + b"DICM" + b"\x08\0" * 90])
def test_what_is_no_dicom_is_a_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.dcm").write_bytes(data)
    with pytest.raises(SourceError):
        probe(tmp_path / "a.dcm")


class Listener(logging.Handler):
    """Keeps all that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.heard += record.getMessage()


def test_nothing_of_the_patient_gets_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.dcm"
    ds = made.image(samples("u2"), 12)
    ds.SeriesNumber = 12345678
    ds.save_as(file)
    file.write_bytes(file.read_bytes().replace(b"12345678", b"Pfeffer!"))
    listener = Listener()
    logging.getLogger().addHandler(listener)
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            FORMAT.write(tmp_path / "b.dcm", file, {0: nudged(FORMAT.read(file, 0))}, DEED)
            assert "Pfeffer" not in "".join([*capfd.readouterr(), listener.heard, *(str(w.message) for w in said)])
            assert pydicom.dcmread(file).SeriesNumber == "Pfeffer!"
            assert "Pfeffer" in listener.heard + "".join(str(w.message) for w in said)  # the library itself quotes it
    finally:
        logging.getLogger().removeHandler(listener)


def test_without_the_extra_its_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made.image(samples("u2"), 12).save_as(tmp_path / "a.dcm")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(SourceError, match=r'pip install "lacuna\[medical\]"'):
        probe(tmp_path / "a.dcm")


def test_files_without_an_ending_are_known_by_their_mark(tmp_path: Path) -> None:
    made.image(samples("u2"), 12).save_as(tmp_path / "1.2.840.113619.2")
    assert formats.of(tmp_path / "1.2.840.113619.2") is FORMAT
    assert formats.is_medical([tmp_path / "1.2.840.113619.2"])


# Second opinions


def errors(file: Path) -> set[str]:
    """Return what dciodvfy finds wrong; it does not know Synthetic Data, and exits with 0 whatever it finds."""
    run = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, errors="replace", check=False)
    found = {line for line in (run.stderr + run.stdout).splitlines() if line.startswith("Error")}
    return {re.sub(r'"[0-9.]+" in \(.*', "", e) for e in found if "(0x0008,0x001c)" not in e}


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
@pytest.mark.parametrize("name", [
    "CT_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "emri_small.dcm", "examples_rgb_color.dcm",
    "examples_jpeg2k.dcm", "examples_ybr_color.dcm", "693_J2KI.dcm",
])
def test_a_validator_finds_nothing_wrong_that_was_not_before(media: Path, tmp_path: Path, name: str) -> None:
    file = next((media / "medical").rglob(name), None)
    if file is None:
        pytest.skip(f"{name} is not there")
    FORMAT.write(tmp_path / name, file, {0: nudged(FORMAT.read(file, 0))}, DEED)
    assert errors(tmp_path / name) <= errors(file)


def test_every_real_file_round_trips_or_says_why(media: Path, tmp_path: Path) -> None:
    done, refused = 0, []
    for file in sorted((media / "medical").rglob("*.dcm")):
        if file.stat().st_size > LARGE_BYTES:
            continue
        try:
            heads: tuple[Header, ...] = FORMAT.inspect(file)
        except SourceError as e:
            refused.append(str(e).removeprefix(str(file)))
            continue
        last = len(heads) - 1
        planes = FORMAT.read(file, last)
        FORMAT.write(tmp_path / "b.dcm", file, {last: nudged(planes, 100)}, DEED)
        expected = changed_planes(planes, nudged(planes, 100))
        assert all(np.array_equal(a, b) for a, b in zip(expected, FORMAT.read(tmp_path / "b.dcm", last), strict=True))
        before, after = made.told(file), made.told(tmp_path / "b.dcm")
        differ = {k for k in before.keys() & after.keys() if before[k] != after[k]}
        kept = {"TransferSyntaxUID", "PhotometricInterpretation", "PlanarConfiguration"} if FORMAT.lost(file) else set()
        assert differ <= DERIVED | kept | {"UltrasoundColorDataPresent"}, file.name
        done += 1
    assert done > 40
    assert min(map(len, refused)) > 20
