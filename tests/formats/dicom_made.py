"""Small DICOM series with everything in them that must stay, and a patient whose name must not turn up."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

PATIENT = "Pfefferkorn^Leopoldine"
CT, MR, ENHANCED_MR, DOSE, SC = (
    f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("2", "4", "4.1", "481.2", "7")
)
PADDING = -2000


def image(
    samples: npt.NDArray[Any], stored: int | None = None, padding: int | None = None, number: int = 1, z: float = 0.0,
    series: str = "a", syntax: str = ExplicitVRLittleEndian, kind: str = CT,
) -> FileDataset:
    """Return an image of samples (H, W), (H, W, 3) or (N, H, W)."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = kind
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[series, str(number)])
    ds = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    ds.SOPClassUID, ds.SOPInstanceUID = kind, meta.MediaStorageSOPInstanceUID
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = PATIENT, "4711", "19010203", "F"
    ds.StudyInstanceUID, ds.FrameOfReferenceUID = generate_uid(entropy_srcs=["s"]), generate_uid(entropy_srcs=["f"])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[series])
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber, ds.SeriesDescription = "CT", 3, number, "Thorax"
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20200102", "101112", "1", ""
    ds.ReferringPhysicianName, ds.Manufacturer, ds.PositionReferenceIndicator = "", "Maker", ""
    ds.InstanceCreationDate, ds.InstanceCreationTime = "20200102", "101112"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-10, -20, z]
    ds.PixelSpacing, ds.SliceThickness, ds.KVP, ds.AcquisitionNumber = [0.7, 0.7], 2, 120, 1
    ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
    ds.SmallestImagePixelValue = 0
    ds["SmallestImagePixelValue"].VR = "US"
    ds.LossyImageCompression = "00"
    private = ds.private_block(0x0011, "MAKER PRIVATE", create=True)
    private.add_new(0x01, "LO", "kept")
    if padding is not None:
        ds.add_new("PixelPaddingValue", "SS" if padding < 0 else "US", padding)
    colour = samples.shape[-1] == 3
    ds.set_pixel_data(samples, "RGB" if colour else "MONOCHROME2", stored or 8 * samples.itemsize,
                      generate_instance_uid=False)
    if syntax != ExplicitVRLittleEndian:
        ds.compress(syntax, generate_instance_uid=False)
    return ds


def stack(slices: int = 7, size: tuple[int, int] = (48, 64)) -> npt.NDArray[np.int16]:
    """Return signed slices of something that changes little from one to the next, padded at the corners."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    rng = np.random.default_rng(1)
    out = []
    for t in range(slices):
        value = 300 * np.sin(x / 5 + t / 9) * np.cos(y / 7) + 20 * np.sin(x * y / 40) - 100 + rng.normal(0, 4, size)
        value[(y - size[0] / 2) ** 2 + (x - size[1] / 2) ** 2 > 900] = PADDING
        out.append(np.rint(value).astype(np.int16))
    return np.stack(out)


def series(folder: Path, pictures: Sequence[npt.NDArray[Any]], **more: Any) -> list[Path]:
    """Write one file a picture, named against their order."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for t, samples in enumerate(pictures):
        files.append(folder / f"{len(pictures) - t:04d}.dcm")
        image(samples, number=len(pictures) - t, z=2.0 * t, **{"padding": PADDING, **more}).save_as(files[-1])
    return files


def told(path: Path) -> dict[str, Any]:
    """Return the attributes of a file by name (by tag, for private ones)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(path)
    return {e.keyword or str(e.tag): e.value for e in (*ds.file_meta, *ds)}
