"""Things judged dirt at half size in, their exact pixels at full size out: only those pixels are ever looked at."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect._align import Laid
from restore.detect._extent import Extent, Labels
from restore.detect._things import Ints, Things
from restore.frames import Bits
from restore.window import Window

HOLE_FRAC = 0.25
"""Share of a thing that a hole in it may be and still belong to it."""
SHEET_PX = 1024
"""Pixels are laid out in rows of this many for remapping."""
NEAR_PX = 5
"""At half size, how wide the square is in which a thing's own pixels may lie around what was seen of it."""
CORE = 0.3
"""A thing's own pixels have this share of its contrast; its rim is added from `fade` on."""
FADE_LEVELS, FADE_GRAIN = 2.5, 1.1
"""The rim ends where the difference is this small, in levels and in standard deviations of the grain."""
RIM_PX = 2
"""Where a thing was not seen at half size, its rim is no wider than this."""


@dataclass(frozen=True)
class Outline:
    """The pixels of n things."""

    size: tuple[int, int]
    ys: Ints
    """(m,) rows."""
    xs: Ints
    """(m,) columns."""
    own: Ints
    """(m,) which thing each pixel belongs to."""
    boxes: Ints
    """(n, 4) y0, x0, y1, x1."""
    area: Ints
    """(n,) pixels; 0 where nothing was left of one."""
    peak: Float
    """(n,) greatest contrast to both neighbours at full size."""

    def mask(self, right: Bits) -> Bits:
        """Return the mask (H, W) of those things that are `right` (n,)."""
        out = np.zeros(self.size, bool)
        mine = right[self.own]
        out[self.ys[mine], self.xs[mine]] = True
        return out

    def keep(self, right: Bits) -> Outline:
        """Return those things that are `right` (n,)."""
        number, mine = np.cumsum(right) - 1, right[self.own]
        return Outline(self.size, self.ys[mine], self.xs[mine], number[self.own[mine]], self.boxes[right],
                       self.area[right], self.peak[right])


def places(labels: Labels, scale: int, size: tuple[int, int]) -> tuple[Ints, Ints, Ints]:
    """Return rows, columns (m,) at full size of all labelled pixels, and their labels less 1."""
    at = np.flatnonzero(labels)
    ys, xs = np.divmod(at, labels.shape[1])
    own = labels.ravel()[at].astype(np.int64) - 1
    if scale == 1:
        return ys, xs, own
    rows = np.concatenate([ys * 2 + dy for dy in (0, 0, 1, 1)])
    columns = np.concatenate([xs * 2 + dx for dx in (0, 1, 0, 1)])
    own = np.concatenate([own] * 4)
    inside = (rows < size[0]) & (columns < size[1])
    return rows[inside], columns[inside], own[inside]


