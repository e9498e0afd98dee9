"""The edge of the camera's aperture, letterboxes, irises and vignettes: dark borders that belong to the picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from restore.colour import Float
from restore.scenes.actors import IN_FRONT, Actor, Stage
from restore.scenes.leaves import Rng

SHARE = 0.08
SORTS = ("aperture", "aperture", "letterbox", "iris", "vignette")


@dataclass(frozen=True, eq=False)
class Matte:
    """A border that stays where it is on the film."""

    depth: float
    cover: Float = field(repr=False)
    """(H, W), 1 where the picture is hidden."""
    level: float

    def play(self, picture: Float, _t: float) -> None:
        """Paint itself on the picture."""
        picture += self.cover[..., None] * (np.float32(self.level) - picture)


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw one border."""
    (h, w), sort = stage.size, SORTS[int(rng.integers(len(SORTS)))]
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    soft = np.float32(float(np.exp(rng.uniform(np.log(0.6), np.log(6)))) * max(stage.scale, 0.5))
    if sort in ("iris", "vignette"):
        y, x = rng.uniform(-0.3, 1.3) * h, rng.uniform(-0.3, 1.3) * w
        far = np.hypot(ys - np.float32(y), xs - np.float32(x))
        r = np.float32(rng.uniform(0.5, 1.2) * max(h, w))
        inside = (r - far) / soft if sort == "iris" else np.clip(2 - 1.2 * far / r, 0.25, 1)
    else:
        inside = rounded(ys, xs, sort == "aperture", rng) / soft
    level = float(rng.uniform(0, 0.06)) if rng.random() < 0.9 else float(rng.uniform(0.8, 1))
    return [Matte(IN_FRONT - 1, np.asarray(1 - np.clip(inside + np.float32(0.5), 0, 1), np.float32), level)]


def rounded(ys: Float, xs: Float, corner: bool, rng: Rng) -> Float:
    """Return how far (H, W), in pixels, each place lies within one edge, or within two and their round corner."""
    h, w = ys.shape
    lean = np.float32(rng.normal(0, 0.01))
    y = (ys + lean * xs if rng.random() < 0.5 else h - 1 - ys + lean * xs) - np.float32(rng.uniform(0.03, 0.25) * h)
    x = (xs - lean * ys if rng.random() < 0.5 else w - 1 - xs - lean * ys) - np.float32(rng.uniform(0.03, 0.25) * w)
    if not corner:
        return y
    if rng.random() < 0.4:
        return x
    r = np.float32(rng.uniform(1, 0.15 * max(h, w)))
    out = r - np.hypot(np.minimum(y - r, 0), np.minimum(x - r, 0))
    return np.asarray(np.where((y < r) & (x < r), out, np.minimum(y, x)), np.float32)
