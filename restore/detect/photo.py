"""One picture in, what a trained network takes for damage of a photograph or a document out; no neighbours in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect import Detection, Found, _alone, _netted
from restore.detect._netted import Tiling
from restore.detect._outline import closed
from restore.errors import PartError
from restore.frames import Bits
from restore.nets import shelf
from restore.window import Window

SMALLEST_PX = 32
TILING = Tiling(192, 32)
BAND = 2
"""Tiles above each other whose surroundings are measured at once: what that takes follows the width, not the size."""
LEAST_LEVELS = 8.0
"""A tile in which nothing narrow stands out by so much is not looked at further."""
NAMES = ("dirt", "line")
"""What its outputs are called here: specks, and all that is long."""
RIM, RIM_PX = 0.35, 1
"""So much beyond its edge a thing is taken on where it is at least so probable."""
NEVER = 2.0
"""A certainty that nothing reaches."""
LISTED_MOST = 40
"""Undecided things listed of a picture, the most probable ones."""
Sheet = npt.NDArray[np.uint8]
"""(H, W), or (kinds, H, W): probability in 255ths."""
EDGE_PX, EDGE_SHAPE = 2, 2.0
"""Things that come so near to the edge of the picture, and are so many times as long beside it as they are deep, are
only listed: the border of a print, trimmed by hand, or what the scanner saw beyond it."""
EDGING = "it lies along the edge of the picture, where prints have borders"
Boxes = npt.NDArray[np.int32]
"""(n, 5)."""


@dataclass(frozen=True)
class Photo:
    """Good at dust, hairs, cracks and scratches that stand out in a scan; cannot tell them from flecks of the scene.

    A small U-Net over the picture alone (`restore/nets/detector.py`; trained by `lacuna train stills`). What is small,
    sharp and alone may be a highlight, so what it is not sure of is listed as undecided and left. Fine detail under
    damage, stains, tears and lost corners are not found.
    """

    version: ClassVar[int] = 1
    seconds_a_megapixel: ClassVar[float] = 1.0
    ships: ClassVar[str] = "stills"
    """Name of the weights that come with the program."""
    finds: ClassVar[Literal["dirt", "scratch"]] = "dirt"
    sensitivity: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "cautious": {"certainty": 0.87, "line_certainty": 0.88},
        "thorough": {"certainty": 0.75, "line_certainty": 0.77, "soft_levels": 12.0},
    }
    leads: ClassVar[Mapping[str, float]] = {"certainty": 0.01, "line_certainty": 0.01, "soft_levels": 255.0}
    certainty: float = 0.83
    """A speck is damage where its most probable pixel is at least so probable."""
    line_certainty: float = 0.83
    """The same for hairs, scratches and cracks ..."""
    soft_levels: float = 10.0
    """... but in a picture in which more than a twentieth of the pixels are spikes of more 8-bit levels, they are only
    listed: it is as sharp as its pixels, and full of thin lines of its own. Scans of prints are softer than that."""
    edge: float = 0.6
    """Things reach as far as they are at least so probable."""
    listed: float = 0.7
    """Things that are not damage and at least so probable are listed for a person to decide."""
    smallest_px: int = 4
    """Things of fewer pixels are left alone."""
    largest_frac: float = 0.05
    """Things larger than this share of the picture are left alone."""
    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("certainty", 0.01, 1), ("line_certainty", 0.01, 1), ("edge", 0.01, 1),
                                ("listed", 0.01, 1), ("soft_levels", 0, 255), ("smallest_px", 1, 10**6),
                                ("largest_frac", 0, 1)):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"photo: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """Look at the picture itself only."""
        return 0

    def fingerprint(self) -> str:
        """Return the digest of the weights."""
        return shelf.sha256(_netted.weights_at(self.weights, self.ships))

    def detect(self, window: Window, t: int) -> Detection:
        """Return the damage of picture t."""
        mask = np.zeros(window.size, bool)
        objects: list[Found] = []
        if min(window.size) >= SMALLEST_PX:
            sheets = self.sheets(window, t)
            # No line is more than certain: where the picture is sharp none is taken.
            lines = self.line_certainty if sharpness(window, t) <= self.soft_levels else NEVER
            for name, certainty, sheet in zip(NAMES, (self.certainty, lines), sheets, strict=True):
                objects += self.judged(t, (name, certainty), sheet, mask)
        sure = [f for f in objects if f.status == "confirmed"]
        open_questions = sorted((f for f in objects if f.status == "undecided"), key=lambda f: -f.confidence)
        return Detection(closed(mask), (*sure, *open_questions[:LISTED_MOST]))

    def score(self, window: Window, t: int) -> Float:
        """Return how probable damage of any kind is (H, W)."""
        if min(window.size) < SMALLEST_PX:
            return np.zeros(window.size, np.float32)
        return np.asarray(self.sheets(window, t).max(0), np.float32) / np.float32(255)

    def sheets(self, window: Window, t: int) -> Sheet:
        """Return how probable each pixel is each kind of damage; made once."""
        path = _netted.weights_at(self.weights, self.ships)
        return window.memo("photo-sheets", (t, shelf.sha256(path)), lambda: sheets(window, t, path))

    def judged(self, t: int, what: tuple[str, float], sheet: Sheet, mask: Bits) -> list[Found]:
        """Return the things of a sheet (H, W) that are damage or may be, and draw the former into `mask` (H, W).

        `what` they are, and how certain that must be.
        """
        name, certainty = what
        labels, found = _netted.things(sheet, 255 * self.edge)
        sure = np.zeros(len(found) + 1, np.uint8)
        np.maximum.at(sure, labels.ravel(), sheet.ravel())
        fits = (found[:, 4] >= self.smallest_px) & (found[:, 4] <= self.largest_frac * sheet.size)
        fits = np.concatenate([[False], fits])
        edging = np.concatenate([[False], along_edge(found, sheet.shape)])
        right = fits & (sure >= 255 * certainty) & ~edging
        mask |= rimmed(right[labels], sheet)
        out = []
        for i in np.flatnonzero(right | (fits & (sure >= 255 * self.listed))):
            x, y, width, height, area = (int(v) for v in found[i - 1])
            chance, box = float(sure[i]) / 255, (y, x, y + height, x + width)
            why = "" if right[i] else EDGING if edging[i] else reason(chance, certainty)
            out.append(Found(t, name, box, area, chance, "undecided" if why else "confirmed", why))
        return out


def along_edge(found: Boxes, size: tuple[int, ...]) -> Bits:
    """Return which things (n,), given as x, y, width, height and area, lie along the edge of a picture (H, W)."""
    x, y, width, height, _ = found.T
    level = (y <= EDGE_PX) | (y + height >= size[0] - EDGE_PX)
    upright = (x <= EDGE_PX) | (x + width >= size[1] - EDGE_PX)
    flat, thin = width > EDGE_SHAPE * height, height > EDGE_SHAPE * width
    return np.asarray((level & flat) | (upright & thin))


def rimmed(core: Bits, sheet: Sheet) -> Bits:
    """Return things (H, W) with their soft rims: else what is filled takes after the damage it borders on."""
    reach = np.ones((2 * RIM_PX + 1, 2 * RIM_PX + 1), np.uint8)
    near = cv2.dilate(core.astype(np.uint8), reach) > 0
    return np.asarray(core | (near & (sheet > 255 * RIM)))


def reason(chance: float, certainty: float) -> str:
    """Say why a thing of a probability is not taken."""
    if certainty == NEVER:
        return f"a line with probability {chance:.2f}, in a picture so sharp that it has thin lines of its own"
    return f"damage with probability {chance:.2f}; {certainty:.2f} is needed"


def sharpness(window: Window, t: int) -> float:
    """Return how far, in 8-bit levels, a twentieth of the pixels of picture t are beyond the median around them."""
    spike = cv2.absdiff(window.grey(t), cv2.medianBlur(window.grey(t), _alone.SPIKE_PX))
    return float(np.percentile(spike, 95))


def sheets(window: Window, t: int, path: Path) -> Sheet:
    """Return what the network at `path` says of picture t, band by band."""
    grey, grain = window.grey(t), window.grain(t)
    h, tile, margin = window.size[0], TILING.tile_px, TILING.margin_px
    out = []
    for top in range(0, h, BAND * tile):
        stop = min(top + BAND * tile, h)
        first, last = max(top - margin - _alone.REACH_PX, 0), min(stop + margin + _alone.REACH_PX, h)
        seen = _alone.sight(grey[first:last], grain)
        upper, lower = max(top - margin, 0), min(stop + margin, h)
        worth = np.maximum(*seen[_alone.THIN, top - first : stop - first]) > LEAST_LEVELS * _alone.LEVELS
        room = ((0, 0), (upper - top + margin, stop + margin - lower + -(stop - top) % tile), (margin, margin + tile))
        wide = np.pad(seen[:, upper - first : lower - first], room, "edge")
        out.append(_netted.asked(wide, worth, path, TILING).astype(np.uint8))
    return np.concatenate(out, 1)
