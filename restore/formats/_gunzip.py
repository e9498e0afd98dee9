"""A gzip file in, any part of what is packed in it out, without unpacking it from the start for each part."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

PIECE_BYTES = 1 << 20
BLOCK_BYTES = 16 << 20
HELD_BYTES, HELD_FILES = 128 << 20, 2
"""What is held of one file at most: enough for the last volume of most scans; a source and its copy are compared."""
WITH_HEADER = 31
"""zlib's number for gzip members (RFC 1952) with their header and their sums."""


class Unpacked:
    """The content of a gzip file, in blocks: those last asked for are held. Reading on does not begin again."""

    def __init__(self, path: Path) -> None:
        """Take a file; nothing is read of it yet."""
        self.path = path
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._stream: Iterator[bytes] = iter(())
        self._next = -1

    def read(self, start: int, count: int) -> bytes:
        """Return `count` bytes from `start`, fewer where the content ends. Raises zlib.error for what is damaged."""
        stop, out = start + count, []
        for number in range(start // BLOCK_BYTES, -(-stop // BLOCK_BYTES)):
            first = number * BLOCK_BYTES
            block = self._block(number)
            out.append(block[max(0, start - first) : stop - first])
            if len(block) < BLOCK_BYTES:
                break
        return b"".join(out)

    def _block(self, number: int) -> bytes:
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        if not 0 <= self._next <= number:
            self._stream, self._next = _blocks(self.path), 0
        block = b""
        while self._next <= number:
            block = next(self._stream, b"")
            self._hold(self._next, block)
            self._next += 1
        return block

    def _hold(self, number: int, block: bytes) -> None:
        self._blocks[number] = block
        while len(self._blocks) > HELD_BYTES // BLOCK_BYTES:
            self._blocks.popitem(last=False)


_held: OrderedDict[tuple[Path, tuple[int, int, int]], Unpacked] = OrderedDict()
_lock = threading.Lock()


def part(path: Path, start: int, count: int) -> bytes:
    """Return part of the content of a file; the last ones are held. Raises OSError or zlib.error."""
    with _lock:
        key = (path, stamp(path))
        held = _held.pop(key, None) or Unpacked(path)
        _held[key] = held
        while len(_held) > HELD_FILES:
            _held.popitem(last=False)
        return held.read(start, count)


def stamp(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is written anew."""
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the content of a gzip file. Raises zlib.error where it is damaged or ends early."""
    machine = zlib.decompressobj(WITH_HEADER)
    at = 0
    while True:
        with path.open("rb") as file:  # opened for each piece: whoever stops reading leaves nothing open
            file.seek(at)
            data = file.read(PIECE_BYTES)
        at += len(data)
        if not data:
            break
        while data:
            if machine.eof:
                if not data.strip(b"\0"):
                    break  # padding of tapes
                machine = zlib.decompressobj(WITH_HEADER)
            yield machine.decompress(data, BLOCK_BYTES)
            data = machine.unused_data if machine.eof else machine.unconsumed_tail
    if not machine.eof:
        raise zlib.error("the packed data ends early")


def _blocks(path: Path) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces(path):
        held += piece
        while len(held) >= BLOCK_BYTES:
            yield bytes(held[:BLOCK_BYTES])
            del held[:BLOCK_BYTES]
    if held:
        yield bytes(held)
