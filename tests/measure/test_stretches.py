"""Stretches of a film: spread over it, within shots, never over a frame at fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from restore.errors import SourceError
from restore.frames import Picture
from restore.measure.stretches import sections, stretches
from restore.source import Source
from restore.span import Span
from tests.report.projects import source_of

SIZE = (48, 64)


class Film:
    """A decoder of a film that cuts to another picture at some frames, and has some at fault."""

    def __init__(self, frames: int, cuts: tuple[int, ...] = (), faults: tuple[int, ...] = ()) -> None:
        self.source: Source = replace(source_of(frames), size=SIZE)
        self.cuts, self.faults, self.decoded_frames = cuts, faults, 0

    def read(self, frame: int) -> list[Picture]:
        shot = sum(c <= frame for c in self.cuts)
        rng = np.random.default_rng(shot)
        luma = np.kron(rng.integers(20, 230, (6, 8)), np.ones((8, 8))).astype(np.uint8)
        grey = np.full((24, 32), 128, np.uint8)
        return [Picture(frame, (luma, grey, grey), "bad" if frame in self.faults else "")]

    def close(self) -> None:
        pass


def found(film: Film, wanted: int, length: int, least: int = 3) -> list[tuple[int, int]]:
    return [(s.start, s.start + len(s.pictures)) for s in stretches(film, wanted, length, least)]


def test_a_short_film_is_divided_into_fewer_sections() -> None:
    assert sections(Span(0, 100), 4, 10) == [Span(0, 25), Span(25, 50), Span(50, 75), Span(75, 100)]
    assert sections(Span(0, 25), 4, 10) == [Span(0, 12), Span(12, 25)]
    assert sections(Span(0, 5), 4, 10) == [Span(0, 5)]


def test_stretches_lie_in_the_middle_of_their_sections() -> None:
    assert found(Film(80), 2, 10) == [(15, 25), (55, 65)]


def test_a_stretch_begins_at_the_cut_that_would_divide_it() -> None:
    assert found(Film(60, cuts=(29,)), 1, 12) == [(29, 41)]


def test_the_part_before_the_middle_is_looked_at_where_the_rest_is_short() -> None:
    # From the middle on, no shot has more than six frames.
    cuts = (30, 36, 42, 48, 54)
    (start, stop), = found(Film(60, cuts), 1, 20)
    assert (stop - start, stop <= 30) == (20, True)


def test_without_a_whole_stretch_the_longest_is_taken() -> None:
    assert found(Film(30, cuts=(7, 16, 23)), 1, 14) == [(7, 16)]


def test_a_frame_at_fault_ends_a_stretch() -> None:
    assert found(Film(40, faults=(17,)), 1, 10) == [(18, 28)]


def test_too_short_a_film_says_what_was_found_and_what_is_needed() -> None:
    with pytest.raises(SourceError, match=r"8 frames.*without a cut or a fault has 8; needed: 9 in a row"):
        found(Film(8), 2, 30, 9)
    with pytest.raises(SourceError, match=r"longest stretch .* has 6"):
        found(Film(12, cuts=(6,)), 1, 12, 9)
