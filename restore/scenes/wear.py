"""Nothing in, the statistics of film damage out: how many, how large, how opaque. The one place to tune them.

Areas of dust, dirt and hair are log-normal fits to 12,135 hand-annotated artefacts on ten scans of blank 35 mm film
(Ivanova et al., Computer Graphics Forum 2023, annotations MIT), brought from 7.05 to 12.2 micrometres a pixel: what a
2K scan of a four-perforation cine frame sees. Counts are negative binomial with the dispersion of those scans.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot
from statistics import NormalDist

WIDTH_2K_PX = 2048
"""The picture width the lengths and areas below are meant for; others are scaled with their width (`scale_of`)."""
NARROW = 0.8
"""Power of the width that lengths follow: smaller pictures come from narrower film, on which dust is larger."""
FRAME_2K_PX = 2048 * 1556
"""The area the counts below are meant for."""


@dataclass(frozen=True)
class Kind:
    """One kind of particle: lies on one frame and is gone on the next."""

    name: str
    label: int
    """Its value in a label map; 1 to 5 as in the annotations."""
    count: tuple[float, float]
    """Mean number a 2K frame: at no severity, and what full severity adds."""
    area_px: float
    """Median visible area at 2K."""
    area_spread: float
    """Standard deviation of the logarithm of the area."""
    floor_px: float
    """Smallest area at 2K."""
    ceiling_px: float
    """Largest area at 2K."""
    width_px: tuple[float, float] = (0.0, 0.0)
    """Width of a hair at 2K, lowest and highest; unused by others."""

    def area(self, z: float, scale: float) -> float:
        """Return the visible area in pixels at `scale` of the particle z standard deviations larger than the median."""
        area = min(max(self.area_px * exp(self.area_spread * z), self.floor_px), self.ceiling_px)
        return hypot(area * scale**2, SMALLEST_PX)

    def mean_area(self, scale: float) -> float:
        """Return the mean visible area in pixels."""
        normal = NormalDist()
        return sum(self.area(normal.inv_cdf((i + 0.5) / 100), scale) for i in range(100)) / 100


PARTICLES = (
    #     name          label  count          area   spread floor ceiling width
    Kind("dust",        1, (4.0, 92.0),      19.0,  0.45,   6.0,    90.0),
    Kind("dirt",        2, (1.0, 28.0),      40.0,  0.60,  10.0,   400.0),
    Kind("short_hair",  3, (0.4, 9.0),       92.0,  0.71,  20.0,   600.0, (1.4, 3.2)),
    Kind("long_hair",   4, (0.05, 1.0),     308.0,  0.56, 100.0,  1400.0, (1.6, 3.2)),
    Kind("blotch",      6, (0.1, 2.0),      400.0,  1.40,  60.0,  9000.0),
)
SCRATCH_LABEL = 5
KINDS = ("dust", "dirt", "short_hair", "long_hair", "blotch", "scratch", "gate_hair")
LABELS = {k.name: k.label for k in PARTICLES} | {"scratch": SCRATCH_LABEL, "gate_hair": 4}
LASTING = {"dead_pixel": 7, "stain": 8, "gate": 9}
"""Labels of what stays where it is on the screen while the film runs; `gate` is a gate hair told from loose ones."""
EXTRA_KINDS = ("dead_pixel", "stain")
"""Kinds that `Damage` draws only where they are asked for."""
DROPOUT_LABEL = 10
STILL_LABELS = {"crack": 11, "fold": 12}
"""Labels of what befalls prints and paper only; their dust, hairs, scratches and stains have the labels above."""

DISPERSION = 3.0
"""k of the negative binomial of counts: the smaller, the more one frame differs from the next."""
CLUSTERING = 0.8
"""Spread of the logarithm of the density of dirt from place to place (it comes in clouds)."""
CLUSTER_CELLS = (6, 8)

DARK_CLIPS = 0.75
"""Share of clips whose damage is mostly dark (dirt on a print); in the others it sparkles (dirt on the negative)."""
DOMINANT = 0.8
"""Share of a clip's particles that have its dominant polarity."""
DARK_TONE, BRIGHT_TONE = (0.01, 0.22), (0.82, 1.0)
OPACITY = (6.0, 1.5)
"""Beta distribution of the opacity in a particle's core."""
EDGE_PX = (0.5, 1.5)
"""Softness of a particle's edge, in picture pixels: the lens, not the dirt, makes it."""
LENS_PX = 0.45
"""Standard deviation of the blur that everything lying on the film has seen, in picture pixels."""
ELONGATION = 0.35
"""Spread of the logarithm of a particle's aspect."""
SMALLEST_PX = 3.0
"""What the lens makes of the smallest point: no particle is smaller on the picture at hand."""

BLOTCH_RAGGED = (0.4, 1.2)
"""How far noise moves a blotch's outline: from a drop to a cloud with satellites."""
BLOTCH_OPACITY = (0.3, 1.0)
EMULSION_LOSS = 0.4
"""Share of blotches with a bright core and a dark rim: the emulsion has come off."""

HAIR_KINKS = 1.2
"""Mean number of sharp bends in a hair."""
HAIR_BEND = 2.2
"""Standard deviation of a hair's heading, in radians, over its length, kinks left out."""

GATE_EVERY_FRAMES = 400.0
"""At full severity a hair sticks in the gate once in so many frames."""
GATE_LIFE_FRAMES = (5, 200)
GATE_LENGTH_PX = (60.0, 200.0)
GATE_JITTER_PX = 1.0

SCRATCHES_ALIVE = 2.25
"""Mean number of scratches on a frame at full severity."""
SCRATCH_LIFE_FRAMES = 40.0
SCRATCH_WANDER_PX = (0.3, 3.0)
SCRATCH_WANDER_FRAMES = 6.0
"""Correlation time of the Ornstein-Uhlenbeck wander."""
SCRATCH_DRIFT_PX = 0.4
"""Standard deviation of the steady drift, in pixels a frame; half the scratches have none."""
SCRATCH_TILT_DEG = 0.7
SCRATCH_WIDTH_PX = (1.0, 7.0)
SCRATCH_WIDE = 0.05
"""Share of scratches twice as wide as drawn."""
SCRATCH_AMPLITUDE = (8 / 255, 120 / 255)
SCRATCH_OPAQUE = 0.4
SCRATCH_BROKEN = 0.6
SCRATCH_RUN = (1 / 3, 1 / 10)
"""Mean length of a run and of a gap, in picture heights."""
SCRATCH_INTERMITTENT = 0.2
SCRATCH_INTERMITTENT_ON = 0.6
SCRATCH_RAGGED = 0.12
"""How far its edge strays along its length, in widths."""
SCRATCH_TINTED = 0.35
"""Share of scratches that are not neutral on colour film: green or yellow where the emulsion is cut."""
SCRATCH_TINTS = ((0.75, 1.0, 0.65), (1.0, 0.95, 0.55), (0.65, 0.88, 1.0))
"""Amplitude of a tinted scratch in red, green and blue."""

FAINTEST = 2.0
"""A change of this many 8-bit levels or less is no damage; nor is one below the grain."""
SHOWS = 1.15
"""Share of a particle's nominal area that shows as damage on an average picture (measured)."""


def scale_of(width_px: int) -> float:
    """Return what lengths given for 2K are multiplied by on a picture of this width."""
    return float((width_px / WIDTH_2K_PX) ** NARROW)
