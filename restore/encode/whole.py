"""A path in, a temporary name beside it out: what is written there appears under the path whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from restore.errors import OutputError

FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file grew larger than the file system or the session's limit allows",
}
"""Failures that more room would cure; FFmpeg's errors carry the same numbers."""


def discard(path: Path) -> None:
    """Remove a file or a folder with everything in it; no error where it is not there or cannot be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a name beside `path` to write a file or folder to; at the end it takes the place of `path`.

    Whatever goes wrong, nothing is left behind and what was at `path` before is still there.
    Raises OutputError where the disk is full or the place cannot be written to.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        _settle(partial)
        _take_place(partial, path)
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        discard(partial)


def _settle(partial: Path) -> None:
    """Bring a file to the disk before it is renamed, so that a power cut cannot leave a hollow one."""
    if partial.is_file():
        handle = os.open(partial, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _take_place(partial: Path, path: Path) -> None:
    """Rename, first moving aside a folder that is in the way: a folder cannot be replaced in one step."""
    if not (partial.is_dir() and path.is_dir()):
        os.replace(partial, path)
        return
    old = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.old")
    os.replace(path, old)
    os.replace(partial, path)
    discard(old)


def _explained(error: OSError, path: Path) -> OutputError:
    """Turn a failed write into words a person can act on."""
    why = FULL.get(error.errno or 0)
    if why is not None:
        return OutputError(f"{path}: {why}; nothing was left behind. Free some room, or write to another disk, "
                           "and run again: finished steps are kept")
    return OutputError(f"{path}: cannot be written: {error}. Choose another place with -o")
