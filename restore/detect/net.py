"""Frame t and its neighbours in, what a trained network takes for damage out; it looks where something stands out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import Detection, Found, _sight
from restore.detect._align import Laid
from restore.detect._outline import closed
from restore.errors import PartError
from restore.frames import Bits
from restore.nets import files
from restore.source import Plane
from restore.window import Window

TILE_PX, MARGIN_PX = 96, 16
"""The network sees tiles of this size and so much around them, in pixels of the half-size picture."""
SMALLEST_PX = 32
BEYOND = 3
"""The channel of `_sight` that is looked at first."""
LEAST_LEVELS, LEAST_GRAINS = 5.0, 1.6
"""What is beyond both neighbours by less than this, or so many times the grain, is not looked at further."""
TRANSIENT, LINE, PERSISTENT = range(3)
NAMES = {TRANSIENT: "dirt", PERSISTENT: "stain"}


@dataclass(frozen=True)
class Net:
    """Good at dust, dirt, hairs and blotches, the faint ones too; sees little of what stays where nothing moves.

    A small U-Net over the frame and its motion-compensated neighbours (architecture and training: `restore.nets`,
    `restore.train`; after the temporal nets of algorithms.md section 2). Tiles in which nothing stands out of both
    neighbours are passed over. At the ends of a shot, where one neighbour is missing, it only lists.
    """

    version: ClassVar[int] = 1
    sensitivity: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "cautious": {"certainty": 0.8, "edge": 0.5}, "thorough": {"certainty": 0.4, "edge": 0.3}
    }
    certainty: float = 0.6
    """A thing is damage where its most probable pixel is at least so probable ..."""
    edge: float = 0.4
    """... and reaches as far as it is at least so probable."""
    smallest_px: int = 4
    """Things of fewer luma pixels are left alone."""
    largest_frac: float = 0.02
    """Things larger than this share of the picture are left alone."""
    reach: int = 3
    """How many frames away the next different frame may be."""
    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("certainty", 0.01, 1), ("edge", 0.01, 1), ("smallest_px", 1, 10**6),
                                ("largest_frac", 0, 1), ("reach", 1, 20)):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"net: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """How many frames before and after are looked at."""
        return self.reach

    def fingerprint(self) -> str:
        """Return the digest of the weights."""
        return files.sha256(self.path)

    @property
    def path(self) -> Path:
        """Return the weights file."""
        return Path(self.weights) if self.weights else files.shipped("detector")

    def detect(self, window: Window, t: int) -> Detection:
        """Return the damage of frame t."""
        nothing = Detection(np.zeros(window.size, bool))
        sides = _sight.neighbours(window, t, self.reach) if min(window.size) >= SMALLEST_PX else None
        if sides is None:
            return nothing
        chance = self.chances(window, t, sides)
        if chance is None:
            return nothing
        return self.decided(window, t, chance, sides[0].frame == sides[1].frame)

    def chances(self, window: Window, t: int, sides: tuple[Laid, Laid]) -> Float | None:
        """Return the probability of each kind in 255ths (kinds, h, w) at proxy size; None where nothing stands out."""
        from restore.nets import inference

        seen = _sight.sight(window, t, sides)
        least = max(LEAST_LEVELS, LEAST_GRAINS * window.grain(t)) * _sight.LEVELS
        places = list(tiles(np.abs(seen[BEYOND]) > least))
        if not places:
            return None
        h, w = seen.shape[1:]
        room = ((MARGIN_PX, MARGIN_PX + TILE_PX), (MARGIN_PX, MARGIN_PX + TILE_PX))
        wide = np.pad(seen, ((0, 0), *room), "edge")
        net = inference.detector(self.path, self.fingerprint())
        side = TILE_PX + 2 * MARGIN_PX
        out = np.zeros((3, -(-h // TILE_PX) * TILE_PX, -(-w // TILE_PX) * TILE_PX), np.float32)
        crops = (wide[:, y : y + side, x : x + side] for y, x in places)
        for (y, x), chance in zip(places, inference.probabilities(net, crops), strict=True):
            out[:, y : y + TILE_PX, x : x + TILE_PX] = chance[:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
        return out[:, :h, :w]

    def decided(self, window: Window, t: int, chance: Float, at_end: bool) -> Detection:
        """Return what is damage by the probabilities of each kind in 255ths (kinds, h, w)."""
        mask, objects = np.zeros(window.size, bool), []
        for kind in NAMES:
            sheet = full_size(chance[kind], window.size)
            labels, found = things(sheet, 255 * self.edge)
            sure = np.zeros(len(found) + 1, np.float32)
            np.maximum.at(sure, labels.ravel(), sheet.ravel())
            right = np.zeros(len(found) + 1, bool)
            for i, (x, y, width, height, area) in enumerate(found, 1):
                if not self.smallest_px <= area <= self.largest_frac * mask.size or sure[i] < 255 * self.certainty:
                    continue
                right[i] = not at_end
                why = "the shot has no frame on one side" if at_end else ""
                objects.append(Found(
                    t, NAMES[kind], (int(y), int(x), int(y + height), int(x + width)), int(area),
                    float(sure[i]) / 255, "undecided" if at_end else "confirmed", why,
                ))
            mask |= right[labels]
        return Detection(closed(mask), tuple(objects))


def tiles(stands_out: Bits) -> Iterator[tuple[int, int]]:
    """Yield the upper left corners (y, x) of the tiles of a fixed grid in which anything stands out (h, w)."""
    h, w = stands_out.shape
    for y in range(0, h, TILE_PX):
        for x in range(0, w, TILE_PX):
            if stands_out[y : y + TILE_PX, x : x + TILE_PX].any():
                yield y, x


def full_size(sheet: Float, size: tuple[int, int]) -> Float:
    """Return a sheet (h, w) at full size (H, W)."""
    if sheet.shape == size:
        return sheet
    h, w = sheet.shape
    return cv2.resize(sheet, (2 * w, 2 * h), interpolation=cv2.INTER_LINEAR)[: size[0], : size[1]]


def things(sheet: Float, least: float) -> tuple[Plane, Plane]:
    """Return the numbered things (H, W) of a sheet that are above `least`, and (n, 5) x, y, width, height, area."""
    _, labels, found, _ = cv2.connectedComponentsWithStats((sheet > least).astype(np.uint8), connectivity=8)
    return labels, found[1:]
