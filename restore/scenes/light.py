"""A film frame's number in, the light on it out: flicker, flashes of a frame or two; and where it lies in the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float

Pixels = TypeVar("Pixels", bound=npt.NDArray[np.generic])

MEMORY = 0.5
"""How much of a frame's deviation is left on the next."""
REACH_FRAMES = 8
GAIN, OFFSET, GAMMA = 0.03, 0.01, 0.04
"""Standard deviations of a flicker of strength 1."""
WEAVE_MEMORY = 0.6
MARGIN_PX = 4
"""What is painted around a picture that weaves."""


@dataclass(frozen=True)
class Flash:
    """A whole scene lit up for a frame or two: lightning, a photographer, an overexposed frame."""

    start: int
    frames: int
    gain: float
    lift: float

    def at(self, k: int) -> tuple[float, float]:
        """Return gain and lift on film frame k; the second frame has half of it."""
        share = 0.0 if not self.start <= k < self.start + self.frames else 0.5 ** (k - self.start)
        return 1 + share * (self.gain - 1), share * self.lift


def remembered(seed: tuple[int, ...], k: int, numbers: int, memory: float) -> Float:
    """Return numbers (n,) of unit variance that follow a first-order process from frame to frame."""
    kicks = np.stack([
        np.random.default_rng((*seed, k - j + REACH_FRAMES)).standard_normal(numbers) for j in range(REACH_FRAMES)
    ])
    weights = memory ** np.arange(REACH_FRAMES)
    return np.asarray(weights @ kicks / np.sqrt(np.square(weights).sum()), np.float32)


def flickered(rgb: Float, strength: float, uneven: float, seed: tuple[int, ...], k: int) -> Float:
    """Return the picture (H, W, 3) in the light of film frame k."""
    gain, offset, gamma = strength * remembered((*seed, 0), k, 3, MEMORY) * (GAIN, OFFSET, GAMMA)
    out = np.power(rgb, np.float32(np.exp(gamma))) * np.float32(1 + gain) + np.float32(offset) if strength else rgb
    if uneven:
        field = uneven * remembered((*seed, 1), k, 9, MEMORY).reshape(3, 3)
        size = rgb.shape[1], rgb.shape[0]
        out = out * (1 + cv2.resize(field.astype(np.float32), size, interpolation=cv2.INTER_CUBIC))[..., None]
    return np.clip(out, 0, 1)


def weave(strength_px: float, seed: tuple[int, ...], k: int) -> tuple[float, float]:
    """Return where (y, x) film frame k lies in the gate; sprocket and claw are worse up and down than sideways."""
    y, x = strength_px * remembered(seed, k, 2, WEAVE_MEMORY) * (1.0, 0.7)
    most = MARGIN_PX - 1.0
    return float(np.clip(y, -most, most)), float(np.clip(x, -most, most))


def shifted(plane: Pixels, shift: tuple[float, float], size: tuple[int, int], exact: bool = False) -> Pixels:
    """Return the picture (H, W[, C]) under a gate of (H, W) `size`, from a film MARGIN_PX larger all round.

    `exact` for labels, which are not interpolated.
    """
    matrix = np.array([[1, 0, shift[1] - MARGIN_PX], [0, 1, shift[0] - MARGIN_PX]])
    how = cv2.INTER_NEAREST if exact else cv2.INTER_CUBIC
    return cv2.warpAffine(plane, matrix, size[::-1], flags=how, borderMode=cv2.BORDER_REPLICATE)