def sheet(values: npt.NDArray[np.generic]) -> Float:
    """Return values (m,) as a sheet (k, SHEET_PX) float32, the end filled up."""
    out = np.zeros(-(-len(values) // SHEET_PX) * SHEET_PX, np.float32)
    out[: len(values)] = values
    return out.reshape(-1, SHEET_PX)


def read(picture: Float, x: Float, y: Float, way: int = cv2.INTER_LINEAR) -> Float:
    """Return a picture at places given as sheets, interpolated in a way of OpenCV's; edges repeat."""
    return cv2.remap(picture, x, y, way, borderMode=cv2.BORDER_REPLICATE)


def seen(window: Window, side: Laid, x: Float, y: Float) -> Float:
    """Return a neighbour at pixels of frame t given as sheets, its brightness evened to t's."""
    h, w = window.size
    s = side.flow.scale
    half, step = np.float32(0.5), np.float32(1 / s)
    move = read(side.flow.vectors, (x + half) * step - half, (y + half) * step - half)
    view = read(window.grey(side.frame), x + s * move[..., 0], y + s * move[..., 1], cv2.INTER_CUBIC)
    bh, bw = side.offset.shape
    uneven = read(side.offset, (x + half) * np.float32(bw / w) - half, (y + half) * np.float32(bh / h) - half)
    return view * np.float32(side.gain) + uneven


def outline(window: Window, t: int, found: Things, extent: Extent) -> Outline:
    """Return the full-size pixels of all things, which lie where their extent says."""
    n, sides = len(found), extent.sides
    spread = cv2.dilate(extent.labels, np.ones((NEAR_PX, NEAR_PX), np.uint8))
    near = np.where(extent.labels > 0, extent.labels, spread)
    ys, xs, own = places(near, sides[0].flow.scale, window.size)
    x, y = sheet(xs), sheet(ys)
    before, after = (seen(window, side, x, y).ravel()[: len(xs)] for side in sides)
    here = window.grey(t).ravel()[ys * window.size[1] + xs]
    sign = np.where(found.bright, 1, -1).astype(np.float32)[own]
    high, low = sign * (here - before), sign * (here - after)
    least, mean = np.minimum(high, low), np.float32(0.5) * (high + low)
    peak = np.zeros(n, np.float32)
    np.maximum.at(peak, own, least)
    fade = max(FADE_LEVELS, FADE_GRAIN * window.grain(t))
    core = least > np.maximum(fade, CORE * peak[own])
    soft = (mean > fade) & (least > 0.3 * fade)
    scale = sides[0].flow.scale
    there = extent.labels[ys // scale, xs // scale] > 0
    inside = there & soft & extent.followed[own]
    mine = grown(window.size, ys * window.size[1] + xs, own, core, there, inside, soft)
    return summed(window.size, ys[mine], xs[mine], own[mine], peak)


def grown(
    size: tuple[int, int], at: Ints, own: Ints, core: Bits, there: Bits, inside: Bits, soft: Bits
) -> Bits:
    """Return which pixels at flat places (m,) are core of their `own` thing (m,), or soft and hang together with it.

    By way of those `inside` a thing's extent however far, by way of others no further than `RIM_PX`. Core that does not
    hang together with where its thing was seen, `there`, is the grain of the scene beside it.
    """
    have, sure, may = (np.zeros(size, np.uint8) for _ in range(3))
    sure.ravel()[at[core | inside]] = 1
    may.ravel()[at[core | soft]] = 1
    n, labels = cv2.connectedComponents(sure, connectivity=8)
    parts = labels.ravel()[at]
    piece = own * n + parts
    whole = np.zeros(n * (int(own.max(initial=0)) + 1), bool)
    whole[piece[core & there]] = True
    have.ravel()[at[whole[piece] & (parts > 0)]] = 1
    for _ in range(RIM_PX):
        have = cv2.bitwise_and(cv2.dilate(have, np.ones((3, 3), np.uint8)), may)
    return np.asarray(have.ravel()[at] > 0)


def summed(size: tuple[int, int], ys: Ints, xs: Ints, own: Ints, peak: Float) -> Outline:
    """Return the outline of things whose pixels (m,) are known."""
    n = len(peak)
    boxes = np.zeros((n, 4), np.int64)
    boxes[:, :2] = size
    np.minimum.at(boxes[:, 0], own, ys)
    np.minimum.at(boxes[:, 1], own, xs)
    np.maximum.at(boxes[:, 2], own, ys + 1)
    np.maximum.at(boxes[:, 3], own, xs + 1)
    return Outline(size, ys, xs, own, boxes, np.bincount(own, minlength=n), peak)


def closed(mask: Bits) -> Bits:
    """Return a mask (H, W) with the small holes of its things filled: what is damaged all around is damaged inside.

    A hole of more than `HOLE_FRAC` of what its rim encloses stays: a hair that curls around clean picture.
    """
    if not mask.any():
        return mask
    sheet = mask.astype(np.uint8)
    rims, tree = cv2.findContours(sheet, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for i, (_, _, _, around) in enumerate(tree[0]):
        if around >= 0 and cv2.contourArea(rims[i]) <= HOLE_FRAC * cv2.contourArea(rims[around]):
            cv2.drawContours(sheet, rims, i, 1, cv2.FILLED)
    return sheet.astype(bool)
