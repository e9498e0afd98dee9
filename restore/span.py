"""Span: a half-open range of frames [start, stop), and the arithmetic of cutting time into pieces."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """Frames start, start + 1, ... stop - 1, counted from 0."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        """Refuse spans that begin before the film or end before they begin."""
        if not 0 <= self.start <= self.stop:
            raise ValueError(f"a span needs 0 <= start <= stop, not [{self.start}, {self.stop})")

    def __len__(self) -> int:
        """Count the frames."""
        return self.stop - self.start

    def __iter__(self) -> Iterator[int]:
        """Walk the frame numbers in order."""
        return iter(range(self.start, self.stop))

    def __contains__(self, frame: object) -> bool:
        """Tell whether a frame number lies in the span."""
        return isinstance(frame, int) and self.start <= frame < self.stop

    def __str__(self) -> str:
        """Write the span as step names do: 000120-000144."""
        return f"{self.start:06d}-{self.stop:06d}"

    def widen(self, halo: int, within: Span) -> Span:
        """Grow by `halo` frames on both sides, without leaving `within`."""
        return Span(max(within.start, self.start - halo), min(within.stop, self.stop + halo))

    def touches(self, other: Span) -> bool:
        """Tell whether the two spans share a frame."""
        return self.start < other.stop and other.start < self.stop

    def meet(self, other: Span) -> Span:
        """Return the frames both spans hold; empty at `self.start` where they share none."""
        start, stop = max(self.start, other.start), min(self.stop, other.stop)
        return Span(start, stop) if start < stop else Span(self.start, self.start)

    def split(self, length: int) -> tuple[Span, ...]:
        """Cut on the film's own grid of multiples of `length`, so that equal lengths give equal cuts."""
        edges = [self.start, *range((self.start // length + 1) * length, self.stop, length), self.stop]
        return tuple(Span(a, b) for a, b in itertools.pairwise(edges) if a < b)
