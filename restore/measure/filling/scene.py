"""A clip, a kind of damage and somebody who fills it in, what is counted of the fills out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from statistics import median
from typing import cast

import numpy as np

from restore import colour
from restore.colour import Float
from restore.compose import compose
from restore.frames import Bits, Patch, Picture
from restore.measure.bench import Clip, Restore
from restore.measure.filling import measures
from restore.measure.filling.damage import Holes
from restore.measure.filling.measures import Ratio
from restore.measure.filling.rows import FillingRow, Material
from restore.measure.finding import camera_of
from restore.measure.quality import Energy, Errors, errors, fine_energy
from restore.source import Plane
from restore.window import Window

Planes = tuple[Plane, ...]
LOOK_PX = 256
"""Side of the square that a network looks at."""


@dataclass(frozen=True)
class Scene:
    """One clip with one kind of damage, and the truth about it."""

    clip: Clip
    holes: Holes
    frames: range
    """Those judged."""

    @cached_property
    def masks(self) -> list[Bits]:
        """What is hidden in each frame (H, W)."""
        return [self.holes.mask(t) for t in range(len(self.clip.pictures))]

    @cached_property
    def damaged(self) -> list[Planes]:
        """The frames with their damage."""
        return [self.holes.damage(p, t, self.clip.pixels) for t, p in enumerate(self.clip.pictures)]

    @cached_property
    def clean(self) -> Window:
        """A window on the truth."""
        return Window.of(self.clip.pictures, self.clip.pixels)

    @cached_property
    def material(self) -> Material:
        """Whether it is a single picture, or moves, or stands."""
        if len(self.clip.pictures) == 1:
            return "still"
        return cast(Material, camera_of(self.clip, self.clean, self.frames))

    @property
    def middle(self) -> int:
        """The frame that is looked at more closely."""
        return self.frames[len(self.frames) // 2]

    def window(self) -> Window:
        """Return a window on the damaged film with nothing remembered."""
        return Window.of(self.damaged, self.clip.pixels, self.masks)

    def grey(self, planes: Planes) -> Float:
        """Return luma (H, W) in 8-bit levels."""
        return colour.grey(planes, self.clip.pixels)

    def rgb(self, planes: Planes) -> Float:
        """Return (H, W, 3) in [0, 1]."""
        return colour.to_rgb(planes, self.clip.pixels)

    def motion(self, t: int) -> tuple[Float, Bits]:
        """Return the truth's motion from frame t to t + 1 (H, W, 2), and where it is seen there (H, W)."""
        h, w = self.clip.size
        flow, whole = self.clean.flow(t, t + 1), (0, 0, h, w)
        at = flow.targets(whole)
        at -= np.stack(np.meshgrid(np.arange(w), np.arange(h)), -1).astype(np.float32)
        return at, flow.validity(whole)


@dataclass(frozen=True, eq=False)
class Fill:
    """What somebody made of one frame. What was left open is the truth's, so that it counts in no figure."""

    planes: Planes = field(repr=False)
    mask: Bits = field(repr=False)
    """(H, W): what was filled."""
    seconds: float
    """Of the processor, not of the clock: what else the machine does must not count."""


@dataclass(frozen=True)
class Sums:
    """What is counted of the fills of one scene."""

    error: Errors = field(default_factory=Errors)
    plain: Errors = field(default_factory=Errors)
    """Of the baseline at the same pixels."""
    ssim: Ratio = field(default_factory=Ratio)
    seam: Ratio = field(default_factory=Ratio)
    features: Ratio = field(default_factory=Ratio)
    energy: Energy = field(default_factory=Energy)
    flicker: Ratio = field(default_factory=Ratio)

    def __add__(self, other: Sums) -> Sums:
        """Join two."""
        return Sums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def fills(scene: Scene, restore: Restore) -> dict[int, Fill]:
    """Let somebody fill every judged frame of a scene, nothing of which was seen before."""
    window, out = scene.window(), {}
    for t in scene.frames:
        began = time.process_time()
        patch = restore(window, t)
        out[t] = Fill(over_the_truth(scene, patch), patch.mask, time.process_time() - began)
    return out


