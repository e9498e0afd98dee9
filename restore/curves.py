"""Scratches as lines that can be moved in, masks out, and objects of JSON either way.

A curve is what a person edits: where a scratch runs on one frame, how wide it is, where it breaks. The detectors' masks
and those of edited curves are drawn by the same `paint`, so a curve that is put back unchanged changes no pixel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.errors import MaskError
from restore.frames import Bits

STATUSES = ("confirmed", "undecided", "rejected")
STRAIGHT_PX = 0.05
"""How far a curve's corners may leave the path they stand for."""
WIDEST_PX = 4096.0
Table = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """One scratch on one frame. Raises MaskError for what cannot be drawn."""

    frame: int
    rows: tuple[int, ...]
    """(n,) luma rows of its corners, downwards; it is drawn from the first to the last, both included."""
    columns: tuple[float, ...]
    """(n,) its column at each, luma pixels, to the hundredth; straight between them."""
    left_px: float
    right_px: float
    """How far it reaches to either side of its column."""
    sign: int
    """1 brighter than its sides, -1 darker."""
    margin_px: float = 0.0
    """How far the mask goes beyond that on both sides."""
    gaps: tuple[tuple[int, int], ...] = ()
    """Half-open runs of rows in which it does not show."""
    profile: tuple[float, ...] = ()
    """Its mean cross-section against its sides, 8-bit levels, one value a column, its own column in the middle."""
    confidence: float = 1.0
    """0 to 1."""
    status: str = "confirmed"
    """Confirmed is filled; undecided and rejected are left alone."""
    layer: str = ""
    """The detector's mask layer."""
    id: str = ""
    """That of the defect it is the curve of; empty for one that a person drew."""
    track: str = ""
    """The scratch of the film that it is a piece of; follows from what is listed, and is not kept."""
    step_rows: int = 1
    """Of its rows it covers every so-manyth, the first included: 2 where it was found in one field of a frame."""

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        name = self.id or f"the curve on frame {self.frame}"
        numbers = (*self.columns, self.left_px, self.right_px, self.margin_px, self.confidence, *self.profile)
        if not np.isfinite(numbers).all():
            raise MaskError(f"{name} has a number that is none. Correct it.")
        if not self.rows or len(self.rows) != len(self.columns) or (np.diff(self.rows) <= 0).any():
            raise MaskError(
                f"{name} has rows {list(self.rows)[:4]} and {len(self.columns)} columns; it needs one column a row and "
                "rows that ascend. Correct them."
            )
        if min(self.left_px, self.right_px, self.margin_px) < 0 or max(self.left_px, self.right_px) > WIDEST_PX:
            raise MaskError(f"{name} reaches {self.left_px} px to the left and {self.right_px} to the right, with a "
                            f"margin of {self.margin_px}; each needs a value from 0 to {WIDEST_PX:g}.")
        if self.step_rows < 1:
            raise MaskError(f"{name} has step_rows {self.step_rows}; it needs 1 (every row) or more. Correct it.")
        if self.sign not in (-1, 1) or self.status not in STATUSES or not 0 <= self.confidence <= 1:
            raise MaskError(
                f"{name} has sign {self.sign}, status {self.status!r} and confidence {self.confidence}; they need to "
                f"be 1 or -1, one of {', '.join(STATUSES)}, and 0 to 1. Correct them."
            )

    @property
    def nbytes(self) -> int:
        """Bytes held, about."""
        return 32 * (len(self.rows) + len(self.columns) + len(self.profile) + 2 * len(self.gaps)) + 400

    def at(self, rows: npt.NDArray[np.intp]) -> Table:
        """Return its columns (n,) at rows (n,); beyond its ends those of the ends."""
        return np.asarray(np.interp(rows, self.rows, self.columns), np.float64)


def corners(rows: npt.NDArray[np.intp], columns: Table) -> npt.NDArray[np.intp]:
    """Return which of a path's points (n,) to keep: straight lines between them leave it by STRAIGHT_PX at most.

    Ramer (Computer Graphics and Image Processing 1, 1972) and Douglas and Peucker (Cartographica 10, 1973).
    """
    kept, todo = {0, rows.size - 1}, [(0, rows.size - 1)]
    while todo:
        a, b = todo.pop()
        if b - a < 2:
            continue
        off = np.abs(np.interp(rows[a : b + 1], rows[[a, b]], columns[[a, b]]) - columns[a : b + 1])
        far = a + int(off.argmax())
        if off[far - a] > STRAIGHT_PX:
            kept.add(far)
            todo += [(a, far), (far, b)]
    return np.array(sorted(kept), np.intp)


def runs(off: Bits, first: int) -> tuple[tuple[int, int], ...]:
    """Return the runs [start, stop) of what is set in (n,), counted from `first`."""
    edge = np.diff(np.pad(off, 1).astype(np.int8))
    starts, stops = np.flatnonzero(edge == 1) + first, np.flatnonzero(edge == -1) + first
    return tuple((int(a), int(b)) for a, b in zip(starts, stops, strict=True))


def paint(mask: Bits, curve: Curve) -> None:
    """Set the pixels of `mask` (H, W) that a curve covers."""
    h, w = mask.shape
    ys = np.arange(max(curve.rows[0], 0), min(curve.rows[-1] + 1, h))
    if not ys.size:
        return
    column, shows = curve.at(ys), np.ones(ys.size, bool)
    for start, stop in curve.gaps:
        shows[(ys >= start) & (ys < stop)] = False
    shows[(ys - curve.rows[0]) % curve.step_rows != 0] = False
    left = column - curve.left_px - curve.margin_px
    right = column + curve.right_px + curve.margin_px
    x0, x1 = max(0, int(np.floor(left.min()))), min(w, int(np.ceil(right.max())) + 1)
    if x0 >= x1:
        return
    xs = np.arange(x0, x1)
    mask[ys[0] : ys[-1] + 1, x0:x1] |= (xs >= left[:, None]) & (xs <= right[:, None]) & shows[:, None]


def painted(curves: Iterable[Curve], size: tuple[int, int]) -> Bits:
    """Return the mask (H, W) that curves cover together."""
    mask = np.zeros(size, bool)
    for curve in curves:
        paint(mask, curve)
    return mask


NAMES = tuple(f.name for f in fields(Curve))


def to_json(curve: Curve) -> dict[str, Any]:
    """Return a curve as an object of JSON; gaps and the rest as lists."""
    return {name: getattr(curve, name) for name in NAMES}


def of_json(said: Mapping[str, Any], where: str) -> Curve:
    """Return the curve of an object of JSON; raise MaskError that names `where` for what is none."""
    if unknown := sorted(set(said) - set(NAMES)):
        raise MaskError(f"{where} has a field {unknown[0]!r}; a curve has {', '.join(NAMES)}. Correct it.")
    try:
        return Curve(**{
            **said,
            "frame": int(said["frame"]), "sign": int(said["sign"]), "step_rows": int(said.get("step_rows", 1)),
            "rows": tuple(int(v) for v in said["rows"]), "columns": tuple(float(v) for v in said["columns"]),
            "gaps": tuple((int(a), int(b)) for a, b in said.get("gaps", ())),
            "profile": tuple(float(v) for v in said.get("profile", ())),
        })
    except KeyError as error:
        raise MaskError(f"{where} has no {error.args[0]}; a curve needs one. Add it.") from error
    except (TypeError, ValueError) as error:
        raise MaskError(f"{where} is no curve ({error}). Correct it, or export the curves again.") from error
