from __future__ import annotations

import numpy as np
import pytest

from restore.train.course import Course, batches, rounds

TINY = Course(seed=3, rounds=5, lessons=4, kept_rounds=2, steps=3, batch=4)


def make(seed):
    return np.full((1, 2, 2), seed % 1000, np.float16), np.full((2, 2), seed % 251, np.uint8)


def dealt(first=0, course=TINY, workers=0):
    return {
        n: [(a.copy(), b.copy()) for a, b in batches(course, n, kept)]
        for n, kept in rounds(course, make, first, workers)
    }


def test_no_lesson_is_made_twice_and_courses_share_none():
    seeds = [s for n in range(TINY.rounds) for s in TINY.seeds(n)]
    assert len(set(seeds)) == TINY.rounds * TINY.lessons
    assert not set(seeds) & set(Course(seed=4).seeds(0))


@pytest.mark.parametrize("first", [1, 3, 4])
def test_what_a_round_deals_out_does_not_depend_on_where_one_began(first):
    whole, later = dealt(), dealt(first)
    assert sorted(later) == list(range(first, TINY.rounds))
    for n, given in later.items():
        for (a, b), (c, d) in zip(given, whole[n], strict=True):
            np.testing.assert_array_equal(a, c)
            np.testing.assert_array_equal(b, d)


def test_only_so_many_rounds_are_remembered():
    for n, kept in rounds(TINY, make, 0, 0):
        assert len(kept) == min(n + 1, TINY.kept_rounds)
        assert kept[-1][0][0].max() == TINY.seeds(n)[0] % 1000


def test_seen_and_what_it_is_are_flipped_together():
    def slanted(seed):
        picture = np.arange(16, dtype=np.uint8).reshape(4, 4)
        return picture[None].astype(np.float16), picture

    course = Course(seed=1, rounds=1, lessons=3, steps=8, batch=4)
    for n, kept in rounds(course, slanted, 0, 0):
        turned = set()
        for seen, what in batches(course, n, kept):
            np.testing.assert_array_equal(seen[:, 0], what)
            turned |= {int(w[0, 0]) for w in what}
        assert turned == {0, 3, 12, 15}
