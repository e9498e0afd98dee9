"""One frame in, its upright lines out: what differs from the horizontal median along most of a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians, tan
from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import Detection, _beside
from restore.window import Window

WIDE_2K_PX = 2048
LEAST_PX = 5
ANGLES = 21


@dataclass(frozen=True)
class LineMedian:
    """A textbook baseline for line scratches, from one frame; takes every pole, wire and door frame for one.

    Rows are averaged in bands, a horizontal median is taken away, and lines are those near the vertical on which
    enough bands stand out (after Kokaram, Detection and removal of line scratches in degraded motion picture
    sequences, EUSIPCO 1996; the profile fit that follows there is left out, the vote is an exact sum over shears).
    """

    version: ClassVar[int] = 1
    finds: ClassVar[Literal["dirt", "scratch"]] = "scratch"
    threshold_levels: float = 3.0
    """By how much a band has to differ from the median, 8-bit levels."""
    votes_frac: float = 0.6
    """Share of the picture's bands in which a line has to stand out the same way."""
    bands: int = 64
    """Rows are averaged in so many bands."""
    median_2k_px: int = 21
    """Width of the median in pixels of a 2K scan: lines up to half of it are found."""
    angle_deg: float = 5.0
    """How far a line may lean."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("threshold_levels", 0, 255), ("votes_frac", 0.01, 1), ("bands", 1, 4096),
                                ("median_2k_px", 3, 201), ("angle_deg", 0, 30)):
            _beside.check("line_median", name, getattr(self, name), low, high)

    @property
    def reach_frames(self) -> int:
        """It looks at one frame alone."""
        return 0

    def score(self, window: Window, t: int) -> Float:
        """Return (H, W) the share of bands that stand out on the best line through each pixel that does itself."""
        grey = window.grey(t)
        h, w = window.size
        n = min(self.bands, h)
        strips = cv2.resize(grey, (w, n), interpolation=cv2.INTER_AREA)
        above = strips - median(strips, self.median_px(w))
        slopes = tan(radians(self.angle_deg)) * np.linspace(-1, 1, ANGLES) * h / n
        voted = [votes(side > self.threshold_levels, slopes) for side in (above, -above)]
        return cv2.resize(np.maximum(*voted), (w, h), interpolation=cv2.INTER_NEAREST)

    def detect(self, window: Window, t: int) -> Detection:
        """Return the lines of frame t."""
        return _beside.detection(t, self.score(window, t), self.votes_frac, "scratch")

    def median_px(self, width: int) -> int:
        """Return the odd width of the median on a picture this wide."""
        return max(LEAST_PX, round(self.median_2k_px * (width / WIDE_2K_PX) ** 0.8)) | 1


def median(strips: Float, px: int) -> Float:
    """Return the horizontal median over `px` pixels (odd) of (n, W); edges repeat."""
    wide = np.pad(strips, ((0, 0), (px // 2, px // 2)), "edge")
    views = np.lib.stride_tricks.sliding_window_view(wide, px, axis=1)
    return np.asarray(np.median(views, axis=-1), np.float32)


def votes(hits: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], slopes: np.ndarray[tuple[int], np.dtype[np.float64]],
          ) -> Float:
    """Return for each hit (n, W) the share of bands hit on the best line through it; `slopes` in columns a band."""
    n, w = hits.shape
    best = np.zeros(hits.shape, np.float32)
    # A line one pixel off its place still counts: half a band of lean, and scratches are not ruled.
    near = cv2.dilate(hits.astype(np.uint8), np.ones((1, 3), np.uint8))
    rows = np.arange(n)[:, None]
    for slope in slopes:
        at = np.arange(w) + np.rint(slope * (rows - 0.5 * (n - 1))).astype(int)
        inside = (at >= 0) & (at < w)
        columns = np.clip(at, 0, w - 1)
        share = (near[rows, columns] * inside).sum(0, dtype=np.float32) / np.float32(n)
        np.maximum.at(best, (np.broadcast_to(rows, at.shape), columns), share * inside)
    return best * hits
