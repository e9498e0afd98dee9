"""Clean-looking places of a real clip in, known damage in them out: as much as the clip itself seems to have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import Found
from restore.frames import Bits
from restore.measure.bench import Clip
from restore.measure.detection import SCRATCH, grow
from restore.scenes import wear
from restore.scenes.damage import FAINT, Damage, Damaged, compose_stamps, lay
from restore.scenes.shapes import Stamp
from restore.source import PixelFormat, Plane

GUARD_PX = 3
"""What was found before anything was planted is left out of the judging with so much around it ..."""
APART_PX = 8
"""... and nothing is planted nearer to it than this: it would be mended from there."""
USUAL_SEVERITY = 0.4
LEAST_SEVERITY = 0.1
"""With less there would be too little to count."""
BRIEF = tuple(k.name for k in wear.PARTICLES)
"""Kinds of damage that last a frame."""
SEEDS = 64
"""So many are tried for one whose damage has the polarity wanted and a line scratch; of cared-for film a sixth have."""
RING_PX = 3


@dataclass(frozen=True)
class Own:
    """What the detectors say of the damage that a stretch has by itself."""

    objects_a_frame: float
    severity: float
    """What damage as frequent would be drawn with; the usual one where there is hardly any."""
    usual: bool
    """Whether it is the usual one, for want of anything to go by."""
    dark: bool | None
    """Whether most of it is darker than what surrounds it; None where nothing was found."""


@dataclass(frozen=True, eq=False)
class Planted:
    """Damage that was laid on a clip beforehand; satisfies `bench.Wearing`."""

    size: tuple[int, int]
    frames: tuple[Damaged, ...]

    def apply(self, planes: tuple[Plane, ...], t: int, pixels: PixelFormat) -> Damaged:
        """Return frame t as it was damaged; the planes are known already."""
        return self.frames[t]


def plant(clip: Clip, damage: Damage, known: Mapping[int, Bits]) -> Planted:
    """Damage every frame of a clip, away from what is `known` (H, W) to be there already on some of its frames."""
    nothing = np.zeros(clip.size, bool)
    frames = []
    for t, planes in enumerate(clip.pictures):
        taken = grow(known.get(t, nothing), APART_PX)
        frames.append(lay(planes, clip.pixels, compose_stamps(list(apart(damage.stamps(t), taken)), clip.size)))
    return Planted(clip.size, tuple(frames))


def apart(stamps: Iterable[Stamp], taken: Bits) -> Iterator[Stamp]:
    """Yield the stamps that touch nothing of what is taken (H, W); line scratches are interrupted there instead."""
    h, w = taken.shape
    for stamp in stamps:
        y, x = max(stamp.y0, 0), max(stamp.x0, 0)
        here = np.s_[y - stamp.y0 : max(h - stamp.y0, 0), x - stamp.x0 : max(w - stamp.x0, 0)]
        seen = stamp.alpha[here]
        there = taken[y : y + seen.shape[0], x : x + seen.shape[1]]
        if not ((np.abs(seen) > FAINT) & there).any():
            yield stamp
        elif stamp.label == SCRATCH:
            yield replace(stamp, y0=y, x0=x, alpha=np.where(there, np.float32(0), seen))


def own_damage(found: Sequence[tuple[Float, Bits, tuple[Found, ...]]]) -> Own:
    """Estimate what damage a stretch has from what was found on some frames: luma (H, W), mask (H, W), things.

    Severity follows the number of things a frame and the area they cover, the larger of the two: faint specks are
    not found, and clouds of dust are found as one.
    """
    size = found[0][1].shape
    confirmed = [f for _, _, things in found for f in things if f.status == "confirmed" and f.kind != "scratch"]
    count, area = len(confirmed) / len(found), sum(f.area_px for f in confirmed) / len(found)
    frames_2k = size[0] * size[1] / (size[1] / wear.WIDTH_2K_PX) ** 2 / wear.FRAME_2K_PX
    scale = wear.scale_of(size[1])
    by_count = severity(count / frames_2k, [(k.count, 1.0) for k in wear.PARTICLES])
    by_area = severity(area / frames_2k, [(k.count, wear.SHOWS * k.mean_area(scale)) for k in wear.PARTICLES])
    drawn = max(by_count, by_area)
    usual = drawn <= 0
    dark = [is_dark(grey, mask, f) for grey, mask, things in found for f in things if f.status == "confirmed"]
    return Own(
        count, USUAL_SEVERITY if usual else min(max(drawn, LEAST_SEVERITY), 1.0), usual,
        sum(dark) * 2 >= len(dark) if dark else None,
    )


def severity(amount: float, kinds: Sequence[tuple[tuple[float, float], float]]) -> float:
    """Return the severity at which a 2K frame has so much damage; `kinds`: mean counts as in `wear`, and a weight."""
    none, full = (sum(count[i] * weight for count, weight in kinds) for i in (0, 1))
    return (amount - none) / full


def is_dark(grey: Float, mask: Bits, found: Found) -> bool:
    """Tell whether a thing is darker than what surrounds it (luma and mask (H, W))."""
    y0, x0, y1, x1 = found.box
    at = np.s_[max(y0 - RING_PX, 0) : y1 + RING_PX, max(x0 - RING_PX, 0) : x1 + RING_PX]
    inside, values = mask[at], grey[at]
    ring = cv2.dilate(inside.astype(np.uint8), np.ones((2 * RING_PX + 1, 2 * RING_PX + 1), np.uint8)) > 0
    ring &= ~inside
    return bool(inside.any() and ring.any() and values[inside].mean() < values[ring].mean())


def drawn_like(own: Own, seed: int, size: tuple[int, int], frames: int, judged: range) -> Damage:
    """Return damage of that severity and polarity, of the first seed that happens to have it.

    Whatever the severity it has a line scratch on the frames judged, or nothing could be said of those.
    """
    drawn = [Damage(seed * SEEDS + k, size, own.severity, film_frames=frames) for k in range(SEEDS)]
    alike = [d for d in drawn if own.dark is None or d.history.dark == own.dark] or drawn
    return next((d for d in alike if lines_on(d, judged)), alike[0])


def lines_on(damage: Damage, frames: range) -> int:
    """Return how many line scratches lie on some of the frames."""
    return sum(s.start < frames.stop and frames.start < s.stop for s in damage.history.scratches)
