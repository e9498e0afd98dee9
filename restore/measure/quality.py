"""Filled pictures and the truth in, numbers out: PSNR inside the mask, high-frequency energy, flicker."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore import colour
from restore.colour import Float
from restore.frames import Bits, support
from restore.source import PixelFormat, Plane

FINE_PX = 1.0
"""Energy above a Gaussian of this deviation counts as high-frequency."""
RING_PX = 8
"""Width of the ring of clean pixels a fill is compared with."""
FLAT = 1e-9


@dataclass(frozen=True)
class Errors:
    """Squared error summed over pixels, so that frames and clips can be joined before taking a logarithm."""

    squared: float = 0.0
    """Sum of squared differences, in units of the peak value."""
    count: int = 0
    """Number of samples."""

    def __add__(self, other: Errors) -> Errors:
        """Join two sums."""
        return Errors(self.squared + other.squared, self.count + other.count)

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in dB; infinite where nothing differs, NaN where nothing was measured."""
        if not self.count:
            return float("nan")
        return float("inf") if not self.squared else float(-10 * np.log10(self.squared / self.count))


def errors(a: Plane, b: Plane, where: Bits, peak: float) -> Errors:
    """Compare two planes (h, w) of code values at the samples `where` (h, w)."""
    difference = (a[where].astype(np.float64) - b[where].astype(np.float64)) / peak
    return Errors(float(np.square(difference).sum()), int(where.sum()))


def luma_errors(
    a: tuple[Plane, ...], b: tuple[Plane, ...], mask: Bits, pixels: PixelFormat
) -> Errors:
    """Compare the luma of two pictures at the pixels of `mask` (H, W)."""
    return errors(colour.grey(a, pixels), colour.grey(b, pixels), mask, 255.0)


def plane_errors(
    a: tuple[Plane, ...], b: tuple[Plane, ...], mask: Bits, pixels: PixelFormat
) -> tuple[Errors, ...]:
    """Compare each colour plane of two pictures at its samples under `mask` (H, W)."""
    return tuple(errors(a[p], b[p], support(mask, pixels, p), pixels.peak) for p in range(pixels.colour_planes))


@dataclass(frozen=True)
class Energy:
    """High-frequency energy summed over pixels, in squared 8-bit levels."""

    fill: float = 0.0
    """Of the pixels in the mask."""
    truth: float = 0.0
    """Of the same pixels in the undamaged picture, where it is known."""
    ring: float = 0.0
    """Mean energy of the ring of clean pixels around each loss, times the pixels of that loss."""
    count: int = 0

    def __add__(self, other: Energy) -> Energy:
        """Join two sums."""
        return Energy(
            self.fill + other.fill, self.truth + other.truth, self.ring + other.ring, self.count + other.count
        )

    @property
    def over_ring(self) -> float:
        """Energy of the fill over that of its surroundings; 1 is a perfect match, less is blurred."""
        return self.fill / self.ring if self.ring > FLAT else float("nan")

    @property
    def over_truth(self) -> float:
        """Energy of the fill over that of what was lost."""
        return self.fill / self.truth if self.truth > FLAT else float("nan")

    @property
    def truth_over_ring(self) -> float:
        """What `over_ring` would be for a perfect restoration: how alike losses and surroundings are."""
        return self.truth / self.ring if self.ring > FLAT else float("nan")


def fine(grey: Float) -> Float:
    """Return the squared high-frequency part (H, W) of a picture (H, W)."""
    return np.square(grey - cv2.GaussianBlur(grey, (0, 0), FINE_PX))


def ring_mean(energy: Float, mask: Bits) -> Float:
    """Return for each pixel (H, W) the mean energy of the clean pixels within RING_PX of it.

    Each loss is compared with what lies around it: a blotch on a wall with the wall, not with the foliage elsewhere.
    """
    # A pixel next to a loss holds some of the step into it in its high band, so it does not count as clean.
    near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    clean = (~near).astype(np.float32)
    value, weight = energy * clean, clean
    out = np.full(energy.shape, np.nan, np.float32)
    for reach in (RING_PX, 2 * RING_PX, 8 * RING_PX):
        side = (2 * reach + 1, 2 * reach + 1)
        share = cv2.blur(weight, side)
        fresh = np.isnan(out) & (share > 0.1)
        out[fresh] = cv2.blur(value, side)[fresh] / share[fresh]
    out[np.isnan(out)] = float(energy[~near].mean()) if not near.all() else 0.0
    return out


def fine_energy(
    filled: tuple[Plane, ...], truth: tuple[Plane, ...] | None, mask: Bits, pixels: PixelFormat
) -> Energy:
    """Measure the fine detail of a fill against its surroundings and, where known, the truth.

    Energy above a Gaussian of one pixel, in luma, over the mask (H, W) and over the ring of clean pixels around it.
    """
    if not mask.any():
        return Energy()
    energy = fine(colour.grey(filled, pixels))
    lost = fine(colour.grey(truth, pixels))[mask].sum() if truth is not None else 0.0
    around = ring_mean(energy, mask)[mask].sum()
    return Energy(float(energy[mask].sum()), float(lost), float(around), int(mask.sum()))


def warp_back(grey: Float, flow: Float) -> Float:
    """Return a picture (H, W) seen along `flow` (H, W, 2) (dx, dy): what lies at x + flow in it, brought to x."""
    ys, xs = np.mgrid[0 : grey.shape[0], 0 : grey.shape[1]].astype(np.float32)
    return cv2.remap(grey, xs + flow[..., 0], ys + flow[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


@dataclass(frozen=True)
class Flicker:
    """Change between frames that motion does not explain, in 8-bit levels, summed over pixels."""

    squared: float = 0.0
    count: int = 0

    def __add__(self, other: Flicker) -> Flicker:
        """Join two sums."""
        return Flicker(self.squared + other.squared, self.count + other.count)

    @property
    def levels(self) -> float:
        """Root mean square, in 8-bit levels; grain alone makes sqrt(2) times its deviation."""
        return float(np.sqrt(self.squared / self.count)) if self.count else float("nan")


def flicker(grey: Float, other: Float, flow: Float, visible: Bits, mask: Bits) -> Flicker:
    """Measure the warping error of one frame to another within `mask`, where `visible` (both (H, W)) in the other.

    `grey` and `other` (H, W) are in 8-bit levels; `flow` (H, W, 2) leads from the first to the second. After E_warp
    of Lai et al. (ECCV 2018), restricted to what was filled.
    """
    where = mask & visible
    error = (grey - warp_back(other, flow))[where].astype(np.float64)
    return Flicker(float(np.square(error).sum()), int(where.sum()))
