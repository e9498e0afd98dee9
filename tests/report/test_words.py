from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.report.facts import Undecided
from restore.report.words import clock, likeliest, percent, size_of


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_share_is_never_rounded_to_nothing_or_to_all(part: int, more: int) -> None:
    said = percent(part / (part + more)).replace("\u00a0", " ")
    assert said not in ("100 %", "100.0 %", "0 %", "0.000 %", "0.00 %", "0.0 %") or part / (part + more) in (0.0, 1.0)


@given(st.floats(1e-5, 0.9994))
def test_a_share_is_right_to_its_last_digit(frac: float) -> None:
    number = percent(frac).split("\u00a0")[0]
    assert abs(float(number) - 100 * frac) <= 0.5001 * 10.0 ** -len(number.partition(".")[2])


@pytest.mark.parametrize(("frac", "said"), [
    (0, "0 %"), (1, "100 %"), (1e-9, "less than 0.001 %"), (0.99999, "more than 99.9 %"), (0.00012, "0.012 %"),
    (0.0034, "0.34 %"), (0.125, "12.5 %"),
])
def test_shares_read_well(frac: float, said: str) -> None:
    assert percent(frac).replace("\u00a0", " ") == said


def test_times_and_sizes_read_well() -> None:
    assert clock(Fraction(1001, 24000) * 90_000) == "1:02:33.750"
    assert size_of(999) == "999 bytes"
    assert size_of(1_234_567_890) == "1.2 GB (1,234,567,890 bytes)"


def test_every_detector_has_its_turn_among_the_likeliest() -> None:
    def find(layer: str, frame: int, confidence: float) -> Undecided:
        return Undecided(layer, frame, layer, (0, 0, 1, 1), 1, confidence, "")

    sure = [find("dirt", t, 0.8 + t / 1000) for t in range(50)]
    chosen = likeliest([*sure, *(find("scratch", t, 0.3) for t in range(3))], 10)
    assert [(u.layer, u.frame) for u in chosen] == [
        *(("dirt", t) for t in range(49, 42, -1)), ("scratch", 0), ("scratch", 1), ("scratch", 2)
    ]
    assert likeliest(sure, 100) == sure[::-1]
