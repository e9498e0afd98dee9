"""A kind of damage, a seed and a size in, the holes of any frame out: four sorts that ask different things of a filler.

Thin and small holes ask for edges that go on, wide ones for texture, one the size of a person for a piece of the scene.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from restore.frames import Bits, support
from restore.scenes.native import to_native
from restore.source import PixelFormat, Plane
from restore.train import pieces

KINDS = ("thin", "blotch", "wide", "object")
ABOUT = {
    "thin": "scratches and hairs 2 to 8 px wide", "blotch": "spots of 2 to 8 px radius",
    "wide": "holes 24 to 64 px wide", "object": "a silhouette 96 to 160 px tall, walking or standing",
}
SHARE = {"thin": 0.015, "blotch": 0.01, "wide": 0.04}
"""How much of a picture is holes."""
THIN_PX, SPOT_PX, WIDE_PX, TALL_PX = (2.0, 8.0), (4.0, 16.0), (24.0, 64.0), (96.0, 160.0)
"""Widths, and the height of a silhouette."""
DRIFT_PX, WALK_PX = 3.0, (3.0, 8.0)
"""Most that a lasting scratch wanders sideways in a frame; how far a walking silhouette goes."""
TALLEST_FRAC = 0.45
"""On small pictures a silhouette is at most this share of the shorter side."""
HAIR_THINNER = 0.6
"""`pieces.hair` draws thinner than it is told."""
TONES = (0.06, 0.93)


@dataclass(frozen=True)
class Holes:
    """The holes of a film, as a pure function of (kind, seed, size) and the frame.

    `thin` is half scratches that last and wander sideways, half hairs of a frame; spots and wide holes last a frame; a
    silhouette walks where the seed is even and stands where it is odd.
    """

    kind: str
    seed: int
    size: tuple[int, int]
    share: float = 0.0
    """How much of a picture is holes; 0 for what is usual of the kind."""
    first: int = 0
    """The frame that damage is counted from, so that more frames before it change nothing about it."""

    def __post_init__(self) -> None:
        """Refuse kinds that do not exist."""
        if self.kind not in KINDS:
            raise ValueError(f"there is no kind of damage {self.kind!r}; there are {', '.join(KINDS)}.")

    def mask(self, t: int) -> Bits:
        """Return what is hidden in frame t (H, W)."""
        t -= self.first
        if self.kind == "object":
            return silhouette(self, t)
        rng = np.random.default_rng((self.seed, KINDS.index(self.kind), (1 + t) % 2**32))
        share = self.share or SHARE[self.kind]
        if self.kind == "thin":
            lasting = [shifted(line, round(step * t)) for line, step in scratches(self)]
            return np.asarray(np.logical_or.reduce([*lasting, self._drawn(share / 2, thin_hair, THIN_PX, rng)]))
        width = SPOT_PX if self.kind == "blotch" else WIDE_PX
        return self._drawn(share, pieces.blotch, width, rng)

    def _drawn(
        self, share: float, draw: Callable[[pieces.Pixels8, float, np.random.Generator], None],
        width_px: tuple[float, float], rng: np.random.Generator,
    ) -> Bits:
        """Draw things on a square sheet until its part that is the picture has about a share of holes."""
        h, w = self.size
        sheet = np.zeros((max(h, w), max(h, w)), np.uint8)
        while sheet[:h, :w].mean() < share:
            draw(sheet, float(rng.uniform(*width_px)), rng)
        return sheet[:h, :w].astype(bool)

    def damage(self, planes: tuple[Plane, ...], t: int, pixels: PixelFormat) -> tuple[Plane, ...]:
        """Return the planes of frame t with its holes painted; no filler may look at what they are painted with."""
        return self.painted(planes, self.mask(t), pixels)

    def painted(self, planes: tuple[Plane, ...], mask: Bits, pixels: PixelFormat) -> tuple[Plane, ...]:
        """Return planes with one dark or light tone under a mask (H, W)."""
        tone, out = np.full((1, 1, 3), TONES[self.seed // 2 % 2], np.float32), list(planes)
        for p, value in enumerate(to_native(tone, pixels)[: pixels.colour_planes]):
            out[p] = np.where(support(mask, pixels, p), value[0, 0], planes[p])
        return tuple(out)


def thin_hair(sheet: pieces.Pixels8, width_px: float, rng: np.random.Generator) -> None:
    """Draw a curl of the width that is asked for."""
    pieces.hair(sheet, width_px / HAIR_THINNER, rng)


@lru_cache(maxsize=8)
def scratches(holes: Holes) -> list[tuple[Bits, float]]:
    """Return the scratches that last (H, W) and how far each wanders in a frame."""
    rng = np.random.default_rng((holes.seed, 0, 0))
    (h, w), out, share = holes.size, list[tuple[Bits, float]](), 0.0
    while share < (holes.share or SHARE["thin"]) / 2:
        sheet = np.zeros((max(h, w), max(h, w)), np.uint8)
        pieces.scratch(sheet, float(rng.uniform(*THIN_PX)), rng)
        out.append((sheet[:h, :w].astype(bool), float(rng.uniform(-DRIFT_PX, DRIFT_PX))))
        share += float(out[-1][0].mean())
    return out


def shifted(mask: Bits, by_px: int) -> Bits:
    """Return a mask moved sideways; what leaves the picture is gone."""
    out = np.zeros_like(mask)
    by = int(np.clip(by_px, -mask.shape[1], mask.shape[1]))
    if by >= 0:
        out[:, by:] = mask[:, : mask.shape[1] - by]
    else:
        out[:, :by] = mask[:, -by:]
    return out


def silhouette(holes: Holes, t: int) -> Bits:
    """Return the outline of somebody, filled, t frames after the first (H, W): head, body, arms, legs that swing."""
    rng = np.random.default_rng((holes.seed, 3, 0))
    h, w = holes.size
    tall = min(float(rng.uniform(*TALL_PX)), TALLEST_FRAC * min(h, w))
    walks = holes.seed % 2 == 0
    step = float(rng.uniform(*WALK_PX)) * (tall / TALL_PX[1]) * float(rng.choice([-1, 1])) * walks
    x = w * float(rng.uniform(0.35, 0.65)) + step * (t - 6)
    y, lean = h * float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.1, 0.35))
    swing = 0.5 * np.sin(0.7 * t) if walks else lean
    out = np.zeros((h, w), np.uint8)
    for (y0, x0), (y1, x1), wide in _bones(swing):
        ends = [(round(x + tall * b), round(y + tall * a)) for a, b in ((y0, x0), (y1, x1))]
        cv2.line(out, ends[0], ends[1], 1, max(2, round(tall * wide)))
    cv2.circle(out, (round(x), round(y - 0.41 * tall)), round(0.1 * tall), 1, -1)
    return out.astype(bool)


def _bones(swing: float) -> list[tuple[tuple[float, float], tuple[float, float], float]]:
    """Return (y, x) to (y, x) and width of each limb of a figure of height 1 about its middle."""
    hip, neck = (0.02, 0.0), (-0.3, 0.0)
    out = [(neck, hip, 0.28), (neck, (-0.42, 0.0), 0.12)]
    for side in (-1, 1):
        out.append((hip, (0.47, 0.4 * side * (0.15 + abs(swing) * 0.6)), 0.13))
        out.append((neck, (0.05, side * (0.14 + 0.12 * swing * side)), 0.1))
    return out
