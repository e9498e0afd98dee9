"""One call into FFmpeg in, the errors it logged meanwhile out; nothing is printed and nothing reaches Python's logging.

Some decoders hide damage: they leave part of the picture as it was in memory and say so only in the log.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import av.logging

_LOCK = threading.Lock()
_listeners = 0
_level_before: int | None = None


@dataclass
class Heard:
    """What was said while listening."""

    here: list[str] = field(default_factory=list)
    """Errors of this thread: with a single decoding thread, exactly those of the call."""
    anywhere: int = 0
    """Number of errors of any thread, other files' included: a reason to look closer, no proof."""


@contextmanager
def listening() -> Iterator[Heard]:
    """Collect FFmpeg's errors; the result is complete after the block, also when it raises."""
    heard = Heard()
    _open()
    before = av.logging.get_last_error()[0]
    try:
        # The second one takes what the codec's own threads say and keeps it off the terminal.
        with av.logging.Capture(local=False), av.logging.Capture() as lines:
            yield heard
    finally:
        heard.anywhere = av.logging.get_last_error()[0] - before
        heard.here += [text.strip() for level, _, text in lines if level <= av.logging.ERROR]
        _close()


def _open() -> None:
    global _listeners, _level_before
    with _LOCK:
        if not _listeners:
            _level_before = av.logging.get_level()
            av.logging.set_level(av.logging.ERROR)
            av.logging.set_skip_repeated(False)
        _listeners += 1


def _close() -> None:
    global _listeners
    with _LOCK:
        _listeners -= 1
        if not _listeners:
            av.logging.set_level(_level_before)
            av.logging.set_skip_repeated(True)
