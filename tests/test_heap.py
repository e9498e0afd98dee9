"""The settings of a process's memory, tried in a process of its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource
from restore import heap
{settle}
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
for _ in range(20):
    room = libc.malloc(40 << 20)
    ctypes.memset(room, 1, 40 << 20)
    libc.free(room)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def faults(settle: str) -> int:
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(settle=settle)], capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")
def test_memory_that_comes_and_goes_is_not_given_back() -> None:
    assert 4 * faults("heap.settle()") < faults("")


KEPT = """
from restore import heap
heap.settle()
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
rooms = [libc.malloc(1 << 20) for _ in range(200)]
for room in rooms:
    ctypes.memset(room, 1, 1 << 20)
for room in rooms[:-1]:  # the last one stays above them all
    libc.free(room)
before = heap.held_bytes()
heap.give_back(1 << 40)
same = heap.held_bytes()
heap.give_back(1)
print(before, same, heap.held_bytes())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")
def test_memory_is_given_back_above_a_limit_only() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, check=True)
    before, same, after = map(int, done.stdout.split())
    assert same > before - (10 << 20)
    assert after < before - (150 << 20)
