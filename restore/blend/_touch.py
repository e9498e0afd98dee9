"""A picture, a patch and places in, what the restored picture shows there out, without making all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from restore.colour import Float, to_codes
from restore.frames import DONOR, Bits, Patch, Picture, support
from restore.motion.points import Points
from restore.source import PixelFormat, Plane
from restore.window import Window

Ints = npt.NDArray[np.intp]


def invented(patch: Patch) -> Bits:
    """Return the pixels (H, W) of a patch that no real frame showed."""
    return patch.mask & (patch.origin > DONOR)


def plane_of(mask: Bits) -> Plane:
    """Return a mask as 0 and 255, so that any share of it shows."""
    return mask.astype(np.uint8) * np.uint8(255)


def rewrite(patch: Patch, points: list[Points], values: list[Float], pixels: PixelFormat) -> Patch:
    """Return the patch with other values, working code values (n,), at points of each plane."""
    planes = []
    for p, (plane, q, v) in enumerate(zip(patch.planes, points, values, strict=True)):
        out = np.zeros(plane.shape, plane.dtype)  # untouched pages cost nothing, a copy of the plane would
        under = np.flatnonzero(support(patch.mask, pixels, p))
        out.ravel()[under] = plane.ravel()[under]
        out.ravel()[q.flat] = to_codes(v, pixels)
        planes.append(out)
    return replace(patch, planes=tuple(planes))


@dataclass(frozen=True)
class Restored:
    """One plane of a restored picture, looked up place by place."""

    picture: Plane
    fill: Plane
    under: Bits

    @classmethod
    def of(cls, window: Window, picture: Picture, patch: Patch, plane: int) -> Self:
        """Look at a plane of a frame with its patch on."""
        return cls(picture.planes[plane], patch.planes[plane], support(patch.mask, window.pixels, plane))

    def at(self, ys: Ints, xs: Ints) -> Float:
        """Return code values (n,) float32; edges repeat."""
        h, w = self.picture.shape
        flat = np.clip(ys, 0, h - 1) * w + np.clip(xs, 0, w - 1)
        shown = np.where(self.under.ravel()[flat], self.fill.ravel()[flat], self.picture.ravel()[flat])
        return shown.astype(np.float32)

    def between(self, at: Float) -> Float:
        """Return code values (n,) at places (n, 2) between pixels, linear."""
        low = np.floor(at)
        part = (at - low).astype(np.float32)
        x0, y0 = low[:, 0].astype(np.intp), low[:, 1].astype(np.intp)
        px, py = part[:, 0], part[:, 1]
        top = self.at(y0, x0) * (1 - px) + self.at(y0, x0 + 1) * px
        bottom = self.at(y0 + 1, x0) * (1 - px) + self.at(y0 + 1, x0 + 1) * px
        return (top * (1 - py) + bottom * py).astype(np.float32)
