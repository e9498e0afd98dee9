"""A line and the frames around it in, how it moves sideways against what is beside it, to hundredths of a pixel, out.

Where the scene stands still, its lines do too, exactly; a scratch is held by the film alone, which weaves in its gate,
or by whatever scratched it. So the line's cross-section is matched with that of every other frame, piece by piece, and
the texture beside it likewise (Lucas and Kanade, IJCAI 1981, in one dimension), and the one is compared with the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect._lines import Line, Strips
from restore.frames import Bits

PIECES = 8
"""Pieces of a line that are matched on their own."""
LIKE = 0.7
"""Pieces that correlate by less than this are not the same."""
SIDE_PX = 20
"""Columns of either side whose motion is measured."""
SKIP = 2
"""Of these, every second strip."""
LEAST_FRAMES, LEAST_PIECES = 5, 2
GUESS_PX = 0.5
"""By how much the flow may be wrong about the scene beside the line."""
BEST_PX, ASTRAY_PX = 0.02, 0.2
"""No piece of the scene knows its motion better; one that is farther off than this moves on its own."""
FLOOR_LEVELS = 0.5
"""Noise of what is compared, at least: 8-bit levels, averaged over the rows of a strip."""
Exact = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sway:
    """How a line moves, root mean squares in luma pixels (unsteadily: about a straight path); zeros where unknown."""

    known: bool = False
    own_px: float = 0.0
    """Of the line against the scene beside it."""
    doubt_px: float = 0.0
    """What the pieces of the scene beside it differ by, over the root of their number: how well its motion is known."""
    bend_px: float = 0.0
    """Of the line's upper half against its lower half."""
    error_px: float = 0.0
    """What the line's pieces differ by, over the root of their number: how well its motion is known."""
    stays_px: float = 0.0
    """How far the line goes over the screen, all frames taken together."""
    goes_px: float = 0.0
    """How far the scene beside it goes."""
    leaves_px: float = 0.0
    """How far the line goes over the scene."""
    both_px: float = 0.0
    """How far both sides of the scene go off from under the line, the same way (the lesser of both; median)."""
    parts_px: float = 0.0
    """How far its sides go apart (median): ahead of a camera that drives, the scene parts beside rails that stay."""


UNKNOWN = Sway()


@dataclass(frozen=True)
class Guess:
    """What the flow knows of the scene's motion beside a line; nan where it knows nothing."""

    sideways_px: Float
    """(u, 2) of its left and its right side."""
    down_strips: Float
    """(u, 2) the same downwards, in strips."""


def sway(line: Line, here: Strips, others: Strips, apart: npt.NDArray[np.intp], guess: Guess, search: int) -> Sway:
    """Return the sway of a line of the frame `here` (s, W) against `others` (u, s, W), that many frames `apart` (u,).

    It is looked for up to `search` pixels off.
    """
    half = round(0.5 * (line.left_px + line.right_px))
    core = half + 2
    room = core + search + 1
    middle = np.rint(line.columns + 0.5 * (line.right_px - line.left_px)).astype(np.intp)[:, None]
    if line.columns.size < 2 * PIECES or len(others) < LEAST_FRAMES:
        return UNKNOWN
    if middle.min() < core or middle.max() + core >= here.shape[1]:
        return UNKNOWN
    rows = np.arange(line.first, line.stop)[:, None]
    # Close to the edge there is less to search: beyond it the picture is carried on, which is like no line.
    column = np.clip(middle + np.arange(-room, room + 1), 0, here.shape[1] - 1)
    own = _pieces(here[None, rows, column])[0, :, search + 1 : search + 2 * core + 2]
    moved, there = _matched(own, _pieces(others[:, rows, column]), search)
    enough = there.sum(1) >= PIECES // 2
    if enough.sum() < LEAST_FRAMES:
        return UNKNOWN
    some = np.s_[::SKIP]
    sides = enumerate((-core - 2, core + 2))
    beside = [_beside(middle[some], rows[some], here, others, guess, k, off) for k, off in sides]
    return _summed(moved[enough], there[enough], apart[enough].astype(np.float64), np.concatenate(beside, 1)[enough])


