"""Shapes of real damage in, clean planes with that damage on them and its exact mask out; any frame without the others.

Detectors that are measured on the damage their own project draws are measured on their own assumptions. Here the shapes
are given (`marked`), such as those of the Film Damage Simulator (Ivanova et al., Computer Graphics Forum 2023). How
many there are, where, how dark and how opaque, follows `wear`, as for generated damage.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from restore.colour import Float
from restore.measure.marked import Shape, shapes
from restore.scenes import wear
from restore.scenes.damage import Damaged, compose_stamps, lay
from restore.scenes.particles import is_dark, places, tone_of
from restore.scenes.scratches import wander
from restore.scenes.shapes import Rng, Stamp
from restore.source import PixelFormat, Plane

SCAN_2K = 7.05 / 12.2
"""Overlays and label maps are at the scale of a scan of 7.05 micrometres a pixel; a 2K scan of a four-perforation
frame has 12.2. Hairs of the simulator's overlays are as large as those marked on its scans, so both have this scale."""
LEAN_DEG = 1.5
"""Standard deviation of a line scratch's lean from the vertical."""
LARGEST_FRAC = 0.04
"""Shapes that would cover more of the picture than this are left out: that is a loss, and no film with dirt on it."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line scratch of a real shape over its whole life; it wanders to the side and does not change."""

    shape: Shape
    start: int
    stop: int
    at: tuple[float, float]
    """(y, x) of its middle when it begins."""
    path_px: Float
    """(n,) offsets to the side, two a frame."""
    turn: float
    """Radians it is turned by."""
    width_px: float
    """What it is narrowed to."""
    flip: bool
    opacity: float
    tone: tuple[float, float, float]


@dataclass(frozen=True)
class Overlays:
    """Real damage as a pure function of (seed, frame); offers what `scenes.damage.Damage` does.

    Hairs that stick in the gate are not among it. Raises SourceError where a folder holds no damage.
    """

    seed: int
    size: tuple[int, int]
    """(H, W) in pixels; lengths follow the width."""
    folders: tuple[Path, ...]
    """Read as `marked.shapes` says."""
    severity: float = 0.4
    """0 is a film that was cared for, 1 one that was not."""
    kinds: tuple[str, ...] = wear.KINDS
    film_frames: int = 100

    def __post_init__(self) -> None:
        """Refuse kinds that do not exist, severities that mean nothing, and folders without damage."""
        if unknown := sorted(set(self.kinds) - set(wear.KINDS)):
            raise ValueError(f"damage of kind {unknown[0]!r} was asked for; there are {', '.join(wear.KINDS)}")
        if not 0 <= self.severity <= 1 or self.film_frames < 1:
            raise ValueError(f"severity {self.severity} must lie in 0 to 1, and {self.film_frames} frames be 1 or more")
        for folder in self.folders:
            shapes(folder)

    @property
    def scale(self) -> float:
        """Pixels of the picture a pixel of the scan."""
        return SCAN_2K * wear.scale_of(self.size[1])

    @property
    def is_dark(self) -> bool:
        """Whether most of its damage is dark."""
        return bool(np.random.default_rng((self.seed, 20)).random() < wear.DARK_CLIPS)

    def stamps(self, t: int) -> list[Stamp]:
        """Return everything that lies on frame t, lowest first."""
        out = [line_stamp(line, t, self.scale) for line in draw_lines(self) if line.start <= t < line.stop]
        rng = np.random.default_rng((self.seed, 22, t))
        for kind in wear.PARTICLES:
            some = pick(pool(self, kind.name), mean_count(kind, self), rng)
            out += [dress(s, (float(y), float(x)), self, rng)
                    for s, (y, x) in zip(some, places(len(some), self.size, rng), strict=True)]
        return out

    def apply(self, planes: tuple[Plane, ...], t: int, pixels: PixelFormat) -> Damaged:
        """Damage the planes of frame t, (h, w) each in code values of 8 to 16 bit; the planes are not written to.

        Raises ValueError where the planes are not of `size`.
        """
        if planes[0].shape != self.size:
            raise ValueError(f"planes of {planes[0].shape} were given to damage drawn for {self.size}")
        return lay(planes, pixels, compose_stamps(self.stamps(t), self.size))


@lru_cache(maxsize=64)
def pool(damage: Overlays, kind: str) -> tuple[Shape, ...]:
    """Return the shapes of a kind that are there, wanted, and not too large for the picture."""
    most = LARGEST_FRAC * damage.size[0] * damage.size[1] / damage.scale**2
    if kind not in damage.kinds:
        return ()
    return tuple(s for folder in damage.folders for s in shapes(folder) if s.kind == kind and s.solid_px <= most)


def mean_count(kind: wear.Kind, damage: Overlays) -> float:
    """Return how many things of a kind lie on a frame, on average."""
    h, w = damage.size
    frames_2k = h * w / (w / wear.WIDTH_2K_PX) ** 2 / wear.FRAME_2K_PX
    return frames_2k * (kind.count[0] + kind.count[1] * damage.severity)


def pick(some: tuple[Shape, ...], mean: float, rng: Rng) -> list[Shape]:
    """Draw a frame's shapes: negative binomial in number, a cloud of many things counting as many."""
    left = int(rng.poisson(rng.gamma(wear.DISPERSION, mean / wear.DISPERSION)))
    out = []
    while some and left > 0:
        shape = some[int(rng.integers(len(some)))]
        # A cloud of more things than are left is taken that much more rarely, so that the mean stays what it is.
        if rng.random() * shape.pieces < left:
            out.append(shape)
        left -= shape.pieces
    return out


