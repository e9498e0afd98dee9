"""Clean clips, damage and the stages to be judged in, the quality table out. Knows no stage: they come as functions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import cv2
import numpy as np

from restore.compose import compose
from restore.frames import DONOR, Bits, Patch, Picture, support
from restore.measure.detection import Score, harm_frac, score
from restore.measure.quality import Energy, Errors, fine_energy, luma_errors
from restore.scenes.damage import Damage, Damaged
from restore.source import PixelFormat, Plane
from restore.window import Window

Restore = Callable[[Window, int], Patch]
"""A whole ladder and its blenders: fills `window.hidden(t)` of frame t."""
Detect = Callable[[Window, int], Bits]
"""All detectors together: the mask (H, W) of frame t."""
TELEA_RADIUS_PX = 3


class Wearing(Protocol):
    """Damage of any origin, with the truth about it: `scenes.damage.Damage`, `measure.overlays.Overlays`."""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the pictures it is meant for."""

    def apply(self, planes: tuple[Plane, ...], t: int, pixels: PixelFormat) -> Damaged:
        """Damage the planes of frame t; a pure function of t."""


@dataclass(frozen=True)
class Clip:
    """A clean clip in memory."""

    name: str
    pictures: Sequence[tuple[Plane, ...]]
    pixels: PixelFormat
    step_px: float | None = None
    """Median motion from one frame to the next in luma pixels, where it is known and need not be measured."""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        h, w = self.pictures[0][0].shape
        return h, w


@dataclass(frozen=True)
class FillRow:
    """How well true masks of one clip are filled, against cv2's Telea. Errors are pooled over all frames, in luma."""

    clip: str
    frames: int
    damaged_frac: float
    psnr: float
    """Inside the mask, dB."""
    psnr_telea: float
    fine: float
    """High-frequency energy of the fill over that of its surroundings."""
    fine_telea: float
    fine_truth: float
    """The same of the undamaged picture: what a perfect fill would reach."""
    donor_frac: float
    """Share of the filled pixels copied from another frame."""
    unfilled_frac: float
    """Share of the damaged pixels left as they are."""
    seconds_a_frame: float

    @property
    def gain(self) -> float:
        """DB above Telea."""
        return self.psnr - self.psnr_telea

    @property
    def fine_match(self) -> float:
        """High-frequency energy of the fill over that of what was lost, whatever the losses happened to lie on."""
        return self.fine / self.fine_truth


@dataclass(frozen=True)
class DetectRow:
    """How well the damage of one clip is found, and how much of it undamaged would be touched."""

    clip: str
    frames: int
    precision: float
    recall: float
    f1: float
    object_recall: float
    false_objects_a_frame: float
    harm_frac: float
    """Share of the undamaged clip's pixels that would be touched."""
    seconds_a_frame: float


def telea(planes: tuple[Plane, ...], mask: Bits, pixels: PixelFormat) -> tuple[Plane, ...]:
    """Fill every colour plane with cv2's Telea at radius 3, frame by frame, in 8 bit: what a plain script does.

    Samples outside the mask keep their depth.
    """
    down = 255.0 / pixels.peak
    out = list(planes)
    for p in range(pixels.colour_planes):
        where = support(mask, pixels, p)
        small = np.rint(planes[p].astype(np.float32) * np.float32(down)).astype(np.uint8)
        filled = cv2.inpaint(small, where.astype(np.uint8), TELEA_RADIUS_PX, cv2.INPAINT_TELEA)
        out[p] = np.where(where, np.rint(filled / down).astype(planes[p].dtype), planes[p])
    return tuple(out)


def damage_clip(clip: Clip, damage: Wearing) -> list[Damaged]:
    """Damage every frame of a clip."""
    return [damage.apply(planes, t, clip.pixels) for t, planes in enumerate(clip.pictures)]


def chosen(clip: Clip, frames: Sequence[int] | None) -> Sequence[int]:
    """Return the frames to judge: those asked for, or all."""
    return range(len(clip.pictures)) if frames is None else frames


def bench_fill(
    clip: Clip, damage: Wearing, restore: Restore, frames: Sequence[int] | None = None, filled_only: bool = False
) -> FillRow:
    """Damage a clip, give the true masks away, and compare what `restore` makes of them with Telea.

    With `filled_only` pixels that were left as they are count in `unfilled_frac` and in no error.
    """
    damaged = damage_clip(clip, damage)
    window = Window.of([d.planes for d in damaged], clip.pixels, [d.mask for d in damaged])
    ours, plain = Errors(), Errors()
    fine, fine_plain = Energy(), Energy()
    donors = filled = lost = hidden = 0
    seconds = 0.0
    for t in chosen(clip, frames):
        truth, hurt = clip.pictures[t], damaged[t]
        began = time.perf_counter()
        patch = restore(window, t)
        seconds += time.perf_counter() - began
        result = compose(Picture(t, hurt.planes), patch, clip.pixels).planes
        other = telea(hurt.planes, hurt.mask, clip.pixels)
        where = hurt.mask & patch.mask if filled_only else hurt.mask
        ours += luma_errors(result, truth, where, clip.pixels)
        plain += luma_errors(other, truth, where, clip.pixels)
        fine += fine_energy(result, truth, where, clip.pixels)
        fine_plain += fine_energy(other, truth, where, clip.pixels)
        hidden += int(hurt.mask.sum())
        donors += int((patch.origin[patch.mask] == DONOR).sum())
        filled += int(patch.mask.sum())
        lost += int((hurt.mask & ~patch.mask).sum())
    n = len(chosen(clip, frames))
    return FillRow(
        clip.name, n, hidden / (n * clip.size[0] * clip.size[1]), ours.psnr, plain.psnr,
        fine.over_ring, fine_plain.over_ring, fine.truth_over_ring,
        donors / max(filled, 1), lost / max(hidden, 1), seconds / n,
    )


