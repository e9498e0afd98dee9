"""A frame before a hole and one after it in, the motion past it that makes both show the same in the hole out.

What is known of the motion in a wide hole is told on a small picture and corrected on the ring around it. Both frames
show the hole itself, though: where they differ there along a motion, it is not yet the right one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restore.colour import Float
from restore.motion.points import Points, read
from restore.motion.proxy import scale_of
from restore.motion.refined import ROBUST, STILL_PX, Slopes, Way, clear, places
from restore.motion.site import Site
from restore.motion.used import Used
from restore.source import Plane
from restore.window import Window

ROUNDS = 5


def settled(window: Window, site: Site, steps: list[int], ways: Sequence[Way], nudges: list[Float]) -> list[Float]:
    """Return per cell the shifts (rows, columns, 2), in luma pixels, of two frames, moved against each other.

    Gauss-Newton on the hole's own pixels, all cells at once (as `refine` does on the ring's): a motion that gets
    longer leads further in both frames, each by its share of the time between the two, so one unknown motion a cell is
    found from both. A cell keeps a step only if its pixels agree better after it.
    """
    g, scale, share = site.grounds[0], scale_of(window.size), np.float32(steps[1] / (steps[1] - steps[0]))
    planes = [window.picture(site.t + k).planes[0] for k in steps]
    some = halved(g.hole)
    at = [places(g, some, way, nudge, scale) for way, nudge in zip(ways, nudges, strict=True)]
    seen = np.all([clear(window, site.t + k, p, 0) for k, p in zip(steps, at, strict=True)], 0)
    some, at = some.pick(seen), [p[seen] for p in at]
    if not len(some):
        return nudges
    by = spread(planes, at, some, g.used, (share - 1, share), site)
    return [nudge + g.used.spread(by * s) for nudge, s in zip(nudges, (share - 1, share), strict=True)]


def halved(points: Points) -> Points:
    """Return half of some points, as on a chessboard."""
    return points.pick((points.ys + points.xs) % 2 == 0)


def slopes(plane: Plane, at: Float, unit: np.float32) -> Float:
    """Return the gradient (n, 2) of a plane at places (n, 2), 8-bit levels a pixel."""
    one, half = np.float32(1), unit / 2
    x, y = at[:, 0], at[:, 1]
    return np.stack([(read(plane, x + one, y) - read(plane, x - one, y)) * half,
                     (read(plane, x, y + one) - read(plane, x, y - one)) * half], -1)


def spread(
    planes: list[Plane], at: list[Float], some: Points, used: Used, shares: tuple[np.float32, np.float32], site: Site
) -> Float:
    """Return by how much the motion of each cell in use (k, 2) is to be longer."""
    cell = used.number(some)
    gx, gy = (shares[1] * slopes(planes[1], at[1], site.unit) - shares[0] * slopes(planes[0], at[0], site.unit)).T
    known = Slopes.of(used, cell, gx, gy, site.grain)
    n, count = len(known.count), known.count
    by, best = np.zeros((n, 2), np.float32), np.full(n, np.inf, np.float32)
    step = np.zeros_like(by)
    for _ in range(ROUNDS + 1):
        trial = by + step
        more = used.at(trial, some)
        first, second = (p + s * more for p, s in zip(at, shares, strict=True))
        e = (read(planes[0], first[:, 0], first[:, 1]) - read(planes[1], second[:, 0], second[:, 1])) * site.unit
        np.clip(e, -ROBUST, ROBUST, out=e)
        size, level, xe, ye = used.around(used.own(cell, np.abs(e), e, gx * e, gy * e))
        better = size < best * count
        by[better], best[better] = trial[better], (size / count)[better]
        dx, dy = known.step(level, xe, ye)
        moves = better & (np.maximum(np.abs(dx), np.abs(dy)) > STILL_PX)
        if not moves.any():
            break
        step[:, 0], step[:, 1] = dx * moves, dy * moves
    return by
