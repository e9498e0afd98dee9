"""Cache: a byte-bounded memory for pictures, proxies and flows; each is made once, the oldest goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")
PLAIN = frozenset({int, float, bool, str, type(None)})
"""Most of what parts remember is made of these; the long way round finds out the same."""


def size_bytes(value: Any) -> int:
    """Return the bytes of whatever has `nbytes`, is made of such things, or is small.

    What is counted too small is never let go, so everything parts remember has to be seen through.
    """
    if type(value) in PLAIN:
        return 256
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if isinstance(value, (tuple, list)):
        return sum(size_bytes(v) for v in value) + 64
    if isinstance(value, dict):
        return sum(size_bytes(v) for v in value.values()) + 64
    if is_dataclass(value):
        return sum(size_bytes(getattr(value, f.name)) for f in fields(value)) + 64
    return 256


class Cache:
    """A least-recently-used store that threads share; a value two threads want at once is made by one of them."""

    def __init__(self, max_bytes: int) -> None:
        """Hold at most `max_bytes`, but always the newest value."""
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.RLock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of `key`, making it if it is not held."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    return self._values[key][0]
            value = make()
            self.put(key, value)
            with self._lock:
                self._making.pop(key, None)
            return value

    def peek(self, key: Hashable) -> Any | None:
        """Return the value of `key` if it is held, else None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: Any) -> None:
        """Hold `value`, letting go of the least recently used."""
        with self._lock:
            if key in self._values:
                self.held_bytes -= self._values.pop(key)[1]
            size = size_bytes(value)
            self._values[key] = (value, size)
            self.held_bytes += size
            while self.held_bytes > self.max_bytes and len(self._values) > 1:
                _, (_, old) = self._values.popitem(last=False)
                self.held_bytes -= old
