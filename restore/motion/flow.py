"""Two proxies in, a dense displacement field with forward-backward validity out (OpenCV's DIS)."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.frames import Bits
from restore.motion.proxy import Proxy
from restore.source import Plane

Box = tuple[int, int, int, int]
"""(y0, x0, y1, x1), half-open."""
TINY_PX = 24
"""Pictures with a side below this are too small for DIS."""
ABSOLUTE_PX2, RELATIVE = 0.5, 0.01
"""How far from home a round trip may end, squared: |f + b|^2 < RELATIVE (|f|^2 + |b|^2) + ABSOLUTE_PX2."""

AT_ONCE = 64
"""Rows of a field that are judged at once."""
WHOLE_CLEAR = 0.3
"""Response of the phase correlation above which it is believed."""

_engines = threading.local()


@dataclass(frozen=True)
class Flow:
    """Motion from frame t to frame u: the pixel at x in t is seen at x + vectors[x] in u."""

    vectors: Float
    """(h, w, 2) float32, (dx, dy) in proxy pixels."""
    valid: Bits
    """(h, w): where going there and back comes home (Sundaram, Brox and Keutzer, ECCV 2010)."""
    scale: int
    """Luma pixels per proxy pixel."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.vectors.nbytes + self.valid.nbytes

    def targets(self, box: Box, shift: tuple[int, int] = (0, 0)) -> Float:
        """Return for each pixel of `box` in t's plane its (x, y) place in u's plane: (bh, bw, 2) float32.

        `shift` is the plane's subsampling (log2 y, log2 x); the box is in that plane's pixels.
        """
        moved = self._moved(box, shift)
        y0, x0, y1, x1 = box
        moved[..., 0] += np.arange(x0, x1, dtype=np.float32)
        moved[..., 1] += np.arange(y0, y1, dtype=np.float32)[:, None]
        return moved

    def sample(
        self, plane: Plane, box: Box, shift: tuple[int, int] = (0, 0), interpolation: int = cv2.INTER_LINEAR
    ) -> Float:
        """Return frame u's plane seen from t: (bh, bw) float32 code values for `box` of t's plane (edges repeat)."""
        at = self.targets(box, shift)
        # Only the part of the plane that is asked for is converted and read, with room for the widest kernel.
        x0, x1 = reach(at[..., 0], plane.shape[1])
        y0, y1 = reach(at[..., 1], plane.shape[0])
        part = plane[y0:y1, x0:x1].astype(np.float32)
        if (x0, y0) != (0, 0):
            cv2.subtract(at, (float(x0), float(y0), 0.0, 0.0), at)
        return cv2.remap(part, at, None, interpolation, borderMode=cv2.BORDER_REPLICATE)

    def validity(self, box: Box, shift: tuple[int, int] = (0, 0)) -> Bits:
        """Return `valid` at the pixels of `box` of a plane: (bh, bw) bool."""
        y0, x0, y1, x1 = box
        ys = (np.arange(y0, y1) << shift[0]) // self.scale
        xs = (np.arange(x0, x1) << shift[1]) // self.scale
        return self.valid[np.ix_(ys, xs)]

    def _moved(self, box: Box, shift: tuple[int, int]) -> Float:
        """Return the displacement (bh, bw, 2) at the pixels of a plane's box, in that plane's pixels (a new array).

        Pixel centres are what is aligned: plane pixel x lies at (x + 0.5) step - 0.5 in the proxy. A resize of the
        crop does just that when the crop begins where the two grids meet, and is many times faster than a remap.
        """
        y0, x0, y1, x1 = box
        step_y, step_x = (1 << shift[0]) / self.scale, (1 << shift[1]) / self.scale
        h, w = self.vectors.shape[:2]
        top, left = max(0, int(y0 * step_y) // 2 * 2 - 2), max(0, int(x0 * step_x) // 2 * 2 - 2)
        bottom, right = min(h, int(np.ceil(y1 * step_y)) + 2), min(w, int(np.ceil(x1 * step_x)) + 2)
        crop = self.vectors[top:bottom, left:right]
        if (step_y, step_x) != (1.0, 1.0):
            crop = even(crop, step_y, step_x)
            size = (round(crop.shape[1] / step_x), round(crop.shape[0] / step_y))
            crop = cv2.resize(crop, size, interpolation=cv2.INTER_LINEAR)
        from_y, from_x = y0 - round(top / step_y), x0 - round(left / step_x)
        part = crop[from_y : from_y + y1 - y0, from_x : from_x + x1 - x0]
        return cv2.multiply(part, (1 / step_x, 1 / step_y, 0.0, 0.0))


def even(field: Float, step_y: float, step_x: float) -> Float:
    """Repeat the last row or column where a subsampled plane would otherwise meet half a sample."""
    odd_y, odd_x = (step_y == 2 and field.shape[0] % 2), (step_x == 2 and field.shape[1] % 2)
    return np.pad(field, ((0, int(odd_y)), (0, int(odd_x)), (0, 0)), "edge") if odd_y or odd_x else field


def reach(at: Float, length: int) -> tuple[int, int]:
    """Return the range of samples that reading at positions `at` may touch, within a plane of `length`."""
    low, high = cv2.minMaxLoc(at)[:2] if at.size else (0.0, 0.0)
    start = int(np.clip(np.floor(low) - 4, 0, length - 1))
    return start, int(np.clip(np.ceil(high) + 5, start + 1, length))


def engine(preset: str, shape: tuple[int, int]) -> cv2.DISOpticalFlow:
    """Return this thread's DIS engine for pictures of a shape (h, w).

    Threads do not share engines, for they keep state; nor do sizes: on a picture too small for its settings an engine
    changes them for good, and would measure every later picture differently.
    """
    made = _engines.__dict__.setdefault("made", {})
    if (preset, shape) not in made:
        made[preset, shape] = cv2.DISOpticalFlow.create(getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset.upper()}"))
    return made[preset, shape]


def vectors(a: Proxy, b: Proxy, preset: str = "medium") -> Float:
    """Return the displacement (h, w, 2) float32 from proxy a to proxy b.

    Pictures too small for DIS, or without any texture, get one motion for all of the picture (`whole`).
    """
    if min(a.shape) < TINY_PX or contrast(a) < 1.0:
        return whole(a, b)
    return engine(preset, a.shape).calc(a, b, None)


def contrast(small: Proxy) -> float:
    """Return the standard deviation of a proxy, 8-bit levels."""
    return float(cv2.meanStdDev(small)[1][0, 0])


def whole(a: Proxy, b: Proxy) -> Float:
    """Return the one translation (h, w, 2) that best takes a to b, by phase correlation; zero where none is clear."""
    out = np.zeros((*a.shape, 2), np.float32)
    if min(a.shape) < 4 or contrast(a) < 0.5 or contrast(b) < 0.5:
        return out
    window = np.outer(np.hanning(a.shape[0] + 2)[1:-1], np.hanning(a.shape[1] + 2)[1:-1]).astype(np.float32)
    level = np.float32(a.mean())
    move, clear = cv2.phaseCorrelate(a.astype(np.float32) - level, b.astype(np.float32) - level, window)
    if clear > WHOLE_CLEAR:
        out[...] = move
    return out


def grid(h: int, w: int) -> Float:
    """Return each pixel's own (x, y): (h, w, 2) float32."""
    out: Float = np.empty((h, w, 2), np.float32)
    out[..., 0] = np.arange(w, dtype=np.float32)
    out[..., 1] = np.arange(h, dtype=np.float32)[:, None]
    return out


def estimate(there: Float, back: Float, scale: int) -> Flow:
    """Join the displacement t to u with the one from u to t: valid where |f + b|^2 < 0.01 (|f|^2 + |b|^2) + 0.5."""
    h, w = there.shape[:2]
    at = cv2.add(grid(h, w), there)
    home = cv2.remap(back, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Flow(there, round_trip(there, home, at, (h, w)), scale)


def round_trip(there: Float, home: Float, at: Float, size: tuple[int, int]) -> Bits:
    """Tell where a trip `there` and `home` again ends where it began, and does not leave the picture on the way."""
    rows = [
        _home_again(there[y : y + AT_ONCE], home[y : y + AT_ONCE], at[y : y + AT_ONCE], size)
        for y in range(0, len(there), AT_ONCE)
    ]
    return rows[0] if len(rows) == 1 else np.concatenate(rows)


def _home_again(there: Float, home: Float, at: Float, size: tuple[int, int]) -> Bits:
    """Tell the same of a few rows, which fit into a processor's own memory."""
    (fx, fy), (bx, by) = cv2.split(there), cv2.split(home)
    error, ey = fx + bx, fy + by
    error *= error
    ey *= ey
    error += ey
    for part in (fx, fy, bx, by):
        part *= part
    for part in (fy, bx, by):
        fx += part
    fx *= np.float32(RELATIVE)
    fx += np.float32(ABSOLUTE_PX2)
    valid = error < fx
    for place, n in zip(cv2.split(at), (size[1], size[0]), strict=True):
        valid &= (place > -0.5) & (place < n - 0.5)
    return np.asarray(valid, bool)
