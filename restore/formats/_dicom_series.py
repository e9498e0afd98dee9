"""The files of a DICOM series in, their order along the body out, and where each slice lies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from restore.errors import SourceError
from restore.formats._dicom import glance, library

TAGS = ("SeriesInstanceUID", "SeriesNumber", "Modality", "InstanceNumber", "ImageOrientationPatient",
        "ImagePositionPatient")
DIRECTORY = "1.2.840.10008.1.3.10"
PLACE_MM = 1e-3
"""Positions are written with so many digits, and not always with the same."""
ALIKE = 1e-3
"""By how much the direction cosines of slices may differ and still count as parallel."""


@dataclass(frozen=True)
class Slice:
    """What is known of a file before its pixels are."""

    file: Path
    series: str
    label: str
    """What the series may be called in a message: its number and kind and the end of its UID, nothing of a person."""
    number: int | None
    orientation: tuple[float, ...] | None
    place: float | None


def arranged(files: Sequence[Path]) -> list[Path]:
    """Return the files of one series in order: along the normal of its slices, else by instance number, else by name.

    Where a place is taken several times (echoes, times), volumes follow one another. Raises SourceError where there are
    several series, with what may be told of them.
    """
    if len(files) < 2:
        return list(files)
    found = [one for one in map(_slice, files) if one is not None]
    _require_one_series(found)
    by_number = sorted(found, key=lambda s: -1 if s.number is None else s.number)
    if any(s.number is None for s in found):
        by_number = found
    if not _parallel(found):
        return [s.file for s in by_number]
    seen: Counter[int] = Counter()
    keyed = []
    for s in by_number:
        step = round((s.place or 0.0) / PLACE_MM)
        keyed.append((seen[step], s.place or 0.0, s.file))
        seen[step] += 1
    return [file for _, _, file in sorted(keyed, key=lambda k: k[:2])]


def place(ds: Any) -> float | None:
    """Return where the slice of a data set lies along its own normal, in mm; None where it does not say."""
    orientation, position = _numbers(ds, "ImageOrientationPatient", 6), _numbers(ds, "ImagePositionPatient", 3)
    return None if orientation is None or position is None else _along(orientation, position)


def frame_places(ds: Any, frames: int) -> tuple[float | None, ...]:
    """Return the same for each picture of a multi-frame file, from its functional groups; None for all unless all say.

    Where pictures of one place follow each other (echoes, times), nothing follows on anything: all have the same place.
    """
    nowhere = (None,) * frames
    groups, shared = ds.get("PerFrameFunctionalGroupsSequence"), ds.get("SharedFunctionalGroupsSequence")
    if not groups or len(groups) != frames:
        return nowhere
    out = []
    for group in groups:
        orientation = _macro(group, shared, "PlaneOrientationSequence", "ImageOrientationPatient", 6)
        position = _macro(group, shared, "PlanePositionSequence", "ImagePositionPatient", 3)
        if orientation is None or position is None:
            return nowhere
        out.append(_along(orientation, position))
    stands = any(abs(a - b) < PLACE_MM for a, b in pairwise(out))
    return (0.0,) * frames if stands else tuple(out)


def _macro(group: Any, shared: Any, sequence: str, name: str, count: int) -> tuple[float, ...] | None:
    for holder in (group, shared[0] if shared else None):
        items = holder.get(sequence) if holder is not None else None
        if items:
            return _numbers(items[0], name, count)
    return None


def _slice(file: Path) -> Slice | None:
    """Return what a file says of itself; None for a directory of files."""
    ds = glance(file, TAGS)
    with library(file):
        if str(ds.file_meta.get("MediaStorageSOPClassUID", "")) == DIRECTORY:
            return None
        number = str(ds.get("InstanceNumber", "") or "")
        orientation = _numbers(ds, "ImageOrientationPatient", 6)
        series = str(ds.get("SeriesInstanceUID", ""))
        return Slice(
            file, series, _label(ds, series), int(number) if re.fullmatch(r"-?\d{1,12}", number) else None, orientation,
            place(ds),
        )


def _label(ds: Any, series: str) -> str:
    number, kind = str(ds.get("SeriesNumber", "") or ""), str(ds.get("Modality", "") or "")
    number = number if re.fullmatch(r"-?\d{1,12}", number) else "?"
    kind = kind if re.fullmatch(r"[A-Z]{2,16}", kind) else "?"
    return f"{number} ({kind}, UID ...{series[-8:] if re.fullmatch(r'[0-9.]+', series) else '?'})"


def _require_one_series(found: Sequence[Slice]) -> None:
    series = Counter(s.series for s in found)
    if len(series) > 1:
        labels = {s.series: s.label for s in found}
        named = ", ".join(f"{labels[uid]}: {n} files" for uid, n in series.most_common(8))
        raise SourceError(f"{found[0].file.parent}: {len(series)} series in one folder: {named}; a run restores one: "
                          "give each a folder of its own")


def _parallel(found: Sequence[Slice]) -> bool:
    first = found[0].orientation
    return first is not None and all(
        s.place is not None and s.orientation is not None and np.allclose(s.orientation, first, atol=ALIKE)
        for s in found
    )


def _numbers(ds: Any, name: str, count: int) -> tuple[float, ...] | None:
    try:
        held = tuple(float(v) for v in ds.get(name) or ())
    except (TypeError, ValueError):
        return None
    return held if len(held) == count and np.isfinite(held).all() else None


def _along(orientation: tuple[float, ...], position: tuple[float, ...]) -> float:
    """Return the distance along the normal of a plane (PS3.3 C.7.6.2.1.1), in mm."""
    return float(np.dot(np.cross(orientation[:3], orientation[3:]), position))
