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
from restore.detect._lines import Line
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
FLOOR_LEVELS = 0.5
"""Noise of what is compared, at least: 8-bit levels, averaged over the rows of a strip."""
Strips = npt.NDArray[np.uint8]
Exact = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sway:
    """How unsteadily a line moves (root mean square about a straight path, luma pixels); zeros where it is unknown."""

    known: bool = False
    own_px: float = 0.0
    """Of the line against the scene beside it."""
    doubt_px: float = 0.0
    """Of the scene's two sides against each other."""
    bend_px: float = 0.0
    """Of the line's upper half against its lower half."""
    error_px: float = 0.0
    """What the line's pieces differ by, over the root of their number: how well its motion is known."""


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
    if middle.min() < room or middle.max() + room >= here.shape[1]:
        return UNKNOWN
    rows = np.arange(line.first, line.stop)[:, None]
    column = middle + np.arange(-room, room + 1)
    own = _pieces(here[None, rows, column])[0, :, search + 1 : search + 2 * core + 2]
    moved, there = _matched(own, _pieces(others[:, rows, column]), search)
    enough = there.sum(1) >= PIECES // 2
    if enough.sum() < LEAST_FRAMES:
        return UNKNOWN
    some = np.s_[::SKIP]
    sides = enumerate((-core - 2, core + 2))
    beside = [_beside(middle[some], rows[some], here, others, guess, k, off) for k, off in sides]
    return _summed(moved[enough], there[enough], apart[enough].astype(np.float64), np.stack(beside)[:, enough])


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
    """Return how far (u, 2) one side of the line went and how well that is known, a standard deviation, in pixels."""
    w = here.shape[1]
    column = middle + off + np.sign(off) * np.arange(1, SIDE_PX + 1)
    inside = (column >= 1) & (column < w - 1)
    column = np.clip(column, 1, w - 2)
    was = here[rows, column].astype(np.float32)
    slope = 0.5 * (here[rows, column + 1].astype(np.float32) - here[rows, column - 1]) * inside
    power = float(np.square(slope).sum())
    known, about = ~np.isnan(guess.sideways_px[:, k]), np.nan_to_num(guess.sideways_px[:, k]).astype(np.float64)
    whole, down = np.rint(about).astype(np.intp), np.rint(np.nan_to_num(guess.down_strips[:, k])).astype(np.intp)
    row = np.clip(rows + down[:, None, None], 0, here.shape[0] - 1)
    frames = np.arange(len(others))[:, None, None]
    change = others[frames, row, np.clip(column + whole[:, None, None], 0, w - 1)].astype(np.float32) - was
    # A flicker of the light is no motion.
    change = (change - np.median(change, (1, 2), keepdims=True)) * inside
    step = np.clip(-(change * slope).sum((1, 2)) / max(power, 1e-6), -1, 1).astype(np.float32)
    rest = np.square(change + slope * step[:, None, None]).sum((1, 2)) / max(inside.sum(), 1)
    trust = power / np.maximum(rest, FLOOR_LEVELS**2)
    given = np.where(known, GUESS_PX**-2, 0.0)
    total = np.maximum(trust + given, 1e-2)
    return np.stack([((whole + step) * trust + about * given) / total, total**-0.5], 1)


def _summed(moved: Exact, there: Bits, apart: Exact, beside: Exact) -> Sway:
    """Return the sway from what each piece (u, PIECES) and each side (2, u, 2) does."""
    line = _middle(moved, there)
    half = PIECES // 2
    upper, lower = (_middle(moved[:, k], there[:, k]) for k in (slice(0, half), slice(half, PIECES)))
    weight = beside[..., 1] ** -2
    scene = (beside[..., 0] * weight).sum(0) / weight.sum(0)
    at, one = np.append(apart, 0.0), np.ones(apart.size + 1)
    # A near pole moves more than what is behind it when the camera shakes, but it moves by that multiple.
    own = unsteady(np.append(line - scene, 0.0), one, at, np.append(scene, 0.0))
    doubt = unsteady(np.append(beside[0, :, 0] - beside[1, :, 0], 0.0), one, at)
    both = (there[:, :half].sum(1) >= LEAST_PIECES) & (there[:, half:].sum(1) >= LEAST_PIECES)
    bend = np.append((upper - lower)[both], 0.0)
    spread = np.where(there, moved - line[:, None], 0.0)
    error = float(np.sqrt(np.median(np.square(spread).sum(1) / np.maximum(there.sum(1), 1) ** 2)))
    return Sway(True, own, doubt, 0.5 * unsteady(bend, np.ones_like(bend), np.append(apart[both], 0.0)), error)


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
