"""A DICOM file in, its data set out, or an error that names the reason; nothing of what it says is ever repeated.

Errors, warnings and logs of the library underneath quote what is written in a file, and that is patients' data: here
they are kept quiet, and of an error only its kind is told.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from restore.errors import RestoreError, SourceError
from restore.formats import AGAIN
from restore.formats._gunzip import stamp

MARK = b"DICM"
EXTRA = 'pip install "lacuna[medical]"'
_LOCK = threading.RLock()


@contextmanager
def library(file: Path, doing: str = "read", error: type[RestoreError] = SourceError) -> Iterator[Any]:
    """Give pydicom to work with, quietly, one thread at a time; what it throws becomes an error without its words."""
    try:
        import pydicom
    except ImportError:
        raise SourceError(f"{file}: DICOM is read with pydicom, which is not installed; {EXTRA}") from None
    log = logging.getLogger("pydicom")
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, log.disabled = log.disabled, True
        try:
            yield pydicom
        except (RestoreError, OSError):
            raise
        except Exception as e:  # a hostile file makes it throw almost anything, and messages quote the file
            what = type(e).__name__
            then = AGAIN if error is SourceError else "keep the source as it is"
            raise error(f"{file}: cannot be {doing}: it is damaged, or not as the standard has it ({what}); {then}"
                        ) from None
        finally:
            log.disabled = before


def opened(file: Path) -> Any:
    """Return a file's whole data set; not to be changed, for the last ones are held."""
    try:
        return _held(file, stamp(file))
    except OSError as e:
        raise SourceError(f"{file}: cannot be read ({e.strerror}); check that it is still there") from None


@lru_cache(2)
def _held(file: Path, stamp: tuple[int, int, int]) -> Any:
    return fresh(file)


def fresh(file: Path, error: type[RestoreError] = SourceError) -> Any:
    """Return a file's data set, one's own. Raises SourceError for what is none."""
    _require_mark(file)
    with library(file, "read", error) as pydicom:
        return pydicom.dcmread(file)


def glance(file: Path, tags: Sequence[str]) -> Any:
    """Return only some attributes of a file, without its pixels."""
    _require_mark(file)
    with library(file) as pydicom:
        return pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(tags))


def _require_mark(file: Path) -> None:
    try:
        with file.open("rb") as f:
            head = f.read(132)
    except OSError as e:
        raise SourceError(f"{file}: cannot be read ({e.strerror}); check that it is still there") from None
    if head[128:] != MARK:
        raise SourceError(f"{file}: not a DICOM file as the standard has it: the mark DICM at byte 128 is missing; "
                          "write it again with its file meta information (dcmconv does), or copy it again")


