"""A picture file in, what it holds, its samples, and a copy of it with other samples out. One file a kind: add yours.

Each file holds a `FORMAT`. Reading and writing of a kind live together, because both know where its samples lie: a copy
is the source's own bytes with nothing but the changed samples' words overwritten, wherever the kind allows that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import ClassVar, Protocol, cast

from restore.errors import OutputError, SourceError
from restore.frames import Changes
from restore.source import PixelFormat, Plane

HEAD_BYTES = 512
"""How much of a file is looked at to tell its kind where its name does not."""
AGAIN = "copy it again from its source"


@dataclass(frozen=True)
class Header:
    """What one picture of a file holds."""

    size: tuple[int, int]
    """(H, W)."""
    pixels: PixelFormat
    codec: str
    notes: tuple[str, ...] = ()
    rate: Fraction | None = None
    """Frames a second, where the picture says so."""
    alone: bool = False
    """Whether it has nothing to do with the picture before it in the file, unless a person says both are frames."""
    place: float | None = None
    """Where along its volume a slice lies, in any unit; None for what is no slice."""


@dataclass(frozen=True)
class Deed:
    """What was done to a whole source, as far as its files have to tell. The same deed gives the same bytes."""

    program: str = "Lacuna"
    version: str = ""
    recipe: str = ""
    """The recipe's name."""
    invented: bool = False
    """Whether any pixel was made up and not copied from another picture of the source."""
    key: str = ""
    """A digest of the source and of all that was done to it: what new identifiers are drawn from."""
    name: str = ""
    """The name the file is going to have, where it is written under another first."""


class Format(Protocol):
    """A kind of picture file. Everything raises SourceError for what is damaged or of a layout it does not know."""

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    """Endings of file names in lower case, with their dot."""
    writes: ClassVar[bool]
    """Whether changed copies can be written; of the others the restored picture becomes a PNG."""

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is one of these."""

    def arrange(self, files: Sequence[Path]) -> Sequence[Path] | None:
        """Return a sequence's files in the order their contents give; None where the numbers in their names do."""

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the header of each picture in a file, in order."""

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of a picture: grey, or G, B, R, alpha last; each (H, W) in code values, C order."""

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Write a copy of `like` to `path` in which only the changed samples of the given pictures differ.

        Raises OutputError where that cannot be done.
        """

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return notes on what a changed copy of a file cannot keep. Raises OutputError where none can be made."""


class Maker(Protocol):
    """A kind of picture file that can be made of nothing but samples."""

    def make(self, path: Path, planes: tuple[Plane, ...], pixels: PixelFormat) -> None:
        """Write a picture that says no more than its samples."""


class Medical(Protocol):
    """A kind that shows patients: it is changed only for a person who says that nobody will be judged by it."""

    medical: ClassVar[bool]


class Together(Protocol):
    """A kind of which a sequence's files name one another: where one of them changes, all are written anew.

    `write` is then called for the others too, with nothing changed.
    """

    together: ClassVar[bool]


@lru_cache
def known() -> tuple[Format, ...]:
    """Return every format there is, by name."""
    names = sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))
    return tuple(import_module(f"{__name__}.{name}").FORMAT for name in names)


@lru_cache
def suffixes() -> Mapping[str, Format]:
    """Return formats by the endings of file names."""
    return {ending: format_ for format_ in known() for ending in format_.suffixes}


def suffix(path: Path) -> str:
    """Return the ending of a name that says which kind of picture it is, in lower case; "" where none does."""
    name = path.name.lower()
    return max((s for s in suffixes() if name.endswith(s)), key=len, default="")


def of(file: Path) -> Format | None:
    """Return the format of a file: by its name, or by its first bytes where the name has no ending. None for others."""
    ending = suffix(file)
    if ending:
        return suffixes()[ending]
    if file.suffix and not file.suffix[1:].isdigit():
        return None  # named as something else; numbers are part of names such as 1.2.840.113619
    try:
        with file.open("rb") as f:
            head = f.read(HEAD_BYTES)
    except OSError:
        return None
    return next((f for f in known() if f.claims(head)), None)


def required(file: Path) -> Format:
    """Return the format of a file. Raises SourceError where it is none that is known."""
    found = of(file)
    if found is None:
        raise SourceError(f"{file}: not a picture of a kind that is read; needed: {', '.join(suffixes())}")
    return found


def maker(path: Path) -> Maker:
    """Return who makes pictures of nothing but samples under that name. Raises OutputError where nobody does."""
    found = suffixes().get(suffix(path))
    if found is None or not hasattr(found, "make"):
        able = ", ".join(s for s, f in suffixes().items() if hasattr(f, "make"))
        raise OutputError(f"{path}: such a file can be copied with changes but not made anew; choose {able}")
    return cast(Maker, found)


def is_medical(files: Sequence[str | Path]) -> bool:
    """Tell whether any of a sequence's files is of a kind that shows patients (`Medical`)."""
    kinds = {of(Path(f)) for f in dict.fromkeys(files)}
    return any(getattr(kind, "medical", False) for kind in kinds)


def go_together(file: Path) -> bool:
    """Tell whether a file is of a kind of which all are written anew where one is (`Together`)."""
    return bool(getattr(of(file), "together", False))


def content(file: Path) -> bytes:
    """Return a file's bytes. Raises SourceError where there are none to be had."""
    try:
        data = file.read_bytes()
    except OSError as e:
        raise SourceError(f"{file}: cannot be read ({e.strerror}); check that it is still there") from e
    if not data:
        raise SourceError(f"{file}: the file is empty (0 bytes); {AGAIN}")
    return data
