"""A lesson's seed and a film frame in, what damp has done out: tones that drift, no loss; and mould, which is one.

The gain of the stain lies in the picture that counts as clean, too: what can still be seen through a stain is to be
graded, not filled. Only where mould has eaten the emulsion is there something to fill.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes import wear
from restore.scenes.shapes import Rng, Stamp, clouds

STAINED = 0.06
"""Share of lessons with tonal stains."""
MOULDY = 0.04
GAIN = (0.6, 1.3)
CELLS = 48


@dataclass(frozen=True, eq=False)
class Stain:
    """A slow change of tone over a film: where it is, how it drifts and what colour it has."""

    sheets: tuple[Float, Float] = field(repr=False)
    """Two (CELLS, CELLS) fields; frames lie between them."""
    beat: float
    """Radians a frame."""
    phase: float
    tint: tuple[float, float, float]
    """Logarithm of the gain at one standard deviation, in red, green and blue."""

    def on(self, rgb: Float, k: int) -> Float:
        """Return the picture (H, W, 3) of film frame k with the stain's tone, in [0, 1]."""
        angle = self.beat * k + self.phase
        both = np.float32(np.cos(angle)) * self.sheets[0] + np.float32(np.sin(angle)) * self.sheets[1]
        field_ = cv2.resize(both, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_CUBIC)[..., None]
        gain = np.exp(np.clip(field_, -1.5, 1.5) * np.array(self.tint, np.float32))
        return np.asarray(np.clip(rgb * np.clip(gain, *GAIN), 0, 1), np.float32)


def draw_stain_of_tone(rng: Rng, grey: bool) -> Stain:
    """Draw a stain."""
    strength, colour = float(rng.uniform(0.05, 0.25)), rng.normal(0, 0.05, 3) * (not grey)
    tint = strength + colour
    return Stain(
        (clouds(CELLS, rng, 3), clouds(CELLS, rng, 3)), float(rng.exponential(0.3)), float(rng.uniform(0, 6.283)),
        (float(tint[0]), float(tint[1]), float(tint[2])),
    )


def draw_mould(seed: tuple[int, ...], k: int, size: tuple[int, int], scale: float) -> list[Stamp]:
    """Draw the mould of film frame k: colonies with threads that run outward, bright where the emulsion is eaten."""
    rng = np.random.default_rng((*seed, k))
    drawn = []
    for _ in range(int(rng.poisson(1.5))):
        side = int(np.clip(np.exp(rng.normal(np.log(60), 0.5)) * scale, 12, 0.7 * min(size)))
        ys, xs = np.mgrid[0:side, 0:side].astype(np.float32) * np.float32(2 / (side - 1)) - 1
        far, turn = np.hypot(ys, xs), np.arctan2(ys, xs)
        lobes = int(rng.integers(7, 22))
        bent = turn + 1.2 * far * clouds(side, rng, 3) * 0.5
        # Ridges about the radii, finer outward: threads that fork.
        threads = np.abs(np.sin(lobes * bent * 0.5 + 0.8 * clouds(side, rng, 4))) ** 6
        body = np.clip(1.1 - 1.6 * far + 0.25 * clouds(side, rng, 4), 0, 1)
        fringe = threads * np.clip(1.0 - far, 0, 1) * np.clip(3 * far, 0, 1)
        alpha = np.clip(np.maximum(body**2, fringe), 0, 1) * np.float32(rng.uniform(0.35, 0.95))
        level = float(rng.uniform(0.75, 1) if rng.random() < 0.6 else rng.uniform(0.05, 0.25))
        y, x = (int(rng.integers(-side // 3, s - side // 2)) for s in size)
        drawn.append(Stamp(y, x, alpha.astype(np.float32), (level,) * 3, wear.LABELS["blotch"]))
    return drawn
