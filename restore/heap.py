"""Nothing in, this process's memory settings out: freed memory is kept for the next frame instead of being given back.

Every stage makes and drops arrays of some megabytes for each frame. Left alone, the C library takes each from the
system and gives it back, and the system clears every page of it: a fifth of the time of a fill. Threads with heaps of
their own would each hold what only one of them needs.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import platform
from functools import cache
from pathlib import Path

NEVER, ALWAYS_BYTES = -1, 1 << 30
ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(ALWAYS_BYTES), "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
}
"""The same for processes that are yet to be started."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Names of glibc's settings (mallopt(3))."""
OBJECTS = 20_000
"""New objects between two looks for cycles: frames make few, and each look goes over all that was imported."""


@cache
def settle() -> None:
    """Set this process up for arrays that come and go. Elsewhere than on glibc, not at all.

    To be called before anything starts a thread: heaps that threads have already would stay, and grow.

    Changes how fast a run is and what it holds, never what comes out.
    """
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 50)
    if platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None)
            for name, value in ((M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, ALWAYS_BYTES), (M_TRIM_THRESHOLD, NEVER)):
                libc.mallopt(name, value)


def give_back(above_bytes: int) -> None:
    """Give freed memory back to the system if this process holds more than so many bytes.

    What is kept for the next frame is scattered, and over a long film the pieces between grow; a run would slowly come
    to hold more than its plan says.
    """
    if above_bytes and held_bytes() > above_bytes and platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def held_bytes() -> int:
    """Return how much memory this process holds; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
