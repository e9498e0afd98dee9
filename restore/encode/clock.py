"""A source and a container in, the exact time of every frame in the container's own unit out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import gcd

from restore.errors import OutputError
from restore.source import Source

MATROSKA_UNIT = Fraction(1, 1000)
"""FFmpeg's Matroska writer counts milliseconds and offers no other unit."""
LARGEST_SCALE = 2**31 - 1
"""QuickTime's time scale is a 32-bit number (ISO/IEC 14496-12, mvhd)."""


@dataclass(frozen=True)
class Clock:
    """When each frame is shown."""

    unit: Fraction
    """Seconds a tick."""
    ticks: tuple[int, ...]
    """One a frame, rising."""
    frame_ticks: int
    """How long a frame lasts that has none after it."""
    exact: bool
    """Whether the ticks are the source's times, or a rounding of them."""

    def at(self, index: int) -> int:
        """Return the tick of a frame; before the first, where decoding times of reordered codecs lie, it goes on."""
        return self.ticks[index] if index >= 0 else self.ticks[0] + index * max(1, self.frame_ticks)

    def duration(self, index: int) -> int:
        """Return the ticks a frame lasts."""
        return self.ticks[index + 1] - self.ticks[index] if index + 1 < len(self.ticks) else self.frame_ticks

    def seconds(self, index: int) -> Fraction:
        """Return the time of a frame."""
        return self.at(index) * self.unit


def clock(source: Source, container: str) -> Clock:
    """Return the times of the source's frames in the unit of a container ("matroska", "mov" or "mp4").

    Raises OutputError where two frames would fall on one tick.
    """
    if container == "matroska":
        return _counted(source, MATROSKA_UNIT, [Fraction(p) * source.time_base for p in source.pts])
    start = source.pts[0] * source.time_base
    if source.variable_rate:
        return _counted(source, source.time_base, [Fraction(p) * source.time_base for p in source.pts])
    unit = _common_unit(1 / source.rate, start)
    if unit.denominator > LARGEST_SCALE:
        unit = source.time_base
    return _counted(source, unit, [start + i / source.rate for i in range(source.frames)])


def _counted(source: Source, unit: Fraction, times: list[Fraction]) -> Clock:
    """Count times in units."""
    ticks = tuple(round(t / unit) for t in times)
    for i, (a, b) in enumerate(pairwise(ticks)):
        if b <= a:
            raise OutputError(f"{source.path}: frames {i} and {i + 1} are closer than {float(unit):.6f} s, the unit of "
                              "the container asked for; write .mov instead, or a folder")
    exact = all(tick * unit == t for tick, t in zip(ticks, times, strict=True))
    steps = [b - a for a, b in pairwise(ticks)]
    last = min(steps) if source.variable_rate and steps else round(1 / source.rate / unit)
    return Clock(unit, ticks, max(1, last), exact)


def _common_unit(a: Fraction, b: Fraction) -> Fraction:
    """Return the largest unit of which both times are whole multiples."""
    if not b:
        return a
    return Fraction(gcd(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator)
