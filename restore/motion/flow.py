"""Two proxies in, a dense displacement field with forward-backward validity out (OpenCV's DIS)."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.motion.proxy import Proxy
from restore.source import Plane

Box = tuple[int, int, int, int]
"""(y0, x0, y1, x1), half-open."""

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
        y0, x0, y1, x1 = box
        sy, sx = (1 << shift[0]) / self.scale, (1 << shift[1]) / self.scale
        xs = np.arange(x0, x1, dtype=np.float32)
        ys = np.arange(y0, y1, dtype=np.float32)
        at_x = np.broadcast_to((xs + 0.5) * np.float32(sx) - 0.5, (y1 - y0, x1 - x0))
        at_y = np.broadcast_to(((ys + 0.5) * np.float32(sy) - 0.5)[:, None], (y1 - y0, x1 - x0))
        moved = cv2.remap(
            self.vectors, np.ascontiguousarray(at_x), np.ascontiguousarray(at_y), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        moved *= np.array([1 / sx, 1 / sy], np.float32)
        moved[..., 0] += xs
        moved[..., 1] += ys[:, None]
        return moved

    def sample(
        self, plane: Plane, box: Box, shift: tuple[int, int] = (0, 0), interpolation: int = cv2.INTER_LINEAR
    ) -> Float:
        """Return frame u's plane seen from t: (bh, bw) float32 code values for `box` of t's plane (edges repeat)."""
        at = self.targets(box, shift)
        # Only the part of the plane that is asked for is converted and read, with room for the cubic kernel.
        low = np.floor(at.min((0, 1))).astype(int) - 3
        high = np.ceil(at.max((0, 1))).astype(int) + 4
        x0, y0 = (int(np.clip(low[i], 0, plane.shape[1 - i] - 1)) for i in (0, 1))
        x1, y1 = (int(np.clip(high[i], (x0, y0)[i] + 1, plane.shape[1 - i])) for i in (0, 1))
        part = plane[y0:y1, x0:x1].astype(np.float32)
        at -= np.array([x0, y0], np.float32)
        return cv2.remap(part, at, None, interpolation, borderMode=cv2.BORDER_REPLICATE)

    def validity(self, box: Box, shift: tuple[int, int] = (0, 0)) -> Bits:
        """Return `valid` at the pixels of `box` of a plane: (bh, bw) bool."""
        y0, x0, y1, x1 = box
        ys = (np.arange(y0, y1) << shift[0]) // self.scale
        xs = (np.arange(x0, x1) << shift[1]) // self.scale
        return self.valid[np.ix_(ys, xs)]


def engine(preset: str) -> cv2.DISOpticalFlow:
    """Return this thread's DIS engine (they keep state, so threads do not share them)."""
    made = _engines.__dict__.setdefault("made", {})
    if preset not in made:
        made[preset] = cv2.DISOpticalFlow_create(getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset.upper()}"))
    return made[preset]  # type: ignore[no-any-return]


def vectors(a: Proxy, b: Proxy, preset: str = "medium") -> Float:
    """Return the displacement (h, w, 2) float32 from proxy a to proxy b; zero where the picture is too small for DIS."""
    if min(a.shape) < 24:
        return np.zeros((*a.shape, 2), np.float32)
    return engine(preset).calc(a, b, None)  # type: ignore[no-any-return,call-overload]  # stubs want a flow array


def estimate(there: Float, back: Float, scale: int) -> Flow:
    """Join the displacement t to u with the one from u to t: valid where |f + b|^2 < 0.01 (|f|^2 + |b|^2) + 0.5."""
    h, w = there.shape[:2]
    xs, ys = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    at_x, at_y = xs + there[..., 0], ys + there[..., 1]
    home = cv2.remap(back, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    error = np.square(there + home).sum(-1)
    length = np.square(there).sum(-1) + np.square(home).sum(-1)
    inside = (at_x > -0.5) & (at_x < w - 0.5) & (at_y > -0.5) & (at_y < h - 0.5)
    return Flow(there, (error < 0.01 * length + 0.5) & inside, scale)
