from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.timing import STANDARD, exact_rate, simplest

MS = Fraction(1, 1000)
RATES = st.sampled_from(STANDARD)


def times(rate: Fraction, count: int, base: Fraction, start: int = 0, down: bool = False) -> list[int]:
    exact = [Fraction(i) / rate / base for i in range(start, start + count)]
    return [floor(t) if down else round(t) for t in exact]


@given(RATES, st.integers(2, 2000), st.booleans(), st.integers(0, 100_000))
def test_milliseconds_do_not_spoil_a_declared_rate(rate: Fraction, count: int, down: bool, start: int) -> None:
    assert exact_rate(times(rate, count, MS, start, down), MS, [rate]) == (rate, False)


@given(RATES, st.integers(200, 2000), st.booleans())
def test_a_rate_is_found_even_undeclared(rate: Fraction, count: int, down: bool) -> None:
    assert exact_rate(times(rate, count * 20, MS, 0, down), MS, []) == (rate, False)


@given(st.fractions(1, 200, max_denominator=1001), st.integers(2, 300))
def test_a_declared_rate_is_kept_however_odd(rate: Fraction, count: int) -> None:
    base = 1 / Fraction(rate.numerator)
    assert exact_rate(times(rate, count, base), base, [rate]) == (rate, False)


def test_a_rate_a_hair_from_the_standard_is_the_standard() -> None:
    declared = Fraction(2997, 125)  # 23.976 as a decimal
    assert exact_rate(times(Fraction(24000, 1001), 48, MS), MS, [declared]) == (Fraction(24000, 1001), False)


def test_24_and_23_976_are_told_apart() -> None:
    for rate in (Fraction(24), Fraction(24000, 1001)):
        assert exact_rate(times(rate, 100, MS), MS, [Fraction(24), Fraction(24000, 1001)])[0] == rate


@given(RATES, st.integers(10, 400), st.integers(1, 8))
def test_a_lost_frame_makes_the_rate_vary(rate: Fraction, count: int, at: int) -> None:
    kept = times(rate, count, MS)
    del kept[at]
    assert exact_rate(kept, MS, [rate])[1] is True


def test_a_lost_frame_is_seen_on_a_clock_of_whole_frames() -> None:
    assert exact_rate([0, 1, 2, 4, 5], Fraction(1, 25), [Fraction(25)])[1] is True
    assert exact_rate([3, 4, 5, 6], Fraction(1, 25), [Fraction(25)]) == (25, False)


def test_one_frame_has_the_rate_the_container_says() -> None:
    assert exact_rate([7], MS, [Fraction(18)]) == (18, False)
    assert exact_rate([7], MS, []) == (1, False)


def test_very_long_clocks_do_not_overflow() -> None:
    base = Fraction(1, 10**12)
    rate = Fraction(24000, 1001)
    assert exact_rate(times(rate, 50, base, 10**5), base, [rate]) == (rate, False)


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [("3.1", "3.2", "16/5"), ("3.14", "3.15", "22/7"), ("0.3", "0.4", "1/3"), ("2", "2", "2")],
)
def test_simplest_fraction(low: str, high: str, found: str) -> None:
    assert simplest(Fraction(low), Fraction(high)) == Fraction(found)
