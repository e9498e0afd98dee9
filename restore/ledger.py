"""What was done, from what, by what: one atomic JSON stamp a step. A stamp is both the provenance and the completion
marker: data without its stamp was never finished, and a step whose key matches its stamp is not done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from restore import __version__
from restore.errors import StoreError
from restore.span import Span

Stage = Literal["detect", "fill", "blend", "encode", "join", "bench", "tune"]
"""Stages of the work, and two that make nothing and are kept for the report: `lacuna bench reel` and `lacuna tune`."""


@dataclass(frozen=True)
class Stamp:
    """The record of one step."""

    stage: Stage
    span: tuple[int, int]
    key: str
    """Digest of everything the step depends on."""
    out: dict[str, str] = field(default_factory=dict)
    """Digest of what the step made, per frame (or per file for joins)."""
    parts: tuple[dict[str, Any], ...] = ()
    """Name, version and parameters of every part that had a say."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Counts and findings of the step: objects found, pixels by origin, frames that failed."""
    failed: str = ""
    """Why the step did not succeed; empty for a finished one."""
    started: str = ""
    seconds: float = 0.0
    host: str = ""
    code: str = ""
    """Version of this program and of the libraries that touch samples."""

    @property
    def name(self) -> str:
        """Return the step's name, as the graph and the files have it."""
        return step_name(self.stage, Span(*self.span))


def step_name(stage: str, span: Span) -> str:
    """Return "fill-000120-000144"."""
    return f"{stage}-{span}"


def key_of(*facts: Any) -> str:
    """Return the digest of facts that JSON can write."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def code_version() -> str:
    """Return this program's version with those of the libraries that touch samples."""
    from importlib.metadata import version

    libraries = " ".join(f"{n} {version(n)}" for n in ("numpy", "opencv-python-headless", "av", "zarr"))
    return f"lacuna {__version__} ({libraries})"


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class Ledger:
    """The stamps of a project, one file each in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open the ledger kept in `folder`, which must exist."""
        self.folder = folder

    def read(self, stage: str, span: Span) -> Stamp | None:
        """Return the stamp of a step, None where there is none."""
        return _load(self.folder / f"{step_name(stage, span)}.json")

    def write(self, stamp: Stamp) -> None:
        """Record a step, atomically."""
        host = stamp.host or platform.node()
        full = replace(stamp, host=host, code=stamp.code or code_version())
        write_atomic(self.folder / f"{stamp.name}.json", json.dumps(vars(full), sort_keys=True, separators=(",", ":")))

    def stamps(self, stages: Sequence[str] = ("detect", "fill", "blend", "encode", "join")) -> Iterator[Stamp]:
        """Yield the stamps of the given stages, stage by stage, in the film's order."""
        for stage in stages:
            for path in sorted(self.folder.glob(f"{stage}-*.json")):
                if stamp := _load(path):
                    yield stamp


def _load(path: Path) -> Stamp | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read ({error}). Delete it: its step will be done again.") from error
    return Stamp(**{**data, "span": tuple(data["span"]), "parts": tuple(data["parts"])})
