"""Sizes, ranges, rates and durations: what people write, and what they must not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.written import amount, counted, duration, frame_range, frame_rate, size_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [("8G", 8 << 30), ("1500M", 1500 << 20), ("1.5GiB", 3 << 29), ("64kb", 64 << 10), ("2t", 2 << 40), ("1000", 1000)],
)
def test_sizes(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "lots", "G", "8X", "8 G M", "nanG", "infG", "1.5", "-3", "-8G", "0"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="write 8G or 1500M"):
        size_bytes(text)


@given(first=st.integers(0, 10**6), stop=st.integers(0, 10**6))
def test_ranges(first: int, stop: int) -> None:
    assert frame_range(f"{first}:{stop}") == (first, stop)


@pytest.mark.parametrize("text", ["", "9", ":3", "3:", "1:2:3", "a:b", "1.5:2"])
def test_no_ranges(text: str) -> None:
    with pytest.raises(ValueError, match="write 100:250 for frames 100 to 249"):
        frame_range(text)


@pytest.mark.parametrize(
    ("text", "rate"), [("24", Fraction(24)), ("24000/1001", Fraction(24000, 1001)), ("16.67", Fraction(1667, 100))]
)
def test_rates_are_exact(text: str, rate: Fraction) -> None:
    assert frame_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-24", "24/0", "pal", "inf", "nan"])
def test_no_rates(text: str) -> None:
    with pytest.raises(ValueError, match="write 24 or 24000/1001"):
        frame_rate(text)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (89, "89 s"), (90, "2 min"), (600, "10 min"), (9000, "2.5 h")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"), [(5, "0.1 MB"), (12_340_000, "12.3 MB"), (999_900_000, "999.9 MB"), (10**9, "1.00 GB")]
)
def test_amounts(size: int, words: str) -> None:
    assert amount(size) == words


def test_counts() -> None:
    assert [counted(n, "frame") for n in (0, 1, 2, 1200)] == ["0 frames", "1 frame", "2 frames", "1,200 frames"]
    assert [counted(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]
