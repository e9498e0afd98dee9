"""What detectors found in clips in, the table for people and the CSV for programs out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import isnan
from typing import Any, Literal

import numpy as np

Camera = Literal["moving", "static", "both"]


@dataclass(frozen=True)
class Finding:
    """How well one detector (or several together) finds the damage of one clip. NaN where there was nothing to judge.

    Pixels have a tolerance of one. `transient` is damage that lasts a frame, and what was found and not said to be a
    line scratch; line scratches are judged by their length.
    """

    part: str
    clip: str
    camera: Camera
    frames: int
    precision: float
    recall: float
    f1: float
    """Of all damage together."""
    transient_precision: float
    transient_recall: float
    transient_f1: float
    transient_best_f1: float
    """At the threshold that suits this clip best, which nobody knows beforehand; NaN where there is no threshold."""
    transient_average_precision: float
    transient_object_recall: float
    """Share of the damaged places more than a tenth of which was found."""
    false_objects_a_frame: float
    """Connected parts of the mask that are on no damage of any kind."""
    false_objects_a_2k_frame: float
    """The same on 2048 x 1556 pixels."""
    scratch_recall: float
    """Share of the length of the line scratches that was found."""
    scratch_precision: float
    """Share of the length said to be line scratches that is."""
    scratch_average_precision: float
    """Over pixels; NaN for detectors that do not only find lines."""
    dust_recall: float
    dirt_recall: float
    short_hair_recall: float
    long_hair_recall: float
    """Hairs in the gate among them."""
    blotch_recall: float
    dead_pixel_recall: float
    stain_recall: float
    harm_frac: float
    """Share of the undamaged clip's pixels that would be touched."""


SHOWN = {
    "part": "part", "clip": "clip", "camera": "camera", "f1": "F1", "transient_precision": "dirt P",
    "transient_recall": "dirt R", "transient_f1": "dirt F1", "transient_best_f1": "best F1",
    "transient_average_precision": "dirt AP", "transient_object_recall": "objects R",
    "false_objects_a_2k_frame": "false/2K",
    "scratch_recall": "line R", "scratch_precision": "line P", "scratch_average_precision": "line AP",
    "dust_recall": "dust", "dirt_recall": "dirt", "short_hair_recall": "short hair", "long_hair_recall": "long hair",
    "blotch_recall": "blotch", "dead_pixel_recall": "dead pixel", "stain_recall": "stain",
    "harm_frac": "harm %",
}
"""The columns people see, with their headings; the recall of a class goes by its name."""


def mean(rows: Sequence[Finding], camera: Camera) -> Finding:
    """Return the mean over clips of one part's rows; figures that a clip does not have are left out of theirs."""
    out = replace(rows[0], clip="mean", camera=camera, frames=sum(r.frames for r in rows))
    names = [f.name for f in fields(Finding) if f.type == "float"]
    numbers: dict[str, Any] = {n: average([getattr(r, n) for r in rows]) for n in names}
    return replace(out, **numbers)


def average(values: Sequence[float]) -> float:
    """Return the mean of the numbers among some values, NaN where there are none."""
    known = [v for v in values if not isnan(v)]
    return float(np.mean(known)) if known else float("nan")


def means(rows: Sequence[Finding]) -> list[Finding]:
    """Return for each part its means over moving clips, static clips and, where there are both, all clips."""
    out = []
    for part in dict.fromkeys(r.part for r in rows):
        mine = [r for r in rows if r.part == part]
        cameras = [c for c in ("moving", "static") if any(r.camera == c for r in mine)]
        out += [mean([r for r in mine if r.camera == c], c) for c in cameras]  # type: ignore[arg-type]
        out += [mean(mine, "both")] if len(cameras) == 2 else []
    return sorted(out, key=lambda r: ("moving", "static", "both").index(r.camera))


def table(rows: Sequence[Finding]) -> str:
    """Write rows as a Markdown table; columns without a single figure are left out."""
    names = [n for n in SHOWN if any(cell(n, getattr(r, n)) not in ("-", "mean") for r in rows)]
    lines = [[SHOWN[n] for n in names], *([cell(n, getattr(r, n)) for n in names] for r in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    lines.insert(1, ["-" * w for w in widths])
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines)


def cell(name: str, value: object) -> str:
    """Write one value: shares of pixels in per cent, a dash for what was not there to be measured."""
    if not isinstance(value, float):
        return str(value)
    if isnan(value):
        return "-"
    if name.endswith("_frac"):
        return f"{100 * value:.3f}"
    return f"{value:.1f}" if name.startswith("false") else f"{value:.2f}"
