"""What a network says of one picture in, each thing that may be damage and what is measured of it out.

The network looks at 100 pixels around; whether a speck is dust is also a matter of the whole picture: how sharp that
is, how much else in it looks the same, whether what is found is light or dark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect import _alone, _netted
from restore.detect._things import Table, Things, box_sums, pooled, widened
from restore.frames import Bits

LEVELS = (0.4, 0.6, 0.75)
"""Pixels that are so probably damage of either kind make up things, at each level others: a crack that runs into the
edge of a coat is one thing with it at the first, and alone at another."""
CROWD_PX, CLOSE_PX, BESIDE_PX = 64, 16, 4
"""The crowd around a thing is what else may be damage within so many pixels of its box."""
NAMES = (
    "top",  # greatest log-odds inside it
    "speck", "line",  # mean log-odds of either kind
    "step",  # which of LEVELS it was found at
    "beside",  # log of how much probability lies close beside it, for each pixel of its own
    "size",  # log of its pixels
    "long",  # log of its length, from its second moments
    "wide",  # log of its width, the same
    "solid",  # log of its pixels over those of the ellipse of that length and width
    "contrast", "spike", "alone", "beyond",  # means of the network's channels: by how much it is off its surroundings
    "crisp",  # share of its contrast that is in its finest detail
    "level", "busy",  # means of such channels
    "bright",  # 1 where it is lighter than what is around it, -1 where darker
    "grain", "sharp",  # of the whole picture
    "full", "crowd", "close",  # logs of the share of the whole picture, and far and near around it, that may be damage
    "kin",  # of what the network is sure of elsewhere: how much more is like it, light or dark, than is not, -1 to 1
)
CHANNEL = {name: i for i, name in enumerate(_alone.CHANNELS)}
Sheet = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Seen:
    """What the network says of a picture, and what it was shown where that matters."""

    sheets: Sheet
    """(kinds, H, W) probability in 255ths."""
    channels: npt.NDArray[np.float16]
    """(m, channels) what it was shown at the pixels of the first of LEVELS, in their order in the picture."""

    @property
    def size(self) -> tuple[int, int]:
        """Return (H, W)."""
        return self.sheets.shape[1], self.sheets.shape[2]


def is_open(sheets: Sheet, step: int = 0) -> Bits:
    """Return which pixels (H, W) belong to things of a step of LEVELS."""
    return np.asarray(sheets.max(0) > 255 * LEVELS[step])


def things(seen: Seen, step: int = 0) -> tuple[Things, Float]:
    """Return the things of a step of LEVELS, and what the network was shown at their pixels (m, channels)."""
    bits = is_open(seen.sheets, step)
    count, labels = cv2.connectedComponents(bits.astype(np.uint8), connectivity=8)
    places = np.flatnonzero(bits)
    found = pooled(seen.sheets.max(0), places, labels.ravel()[places].astype(np.int64) - 1, count - 1)
    shown = seen.channels[np.searchsorted(np.flatnonzero(is_open(seen.sheets)), found.at)].astype(np.float32)
    return replace(found, bright=found.total(shown[:, CHANNEL["far"]]) > 0), shown


def measure(seen: Seen, step: int, sharp: float) -> tuple[Things, Table]:
    """Return the things of a step of LEVELS and what is measured (n, 23) of them, in the order of `NAMES`.

    `sharp` is the picture's sharpness in 8-bit levels.
    """
    found, shown = things(seen, step)
    if not len(found):
        return found, np.zeros((0, len(NAMES)))
    area = found.area
    inside = (sheet.ravel()[found.at].astype(np.float64) for sheet in seen.sheets)
    speck, line = (found.total(_netted.odds(chance)) / area for chance in inside)
    mean = {name: found.total(shown[:, i]) / area for name, i in CHANNEL.items()}
    contrast, spike, alone = (
        found.total(np.abs(shown[:, CHANNEL[name]])) / area for name in ("far", "spike", "alone")
    )
    long, wide = axes(found, seen.size[1])
    sign, every = np.where(found.bright, 1.0, -1.0), np.ones(len(found))
    return found, np.column_stack([
        _netted.odds(found.peak.astype(np.float64)), speck, line, step * every, beside(seen, found),
        np.log(area), np.log(long), np.log(wide), np.log(area / (long * wide)),
        contrast, spike, alone, np.maximum(mean["above"], mean["below"]), spike / (contrast + 0.1),
        mean["level"], mean["busy"], sign, mean["grain"], np.log1p(sharp) * every, *crowds(seen, found),
        kin(found, sign),
    ])


def axes(found: Things, width: int) -> tuple[Table, Table]:
    """Return the length and width (n,) in pixels of the rectangle with a thing's second moments."""
    n = found.area
    y, x = (v - (found.total(v) / n)[found.own] for v in np.divmod(found.at, width))
    yy, xx, xy = (found.total(v) / n for v in (y * y, x * x, x * y))
    middle, off = 0.5 * (yy + xx), np.hypot(0.5 * (yy - xx), xy)
    return np.sqrt(12 * (middle + off) + 1), np.sqrt(12 * np.maximum(middle - off, 0) + 1)


def beside(seen: Seen, found: Things) -> Table:
    """Return the log (n,) of the probability that lies in each thing's box, and a little around, but not in it."""
    sheet = seen.sheets.max(0)
    summed = box_sums(cv2.integral(sheet, sdepth=cv2.CV_64F), widened(found.boxes, BESIDE_PX, seen.size))
    own = found.total(sheet.ravel()[found.at])
    return np.asarray(np.log(np.maximum(summed - own, 0) / 255 / found.area + 0.1))


def crowds(seen: Seen, found: Things) -> tuple[Table, Table, Table]:
    """Return the logs (n,) of the shares that may be damage: of the whole picture, of what is far and near around."""
    h, w = seen.size
    bits = is_open(seen.sheets)
    summed = cv2.integral(bits.astype(np.uint8))
    whole = np.maximum(np.count_nonzero(bits) - found.area, 0) / (h * w)
    out = [np.log10(whole + 1e-5)]
    for px in (CROWD_PX, CLOSE_PX):
        boxes = widened(found.boxes, px, seen.size)
        y0, x0, y1, x1 = boxes.T
        around = (box_sums(summed, boxes) - found.area) / ((y1 - y0) * (x1 - x0) - found.area + 1)
        out.append(np.log10(np.maximum(around, 0) + 1e-4))
    return out[0], out[1], out[2]


def kin(found: Things, sign: Table) -> Table:
    """Return of what the network is sure of elsewhere how much more is as light or dark as each thing than is not."""
    sure = found.area * (found.peak.astype(np.float64) / 255) ** 4
    total, tilt = sure.sum() - sure, (sign * sure).sum() - sign * sure
    return np.asarray(sign * tilt / (total + 100))
