"""A DICOM data set and what was done in, the same set out as that of a derived image, as PS3.3 asks for it.

C.7.6.1.1.2 (image type, new identifiers), C.7.6.1.1.3 (derivation), C.12.1.1.5 (contributing equipment), C.12.1
(Synthetic Data), C.7.6.16.2.6 (derivation of frames). Identifiers are drawn from the deed's key: the same deed names
them the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from restore.formats import Deed

DROPPED = (
    "SmallestImagePixelValue", "LargestImagePixelValue", "SmallestPixelValueInSeries", "LargestPixelValueInSeries",
    "InstanceCreationDate", "InstanceCreationTime", "IconImageSequence", "MACParametersSequence",
    "DigitalSignaturesSequence",
)
"""What was true of the source only: its extremes, its thumbnail, when it was made, who signed it. No new date is given:
the same work is to give the same bytes."""
NOT_FOR_DIAGNOSIS = "restored, not for diagnosis"
SERIES_STEP = 1000
"""Added to the number of a series."""
MOST_NUMBER = 2**31 - 1
DESCRIPTION_CHARS, TEXT_CHARS = 64, 1024
"""What LO and ST hold (PS3.5 6.2)."""
PROCESSED = ("121322", "DCM", "Source image for image processing operation")
MODIFYING = ("109103", "DCM", "Modifying Equipment")
SYNTHESIZING = ("109100", "DCM", "Synthesizing Equipment")
INPAINTED = ("INPAINTED", "99LACUNA", "Damaged pixels replaced")
"""No code of the standard says it; schemes that begin with 99 are private (PS3.3 8.2)."""


def mark_derived(ds: Any, changed: frozenset[int], frames: int, deed: Deed) -> None:
    """Turn a data set of so many pictures into that of a derived image.

    `changed` are the pictures whose pixels differ, none for a companion in the same new series.
    """
    import pydicom

    source = (ds.get("SOPClassUID", ""), ds.get("SOPInstanceUID", ""))
    words = _words(bool(changed), deed)
    _image_type(ds, changed, frames)
    _derivation(ds, source, words)
    _equipment(ds, deed, words, bool(changed))
    if changed and deed.invented:
        ds.SyntheticData = "YES"
    for name in DROPPED:
        if name in ds:
            delattr(ds, name)
    if "ContentQualification" in ds:
        ds.ContentQualification = "RESEARCH"
    _series(ds, deed)
    new = pydicom.uid.generate_uid(entropy_srcs=[deed.key, "instance", str(source[1])])
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = new
    ds.file_meta.ImplementationClassUID = pydicom.uid.PYDICOM_IMPLEMENTATION_UID
    ds.file_meta.ImplementationVersionName = deed.program.upper()[:16]


def _image_type(ds: Any, changed: frozenset[int], frames: int) -> None:
    """Say that pixels are derived; of enhanced kinds (PS3.3 C.8.16) for each frame, and MIXED where some are not."""
    import pydicom

    said = _values(ds.get("ImageType"))
    if not pydicom.uid.UID(ds.get("SOPClassUID", "")).name.startswith("Enhanced"):
        ds.ImageType = ["DERIVED", "SECONDARY", *said[2:]]
        return
    some = 0 < len(changed) < frames and said[:1] in (["ORIGINAL"], ["MIXED"])
    ds.ImageType = ["MIXED" if some else "DERIVED", *(said[1:] or ["PRIMARY"])]
    shared, groups = ds.get("SharedFunctionalGroupsSequence"), ds.get("PerFrameFunctionalGroupsSequence") or []
    for element in list(_frame_types(shared[0])) if shared else []:
        for group in groups:
            group[element.tag] = deepcopy(element)
        del shared[0][element.tag]
    for n, group in enumerate(groups):
        for element in _frame_types(group) if n in changed or not some else ():
            for item in element.value or []:
                item.FrameType = ["DERIVED", *_values(item.get("FrameType"))[1:]]


def _words(changed: bool, deed: Deed) -> str:
    what = "damaged pixels replaced" if changed else "pixels unchanged; others of the series were replaced"
    made = ", some made up" if changed and deed.invented else ""
    return f"{deed.program} {deed.version}, recipe {deed.recipe}: {what}{made}. Not for diagnosis."


def _series(ds: Any, deed: Deed) -> None:
    import pydicom

    old = str(ds.get("SeriesInstanceUID", ""))
    ds.SeriesInstanceUID = pydicom.uid.generate_uid(entropy_srcs=[deed.key, "series", old])
    try:
        number = int(ds.get("SeriesNumber") or 0)
    except (TypeError, ValueError):
        number = 0
    ds.SeriesNumber = min(number + SERIES_STEP, MOST_NUMBER)
    said = str(ds.get("SeriesDescription", "") or "")[: DESCRIPTION_CHARS - len(NOT_FOR_DIAGNOSIS) - 2]
    ds.SeriesDescription = f"{said}, {NOT_FOR_DIAGNOSIS}" if said else NOT_FOR_DIAGNOSIS


def _derivation(ds: Any, source: tuple[str, str], words: str) -> None:
    """Say in the place that the kind of image has for it what was done to which source."""
    shared, groups = ds.get("SharedFunctionalGroupsSequence"), ds.get("PerFrameFunctionalGroupsSequence") or []
    if not shared:
        _describe(ds, source, words, None)
    elif any("DerivationImageSequence" in group for group in groups):
        for n, group in enumerate(groups):
            _append(group, "DerivationImageSequence", _described(source, words, n + 1))
    else:
        _append(shared[0], "DerivationImageSequence", _described(source, words, None))


def _frame_types(group: Any) -> Iterator[Any]:
    """Yield the sequences that hold a Frame Type: each kind of image has one of its own."""
    for element in group:
        if element.VR == "SQ" and element.keyword.endswith("FrameTypeSequence"):
            yield element


def _described(source: tuple[str, str], words: str, frame: int | None) -> Any:
    from pydicom import Dataset

    item = Dataset()
    _describe(item, source, words, frame)
    return item


def _describe(item: Any, source: tuple[str, str], words: str, frame: int | None) -> None:
    from pydicom import Dataset

    said = str(item.get("DerivationDescription", "") or "")
    item.DerivationDescription = f"{said[: TEXT_CHARS - len(words) - 2]}; {words}" if said else words
    _append(item, "DerivationCodeSequence", _code(*INPAINTED))
    one = Dataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = source
    if frame is not None:
        one.ReferencedFrameNumber = frame
    one.PurposeOfReferenceCodeSequence = [_code(*PROCESSED)]
    one.SpatialLocationsPreserved = "YES"
    _append(item, "SourceImageSequence", one)


def _equipment(ds: Any, deed: Deed, words: str, changed: bool) -> None:
    """Append who changed the image, and who made pixels of it up."""
    from pydicom import Dataset

    for purpose in (MODIFYING, SYNTHESIZING)[: 1 + (changed and deed.invented)]:
        item = Dataset()
        item.Manufacturer, item.ManufacturerModelName = deed.program, deed.program.lower()
        item.SoftwareVersions, item.ContributionDescription = deed.version or "unknown", words
        item.PurposeOfReferenceCodeSequence = [_code(*purpose)]
        _append(ds, "ContributingEquipmentSequence", item)


def _append(ds: Any, name: str, item: Any) -> None:
    setattr(ds, name, [*(ds.get(name) or []), item])


def _code(value: str, scheme: str, meaning: str) -> Any:
    from pydicom import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _values(held: Any) -> list[str]:
    """Return the values of an attribute that may have none, one or several."""
    if held is None or held == "":
        return []
    return [held] if isinstance(held, str) else [str(v) for v in held]
