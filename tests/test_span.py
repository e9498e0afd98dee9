import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.span import Span

spans = st.builds(lambda a, n: Span(a, a + n), st.integers(0, 500), st.integers(0, 200))


@given(spans, st.integers(1, 50))
def test_splitting_loses_nothing_and_keeps_to_the_grid(span: Span, length: int) -> None:
    pieces = span.split(length)
    assert [t for p in pieces for t in p] == list(span)
    assert all(p.start == span.start or p.start % length == 0 for p in pieces)
    assert all(len(p) <= length for p in pieces)


@given(spans, spans)
def test_touching_is_sharing_a_frame(a: Span, b: Span) -> None:
    assert a.touches(b) == bool(set(a) & set(b))
    assert set(a.meet(b)) == set(a) & set(b)


@given(spans, st.integers(0, 30))
def test_widening_stays_within(span: Span, halo: int) -> None:
    within = Span(max(0, span.start - 7), span.stop + 7)
    wide = span.widen(halo, within)
    assert set(span) <= set(wide) <= set(within)
    assert wide.start == max(within.start, span.start - halo)


def test_backwards_and_before_the_film_are_refused() -> None:
    for start, stop in ((5, 4), (-1, 3)):
        with pytest.raises(ValueError, match="start"):
            Span(start, stop)


def test_name() -> None:
    assert str(Span(120, 144)) == "000120-000144"
