"""A plane with unknown samples in, the smoothest plane that agrees with the known ones out (float32, any range)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.motion.points import TINY, Cells, Points

Double = npt.NDArray[np.float64]
LEVEL_STEPS = 60
"""Most steps of the solver on one level of the pyramid; small holes need a handful."""
WIDE_PX = 8
"""Holes that hold no square of this side are solved on one level."""
GROUP_PX = 16
"""Holes with less than about this between them are approached together."""
PRECISION = 5e-6
"""The solver stops when the error has come down to this share of the plane's contrast around the holes."""


@dataclass(frozen=True)
class Graph:
    """The unknown samples, what borders on them, and who is next to whom."""

    flat: npt.NDArray[np.intp]
    """Places of the samples in the flattened plane: the hole grown by two steps."""
    neighbours: npt.NDArray[np.intp]
    """(4, n) numbers of the samples above, below, left and right; n where there is none."""
    degree: Double
    """(n,) how many of them there are."""
    unknown: Bits
    near: Bits
    """(n,): unknown, or next to an unknown one."""

    @classmethod
    def of(cls, hole: Bits) -> Graph:
        """Build the graph of a hole (h, w)."""
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        near = cv2.dilate(hole.view(np.uint8), cross)
        wide = cv2.copyMakeBorder(cv2.dilate(near, cross), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
        flat = np.flatnonzero(wide.view(np.bool_))  # numpy finds what is True ten times faster than what is not 0
        step = wide.shape[1]
        neighbours = np.stack([numbers(flat, flat + d) for d in (-step, step, -1, 1)])
        ys = flat // step
        inner = (ys - 1) * hole.shape[1] + (flat - ys * step - 1)
        degree = (neighbours < len(flat)).sum(0).astype(np.float64)
        return cls(inner, neighbours, degree, hole.ravel()[inner], near.ravel()[inner].astype(bool))

    def laplace(self, values: Double) -> Double:
        """Return degree x value - sum of neighbours; samples without a neighbour on a side feel no force from it."""
        padded = np.zeros(len(values) + 1)
        padded[:-1] = values
        return self.degree * values - padded.take(self.neighbours).sum(0)

    def force(self, values: Double, tension: float) -> Double:
        """Return the gradient of bending and tension at the unknown samples, zero elsewhere."""
        bend = self.laplace(values) * self.near
        return (self.laplace(bend) + tension * bend) * self.unknown


def solve(plane: Float, hole: Bits, tension: float) -> Float:
    """Return the samples (n,) under `hole`, in reading order, continued from what is around it in the plane (h, w).

    Cascadic multigrid: solved coarse to fine by conjugate gradients, each level beginning where the coarser one
    ended (Bornemann and Deuflhard, Numer. Math. 1996). At least one sample must be known.
    """
    graph = Graph.of(hole)
    ys, xs = np.divmod(graph.flat, hole.shape[1])
    values = plane[ys, xs].astype(np.float64)
    points = Points((hole.shape[0], hole.shape[1]), ys, xs)
    values[graph.unknown] = surroundings(graph, values, points)
    for part in wide(hole, points.pick(graph.unknown)):
        guess, (top, left) = pyramid(plane[part], hole[part]), (part[0].start, part[1].start)
        inside = (ys >= top) & (ys < top + guess.shape[0]) & (xs >= left) & (xs < left + guess.shape[1])
        inside &= graph.unknown
        values[inside] = guess[ys[inside] - top, xs[inside] - left]
    known = values[~graph.unknown]
    contrast = float(known.std()) if known.size else 0.0
    if contrast > 0:
        centre = float(known.mean())
        values = descend(values - centre, lambda v: graph.force(v, tension), PRECISION * contrast) + centre
    return values[graph.unknown].astype(np.float32)


def numbers(flat: npt.NDArray[np.intp], wanted: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return where the wanted places stand in a sorted list of places; its length for those that are not in it."""
    at = np.minimum(np.searchsorted(flat, wanted), len(flat) - 1)
    return np.where(flat[at] == wanted, at, len(flat))


def wide(hole: Bits, points: Points) -> list[tuple[slice, slice]]:
    """Return boxes around the holes (a mask, and the same as points) whose middle is approached from a coarser level.

    A box is made of coarse cells, and holds all of its holes and what is around them, so at least one known sample.
    """
    core = cv2.erode(hole.view(np.uint8), np.ones((WIDE_PX, WIDE_PX), np.uint8), borderValue=1).view(np.bool_)
    if not core.any():
        return []
    deep = Points.of(core)
    cells = np.zeros([-(-n // GROUP_PX) for n in hole.shape], np.uint8)
    cells[points.ys // GROUP_PX, points.xs // GROUP_PX] = 1
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=8)
    boxes = []
    for label in np.unique(labels[deep.ys // GROUP_PX, deep.xs // GROUP_PX]):
        left, top, width, height = (int(v) for v in stats[label, :4])
        boxes.append((
            slice(max(0, top - 1) * GROUP_PX, (top + height + 1) * GROUP_PX),
            slice(max(0, left - 1) * GROUP_PX, (left + width + 1) * GROUP_PX),
        ))
    return boxes


def surroundings(graph: Graph, values: Double, points: Points) -> Double:
    """Return a first guess for the unknown samples: the mean of the known ones around them."""
    cells = Cells(points.size, WIDE_PX, WIDE_PX)
    known = points.pick(~graph.unknown)
    n, total = cells.sums(cells.of(known), values[~graph.unknown].astype(np.float32))
    return cells.at((total / np.maximum(n, TINY)).astype(np.float32), points.pick(graph.unknown)).astype(np.float64)


def pyramid(plane: Float, hole: Bits) -> Float:
    """Return the plane with a first guess under the hole: the membrane of a plane half the size, drawn large."""
    h, w = hole.shape
    known = cv2.copyMakeBorder((~hole).astype(np.float32), 0, h % 2, 0, w % 2, cv2.BORDER_CONSTANT)
    value = np.where(hole, np.float32(0), plane)
    value = cv2.copyMakeBorder(value, 0, h % 2, 0, w % 2, cv2.BORDER_CONSTANT)
    size = (known.shape[1] // 2, known.shape[0] // 2)
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(value, size, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-6)
    left = weight < 1e-6
    if left.any():
        small = pyramid(small, left)
        graph = Graph.of(left)
        values = small.ravel()[graph.flat].astype(np.float64)
        spread = float(values.std())

        def membrane(v: Double) -> Double:
            return np.where(graph.unknown, graph.laplace(v), 0.0)

        small.ravel()[graph.flat] = descend(values, membrane, 1e-3 * spread) if spread else values
    large = cv2.resize(small, (known.shape[1], known.shape[0]), interpolation=cv2.INTER_LINEAR)[:h, :w]
    return np.where(hole, large, plane)


def descend(values: Double, force: Callable[[Double], Double], precision: float) -> Double:
    """Return the values at which the force vanishes, by conjugate gradients (Hestenes and Stiefel, 1952).

    Sums are numpy's own, not BLAS's, so that the number of threads does not change the last digit.
    """
    values = values.copy()
    residual = -force(values)
    direction = residual.copy()
    size = float((residual * residual).sum())
    for _ in range(LEVEL_STEPS):
        if float(np.abs(residual).max()) <= precision:
            break
        pull = force(direction)
        length = size / float((direction * pull).sum())
        values += length * direction
        residual -= length * pull
        before, size = size, float((residual * residual).sum())
        direction = residual + (size / before) * direction
    return values