def over_the_truth(scene: Scene, patch: Patch) -> Planes:
    """Return the undamaged frame with what was filled in its place."""
    truth = scene.clip.pictures[patch.index]
    return compose(Picture(patch.index, truth), patch, scene.clip.pixels).planes


def row(scene: Scene, name: str, made: Mapping[int, Fill], plain: Mapping[int, Fill]) -> FillingRow:
    """Measure fills beside those of the baseline."""
    sums = Sums()
    for t in scene.frames:
        sums += counted(scene, t, made, plain)
    hidden = sum(int(scene.masks[t].sum()) for t in scene.frames)
    filled = sum(int(f.mask.sum()) for f in made.values())
    energy = sums.energy
    return FillingRow(
        name, scene.clip.name, scene.material, scene.holes.kind, len(scene.frames), hidden_frac(scene),
        filled / max(hidden, 1), sums.error.psnr, sums.error.psnr - sums.plain.psnr, sums.ssim.value,
        sums.flicker.value, sums.seam.value, measures.grain(energy), float(np.sqrt(energy.truth_over_ring)),
        sums.features.value, median(f.seconds for f in made.values()),
    )


def hidden_frac(scene: Scene) -> float:
    """Return the share of the judged frames that is hidden."""
    return float(np.mean([scene.masks[t].mean() for t in scene.frames]))


def counted(scene: Scene, t: int, made: Mapping[int, Fill], plain: Mapping[int, Fill]) -> Sums:
    """Count what there is to say of one frame, and of the step from it to the next."""
    fill, truth, pixels = made[t], scene.clip.pictures[t], scene.clip.pixels
    if not fill.mask.any():
        return Sums()
    ours, baseline, right = (scene.grey(p) for p in (fill.planes, plain[t].planes, truth))
    return Sums(
        errors(ours, right, fill.mask, 255.0), errors(baseline, right, fill.mask, 255.0),
        measures.mean_under(measures.ssim(ours, right), fill.mask),
        measures.seam(ours, right, fill.mask, scene.masks[t]),
        features(scene, t, fill), fine_energy(fill.planes, truth, fill.mask, pixels),
        step(scene, t, made, (ours, right)),
    )


def features(scene: Scene, t: int, fill: Fill) -> Ratio:
    """Compare how a fill and the truth look to a network.

    It takes long, so it looks at the frame in the middle alone, at the square that holds most of the damage.
    """
    if t != scene.middle:
        return Ratio()
    y, x = busiest(scene.masks[t], LOOK_PX)
    box = np.s_[y // 2 * 2 : y // 2 * 2 + LOOK_PX, x // 2 * 2 : x // 2 * 2 + LOOK_PX]
    ours, truth = (scene.rgb(planes)[box] for planes in (fill.planes, scene.clip.pictures[t]))
    return measures.look(ours, truth, fill.mask[box])


def step(scene: Scene, t: int, made: Mapping[int, Fill], here: tuple[Float, Float]) -> Ratio:
    """Compare how a fill and the truth change from frame t to the next, where that is in the same shot."""
    if t + 1 not in made or scene.clean.is_cut(t + 1):
        return Ratio()
    flow, seen = scene.motion(t)
    after = (scene.grey(made[t + 1].planes), scene.grey(scene.clip.pictures[t + 1]))
    return measures.flicker((here[0], after[0]), (here[1], after[1]), flow, made[t].mask & seen)


def missing(scene: Scene, name: str, note: str) -> FillingRow:
    """Return the row of somebody who is not there."""
    kind, frames = scene.holes.kind, len(scene.frames)
    return FillingRow(name, scene.clip.name, scene.material, kind, frames, hidden_frac(scene), note=note)


def busiest(mask: Bits, side_px: int) -> tuple[int, int]:
    """Return the upper left corner of the square of a side that holds most of a mask (H, W)."""
    sums = np.pad(mask.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    tall, wide = (min(side_px, n) for n in mask.shape)
    inside = sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide]
    best = np.argwhere(inside == inside.max())
    y, x = best[np.abs(best - best.mean(0)).sum(1).argmin()]
    return int(y), int(x)
