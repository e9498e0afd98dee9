"""What a network is shown in, what it takes for damage out: tile by tile, only where there is something to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from restore.colour import Float
from restore.detect._network import Table
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


def odds(chance: Float | Table) -> Table:
    """Return log-odds of probabilities in 255ths, of any shape."""
    share = (chance + 0.5) / 256
    return np.asarray(np.log(share / (1 - share)), np.float64)


def asked(wide: Float, worth: Bits, path: Path, tiling: Tiling) -> Float:
    """Return what `answered` does, from all that is seen at once: `wide` (channels, ...) has the margin on every side,
    and up to a whole tile at its ends.
    """
    side = tiling.tile_px + 2 * tiling.margin_px
    return answered(lambda y, x: wide[:, y : y + side, x : x + side], worth, path, tiling)


def answered(crop: Callable[[int, int], Float], worth: Bits, path: Path, tiling: Tiling) -> Float:
    """Return the probability of each kind in 255ths (kinds, h, w) for the tiles that hold anything `worth` it (h, w).

    Others are 0. `crop` gives what is seen of the tile at (y, x), with its margin (channels, side, side).
    """
    from restore.nets import inference

    (h, w), tile, margin = worth.shape, tiling.tile_px, tiling.margin_px
    net = inference.detector(path, shelf.sha256(path))
    places = list(tiles(worth, tile))
    out = np.zeros((net.kinds, -(-h // tile) * tile, -(-w // tile) * tile), np.float32)
    crops = (crop(y, x) for y, x in places)
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


def things(sheet: Float | Plane, least: float) -> tuple[Plane, Plane]:
    """Return the numbered things (H, W) of a sheet that are above `least`, and (n, 5) x, y, width, height, area."""
    _, labels, found, _ = cv2.connectedComponentsWithStats((sheet > least).astype(np.uint8), connectivity=8)
    return labels, found[1:]
