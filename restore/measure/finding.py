"""A clip, damage and detectors in, what each of them finds of it out: pixels, objects, lengths, thresholds and harm.

A detector is anything with `detect(window, t)`. All of them look at the same frames through the same window, so motion
is measured once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from restore.colour import Float
from restore.detect import Detection
from restore.frames import Bits
from restore.measure import detection
from restore.measure.bench import Clip, Wearing, damage_clip
from restore.measure.curve import Curve, curve
from restore.measure.detection import SCRATCH, TRANSIENT, Labels, Recalls, Score
from restore.measure.findings import Camera, Finding
from restore.measure.lines import Length, length
from restore.scenes.wear import WIDTH_2K_PX
from restore.window import Window

MOVING_2K_PX = 0.5
"""From so much motion a frame on, in pixels of a 2K picture, a shot counts as moving: over the eight frames a scratch
is asked about it leaves its place by its own width."""
LEAST_CERTAIN = 0.05
"""Detectors with a `certainty` are run once at this one, and their objects' confidence is what the curve is made of."""


@dataclass(frozen=True)
class Candidate:
    """What is judged: one detector, or several together under a name."""

    name: str
    detectors: tuple[Any, ...]
    """Each satisfies `detect.Detector`; `detect.Scored` where it can say how sure it is of each pixel."""


@dataclass(frozen=True)
class Seen:
    """What a candidate says about one frame."""

    mask: Bits
    """(H, W)."""
    lines: Bits
    """(H, W): the part of the mask said to be line scratches."""
    rest: Bits
    """(H, W): the part said to be anything else. Each claim is judged by what it claims."""
    strength: Float | None = None
    """(H, W) 0 for none; None where no threshold can be moved."""
    finds: str = ""
    """What the strengths are those of: "scratch" or "dirt"; empty where there are none."""


@dataclass(frozen=True)
class Tally:
    """All counts of one candidate, of one or many frames."""

    everything: Score
    transient: Score
    scratches: Length
    classes: Recalls
    curve: Curve | None
    """Of transient damage."""
    line_curve: Curve | None
    """Of line scratches."""
    finds: str
    """As in `Seen`."""
    says_lines: bool
    says_else: bool
    """Whether anything was said to be a line scratch, and whether anything else was found."""

    def __add__(self, other: Tally) -> Tally:
        """Join two counts."""
        return Tally(
            self.everything + other.everything, self.transient + other.transient, self.scratches + other.scratches,
            self.classes + other.classes, both(self.curve, other.curve), both(self.line_curve, other.line_curve),
            self.finds, self.says_lines or other.says_lines, self.says_else or other.says_else,
        )

    @property
    def only_lines(self) -> bool:
        """Whether it finds line scratches and nothing else: then its threshold is judged by those."""
        return self.finds == "scratch" or (not self.finds and self.says_lines and not self.says_else)


@dataclass(frozen=True)
class Verdict:
    """What came of one candidate on one clip."""

    row: Finding
    tally: Tally


def both(a: Curve | None, b: Curve | None) -> Curve | None:
    """Join two curves; None where one of them is missing, for then it would be of some frames only."""
    return a + b if a is not None and b is not None else None


def judge(
    clip: Clip, damage: Wearing, candidates: Sequence[Candidate], frames: Sequence[int]
) -> list[Verdict]:
    """Damage a clip, compare what each candidate finds on `frames` with the truth, and see what it finds undamaged."""
    damaged = damage_clip(clip, damage)
    window, clean = Window.of([d.planes for d in damaged], clip.pixels), Window.of(clip.pictures, clip.pixels)
    totals: list[Tally | None] = [None] * len(candidates)
    harm = np.zeros(len(candidates))
    for t in frames:
        for i, candidate in enumerate(candidates):
            counted = tally(look(candidate, window, t), damaged[t].labels)
            before = totals[i]
            totals[i] = counted if before is None else before + counted
            harm[i] += detection.harm_frac(union(candidate, clean, t))
    camera = camera_of(clip, clean, frames)
    return [
        Verdict(row(c.name, clip.name, camera, total, harm[i] / len(frames)), total)
        for i, (c, total) in enumerate(zip(candidates, totals, strict=True)) if total is not None
    ]


def camera_of(clip: Clip, clean: Window, frames: Sequence[int]) -> Camera:
    """Tell whether a clip's picture moves: the median over the frame of the motion to the next one, then over frames.

    Of the known motion where a clip has one, else of the measured; pairs with a cut between them do not count.
    """
    step = clip.step_px if clip.step_px is not None else measured_px(clean, frames)
    return "moving" if step * WIDTH_2K_PX / clip.size[1] >= MOVING_2K_PX else "static"