def dress(shape: Shape, at: tuple[float, float], damage: Overlays, rng: Rng) -> Stamp:
    """Lay a shape at (y, x), turned and mirrored at random, with a tone and an opacity."""
    turn, flip = float(rng.uniform(0, 2 * np.pi)), bool(rng.random() < 0.5)
    opacity, tone = float(rng.beta(*wear.OPACITY)), tone_of(is_dark(damage.is_dark, rng), rng)
    alpha, y0, x0 = laid(shape, at, damage.scale, turn, flip)
    alpha = cv2.GaussianBlur(alpha, (0, 0), wear.LENS_PX)
    return Stamp(y0, x0, alpha * np.float32(opacity), tone, wear.LABELS[shape.kind])


def laid(shape: Shape, at: tuple[float, float], scale: float, turn: float, flip: bool) -> tuple[Float, int, int]:
    """Return a shape's opacity (h, w) with room around it, and the (y0, x0) that bring its middle to `at`."""
    h, w = shape.alpha.shape
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    mirror = -1.0 if flip else 1.0
    high, wide = abs(c) * h + abs(s) * w, abs(s) * h + abs(c) * w
    y0, x0 = int(np.floor(at[0] - high / 2)) - 3, int(np.floor(at[1] - wide / 2)) - 3
    side = (int(np.ceil(wide)) + 7, int(np.ceil(high)) + 7)
    linear = np.array([[c * mirror, -s], [s * mirror, c]])
    shift = np.array([at[1] - x0, at[0] - y0]) - linear @ ((w - 1) / 2, (h - 1) / 2)
    soft = shape.alpha.astype(np.float32) * np.float32(1 / 255)
    if scale < 1:
        # What a smaller picture cannot hold must go before it is sampled.
        margin = int(np.ceil(2 / scale))
        soft = cv2.GaussianBlur(np.pad(soft, margin), (0, 0), 0.5 * float(np.sqrt(scale**-2 - 1)))
        shift -= linear @ (margin, margin)
    return cv2.warpAffine(soft, np.column_stack([linear, shift]), side, flags=cv2.INTER_LINEAR), y0, x0


@lru_cache(maxsize=16)
def draw_lines(damage: Overlays) -> tuple[Line, ...]:
    """Draw a film's line scratches."""
    some = pool(damage, "scratch")
    lives = (damage.film_frames + wear.SCRATCH_LIFE_FRAMES) / wear.SCRATCH_LIFE_FRAMES
    n = int(np.random.default_rng((damage.seed, 21)).poisson(wear.SCRATCHES_ALIVE * damage.severity * lives))
    return tuple(draw_line(damage, some, np.random.default_rng((damage.seed, 21, i))) for i in range(n if some else 0))


def draw_line(damage: Overlays, some: tuple[Shape, ...], rng: Rng) -> Line:
    """Draw one line scratch: a real scratch set upright, and as wide as scratches of films are.

    Outlines drawn by hand go around a scratch (3 to 5 px of a 2K frame for the simulator's short ones, 11 for the long
    ones), so a width is drawn as `wear` says, and a shape that is wider is narrowed to it.
    """
    # Long ones are rare among marks made on stills, which are not dragged through a gate; on film they are the rule.
    weight = np.array([np.hypot(*s.alpha.shape) for s in some]) ** 2
    shape = some[int(rng.choice(len(some), p=weight / weight.sum()))]
    life = max(1, round(rng.exponential(wear.SCRATCH_LIFE_FRAMES)))
    begins = int(rng.integers(1 - life, damage.film_frames))
    start, stop = max(0, begins), min(damage.film_frames, begins + life)
    scale = wear.scale_of(damage.size[1])
    low, high = np.log(wear.SCRATCH_WIDTH_PX)
    width = max(float(np.exp(rng.uniform(low, high))) * scale, 1.0)
    low, high = np.log(wear.SCRATCH_WANDER_PX)
    path = wander(stop - start, float(np.exp(rng.uniform(low, high))) * scale, rng)
    flip = bool(rng.random() < 0.5)
    lean = np.radians(rng.normal(0, LEAN_DEG)) + np.pi * rng.integers(0, 2)
    return Line(
        shape, start, stop, (float(rng.uniform(0, damage.size[0])), float(rng.uniform(0, damage.size[1]))), path,
        float(lean + (-shape.lean if flip else shape.lean)), width, flip, float(rng.beta(*wear.OPACITY)),
        tone_of(is_dark(damage.is_dark, rng), rng),
    )


def line_stamp(line: Line, t: int, scale: float) -> Stamp:
    """Return a line scratch on frame t of its life."""
    x = line.at[1] + float(line.path_px[2 * (t - line.start)])
    wide, y0, x0 = laid(line.shape, (line.at[0], x), scale, line.turn, line.flip)
    alpha, left = narrowed(wide, min(1.0, line.width_px / (line.shape.width_px * scale)), x - x0)
    soft = cv2.GaussianBlur(alpha, (0, 0), wear.LENS_PX)
    return Stamp(y0, int(np.floor(x)) - left, soft * np.float32(line.opacity), line.tone, wear.SCRATCH_LABEL)


def narrowed(alpha: Float, share: float, middle: float) -> tuple[Float, int]:
    """Return an opacity (h, w) narrowed to a share of its width about column `middle`, and how many columns are left of
    the whole pixel that lies there.
    """
    h, w = alpha.shape
    left, right = int(np.ceil(share * middle)) + 3, int(np.ceil(share * (w - middle))) + 3
    spread = 0.5 * float(np.sqrt(share**-2 - 1))
    even = cv2.GaussianBlur(alpha, (0, 0), sigmaX=spread, sigmaY=1e-3) if spread > 0.1 else alpha
    move = np.array([[share, 0, left + middle % 1 - share * middle], [0, 1.0, 0]])
    return cv2.warpAffine(even, move, (left + right, h), flags=cv2.INTER_LINEAR), left
