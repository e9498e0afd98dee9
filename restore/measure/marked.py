"""A folder of real damage in, its shapes out: RGBA overlays on transparent ground, and label maps of marked scans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore.errors import SourceError
from restore.scenes import wear

KIND_OF = {
    "spots": "dust", "sprinkles": "dust", "dust": "dust", "dirt": "dirt", "scratches": "dirt", "hair": "long_hair",
    "hair-short": "short_hair", "short_hair": "short_hair", "lint": "long_hair", "long_hair": "long_hair",
    "dots": "blotch", "smut": "blotch", "stain": "blotch", "blotch": "blotch",
}
"""Sub-folder to kind. Overlays of "scratches" are clouds of short scuffs at all angles that last one frame, which is
dirt; a line scratch is upright and stays for many frames, and those come from label maps."""
KIND_OF_LABEL = {kind.label: kind.name for kind in wear.PARTICLES} | {wear.SCRATCH_LABEL: "scratch"}
CLOUDS = ("dust", "dirt")
"""Kinds of which one overlay holds many."""
SOLID = 64
"""Opacity, of 255, from which on pixels of an overlay are counted as pieces of it."""
LEAST_PX = 6
"""Marked things of fewer pixels of the scan are slips of the pen."""
SLENDER = 4.0
"""Marked scratches less slender than this (length over width) are scuffs and no lines."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One overlay, or one marked thing of a scan, at the scan's scale."""

    kind: str
    """One of `wear.KINDS`."""
    alpha: npt.NDArray[np.uint8]
    """(h, w) opacity, 255 whole."""
    pieces: int = 1
    """How many things it is: a cloud of dust counts as many."""
    lean: float = 0.0
    """Radians its long axis leans from the vertical, clockwise; 0 where that does not matter."""

    @property
    def width_px(self) -> float:
        """Mean width of a slender shape, pixels of the scan."""
        return max(self.solid_px / float(np.hypot(*self.alpha.shape)), 1.0)

    @property
    def solid_px(self) -> int:
        """Pixels it covers, of the scan."""
        return int((self.alpha > SOLID).sum())


@lru_cache(maxsize=4)
def shapes(folder: Path) -> tuple[Shape, ...]:
    """Return every shape under a folder, in the order of the files' names.

    `*labels.png` are label maps (H, W) with values of `wear.LABELS`; every other PNG is an overlay (H, W, 4) whose
    folder's name says its class. Raises SourceError where there are none, or one is neither.
    """
    files = sorted(folder.rglob("*.png"))
    if not files:
        raise SourceError(f"{folder} holds no PNG; it needs RGBA overlays, one sub-folder a class, or *labels.png.")
    return tuple(s for f in files for s in (marked(f) if f.stem.endswith("labels") else [overlay(f)]))


def overlay(file: Path) -> Shape:
    """Read one RGBA overlay."""
    picture = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    kind = KIND_OF.get(file.parent.name)
    if kind is None:
        known = ", ".join(sorted(KIND_OF))
        raise SourceError(f"{file} is in {file.parent.name!r}; its folder has to be named after a class: {known}.")
    if picture is None or picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 4:
        raise SourceError(f"{file} is no 8-bit RGBA picture; an overlay needs an alpha channel.")
    alpha = cut_out(picture[..., 3])
    pieces = cv2.connectedComponents((alpha > SOLID).astype(np.uint8))[0] - 1
    return Shape(kind, alpha, max(1, pieces) if kind in CLOUDS else 1)


def cut_out(alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return an opacity (H, W) without its empty margins (h, w)."""
    x, y, w, h = cv2.boundingRect(alpha)
    return np.ascontiguousarray(alpha[y : y + max(h, 1), x : x + max(w, 1)])


def marked(file: Path) -> Iterator[Shape]:
    """Yield the connected things of a label map."""
    labels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if labels is None or labels.dtype != np.uint8 or labels.ndim != 2:
        raise SourceError(f"{file} is no 8-bit grey picture; a label map needs one value of {KIND_OF_LABEL} a pixel.")
    for label, kind in KIND_OF_LABEL.items():
        n, parts, stats, _ = cv2.connectedComponentsWithStats((labels == label).astype(np.uint8), connectivity=8)
        for i in range(1, n):
            x, y, w, h, area = (int(v) for v in stats[i])
            if area < LEAST_PX:
                continue
            alpha = (parts[y : y + h, x : x + w] == i).astype(np.uint8) * np.uint8(255)
            slender, lean = axis(alpha) if kind == "scratch" else (SLENDER, 0.0)
            if slender >= SLENDER:
                yield Shape(kind, alpha, 1, lean)


def axis(alpha: npt.NDArray[np.uint8]) -> tuple[float, float]:
    """Return (length over width, lean from the vertical in radians) of what is solid in (h, w)."""
    ys, xs = np.nonzero(alpha)
    if ys.size < 2:
        return 1.0, 0.0
    spread, axes = np.linalg.eigh(np.cov(np.stack([xs, ys]).astype(np.float64)))
    x, y = axes[:, 1] if axes[1, 1] >= 0 else -axes[:, 1]
    # A pixel is a square: even a row of single ones has a width.
    return float(np.sqrt((spread[1] + 1 / 12) / (max(spread[0], 0.0) + 1 / 12))), float(np.arctan2(x, y))
