"""The slices on either side of a hole in, what lies between them out: interpolated, toned by nothing, never made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from restore.colour import Float
from restore.fill import Filling
from restore.frames import Bits, spread, support
from restore.motion.flow import grid
from restore.motion.refined import near_damage
from restore.window import Window

CLEAN = 0.05 * 255
"""Most damage (of 255) that the four samples around a place may hold for it to be read."""
NEAR, FAR = np.float32(2 / 3), np.float32(-1 / 6)
"""Weights at 0 of the cubic through samples at -2, -1, 1 and 2 (Lagrange). In noise a plain mean would be a little
better, but a measure of the noise that says when costs more than it gains."""
PATCH_PX = 7
"""Side of the square over which slices are compared."""
DOUBT = 0.5
"""Squared 8-bit levels of disagreement that count for nothing."""


@dataclass(frozen=True)
class Between:
    """Good at stacks of slices (CT, MR): dust, lines, a slice that is lost. Knows nothing of grain, or of film.

    Where slices on both sides are undamaged, a sample is the mean of the two along the way that the picture takes
    between them (optical flow on 8-bit proxies, samples themselves in full depth) and, as far as that way is doubtful,
    straight across; where the two beyond them are undamaged too, a cubic goes through all four. With one side only, the
    nearest slice is copied. Samples between slices were measured nowhere, so it `invents`: with `policy.invent = false`
    it is left out, and what `donors` cannot copy stays as it is. It looks past no cut, except to fill a lost slice.
    After Ehrhardt, Saering and Handels, "Structure-preserving interpolation of temporal and spatial image sequences
    using an optical flow-based method", Methods of Information in Medicine 2007.
    """

    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True

    reach_frames: int = 2
    """How many slices to either side may be looked at; more bridges more that are lost in a row."""

    def __post_init__(self) -> None:
        """Refuse to look nowhere, or too far to mean anything."""
        if not 1 <= self.reach_frames <= 8:
            raise ValueError(f"reach_frames must be 1 to 8, not {self.reach_frames}")

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill the hole pixels of slice t that slices within reach show."""
        if not hole.any():
            return Filling(planes, np.zeros(hole.shape, bool))
        done, out = hole.copy(), []
        for p, plane in enumerate(planes):
            filled, left = self._plane(window, t, p, plane, support(hole, window.pixels, p))
            out.append(filled)
            done &= ~spread(left, window.pixels, p, (hole.shape[0], hole.shape[1]))
        return Filling(tuple(out), done)

    def _plane(self, window: Window, t: int, p: int, plane: Float, hole: Bits) -> tuple[Float, Bits]:
        """Return a plane (h, w) with its hole filled, and what of that is still open."""
        out, left = plane.copy(), hole.copy()
        steps = [u - t for u in self._near(window, t)]
        for a, b in pairs(steps):
            if left.any():
                take(out, left, *_joined(window, t, p, (a, b), steps))
        for u in (t + k for k in sorted(steps, key=abs)):
            if left.any():
                take(out, left, window.picture(u).planes[p].astype(np.float32), near_damage(window, u, p) < CLEAN)
        return out, left

    def _near(self, window: Window, t: int) -> list[int]:
        """Return the slices to look at: those that are not lost themselves."""
        film, n = window.film, self.reach_frames
        lost = window.hidden(t).all()
        # A slice of which nothing is known cannot tell whether a new scan begins with it.
        span = range(max(film.start, t - n), min(film.stop, t + n + 1)) if lost else window.shot(t, n)
        return [u for u in span if u != t and not window.hidden(u).all()]


def pairs(steps: list[int]) -> Iterator[tuple[int, int]]:
    """Yield a slice before and one after, nearest first, of those there are."""
    both = [(a, b) for a in steps for b in steps if a < 0 < b]
    yield from sorted(both, key=lambda pair: (pair[1] - pair[0], -pair[0]))


def take(out: Float, left: Bits, values: Float, known: Bits) -> None:
    """Put values (h, w) into `out` where they are `known` and it is still open, and close it there."""
    fresh = left & known
    out[fresh] = values[fresh]
    left &= ~fresh


def _joined(window: Window, t: int, p: int, pair: tuple[int, int], steps: list[int]) -> tuple[Float, Bits]:
    """Return what lies between two slices (h, w), and where both are undamaged."""
    a, b = pair
    way, valid = course(window, t, a, b, p)
    along, known_along, gap = across(window, t, p, pair, way, steps)
    straight, known, straight_gap = across(window, t, p, pair, np.zeros_like(way), steps)
    valid &= known_along
    # The way between is believed as far as it makes the two slices agree better than going straight across does.
    trust = np.where(known, straight_gap / (straight_gap + gap) * valid, 1).astype(np.float32)
    return trust * along + (1 - trust) * straight, known | valid


def across(
    window: Window, t: int, p: int, pair: tuple[int, int], way: Float, steps: list[int]
) -> tuple[Float, Bits, Float]:
    """Return values (h, w) interpolated between slices, where they are known, and how far the two disagree.

    `way` (h, w, 2) is the motion over one slice. Disagreement is in squared 8-bit levels, averaged over a small square.
    """
    a, b = pair
    (first, free_a), (second, free_b) = (reading(window, t + k, p, way, k) for k in pair)
    share = np.float32(b / (b - a))
    value, known = share * first + (1 - share) * second, free_a & free_b
    if (a, b) == (-1, 1) and {-2, 2} <= set(steps):
        (before, free_c), (after, free_d) = (reading(window, t + k, p, way, k) for k in (-2, 2))
        cubic = NEAR * (first + second) + FAR * (before + after)
        value = np.where(free_c & free_d, cubic, value)
    unit = np.float32(255 / window.pixels.peak)
    gap = cv2.blur(np.square((first - second) * unit), (PATCH_PX, PATCH_PX)) + np.float32(DOUBT)
    return value, known, gap


def reading(window: Window, u: int, p: int, way: Float, k: int) -> tuple[Float, Bits]:
    """Return plane p of slice u, k slices further on, seen along the way (h, w, 2), and where it is undamaged."""
    at = grid(*way.shape[:2]) + np.float32(k) * way
    plane = window.picture(u).planes[p].astype(np.float32)
    value = cv2.remap(plane, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    hurt = cv2.remap(near_damage(window, u, p), at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return value, hurt < CLEAN


def course(window: Window, t: int, a: int, b: int, p: int) -> tuple[Float, Bits]:
    """Return the motion over one slice (h, w, 2) at slice t, measured from t + a to t + b, and where it is valid.

    What is at x in t lies at x + a v in t + a, where the measured motion must be (b - a) v: it is looked up at x first,
    and then where that leads. The motion from t + b back is used as well, and the two are averaged.
    """
    shift = window.pixels.shift(p)
    h, w = window.pixels.shape(p, window.size)
    there, back = window.flow(t + a, t + b), window.flow(t + b, t + a)
    whole, here = (0, 0, h, w), grid(h, w)
    moves = [(there.targets(whole, shift) - here, a), (here - back.targets(whole, shift), b)]
    out = np.zeros((h, w, 2), np.float32)
    for move, k in moves:
        at = here + np.float32(k / (b - a)) * move
        out += cv2.remap(move, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    out /= np.float32(2 * (b - a))
    return out, there.validity(whole, shift) & back.validity(whole, shift)
