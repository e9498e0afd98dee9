"""A seed and a plan in, lessons in their order out: each round is made ahead by other processes while one is learnt.

Which lessons a step sees follows from the seed alone, not from how fast they are made: the same plan gives the same
weights on the same machine, also when it was stopped in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

Samples = tuple[npt.NDArray[np.float16], npt.NDArray[np.uint8]]
"""(n, channels, h, w) what is seen, (n, h, w) what it is."""
MakeLesson = Callable[[int], tuple[npt.NDArray[np.float16], npt.NDArray[np.uint8]]]
"""A seed to one sample, without its leading axis."""
AHEAD = 2
"""Rounds that are being made while one is learnt."""


@dataclass(frozen=True)
class Course:
    """How lessons are dealt out."""

    seed: int = 1
    rounds: int = 160
    lessons: int = 96
    """New lessons a round."""
    kept_rounds: int = 12
    """Rounds that are remembered: each lesson is seen in so many."""
    steps: int = 48
    """Batches a round."""
    batch: int = 8

    def seeds(self, n: int) -> range:
        """Return the seeds of a round's lessons: far from those of other courses."""
        return range(self.seed * 10**6 + n * self.lessons, self.seed * 10**6 + (n + 1) * self.lessons)


def _made(make: MakeLesson, seeds: range) -> Samples:
    made = [make(seed) for seed in seeds]
    return np.stack([a for a, _ in made]), np.stack([b for _, b in made])


def rounds(course: Course, make: MakeLesson, first: int, workers: int) -> Iterator[tuple[int, list[Samples]]]:
    """Yield (number, the samples of it and of the rounds before it that are remembered) from round `first` on.

    `workers` processes make lessons ahead; with 0 they are made here, when they are wanted.
    """
    start = max(0, first - course.kept_rounds + 1)
    kept: deque[Samples] = deque(maxlen=course.kept_rounds)
    for n, fresh in enumerate(_fresh(course, make, start, workers), start):
        kept.append(fresh)
        if n >= first:
            yield n, list(kept)


def _fresh(course: Course, make: MakeLesson, start: int, workers: int) -> Iterator[Samples]:
    """Yield the new samples of each round from `start` on."""
    if not workers:
        yield from (_made(make, course.seeds(n)) for n in range(start, course.rounds))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        ahead: deque[Future[Samples]] = deque()
        try:
            for n in range(start, course.rounds):
                while n + len(ahead) < min(n + 1 + AHEAD * workers, course.rounds):
                    ahead.append(pool.submit(_made, make, course.seeds(n + len(ahead))))
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def batches(course: Course, n: int, kept: list[Samples]) -> Iterator[Samples]:
    """Yield the batches of round n, drawn from all that is remembered, the newest more often; some are flipped."""
    rng = np.random.default_rng((course.seed, n))
    sizes = [len(a) for a, _ in kept]
    for _ in range(course.steps):
        of = rng.integers(0, len(kept), course.batch)
        picked = [(kept[k][0][i], kept[k][1][i]) for k in of for i in [int(rng.integers(0, sizes[k]))]]
        out = []
        for seen, what in picked:
            turn = (slice(None, None, int(rng.choice((-1, 1)))), slice(None, None, int(rng.choice((-1, 1)))))
            out.append((seen[(slice(None), *turn)], what[turn]))
        yield np.stack([a for a, _ in out]), np.stack([b for _, b in out])
