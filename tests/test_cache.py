import contextlib
import threading
import time
from dataclasses import dataclass

import numpy as np

from restore.cache import Cache


def test_old_values_make_room_for_new_ones() -> None:
    cache = Cache(3000)
    for k in range(5):
        cache.put(k, np.zeros(1000, np.uint8))
    assert cache.held_bytes <= 3000
    assert cache.peek(0) is None
    assert cache.peek(4) is not None


def test_what_was_used_lately_stays() -> None:
    cache = Cache(3000)
    for k in range(3):
        cache.put(k, np.zeros(1000, np.uint8))
    cache.peek(0)
    cache.put(3, np.zeros(1000, np.uint8))
    assert cache.peek(0) is not None
    assert cache.peek(1) is None


def test_two_threads_make_a_value_once() -> None:
    cache, made = Cache(1 << 20), []

    def make() -> int:
        made.append(1)
        time.sleep(0.05)
        return 7

    threads = [threading.Thread(target=lambda: cache.get("k", make)) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert made == [1]


def test_a_value_that_could_not_be_made_is_tried_again() -> None:
    cache, tries = Cache(1 << 20), []

    def make() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return 3

    with contextlib.suppress(ValueError):
        cache.get("k", make)
    assert cache.get("k", make) == 3


def test_the_newest_value_is_held_however_large() -> None:
    cache = Cache(10)
    cache.put("k", np.zeros(1000, np.uint8))
    assert cache.peek("k") is not None


@dataclass(frozen=True)
class Lines:
    sheet: np.ndarray
    pieces: tuple[np.ndarray, ...]
    by_name: dict[str, np.ndarray]


def test_arrays_are_counted_wherever_they_are_kept() -> None:
    kilo = np.zeros(1000, np.uint8)
    cache = Cache(10_000)
    for k in range(20):
        cache.put(k, Lines(kilo, (kilo, kilo), {"a": kilo}))
    assert cache.peek(0) is None
    assert 8000 <= cache.held_bytes <= 10_000
