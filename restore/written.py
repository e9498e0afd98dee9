"""Text as people write it in, values out, and back again: sizes, ranges of frames, rates, durations.

What cannot be read raises ValueError with a sentence that says how to write it.
"""

from __future__ import annotations

from fractions import Fraction

UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def size_bytes(text: str) -> int:
    """Read bytes: 8G, 1500M, 1.5GiB, or a bare number."""
    number = text.strip().lower().removesuffix("b").removesuffix("i")
    try:
        size = int(float(number[:-1]) * UNITS[number[-1]]) if number[-1:] in UNITS else int(number)
    except (ValueError, OverflowError):
        size = 0
    if size <= 0:
        raise ValueError(f"{text!r} is not a size; write 8G or 1500M.")
    return size


def frame_range(text: str) -> tuple[int, int]:
    """Read a half-open range of frames, 100:250, as (first, one past the last)."""
    try:
        first, stop = (int(piece) for piece in text.split(":"))
    except ValueError:
        raise ValueError(f"{text!r} is not a range of frames; write 100:250 for frames 100 to 249.") from None
    return first, stop


def frame_rate(text: str) -> Fraction:
    """Read frames a second, exactly: 24, 24000/1001; 16.67 is taken literally."""
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate <= 0:
        raise ValueError(f"{text!r} is not a frame rate; write 24 or 24000/1001.")
    return rate


def amount(size_bytes: int) -> str:
    """Write bytes of a disk as people do, in units of a thousand: 0.1 MB at least, 12.3 MB, 45.67 GB."""
    return f"{size_bytes / 1e9:,.2f} GB" if size_bytes >= 1e9 else f"{max(size_bytes, 1e5) / 1e6:,.1f} MB"


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number of things: 1 frame, 1,204 frames."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Write seconds as people do: 40 s, 12 min, 3.5 h."""
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
