"""A lesson's seed in, everything that befell its film out: dirt and scratches on the film, dirt in the machines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from restore.scenes import wear
from restore.scenes.dropouts import draw_dropouts
from restore.scenes.lasting import DEAD_FRAC, Lasting, draw_dead_pixels, draw_hair, draw_stain, laid
from restore.scenes.particles import draw_particles
from restore.scenes.scratches import Scratch, draw_scratch, render
from restore.scenes.shapes import Rng, Stamp

CLEAN = 0.12
"""Share of lessons without any damage: they teach restraint."""
EXTREME = 0.1
SEVERITY = (1.2, 3.0)
"""Beta distribution of the severity of the others."""
FRACTION = (0.0006, 0.035)
"""Damaged share of the picture: at no severity, and what full severity adds (it grows with the square)."""
ACCENT = 0.7
"""Shape of the gamma distribution each kind's count is multiplied by: a film has its own sort of dirt."""
SCRATCHED = (0.3, 1.8)
"""Mean scratches in sight: at no severity, and what full severity adds."""
TAPES = 0.05
"""Share of lessons that came by a worn tape."""
LASTING_SHARES = {"dead_pixel": 0.10, "stain": 0.14, "gate": 0.07}


@dataclass(frozen=True)
class Mishaps:
    """What befalls the film of one lesson."""

    seed: int
    severity: float
    dark: bool
    wanted: tuple[tuple[wear.Kind, float], ...]
    scratches: tuple[Scratch, ...]
    lasting: tuple[Lasting, ...]
    frame_px: tuple[int, int]
    top_px: int
    """First row of the whole picture that is seen."""
    dropouts: float = 0.0
    """Mean number a frame."""

    def on_film(self, k: int, size: tuple[int, int], grey: bool) -> list[Stamp]:
        """Return what lies on film frame k, lowest first; on a black-and-white stock nothing has a colour."""
        whole = (self.top_px, max(self.frame_px[0], self.top_px + size[0]))
        lines = (render(s, k, size, whole) for s in self.scratches if s.start <= k < s.stop)
        found = [s for s in lines if s is not None]
        found += draw_particles((self.seed, 62), k, size, self.wanted, self.dark, self.frame_px[1])
        return [replace(s, tone=(sum(s.tone) / 3,) * 3) for s in found] if grey else found

    def on_screen(self, t: int, size: tuple[int, int]) -> list[Stamp]:
        """Return what lies on video frame t and does not move with the film, lowest first."""
        found = laid(self.lasting, t)
        if self.dropouts:
            found += draw_dropouts((self.seed, 65), t, self.dropouts, size, self.frame_px[1])
        return found


def draw_mishaps(
    seed: int, size: tuple[int, int], frame_px: tuple[int, int], frames: int, severity: float | None
) -> Mishaps:
    """Draw what befalls a lesson's film; `severity` None draws that too. The size is that of the film in the gate."""
    rng = np.random.default_rng((seed, 60))
    drawn = draw_severity(rng)
    severity = drawn if severity is None else severity
    dark, top = bool(rng.random() < wear.DARK_CLIPS), int(rng.integers(0, max(frame_px[0] - size[0], 0) + 1))
    if not severity:
        return Mishaps(seed, 0.0, dark, (), (), (), frame_px, top)
    wanted = draw_wanted(size, frame_px[1], severity, rng)
    count = int(rng.poisson(SCRATCHED[0] + SCRATCHED[1] * severity))
    scratches = tuple(draw_scratch((seed, 61, i), frames, size, dark, frame_px[1]) for i in range(count))
    tape = float(rng.gamma(1.0, 4 * severity)) * size[0] * size[1] / 192**2 if rng.random() < TAPES else 0.0
    lasting = draw_lasting(seed, size, frame_px, frames)
    return Mishaps(seed, severity, dark, wanted, scratches, lasting, frame_px, top, tape)


def draw_severity(rng: Rng) -> float:
    """Draw how bad it is: 0 for no damage at all."""
    sort, usual, extreme = rng.random(), float(rng.beta(*SEVERITY)), float(rng.uniform(0.7, 1))
    return 0.0 if sort < CLEAN else extreme if sort < CLEAN + EXTREME else usual


def draw_wanted(
    size: tuple[int, int], whole_px: int, severity: float, rng: Rng
) -> tuple[tuple[wear.Kind, float], ...]:
    """Draw the mean count of each kind of particle, so that together they cover what the severity asks for."""
    scale = wear.scale_of(whole_px)
    counts = [(k.count[0] + k.count[1] * severity) * float(rng.gamma(ACCENT, 1 / ACCENT)) for k in wear.PARTICLES]
    areas = [k.mean_area(scale) for k in wear.PARTICLES]
    covered = sum(n * a for n, a in zip(counts, areas, strict=True))
    aim = (FRACTION[0] + FRACTION[1] * severity**2) * size[0] * size[1] / max(covered, 1e-6)
    return tuple((k, n * aim) for k, n in zip(wear.PARTICLES, counts, strict=True))


def draw_lasting(seed: int, size: tuple[int, int], frame_px: tuple[int, int], frames: int) -> tuple[Lasting, ...]:
    """Draw what stays on the screen."""
    rng = np.random.default_rng((seed, 63))
    chance = {name: bool(rng.random() < share) for name, share in LASTING_SHARES.items()}
    drawn: list[Lasting] = []
    if chance["stain"]:
        scale = wear.scale_of(frame_px[1])
        drawn += [draw_stain(size, frames, scale, rng) for _ in range(int(rng.integers(1, 4)))]
    if chance["gate"]:
        drawn.append(draw_hair((seed, 64), size, frames, frame_px[1]))
    if chance["dead_pixel"]:
        drawn += draw_dead_pixels(1 + int(rng.poisson(2 + DEAD_FRAC * size[0] * size[1])), size, frames, rng)
    return tuple(drawn)
