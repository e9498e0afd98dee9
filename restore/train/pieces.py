"""Pictures and a number in, a batch of crops and the holes in them out: what a filler learns from.

A batch follows from the seed and its number alone, so a training that was stopped goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.scenes.atlas import painted, photographs
from restore.scenes.leaves import FULL, Rng
from restore.scenes.look import LUMA

Pixels8 = npt.NDArray[np.uint8]
Sample = TypeVar("Sample", bound=np.generic)
SHEET_PX = 768
SHEET_BATCHES = 40
"""So many batches have their holes cut out of one sheet."""
GREY, GRAINY, GRAIN = 0.15, 0.25, (0.004, 0.05)
"""Share of grey crops; share of crops with grain, which is not to be learnt, and its deviation."""
GENERATED = 0.15
"""Share of crops out of painted scenes where there are photographs too."""
PAINTED = 12
SIZES = (1.0, 0.7, 0.5, 0.35)
"""Photographs are shown at these sizes, each as often as the others."""
TRIES = 5
CHOICE, LIKELY = 4, 0.8
"""Of so many places the liveliest is taken, in such a share of crops: sky and blur teach nothing."""


@dataclass(frozen=True)
class Damage:
    """What holes are like."""

    kinds: tuple[str, ...] = ("scratch", "scratch", "scratch", "hair", "blotch", "blotch", "blotch")
    """Drawn equally often."""
    usual_px: tuple[float, float] = (1.0, 8.0)
    """How thick most of them are ..."""
    other_px: tuple[float, float] = (8.0, 48.0)
    other_frac: float = 0.18
    """... and a share of them."""
    cover_frac: tuple[float, float] = (0.06, 0.28)
    """How much of a sheet is holes: far more than of a film, so that every crop teaches."""
    least_frac: float = 0.0
    """Crops with less hole than this are cut anew, a few times."""


THIN = Damage()
WIDE = Damage(("blotch", "blotch", "box", "box", "hair"), (4.0, 24.0), (24.0, 60.0), 0.4, (0.12, 0.3), 0.1)
"""Narrow holes too: how edges go on is learnt there, and across wide ones alone next to nothing is, for long."""


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch as a network sees it: float32 arrays with leading axis n."""

    seen: Float = field(repr=False)
    """(n, 3, s, s): with its grain."""
    clean: Float = field(repr=False)
    """(n, 3, s, s): without."""
    known: Float = field(repr=False)
    """(n, 1, s, s): 0 in the holes, 1 outside."""


def scratch(sheet: Pixels8, width_px: float, rng: Rng) -> None:
    """Draw a line that runs up and down, or seldom sideways, and wanders a little."""
    h, w = sheet.shape
    n = 12
    length, start = rng.uniform(0.08, 1.0) * h, rng.uniform(-0.3, 0.9) * h
    along = start + np.linspace(0, length, n)
    across = rng.uniform(0, w) + np.cumsum(rng.normal(0, 0.03, n)) * length / n + rng.normal(0, 0.05) * (along - start)
    points = np.stack([across, along], 1)
    stroke(sheet, points[:, ::-1] if rng.random() < 0.15 else points, width_px)


def hair(sheet: Pixels8, width_px: float, rng: Rng) -> None:
    """Draw a curl."""
    n = 24
    turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.25, n) + rng.normal(0, 0.1))
    step = rng.uniform(20, 160) / n
    points = np.cumsum(np.stack([np.cos(turn), np.sin(turn)], 1) * step, 0) + rng.uniform(0, min(sheet.shape), 2)
    stroke(sheet, points, max(1.0, 0.6 * width_px))


def blotch(sheet: Pixels8, width_px: float, rng: Rng) -> None:
    """Draw a spot with a ragged outline."""
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    wave = sum(rng.normal(0, 0.35 / k) * np.cos(k * turn + rng.uniform(0, 2 * np.pi)) for k in range(1, 5))
    radius = 0.5 * width_px * np.maximum(1 + wave, 0.25)
    long = np.exp(rng.uniform(-0.4, 0.4))
    points = np.stack([long * radius * np.cos(turn), radius * np.sin(turn) / long], 1)
    points += rng.uniform(0, min(sheet.shape), 2)
    cv2.fillPoly(sheet, [np.rint(points * 16).astype(np.int32)], 1, shift=4)


def stroke(sheet: Pixels8, points: npt.NDArray[np.float64], width_px: float) -> None:
    """Draw a line of some width through points (n, 2) x, y."""
    cv2.polylines(sheet, [np.rint(points * 16).astype(np.int32)], False, 1, round(width_px), shift=4)


def box(sheet: Pixels8, width_px: float, rng: Rng) -> None:
    """Draw an upright rectangle up to twice as long as it is wide."""
    sides = width_px * np.array([1, np.exp(rng.uniform(0, np.log(2)))])
    h, w = sides if rng.random() < 0.5 else sides[::-1]
    y, x = rng.uniform(-0.5 * h, sheet.shape[0]), rng.uniform(-0.5 * w, sheet.shape[1])
    cv2.rectangle(sheet, (round(x), round(y)), (round(x + w) - 1, round(y + h) - 1), 1, -1)


Draw = Callable[[Pixels8, float, Rng], None]
DRAW: dict[str, Draw] = {"scratch": scratch, "hair": hair, "blotch": blotch, "box": box}


