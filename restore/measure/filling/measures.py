"""A fill, the truth and the mask in, numbers out: likeness, flicker, seams, grain. Pure functions on arrays.

Pictures are luma (H, W) float32 in 8-bit levels unless said otherwise, masks (H, W) bool. Every figure is a sum that
can be joined over frames before anything is divided.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.measure.quality import Energy, warp_back

SSIM_SIGMA_PX, SSIM_SIDE_PX = 1.5, 11
SSIM_C1, SSIM_C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
Double = npt.NDArray[np.float64]
CONTEXT_PX = 24
"""How far around the filled pixels a network looks when two pictures are compared."""


@dataclass(frozen=True)
class Ratio:
    """One sum over another."""

    over: float = 0.0
    under: float = 0.0

    def __add__(self, other: Ratio) -> Ratio:
        """Join two."""
        return Ratio(self.over + other.over, self.under + other.under)

    @property
    def value(self) -> float:
        """The quotient; NaN where there was nothing to divide by."""
        return self.over / self.under if self.under > 0 else float("nan")


def mean_under(values: Float, mask: Bits) -> Ratio:
    """Return the mean of values (H, W) under a mask, as a sum and a count."""
    return Ratio(float(values[mask].sum(dtype=np.float64)), float(mask.sum()))


def ssim(a: Float, b: Float) -> Float:
    """Return the structural similarity (H, W) of two pictures, 1 where they are alike.

    Gaussian window of 11 pixels, sigma 1.5 (Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 2004). In a mask it is the
    mean of this map over the mask, not the figure of the whole picture.
    """
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_a, mean_b = _blur(x), _blur(y)
    var_a, var_b = _blur(x * x) - mean_a**2, _blur(y * y) - mean_b**2
    both = _blur(x * y) - mean_a * mean_b
    alike = (2 * mean_a * mean_b + SSIM_C1) * (2 * both + SSIM_C2)
    return np.asarray(alike / ((mean_a**2 + mean_b**2 + SSIM_C1) * (var_a + var_b + SSIM_C2)), np.float32)


def _blur(picture: Double) -> Double:
    return cv2.GaussianBlur(picture, (SSIM_SIDE_PX, SSIM_SIDE_PX), SSIM_SIGMA_PX, borderType=cv2.BORDER_REFLECT_101)


def unrest(grey: Float, after: Float, flow: Float, where: Bits) -> float:
    """Return the sum over `where` of |frame t - frame t+1 seen along the flow|, which leads from t to t+1."""
    return float(np.abs(grey - warp_back(after, flow))[where].sum(dtype=np.float64))


def flicker(fill: tuple[Float, Float], truth: tuple[Float, Float], flow: Float, where: Bits) -> Ratio:
    """Return how much a fill changes from frame t to t+1 beyond motion, over how much the truth itself does.

    `flow` (H, W, 2) is the truth's from t to t+1; `where` is what was filled in t and is seen in t+1. 1 is as restless
    as the truth, whose grain differs from frame to frame; less is too calm (no grain, or a picture that stands still
    over a moving one does not show here), more flickers. Mean absolute value, after E_warp (Lai et al., ECCV 2018).
    """
    return Ratio(unrest(*fill, flow, where), unrest(*truth, flow, where))


def seam(fill: Float, truth: Float, mask: Bits, hidden: Bits) -> Ratio:
    """Return the steps between neighbours on either side of the border of `mask`, over those of the truth.

    Neighbours across the border share an edge; the one outside is not `hidden`. 1 is a border that cannot be told, less
    is too smooth a join, more is a seam that shows.
    """
    total = Ratio()
    for axis in (0, 1):
        first, second = np.s_[:-1], np.s_[1:]
        low, high = ((first, np.s_[:]), (second, np.s_[:])) if axis == 0 else ((np.s_[:], first), (np.s_[:], second))
        across = (mask[low] & ~hidden[high]) | (mask[high] & ~hidden[low])
        steps = (float(np.abs(p[high] - p[low])[across].sum(dtype=np.float64)) for p in (fill, truth))
        total += Ratio(*steps)
    return total


def grain(energy: Energy) -> float:
    """Return the deviation of a fill's finest detail over that of a ring around it; 1 is grain that matches.

    `quality.fine_energy` gives the energy: what a Gaussian of one pixel takes away, in the mask and around each loss.
    """
    return float(np.sqrt(energy.over_ring))


def box_around(mask: Bits, margin_px: int = CONTEXT_PX) -> tuple[slice, slice]:
    """Return the part of the picture that holds a mask and a margin, its sides even. The mask is not empty."""
    out = []
    for axis, length in ((1, mask.shape[0]), (0, mask.shape[1])):
        at = np.flatnonzero(mask.any(axis))
        start = max(0, int(at[0]) - margin_px) // 2 * 2
        stop = min(length, int(at[-1]) + 1 + margin_px)
        out.append(slice(start, stop - (stop - start) % 2))
    return out[0], out[1]


def look(fill: Float, truth: Float, mask: Bits) -> Ratio:
    """Return how differently two pictures (H, W, 3) in [0, 1] look under a mask, to this program's own network.

    See `nets.features`: 0 is alike; figures of one table can be compared with each other and with nothing else.
    """
    from restore.nets.features import own_distance

    if not mask.any():
        return Ratio()
    box = box_around(mask)
    apart = own_distance(np.ascontiguousarray(truth[box]), np.ascontiguousarray(fill[box]))
    share = cv2.resize(mask[box].astype(np.float32), apart.shape[::-1], interpolation=cv2.INTER_AREA)
    return Ratio(float((apart * share).sum(dtype=np.float64)), float(share.sum(dtype=np.float64)))
