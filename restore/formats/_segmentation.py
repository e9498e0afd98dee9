"""DICOM images and the masks of their pictures in, one DICOM Segmentation out that viewers lay over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from restore.errors import OutputError
from restore.formats import Deed
from restore.formats._dicom import EXTRA, fresh, library
from restore.frames import Bits

CATEGORY = ("309825002", "SCT", "Spatial and relational concept")
REPLACED = ("REPLACED", "99LACUNA", "Replaced pixels")
FOUND = ("DETECTION", "99LACUNA", "Damage detection and manual masks")
SERIES_STEP = 1100
DATES = (("ContentDate", "ContentTime"), ("AcquisitionDate", "AcquisitionTime"), ("SeriesDate", "SeriesTime"),
         ("StudyDate", "StudyTime"))
"""Where the date of the masks is taken from: the standard wants one, and the same masks are to give the same bytes."""
NO_DATE, NO_TIME = "19700101", "000000"


def write_segmentation(
    path: Path, files: Sequence[Path], frames: int, masks: Iterable[Bits], deed: Deed
) -> None:
    """Write masks (H, W), one a picture of `files`, as one binary segment, named from the deed's key.

    Raises OutputError where nothing is masked, or where the images lack what a segmentation takes over from them.
    """
    held = np.zeros((frames, 0, 0), np.uint8)
    for t, mask in enumerate(masks):
        if not t:
            held = np.zeros((frames, *mask.shape), np.uint8)
        held[t] = mask
    if not held.any():
        raise OutputError(f"{path}: nothing is masked, so there is no segmentation to write")
    try:
        import highdicom
    except ImportError:
        raise OutputError(f"{path}: segmentations need highdicom, which is not installed; {EXTRA}") from None
    images = [fresh(file) for file in files]
    with library(path, "written from these images", OutputError) as pydicom:
        made = _made(highdicom, pydicom, images, held, deed)
        _date(made, images[0])
        _name(made, pydicom.uid.generate_uid(entropy_srcs=[deed.key, "dimensions"]))
        made.save_as(path, enforce_file_format=True)


def _made(highdicom: Any, pydicom: Any, images: list[Any], held: Any, deed: Deed) -> Any:
    code = highdicom.sr.CodedConcept
    algorithm = highdicom.AlgorithmIdentificationSequence(deed.program, code(*FOUND), deed.version)
    segment = highdicom.seg.SegmentDescription(
        1, "Replaced", code(*CATEGORY), code(*REPLACED), highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC, algorithm,
    )
    uids = [pydicom.uid.generate_uid(entropy_srcs=[deed.key, what]) for what in ("segmentation series", "segmentation")]
    return highdicom.seg.Segmentation(
        images, held, highdicom.seg.SegmentationTypeValues.BINARY, [segment], uids[0],
        int(images[0].get("SeriesNumber") or 0) + SERIES_STEP, uids[1], 1, deed.program, deed.program.lower(),
        deed.version, "0",
        series_description="Replaced pixels, not for diagnosis", content_label="REPLACED",
    )


def _name(made: Any, uid: str) -> None:
    """Give the dimensions the same name every time: the library draws one."""
    for element in made.iterall():
        if element.keyword == "DimensionOrganizationUID":
            element.value = uid


def _date(made: Any, image: Any) -> None:
    """Take the clock's time out again."""
    day, time = next(((image.get(d), image.get(t)) for d, t in DATES if image.get(d)), (NO_DATE, NO_TIME))
    made.ContentDate, made.ContentTime = str(day), str(time or NO_TIME)
    for item, name in (
        (made, "InstanceCreationDate"), (made, "InstanceCreationTime"),
        *((maker, "ContributionDateTime") for maker in made.get("ContributingEquipmentSequence") or ()),
    ):
        if name in item:
            delattr(item, name)
    for name, value in (("SeriesDate", day), ("SeriesTime", time or NO_TIME)):
        if name in made:
            setattr(made, name, str(value))