def holes(side_px: int, share: float, rng: Rng, damage: Damage = THIN) -> Bits:
    """Return a sheet (side, side) of which about a share is holes."""
    kinds = damage.kinds
    sheet = np.zeros((side_px, side_px), np.uint8)
    while sheet.mean() < share:
        for _ in range(8):
            width = rng.uniform(*(damage.other_px if rng.random() < damage.other_frac else damage.usual_px))
            DRAW[kinds[int(rng.integers(len(kinds)))]](sheet, width, rng)
    return sheet.astype(bool)


@lru_cache(maxsize=2)
def _sheet(seed: int, n: int, damage: Damage) -> Bits:
    rng = np.random.default_rng((seed, 70, n))
    return holes(SHEET_PX, rng.uniform(*damage.cover_frac), rng, damage)


@dataclass(frozen=True, eq=False)
class Pictures:
    """What crops are cut out of: (h, w, 3) red, green and blue, 8-bit."""

    generated: tuple[Pixels8, ...]
    photographs: tuple[Pixels8, ...] = ()

    def one(self, side_px: int, rng: Rng) -> Pixels8:
        """Draw a piece (side, side, 3), rather a lively one."""
        some = self.photographs if self.photographs and rng.random() >= GENERATED else self.generated
        count = CHOICE if rng.random() < LIKELY else 1
        return max((cut(some[int(rng.integers(len(some)))], side_px, rng) for _ in range(count)), key=liveliness)


def gather(seed: int, folder: Path | None, count: int = PAINTED) -> Pictures:
    """Paint scenes and read the photographs of a folder. Raises ValueError where it holds none."""
    made = tuple(_eight_bit(painted(seed * 1000 + n).picture) for n in range(count))
    return Pictures(made, tuple(p for path in photographs(folder) for p in _sizes(path)) if folder else ())


def _eight_bit(canvas: npt.NDArray[np.uint16]) -> Pixels8:
    return np.clip(np.rint(canvas.astype(np.float32) * (255 / FULL)), 0, 255).astype(np.uint8)


def _sizes(path: Path) -> list[Pixels8]:
    read = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if read is None:
        raise ValueError(f"{path} could not be read as a picture; take it out of the folder")
    picture = np.ascontiguousarray(read[..., ::-1])
    return [picture if s == 1 else cv2.resize(picture, None, fx=s, fy=s, interpolation=cv2.INTER_AREA) for s in SIZES]


def liveliness(piece: Pixels8) -> float:
    """Return the mean difference between neighbours of a piece (s, s, 3)."""
    green = piece[..., 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


def batch(pictures: Pictures, seed: int, n: int, count: int, side_px: int, damage: Damage = THIN) -> Batch:
    """Return the n-th batch of `count` crops of a side of `side_px`."""
    rng = np.random.default_rng((seed, 71, n))
    sheet = _sheet(seed, n // SHEET_BATCHES, damage)
    clean = np.stack([crop(pictures.one(side_px, rng), rng) for _ in range(count)])
    hole = np.stack([turned(holed(sheet, side_px, damage.least_frac, rng), rng) for _ in range(count)])[:, None]
    return Batch(np.stack([grained(c, rng) for c in clean]), clean, (~hole).astype(np.float32))


def cut(picture: npt.NDArray[Sample], side_px: int, rng: Rng) -> npt.NDArray[Sample]:
    """Return a piece (side, side, ...) of an array (h, w, ...)."""
    y, x = (int(rng.integers(0, n - side_px + 1)) for n in picture.shape[:2])
    return picture[y : y + side_px, x : x + side_px]


def holed(sheet: Bits, side_px: int, least_frac: float, rng: Rng) -> Bits:
    """Return a piece (side, side) of a sheet of holes; where there is too little hole in it, another one."""
    piece = cut(sheet, side_px, rng)
    for _ in range(TRIES):
        if piece.mean() >= least_frac:
            break
        piece = cut(sheet, side_px, rng)
    return piece


def turned(piece: npt.NDArray[Sample], rng: Rng) -> npt.NDArray[Sample]:
    """Mirror a piece (s, s, ...) left to right, every other time."""
    return piece[:, ::-1] if rng.random() < 0.5 else piece


def crop(piece: Pixels8, rng: Rng) -> Float:
    """Return a piece (s, s, 3) as (3, s, s) in [0, 1], mirrored, turned, lit and coloured by chance."""
    piece = turned(piece, rng)
    if rng.random() < 0.3:
        piece = piece.swapaxes(0, 1)
    out = piece.astype(np.float32).transpose(2, 0, 1) / np.float32(255)
    if rng.random() < GREY:
        out = np.repeat(np.tensordot(LUMA, out, 1)[None], 3, 0)
    gain = rng.uniform(0.6, 1.1)
    return np.clip(out * np.float32(gain) + np.float32(rng.uniform(0, max(0, 1 - gain))), 0, 1)


def grained(piece: Float, rng: Rng) -> Float:
    """Return a piece (3, s, s) with grain on it, or as it is."""
    if rng.random() >= GRAINY:
        return piece
    noise = rng.standard_normal(piece.shape, np.float32)
    if np.ptp(piece, 0).max() < 1e-6 or rng.random() < 0.3:
        noise[:] = noise[:1]
    if rng.random() < 0.6:
        noise = np.stack([cv2.GaussianBlur(c, (0, 0), 0.7) for c in noise]) * np.float32(2)
    return piece + noise * np.float32(np.exp(rng.uniform(*np.log(GRAIN))))
