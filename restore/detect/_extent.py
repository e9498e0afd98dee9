"""Things judged dirt in, as far as each of them reaches out: also where it is too faint to be found on its own.

A blotch is not of one density, and it disturbs the motion that is measured around it. So what is judged dirt is looked
at a second time: motion is taken from what surrounds it, and whatever of the same sign hangs together with it, and
stands out above the disorder of its surroundings, is part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import _align
from restore.detect._align import Laid
from restore.detect._things import Scene, Things
from restore.frames import Bits
from restore.source import Plane
from restore.window import Window

LEAST_PX = 12
"""Things of fewer half-size pixels are as large as they look; their rim is found with them."""
MARGIN_FRAC, MARGIN_PX = 1.0, 10
"""It is looked for within this share of the thing's longer side around it, but so many half-size pixels at least."""
DISTURBED_FRAC, DISTURBED_PX = 0.35, 4
"""Motion is not believed so near to it, as a share of its longer side and in pixels at least ..."""
SMOOTH_FRAC, SMOOTH_PX = 0.7, 4.0
"""... but taken from around it, weighed by a Gaussian of this share of the margin."""
FAINT_LEVELS, FAINT_GRAIN = 2.5, 0.7
"""Fainter than this, in 8-bit levels and in deviations of the grain, nothing is followed; nor below ..."""
DISORDER, DISORDER_QUANTILE = 0.7, 0.9
"""... this share of how much nine tenths of its surroundings differ from both neighbours."""
LEAST_QUIET_PX = 30
"""Surroundings of fewer pixels say nothing."""
APART = 0.5
"""Where the neighbours differ from each other by more than this share of the excess, nothing is followed."""

Labels = Float
"""Whole numbers, exact to 16 million: OpenCV dilates no integers wider than 16 bits, and the grain of a large frame may
make more things than that."""


@dataclass(frozen=True)
class Extent:
    """Where n things lie at half size, and the neighbours as they are to be seen there."""

    labels: Labels
    """(h, w): 1 to n, 0 where there is none."""
    sides: tuple[Laid, Laid]
    followed: Bits
    """(n,) which things were followed as far as they reach."""


def extent(window: Window, t: int, scene: Scene, found: Things, sure: Bits, bits: Plane) -> Extent:
    """Return how far those things reach that are `sure` (n,); `bits` (h, w) is all that stands out."""
    size = scene.here.shape
    labels = np.zeros(size, np.float32)
    mine = sure[found.own]
    labels.ravel()[found.at[mine]] = found.own[mine] + 1
    vectors = [side.flow.vectors.copy() for side in scene.sides]
    for i in sorted(np.flatnonzero(sure & (found.area >= LEAST_PX)), key=lambda i: (-found.area[i], i)):
        _follow(Site(window, t, scene, found, int(i)), labels, vectors, bits)
    rest = found.at[~mine]
    free = labels.ravel()[rest] == 0
    labels.ravel()[rest[free]] = found.own[~mine][free] + 1
    first, last = (
        replace(side, flow=replace(side.flow, vectors=v)) for side, v in zip(scene.sides, vectors, strict=True)
    )
    return Extent(labels, (first, last), sure)


