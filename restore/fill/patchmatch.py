"""A frame and its holes in, pieces of the same frame that fit there out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from restore.colour import Float
from restore.fill import Filling
from restore.fill._exemplar import Crop, features, trace
from restore.fill._nnf import REACH_PX, Field, Ints, Scene
from restore.frames import Bits, support
from restore.source import PixelFormat
from restore.window import Window

CONTEXT_PX = (48, 128)
GROUP_PX = 8


@dataclass(frozen=True)
class Patchmatch:
    """Good at large holes in texture."""

    version: ClassVar[int] = 1
    invents: ClassVar[bool] = True

    @property
    def reach_frames(self) -> int:
        """It looks at its own frame alone."""
        return 0

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill all of the hole."""
        done = np.zeros(hole.shape, bool)
        if hole.all() or not hole.any():
            return Filling(planes, done)
        out = tuple(p.copy() for p in planes)
        hidden = window.hidden(t) | hole
        near = cv2.dilate(hole.view(np.uint8), np.ones((2 * GROUP_PX + 1,) * 2, np.uint8))
        n, labels, stats, _ = cv2.connectedComponentsWithStats(near)
        for k in range(1, n):
            x, y, w, h = (int(v) for v in stats[k, :4])
            m = min(max(int(1.5 * min(w, h)), CONTEXT_PX[0]), CONTEXT_PX[1])
            part = np.s_[max(0, y - m) // 4 * 4 : y + h + m, max(0, x - m) // 4 * 4 : x + w + m]
            mine = hole[part] & (labels[part] == k)
            image = working(planes, window.pixels, part)
            known = ~hidden[part]
            image = features(image, known)
            found = trace(Crop(image, mine, known))
            if found is None:
                continue
            scene, field = found
            copy(scene, field, part, mine, planes, out, window.pixels)
            done[part] |= mine
        return Filling(out, done)


def working(planes, pixels, part):
    unit = np.float32(255 / pixels.peak)
    if pixels.family == "rgb":
        g, b, r = (p[part] * unit for p in planes[:3])
        y = 0.299 * r + 0.587 * g + 0.114 * b
        return np.stack([y, b - y, r - y], -1).astype(np.float32)
    luma = planes[0][part] * unit
    if pixels.family == "grey":
        return luma[..., None].copy()
    h, w = luma.shape
    sy, sx = pixels.shift(1)
    chroma = [p[part[0].start >> sy :, part[1].start >> sx :].repeat(1 << sy, 0).repeat(1 << sx, 1)[:h, :w] * unit for p in planes[1:3]]
    return np.stack([luma, *chroma], -1).astype(np.float32)


def copy(scene, field, part, mine, planes, out, pixels):
    fy, fx = np.divmod(scene.targets, scene.width)
    sy_, sx_ = np.divmod(field.at, scene.width)
    h, w = mine.shape
    sy0 = np.zeros(mine.shape, np.intp); sx0 = np.zeros(mine.shape, np.intp)
    fy, fx = fy - REACH_PX, fx - REACH_PX
    ok = (fy >= 0) & (fy < h) & (fx >= 0) & (fx < w)
    sy0[fy[ok], fx[ok]] = sy_[ok] - REACH_PX; sx0[fy[ok], fx[ok]] = sx_[ok] - REACH_PX
    for p, plane in enumerate(planes):
        a, b = pixels.shift(p)
        ys, xs = np.nonzero(support(mine, pixels, p))
        yy, xx = sy0[ys << a, xs << b], sx0[ys << a, xs << b]
        out[p][ys + (part[0].start >> a), xs + (part[1].start >> b)] = plane[(yy + part[0].start) >> a, (xx + part[1].start) >> b]