def measured_px(window: Window, frames: Sequence[int]) -> float:
    """Return the median motion between frames in luma pixels."""
    steps = []
    for t in frames:
        if t + 1 in window.film and not window.is_cut(t + 1):
            flow = window.flow(t, t + 1)
            steps.append(flow.scale * float(np.median(np.hypot(flow.vectors[..., 0], flow.vectors[..., 1]))))
    return float(np.median(steps)) if steps else 0.0


def union(candidate: Candidate, window: Window, t: int) -> Bits:
    """Return the mask (H, W) of all its detectors together."""
    mask = np.zeros(window.size, bool)
    for detector in candidate.detectors:
        mask |= detector.detect(window, t).mask
    return mask


def look(candidate: Candidate, window: Window, t: int) -> Seen:
    """Return what a candidate says about frame t.

    Where several detectors work together and just one of them finds dirt by a threshold, that one is moved and the
    others stand as they are; where all find scratches, just one may have a threshold.
    """
    lines, rest, fixed = (np.zeros(window.size, bool) for _ in range(3))
    moved: dict[str, list[Float]] = {"dirt": [], "scratch": []}
    for detector in candidate.detectors:
        found = detector.detect(window, t)
        said = said_lines(found)
        lines |= said
        rest |= found.mask & ~said
        strength = strength_of(detector, window, t)
        if strength is None:
            fixed |= found.mask & ~said
        else:
            moved[getattr(detector, "finds", "dirt")].append(strength)
    finds = "dirt" if moved["dirt"] else "scratch"
    if len(moved[finds]) != 1:
        return Seen(lines | rest, lines, rest)
    return Seen(lines | rest, lines, rest, np.where(fixed, np.float32(np.inf), moved[finds][0]), finds)


def said_lines(found: Detection) -> Bits:
    """Return the part of a mask (H, W) said to be scratches: what lies in their boxes, or all where all are such."""
    sure = [thing for thing in found.objects if thing.status == "confirmed"]
    if sure and all(thing.kind == "scratch" for thing in sure):
        return found.mask
    out = np.zeros(found.mask.shape, bool)
    for y0, x0, y1, x1 in (thing.box for thing in sure if thing.kind == "scratch"):
        out[y0:y1, x0:x1] |= found.mask[y0:y1, x0:x1]
    return out


def strength_of(detector: Any, window: Window, t: int) -> Float | None:
    """Return how sure a detector is of each pixel (H, W), 0 for none; None where it cannot tell.

    A detector offers `score` (`detect.Scored`), or has a `certainty`: then it is asked again with hardly any, and each
    pixel of its mask has the confidence of the object it belongs to.
    """
    if hasattr(detector, "score"):
        return np.asarray(detector.score(window, t), np.float32)
    if not hasattr(detector, "certainty"):
        return None
    found = replace(detector, certainty=LEAST_CERTAIN).detect(window, t)
    out = np.zeros(window.size, np.float32)
    for thing in found.objects:
        if thing.status == "confirmed":
            y0, x0, y1, x1 = thing.box
            here = out[y0:y1, x0:x1]
            np.maximum(here, np.float32(thing.confidence) * found.mask[y0:y1, x0:x1], out=here)
    return out


def tally(seen: Seen, labels: Labels) -> Tally:
    """Compare what was seen on a frame with its labels (H, W)."""
    scratch_curve = dirt_curve = None
    if seen.strength is not None:
        dirt_curve = curve_of(seen.strength, labels, np.isin(labels, TRANSIENT))
        scratch_curve = curve_of(seen.strength, labels, labels == SCRATCH)
    return Tally(
        detection.score(seen.mask, labels > 0), detection.score_transient(seen.rest, labels),
        length(seen.mask, seen.lines, labels), detection.recalls(seen.mask, labels), dirt_curve, scratch_curve,
        seen.finds, bool(seen.lines.any()), bool(seen.rest.any()),
    )


def curve_of(strength: Float, labels: Labels, truth: Bits) -> Curve:
    """Compare strengths with one sort of damage (all (H, W)); other damage is neither right nor wrong to find."""
    return curve(np.where(detection.beside(labels, truth), np.float32(0), strength), truth)


def row(part: str, clip: str, camera: Camera, total: Tally, harm: float) -> Finding:
    """Write the counts of a clip as figures."""
    none, pixels, dirt, share = float("nan"), total.everything, total.transient, total.classes.of
    known, lines = (None, total.line_curve) if total.only_lines else (total.curve, None)
    return Finding(
        part, clip, camera, pixels.frames, pixels.precision, pixels.recall, pixels.f1,
        dirt.precision, dirt.recall, dirt.f1, known.best_f1 if known else none,
        known.average_precision if known else none, dirt.object_recall,
        pixels.false_objects_a_frame, pixels.false_objects_a_2k_frame,
        total.scratches.recall, total.scratches.precision, lines.average_precision if lines else none,
        share("dust"), share("dirt"), share("short_hair"), share("long_hair"), share("blotch"), share("dead_pixel"),
        share("stain"), harm,
    )
