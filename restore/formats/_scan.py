"""Film scans, DPX and Cineon, in: what both have in common out, which is all but where their samples lie."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from restore.errors import SourceError
from restore.formats import Deed, content
from restore.formats._fields import Fields
from restore.frames import Changes
from restore.source import PixelFormat, Plane

HEAD_BYTES = 2048
"""No header that is read goes on for longer."""
NAME_BYTES = 100
"""Of the field of a header for the name of its file."""


class Scan(ABC):
    """One picture, a header that says where its samples lie, and a field in that header for the name of the file."""

    writes: ClassVar[bool] = True
    name_at: ClassVar[int]

    @abstractmethod
    def located(self, file: Path, head: bytes, size: int) -> tuple[Fields, PixelFormat]:
        """Return where samples lie in a file of `size` bytes that begins so, and what they are."""

    def arrange(self, files: Sequence[Path]) -> Sequence[Path] | None:
        """Leave the order to the names."""
        return None

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of the one picture."""
        data = content(file)
        return self.located(file, data[:HEAD_BYTES], len(data))[0].planes(data)

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Write a copy of `like` with other samples; its name is the one thing its header may have to say anew."""
        fields, _ = self.located(like, *beginning(like, HEAD_BYTES))
        shutil.copyfile(like, path)
        fields.splice(path, changed[0])
        rename(path, like, deed.name or path.name, self.name_at, NAME_BYTES)

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return nothing: everything is kept."""
        return ()


def beginning(file: Path, count: int) -> tuple[bytes, int]:
    """Return a file's first bytes and how many it has. Raises SourceError where it cannot be read."""
    try:
        with file.open("rb") as f:
            return f.read(count), file.stat().st_size
    except OSError as e:
        raise SourceError(f"{file}: cannot be read ({e.strerror}); check that it is still there") from e


def rename(path: Path, like: Path, name: str, at: int, most_bytes: int) -> None:
    """Write a name into the field of a header for it, unless it is the name the source has."""
    if name == like.name:
        return
    text = name.encode()[: most_bytes - 1].decode(errors="ignore").encode()
    with path.open("r+b") as file:
        file.seek(at)
        file.write(text.ljust(most_bytes, b"\0"))