def _pieces(look: npt.NDArray[np.uint8]) -> Float:
    """Return the mean cross-sections (u, PIECES, n) of a straightened line (u, rows, n)."""
    edges = np.linspace(0, look.shape[1], PIECES + 1).astype(np.intp)
    total = np.add.reduceat(look.astype(np.float32), edges[:-1], 1)
    return np.asarray(total / np.diff(edges)[:, None], np.float32)


def _matched(own: Float, look: Float, search: int) -> tuple[Exact, Bits]:
    """Return where each piece (u, PIECES) of other frames lies, and whether it is like the own one (PIECES, n)."""
    n = own.shape[1]
    seen = np.lib.stride_tricks.sliding_window_view(look, n, 2)[:, :, 1:-1]  # (u, PIECES, 2 search + 1, n)
    a = own - own.mean(1, keepdims=True)
    b = seen - seen.mean(3, keepdims=True)
    top = np.einsum("ukdn,kn->ukd", b, a)
    alike = top / np.sqrt(np.maximum(np.square(b).sum(3) * np.square(a).sum(1)[:, None], 1e-3))
    best = np.clip(alike.argmax(2), 1, 2 * search - 1)[..., None]
    low, mid, high = (np.take_along_axis(alike, best + o, 2)[..., 0].astype(np.float64) for o in (-1, 0, 1))
    bow = np.minimum(low + high - 2 * mid, -1e-6)
    moved = best[..., 0] - search + np.clip(0.5 * (low - high) / bow, -1, 1)
    return moved, mid >= LIKE


def _beside(
    middle: npt.NDArray[np.intp], rows: npt.NDArray[np.intp], here: Strips, others: Strips, guess: Guess, k: int,
    off: int,
) -> Exact:
    """Return how far (u, PIECES, 2) each piece of one side of the line went, pixels, and one over its variance."""
    w = here.shape[1]
    column = middle + off + np.sign(off) * np.arange(1, SIDE_PX + 1)
    inside = (column >= 1) & (column < w - 1)
    column = np.clip(column, 1, w - 2)
    was = here[rows, column].astype(np.float32)
    slope = 0.5 * (here[rows, column + 1].astype(np.float32) - here[rows, column - 1]) * inside
    known, about = ~np.isnan(guess.sideways_px[:, k]), np.nan_to_num(guess.sideways_px[:, k]).astype(np.float64)
    whole, down = np.rint(about).astype(np.intp), np.rint(np.nan_to_num(guess.down_strips[:, k])).astype(np.intp)
    row = np.clip(rows + down[:, None, None], 0, here.shape[0] - 1)
    frames = np.arange(len(others))[:, None, None]
    change = others[frames, row, np.clip(column + whole[:, None, None], 0, w - 1)].astype(np.float32) - was
    # A flicker of the light is no motion.
    change = (change - np.median(change, (1, 2), keepdims=True)) * inside
    power, count = _sums(np.square(slope)[None])[0], _sums(inside[None].astype(np.float32))[0]
    both, all_change = _sums(change * slope), _sums(np.square(change))
    step = np.clip(-both / np.maximum(power, 1e-6), -1, 1)
    rest = (all_change + 2 * step * both + np.square(step) * power) / np.maximum(count, 1)
    trust = np.minimum(power / np.maximum(rest, FLOOR_LEVELS**2), BEST_PX**-2)
    given = np.where(known, GUESS_PX**-2, 0.0)[:, None]
    total = np.maximum(trust + given, 1e-3)
    return np.stack([((whole[:, None] + step) * trust + about[:, None] * given) / total, total], 2)


