"""What a network is shown in, what it takes for damage out: tile by tile, only where there is something to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import Detection, Found
from restore.detect._outline import closed
from restore.frames import Bits
from restore.nets import shelf
from restore.source import Plane


@dataclass(frozen=True)
class Tiling:
    """What a network sees at once."""

    tile_px: int = 96
    """It answers for tiles of this size ..."""
    margin_px: int = 16
    """... and sees so much around them."""


USUAL = Tiling()


def weights_at(given: str, shipped: str) -> Path:
    """Return the weights file of the user's, or the one that is shipped under a name."""
    return Path(given) if given else shelf.shipped(shipped)


def chances(seen: Float, worth: Bits, path: Path) -> Float | None:
    """Return the probability of each kind in 255ths (kinds, h, w) from what is seen (channels, h, w).

    Tiles of a fixed grid in which nothing is `worth` a look (h, w) are 0; None where that is all of them.
    """
    if not worth.any():
        return None
    room = (USUAL.margin_px, USUAL.margin_px + USUAL.tile_px)
    return asked(np.pad(seen, ((0, 0), room, room), "edge"), worth, path, USUAL)


def asked(wide: Float, worth: Bits, path: Path, tiling: Tiling) -> Float:
    """Return the probability of each kind in 255ths (kinds, h, w) for the tiles that hold anything `worth` it (h, w).

    `wide` (channels, ...) is what is seen with the margin on every side, and up to a whole tile at its ends.
    """
    from restore.nets import inference

    h, w = worth.shape
    tile, margin = tiling.tile_px, tiling.margin_px
    net = inference.detector(path, shelf.sha256(path))
    places, side = list(tiles(worth, tile)), tile + 2 * margin
    crops = (wide[:, y : y + side, x : x + side] for y, x in places)
    out = np.zeros((net.kinds, -(-h // tile) * tile, -(-w // tile) * tile), np.float32)
    for (y, x), chance in zip(places, inference.probabilities(net, crops), strict=True):
        out[:, y : y + tile, x : x + tile] = chance[:, margin:-margin, margin:-margin]
    return out[:, :h, :w]


def tiles(worth: Bits, tile_px: int) -> Iterator[tuple[int, int]]:
    """Yield the upper left corners (y, x) of the tiles that hold anything worth a look (h, w)."""
    h, w = worth.shape
    for y in range(0, h, tile_px):
        for x in range(0, w, tile_px):
            if worth[y : y + tile_px, x : x + tile_px].any():
                yield y, x


def full_size(sheet: Float, size: tuple[int, int]) -> Float:
    """Return a sheet (h, w) at full size (H, W)."""
    if sheet.shape == size:
        return sheet
    h, w = sheet.shape
    return cv2.resize(sheet, (2 * w, 2 * h), interpolation=cv2.INTER_LINEAR)[: size[0], : size[1]]


def things(sheet: Float | Plane, least: float) -> tuple[Plane, Plane]:
    """Return the numbered things (H, W) of a sheet that are above `least`, and (n, 5) x, y, width, height, area."""
    _, labels, found, _ = cv2.connectedComponentsWithStats((sheet > least).astype(np.uint8), connectivity=8)
    return labels, found[1:]


def decided(
    t: int, sheets: Sequence[tuple[str, Float]], edge: float, certainty: float, sizes_px: tuple[int, int], why: str = ""
) -> Detection:
    """Return the things of named sheets (H, W) in 255ths: each as far as `edge`, if it is anywhere sure enough.

    Things of less or more pixels than `sizes_px` are left alone. With a reason `why` not, they are only listed.
    """
    mask, objects = np.zeros(sheets[0][1].shape, bool), []
    for name, sheet in sheets:
        labels, found = things(sheet, 255 * edge)
        sure = np.zeros(len(found) + 1, np.float32)
        np.maximum.at(sure, labels.ravel(), sheet.ravel())
        right = np.zeros(len(found) + 1, bool)
        right[1:] = (sure[1:] >= 255 * certainty) & (found[:, 4] >= sizes_px[0]) & (found[:, 4] <= sizes_px[1])
        for i in np.flatnonzero(right):
            x, y, width, height, area = (int(v) for v in found[i - 1])
            box, status = (y, x, y + height, x + width), "undecided" if why else "confirmed"
            objects.append(Found(t, name, box, area, float(sure[i]) / 255, status, why))  # type: ignore[arg-type]
        if not why:
            mask |= right[labels]
    return Detection(closed(mask), tuple(objects))
