"""Presentation times in, the exact rate behind them out, or the verdict that there is none.

Containers round times to their own tick (Matroska: a millisecond), so 24000/1001 looks like 42, 41, 42 ... A rate is
behind the times when every one of them is within that rounding; it is then exact for the whole film.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

import numpy as np

STANDARD = tuple(
    Fraction(r)
    for r in (
        "24000/1001", "24", "25", "30000/1001", "30", "16", "18", "50/3", "20", "22", "12", "15", "10",
        "48000/1001", "48", "50", "60000/1001", "60", "100", "120000/1001", "120",
    )
)
"""Rates of film and television, the commonest first."""
NEAR = Fraction(1, 20_000)
"""A declared rate this close to a standard one is the standard one: the nearest pair of those, 24 and 23.976, is
twenty times further apart."""

LEAST_RATE, MOST_RATE = 4.0, 1000.0
"""What a header may say and be believed."""
COARSE_TICKS = 4
"""With fewer ticks a frame than this, rounding explains too much: lost frames would pass for a slower rate."""


def exact_rate(pts: Sequence[int], time_base: Fraction, declared: Sequence[Fraction]) -> tuple[Fraction, bool]:
    """Return (frames a second, whether the rate varies).

    `pts` rise and count units of `time_base` seconds; `declared` are the container's own answers, the best first.
    With a varying rate the number is the mean over the film.
    """
    declared = [r for r in declared if r > 0]
    if len(pts) < 2:
        return (next(iter(declared), Fraction(1)), False)
    times = np.asarray(pts, np.int64) - pts[0]
    for rate in [s for d in declared for s in (*_near(d), d)]:
        if _explains(times, time_base, rate):
            return rate, False
    step = Fraction(int(times[-1]), len(pts) - 1)
    mean = 1 / (step * time_base)
    for rate in _undeclared(step, mean, time_base, len(pts)):
        if _explains(times, time_base, rate):
            return rate, False
    return mean.limit_denominator(1001), True


def told_rate(rate: float) -> Fraction | None:
    """Return the rate (frames a second) that a header's rounded number means; None where it can mean none."""
    if not LEAST_RATE <= rate <= MOST_RATE:  # fields nobody filled in hold NaN, 0 or anything at all
        return None
    exact = Fraction(rate)
    return next(iter(_near(exact)), exact.limit_denominator(1001))


def sequence_rate(
    told: Sequence[Fraction | None], given: Fraction | None, notes: tuple[str, ...], broken: bool
) -> tuple[Fraction, tuple[str, ...]]:
    """Return a sequence's rate (frames a second), the one given, the one all its pictures tell, or 24; and its notes.

    `told` is what each picture says; a `broken` sequence is pictures that have nothing to do with each other.
    """
    if broken:
        return Fraction(1), (*notes, f"its {len(told)} pages are taken for pictures that have nothing to do with each "
                             "other; if they are frames of a film, give its --rate")
    if len(told) == 1:
        return given or Fraction(1), notes
    one = told[0] if len(set(told)) == 1 else None
    if given is not None:
        says = one is not None and one != given
        return given, (*notes, *([f"the pictures say {one} frames a second; {given} was asked for"] if says else []))
    if one is not None:
        return one, notes
    disagree = "the pictures disagree on their rate" if any(told) else "the sequence does not say its rate"
    return Fraction(24), (*notes, f"{disagree}: 24 frames a second is assumed; give it with --rate")


def _undeclared(step: Fraction, mean: Fraction, time_base: Fraction, count: int) -> list[Fraction]:
    """Return rates that may lie behind a mean step of so many ticks, the likeliest first."""
    if step < COARSE_TICKS:
        return [mean] if step.denominator == 1 else []
    slack = Fraction(1, count - 1)
    slowest, fastest = 1 / ((step + slack) * time_base), 1 / ((step - slack) * time_base)
    between = [s for s in STANDARD if slowest <= s <= fastest]
    return [*sorted(between, key=lambda s: abs(s - mean)), mean, simplest(slowest, fastest)]


def _near(rate: Fraction) -> list[Fraction]:
    return [s for s in STANDARD if abs(s - rate) <= s * NEAR]


def _explains(times: np.ndarray[tuple[int], np.dtype[np.int64]], time_base: Fraction, rate: Fraction) -> bool:
    """Tell whether times are multiples of 1/rate, each rounded to a tick, up or down or to the nearest."""
    period = 1 / (rate * time_base)
    top, bottom = period.numerator, period.denominator
    if (int(times[-1]) + 1) * bottom >= 1 << 62 or len(times) * top >= 1 << 62:
        errors = [int(t) * bottom - i * top for i, t in enumerate(times)]
        spread = max(errors) - min(errors)
    else:
        offsets = times * bottom - np.arange(len(times)) * top
        spread = int(offsets.max() - offsets.min())
    # Where a tick is a good part of a frame, rounding cannot excuse a whole one: that would be a lost frame.
    return spread <= (bottom if period >= COARSE_TICKS else bottom - 1)


def simplest(low: Fraction, high: Fraction) -> Fraction:
    """Return the fraction with the smallest denominator in [low, high] (a walk down the Stern-Brocot tree)."""
    whole = floor(low)
    if ceil(low) <= high:
        return Fraction(ceil(low))
    rest = simplest(1 / (high - whole), 1 / (low - whole))
    return whole + 1 / rest