def _sums(values: Float) -> Exact:
    """Return the sums (u, PIECES) over the pieces of a side (u, rows, n)."""
    edges = np.linspace(0, values.shape[1], PIECES + 1).astype(np.intp)
    return np.add.reduceat(values.sum(2, dtype=np.float64), edges[:-1], 1)


def _scene(beside: Exact) -> tuple[Exact, Exact]:
    """Return how far (u,) the scene went, by what its pieces say (u, k, 2), and how well that is known, pixels.

    Most pieces are right: what passes by on one of them is left out.
    """
    value, weight = beside[..., 0], beside[..., 1]
    order = value.argsort(1)
    ordered, heavy = np.take_along_axis(value, order, 1), np.take_along_axis(weight, order, 1).cumsum(1)
    middle = np.take_along_axis(ordered, (heavy >= 0.5 * heavy[:, -1:]).argmax(1)[:, None], 1)
    near = weight * (np.abs(value - middle) <= ASTRAY_PX)
    total = near.sum(1)
    mean = (value * near).sum(1) / total
    spread = (np.square(np.clip(value - mean[:, None], -1, 1)) * weight).sum(1) / weight.sum(1)
    return mean, np.sqrt(spread * np.square(weight).sum(1)) / weight.sum(1)


def _summed(moved: Exact, there: Bits, apart: Exact, beside: Exact) -> Sway:
    """Return the sway from what each piece of the line (u, PIECES) and of the scene beside it (u, k, 2) does."""
    line = _middle(moved, there)
    half = PIECES // 2
    upper, lower = (_middle(moved[:, k], there[:, k]) for k in (slice(0, half), slice(half, PIECES)))
    scene, wrong = _scene(beside)
    at, one = np.append(apart, 0.0), np.ones(apart.size + 1)
    # A near pole moves more than what is behind it when the camera shakes, but it moves by that multiple.
    own = unsteady(np.append(line - scene, 0.0), one, at, np.append(scene, 0.0))
    doubt = float(np.sqrt(np.median(np.square(wrong))))
    both = (there[:, :half].sum(1) >= LEAST_PIECES) & (there[:, half:].sum(1) >= LEAST_PIECES)
    bend = np.append((upper - lower)[both], 0.0)
    spread = np.where(there, moved - line[:, None], 0.0)
    error = float(np.sqrt(np.median(np.square(spread).sum(1) / np.maximum(there.sum(1), 1) ** 2)))
    bent = 0.5 * unsteady(bend, np.ones_like(bend), np.append(apart[both], 0.0))
    left, right = (_scene(beside[:, k])[0] - line for k in (slice(0, PIECES), slice(PIECES, None)))
    together = np.where(left * right > 0, np.minimum(np.abs(left), np.abs(right)), 0.0)
    far = [unsteady(np.append(x, 0.0), one) for x in (line, scene, line - scene)]
    # A median, since a side of which little is known may be taken to be anywhere in some frames.
    typical = (float(np.median(np.abs(x))) for x in (together, left - right))
    return Sway(True, own, doubt, bent, error, *far, *typical)


def _middle(moved: Exact, there: Bits) -> Exact:
    """Return the median (u,) over the pieces that are there, 0 where none is."""
    ordered = np.sort(np.where(there, moved, np.inf), 1)
    n = there.sum(1)
    low, high = (np.take_along_axis(ordered, np.maximum(k, 0)[:, None], 1)[:, 0] for k in ((n - 1) // 2, n // 2))
    return np.where(n > 0, 0.5 * (np.where(n > 0, low, 0) + np.where(n > 0, high, 0)), 0.0)


def unsteady(x: npt.NDArray[np.floating], *known: npt.NDArray[np.floating]) -> float:
    """Return how far x (n,) strays from all combinations of what is known (root mean square)."""
    if x.size <= len(known):
        return 0.0
    flat = np.stack(known, 1)
    fit = np.linalg.lstsq(flat, x, rcond=None)[0]
    return float(np.sqrt(np.mean(np.square(x - flat @ fit))))
