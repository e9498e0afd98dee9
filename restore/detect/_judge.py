"""One thing that both neighbouring frames contradict in, the probability that it is dirt out.

Twelve measurements of the thing and of the ring around it are weighed by a logistic rule. Its weights were fitted on
real moving clips with synthetic dust, dirt, hairs and blotches, with and without grain; other stretches of film and
other seeds were used to measure it. The strongest witness is the ring: where the neighbours do not agree with each
other around the thing, the motion was not understood and nothing is to be believed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np

from restore.colour import Float
from restore.frames import Bits
from restore.source import Plane

NEAR_PX, FAR_PX = 2, 8
"""The ring lies between these distances from the thing."""
MEAN = (3.793, 1.162, 0.2543, 0.5019, 0.1934, 0.7115, 2.826, -0.595, 0.6832, 0.9225, 0.563, 0.04197)
SPREAD = (0.6562, 1.324, 0.2487, 0.7832, 0.2567, 0.2551, 1.009, 1.196, 1.042, 1.365, 0.2382, 1.842)
WEIGHT = (1.098, 0.4997, -0.6033, -1.058, -2.156, 1.579, -0.1377, -0.6383, -0.5532, -1.038, 0.3677, -1.12)
BIAS = -1.024


@dataclass(frozen=True)
class Evidence:
    """What is measured on one thing; levels are 8-bit levels."""

    peak: float
    """log of its strongest excess over both neighbours."""
    quiet: float
    """log of its contrast over how much the neighbours disagree in the ring."""
    alone: float
    """How strong other excesses in the ring are, as a share of the peak."""
    drawn: float
    """How much of its contrast the neighbours show too: the scene draws something there."""
    agree: float
    """How much the neighbours disagree inside it, as a share of the peak."""
    clear: float
    """Its excess over all that the neighbours show within a pixel, as a share of the peak."""
    area: float
    """log of its pixels."""
    steady: float
    """log of how unevenly the ring moves."""
    turn: float
    """log of how much its motion changes from before to after, pixels a frame."""
    plain: float
    """log of its contrast over the ring's own texture."""
    solid: float
    """Share of its box that it fills."""
    stir: float
    """log of how much else changes near it before and after, as a share of its area: what moves leaves its old place
    and takes a new one, dirt does not."""


NAMES = tuple(f.name for f in fields(Evidence))


@dataclass(frozen=True)
class Views:
    """Frame t and its neighbours seen from it, all (h, w) float32 over one box."""

    here: Float
    before: Float
    after: Float
    excess: Float
    """By how much `here` is beyond both, whichever side; negative in between."""
    clear: Float
    """The same against all that the neighbours show within a pixel."""
    motion_before: Float
    """(h, w, 2) pixels."""
    motion_after: Float


def disc(radius: int) -> Plane:
    """Return a disc (2r+1, 2r+1) uint8."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def ring_of(thing: Bits) -> tuple[Bits, Bits]:
    """Return (thing with its soft rim, ring around it)."""
    bits = thing.astype(np.uint8)
    near = cv2.dilate(bits, disc(NEAR_PX)) > 0
    return near, (cv2.dilate(bits, disc(FAR_PX)) > 0) & ~near


def measure(thing: Bits, views: Views, stir: float) -> Evidence:
    """Return the evidence on `thing` (h, w); the box must leave room for the ring."""
    near, ring = ring_of(thing)
    excess = views.excess[thing]
    peak = max(float(excess.max()), 1.0)
    core = thing & (views.excess > 0.5 * peak)
    gap, middle = np.abs(views.before - views.after), 0.5 * (views.before + views.after)
    around = views.here[ring]
    contrast = abs(float(views.here[core].mean()) - _median(around)) + 1
    drawn = abs(float(middle[core].mean()) - _median(middle[ring]))
    uneven = max(float(v[ring].std(0).max()) for v in (views.motion_before, views.motion_after))
    turn = float(np.hypot(*(views.motion_before + views.motion_after)[near].mean(0)))
    ys, xs = np.nonzero(thing)
    box_px = (np.ptp(ys) + 1) * (np.ptp(xs) + 1)
    return Evidence(
        peak=float(np.log(peak)),
        quiet=float(np.log(contrast / (_high(gap[ring], 0.9) + 3))),
        alone=float(np.clip(_high(views.excess[ring], 0.95) / peak, -0.2, 1.5)),
        drawn=min(drawn / contrast, 3.0),
        agree=min(float(gap[core].mean()) / peak, 2.0),
        clear=float(np.clip(views.clear[thing].max() / peak, -0.5, 1.0)),
        area=float(np.log(thing.sum())),
        steady=float(np.log(uneven + 0.1)),
        turn=float(np.log(turn + 0.3)),
        plain=float(np.log(contrast / (float(around.std()) + 2))),
        solid=float(thing.sum() / box_px),
        stir=float(np.log(min(stir, 20.0) + 0.1)),
    )


def _median(values: Float) -> float:
    return _high(values, 0.5)


def _high(values: Float, share: float) -> float:
    """Return the value that `share` of the values do not pass: a nearest rank, quicker than interpolating."""
    if not values.size:
        return 0.0
    at = int(share * (values.size - 1))
    return float(np.partition(values, at)[at])


def probability(evidence: Evidence) -> float:
    """Return how likely the thing is dirt, 0 to 1."""
    values = [getattr(evidence, name) for name in NAMES]
    z = sum(w * (x - m) / s for x, m, s, w in zip(values, MEAN, SPREAD, WEIGHT, strict=True)) + BIAS
    return float(1 / (1 + np.exp(-min(max(z, -30.0), 30.0))))