class Site:
    """A thing and what is around it."""

    def __init__(self, window: Window, t: int, scene: Scene, found: Things, i: int) -> None:
        self.window, self.scene, self.label = window, scene, i + 1
        self.sign = np.float32(1 if found.bright[i] else -1)
        y0, x0, y1, x1 = (int(v) for v in found.boxes[i])
        self.side = max(y1 - y0, x1 - x0)
        self.margin = max(MARGIN_PX, round(MARGIN_FRAC * self.side))
        h, w = scene.here.shape
        m = self.margin
        self.at = np.s_[max(0, y0 - 2 * m) : min(h, y1 + 2 * m), max(0, x0 - 2 * m) : min(w, x1 + 2 * m)]
        top, left = self.at[0].start, self.at[1].start
        self.near = np.zeros(scene.here[self.at].shape, bool)
        self.near[max(0, y0 - m - top) : y1 + m - top, max(0, x0 - m - left) : x1 + m - left] = True
        self.least = max(FAINT_LEVELS, FAINT_GRAIN * window.grain(t))

    def disturbed(self, mine: Bits, bits: Plane) -> Bits:
        """Return where (h, w) motion is not to be believed: near the thing and all else that stands out there."""
        px = min(self.margin, max(DISTURBED_PX, round(DISTURBED_FRAC * self.side)))
        block = np.ones((2 * px + 1, 2 * px + 1), np.uint8)
        return np.asarray(cv2.dilate((mine | ((bits[self.at] > 0) & self.near)).astype(np.uint8), block) > 0)

    def settled(self, vectors: Float, trust: Float, disturbed: Bits) -> Float:
        """Return motion (h, w, 2) with what is disturbed taken from around it, where there is anything to take."""
        sigma = max(SMOOTH_PX, SMOOTH_FRAC * self.margin)
        weight = cv2.GaussianBlur(trust, (0, 0), sigma)
        smooth = [cv2.GaussianBlur(vectors[..., k] * trust, (0, 0), sigma) / np.maximum(weight, 1e-4) for k in (0, 1)]
        taken = (disturbed & (weight > 1e-3))[..., None]
        return np.where(taken, np.dstack(smooth), vectors).astype(np.float32)

    def views(self, fields: Sequence[Float], disturbed: Bits) -> tuple[list[Float], list[Float]]:
        """Return the motion to both neighbours, taken from around what is disturbed, and both seen with it."""
        settled, views = [], []
        for side, field in zip(self.scene.sides, fields, strict=True):
            trust = (~disturbed & (side.flow.valid[self.at] > 0)).astype(np.float32)
            settled.append(self.settled(field[self.at], trust, disturbed))
            views.append(self.view(side, settled[-1]))
        return settled, views

    def view(self, side: Laid, vectors: Float) -> Float:
        """Return a neighbour (h, w) seen with this motion, its brightness evened."""
        size = self.scene.here.shape
        at = cv2.add(vectors, np.ascontiguousarray(_align.grid(*size)[self.at]))
        plain = _align.small(self.window, side.frame)
        moved = cv2.remap(plain, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        offset = cv2.resize(side.offset, size[::-1], interpolation=cv2.INTER_LINEAR)[self.at]
        return np.asarray(moved * np.float32(side.gain) + offset, np.float32)

    def joined(self, views: tuple[Float, Float], mine: Bits, free: Bits, disturbed: Bits) -> Bits:
        """Return the thing (h, w) with all that hangs together with it."""
        here, (before, after) = self.scene.here[self.at], views
        quiet = cv2.blur(np.abs(here - 0.5 * (before + after)), (3, 3))[~disturbed]
        if quiet.size < LEAST_QUIET_PX:
            return mine
        least = max(self.least, DISORDER * float(np.quantile(quiet, DISORDER_QUANTILE)))
        beyond = cv2.blur(np.minimum(self.sign * (here - before), self.sign * (here - after)), (3, 3))
        apart = cv2.blur(np.abs(before - after), (3, 3))
        seed = mine & (beyond > least)
        may = (beyond > least) & (apart < np.maximum(APART * beyond, 0.8 * least)) & self.near & free
        n, parts = cv2.connectedComponents((may | seed).astype(np.uint8), connectivity=4)
        whole = np.bincount(parts[seed], minlength=n) > 0
        return np.asarray(whole[parts])


def _follow(site: Site, labels: Labels, vectors: list[Float], bits: Plane) -> None:
    """Write into the labels (h, w) how far a thing reaches, and into the motion what it is there."""
    here = labels[site.at]
    mine = here == site.label
    if not mine.any():  # a larger one has reached over it
        return
    disturbed = site.disturbed(mine, bits)
    settled, views = site.views(vectors, disturbed)
    whole = site.joined((views[0], views[1]), mine, (here == 0) | mine, disturbed)
    if np.count_nonzero(whole) <= np.count_nonzero(mine):
        return
    here[whole & (here == 0)] = site.label
    for field, better in zip(vectors, settled, strict=True):
        field[site.at][site.near] = better[site.near]