def bench_detect(clip: Clip, damage: Wearing, detect: Detect, frames: Sequence[int] | None = None) -> DetectRow:
    """Damage a clip and compare what `detect` finds with the true masks; then see what it finds on the clean clip."""
    damaged = damage_clip(clip, damage)
    window = Window.of([d.planes for d in damaged], clip.pixels)
    clean = Window.of(clip.pictures, clip.pixels)
    total, harm, seconds = Score(), 0.0, 0.0
    for t in chosen(clip, frames):
        began = time.perf_counter()
        found = detect(window, t)
        seconds += time.perf_counter() - began
        total += score(found, damaged[t].mask)
        harm += harm_frac(detect(clean, t))
    n = total.frames
    return DetectRow(
        clip.name, n, total.precision, total.recall, total.f1, total.object_recall, total.false_objects_a_frame,
        harm / n, seconds / n,
    )


@dataclass(frozen=True)
class Verdict:
    """The quality table: one row a clip in each half."""

    fill: tuple[FillRow, ...]
    detect: tuple[DetectRow, ...]

    def __str__(self) -> str:
        """Write both halves for people."""
        return f"{table(self.fill)}\n\n{table(self.detect)}"


def judge(
    clips: Iterable[Clip], restore: Restore | None, detect: Detect | None, seed: int = 1, damaged_frac: float = 0.008,
    frames: Sequence[int] | None = None,
) -> Verdict:
    """Judge the stages on clips, one in memory at a time; what is None is left out. `frames` as in `bench_fill`."""
    filled, found = [], []
    for clip in clips:
        damage = Damage(seed, clip.size, film_frames=len(clip.pictures), damaged_frac=damaged_frac)
        if restore is not None:
            filled.append(bench_fill(clip, damage, restore, frames))
        if detect is not None:
            found.append(bench_detect(clip, damage, detect, frames))
    return Verdict(tuple(filled), tuple(found))


def mean_gain(rows: Sequence[FillRow]) -> float:
    """Return the gain over Telea in dB, averaged over clips."""
    return float(np.mean([r.gain for r in rows]))


HEADINGS = {
    "damaged_frac": "damaged %", "psnr": "PSNR dB", "psnr_telea": "Telea dB", "gain": "gain dB", "fine": "HF",
    "fine_telea": "HF Telea", "fine_truth": "HF truth", "fine_match": "HF/truth",
    "donor_frac": "donors %", "unfilled_frac": "unfilled %",
    "seconds_a_frame": "s/frame", "precision": "P", "recall": "R", "f1": "F1", "object_recall": "objects R",
    "false_objects_a_frame": "false/frame", "harm_frac": "harm %",
}
Row = FillRow | DetectRow


def columns(row: Row) -> tuple[str, ...]:
    """Return the names of a row's columns, in order; what is derived follows what it comes from."""
    names = [f.name for f in fields(row)]
    if isinstance(row, FillRow):
        names.insert(names.index("psnr_telea") + 1, "gain")
        names.insert(names.index("fine_truth") + 1, "fine_match")
    return tuple(names)


def cell(name: str, value: object) -> str:
    """Write one value for people: shares in per cent, three figures or so."""
    if not isinstance(value, float):
        return str(value)
    if name.endswith("_frac"):
        return f"{100 * value:.3f}"
    return f"{value:.2f}" if name in {"psnr", "psnr_telea", "gain", "false_objects_a_frame"} else f"{value:.3f}"


def table(rows: Sequence[Row]) -> str:
    """Write rows of one kind as a Markdown table, the mean of the figures last."""
    if not rows:
        return ""
    names = columns(rows[0])
    lines = [[cell(n, getattr(r, n)) for n in names] for r in rows]
    lines.append([mean_cell(n, rows) for n in names])
    head = [HEADINGS.get(n, n) for n in names]
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(names))]
    rule = ["-" * w for w in widths]
    padded = ([c.ljust(w) for c, w in zip(line, widths, strict=True)] for line in [head, rule, *lines])
    return "\n".join("| " + " | ".join(line) + " |" for line in padded)


def mean_cell(name: str, rows: Sequence[Row]) -> str:
    """Write the mean of a column, or what stands in its place."""
    values = [getattr(r, name) for r in rows]
    if name == "clip":
        return "mean"
    return str(sum(values)) if name == "frames" else cell(name, float(np.mean(values)))
