"""Picture files in (one, a folder, a glob, a printf pattern), their order out; what is in them, `formats` knows."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from restore import formats
from restore.errors import SourceError
from restore.source import PixelFormat, Plane

PRINTF = re.compile(r"%(?:0?(\d+))?d")


# Which files


def is_sequence(path: str | Path) -> bool:
    """Tell whether a path names pictures and not a video file."""
    file = Path(path)
    if file.is_dir() or formats.of(file) is not None:
        return True
    return not file.exists() and given_as(path) in ("printf pattern", "glob")


def given_as(path: str | Path) -> str:
    """Return in which way a path names pictures."""
    if Path(path).is_dir():
        return "folder"
    if Path(path).exists():
        return "file"
    if PRINTF.search(str(path)):
        return "printf pattern"
    return "glob" if glob.has_magic(str(path)) else "file"


def members(path: str | Path) -> list[Path]:
    """Return the picture files a path names, in the order their contents give, or the numbers in their names.

    Raises SourceError where there are none, where kinds are mixed, or where a number is missing.
    """
    how = given_as(path)
    found = {f: kind for f in sorted(_candidates(str(path), how), key=natural) if (kind := formats.of(f)) is not None}
    if not found and how == "file":
        raise SourceError(f"{path}: no such file; check the path")
    if not found:
        raise SourceError(f"{path}: no pictures in this {how}; needed: {', '.join(formats.suffixes())}; check the path")
    kinds: dict[str, Path] = {}
    for f, kind in found.items():
        kinds.setdefault(kind.name, f)
    if len(kinds) > 1:
        named = ", ".join(f"{kind} ({f.name} ...)" for kind, f in kinds.items())
        raise SourceError(f"{path}: pictures of several kinds in one {how}: {named}; keep one kind in it")
    files = list(found)
    arranged = found[files[0]].arrange(files)
    if arranged is not None:
        return list(arranged)
    if len(files) > 1:
        _require_unbroken(str(path), files)
    return files


def _candidates(path: str, how: str) -> list[Path]:
    if how == "folder":
        return [f for f in Path(path).iterdir() if f.is_file() and not f.name.startswith(".")]
    if how == "file":
        return [Path(path)] if Path(path).is_file() else []
    if how == "glob":
        return [Path(f) for f in glob.glob(path) if Path(f).is_file()]
    return list(_printf(Path(path)))


def _printf(pattern: Path) -> Iterator[Path]:
    name = PRINTF.search(pattern.name)
    if not name or not pattern.parent.is_dir():
        return
    width = int(name[1] or 0)
    before, after = pattern.name[: name.start()], pattern.name[name.end() :]
    wanted = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    for file in pattern.parent.iterdir():
        number = wanted.fullmatch(file.name)
        if number and number[1] == f"{int(number[1]):0{width}d}":
            yield file


def natural(file: Path) -> list[tuple[int, int, str]]:
    """Return a sort key under which frame 9 comes before frame 10."""
    parts = re.split(r"(\d+)", file.name)
    return [(1, int(p), p) if i % 2 else (0, 0, p) for i, p in enumerate(parts)]


def _require_unbroken(path: str, files: list[Path]) -> None:
    """Refuse a sequence whose running number (the last in the names that changes) leaves numbers out."""
    numbers = [[int(n) for n in re.findall(r"\d+", f.stem)] for f in files]
    shapes = {re.sub(r"\d+", "#", f.stem) for f in files}
    if len(shapes) > 1 or not numbers[0]:
        named = ", ".join(f.name for f in files[:3])
        raise SourceError(
            f"{path}: the pictures are not one numbered sequence ({named} ...); needed: names that differ in one "
            "running number. Give a glob or a pattern such as frame_%06d.png"
        )
    changing = [k for k, column in enumerate(zip(*numbers, strict=True)) if len(set(column)) > 1]
    if len(changing) != 1:
        raise SourceError(
            f"{path}: the pictures' names differ in {len(changing)} numbers ({files[0].name} ... {files[-1].name}); "
            "needed: one running number, each once"
        )
    running = [n[changing[0]] for n in numbers]
    for (a, b), file in zip(pairwise(running), files[1:], strict=True):
        if b != a + 1:
            missing = f"{a + 1}" if b == a + 2 else f"{a + 1} to {b - 1}"
            what = f"number {missing} is missing before {file.name}" if b > a else f"{file.name} repeats a number"
            raise SourceError(
                f"{path}: {what}; a sequence must be whole: find the missing pictures, or restore the parts apart"
            )


# What is in them


def inspect(file: Path) -> tuple[formats.Header, ...]:
    """Return the header of each picture in a file; raises SourceError naming the file."""
    if not file.exists() or not file.stat().st_size:
        formats.content(file)  # says what is wrong
    return formats.required(file).inspect(file)


def inspect_all(files: list[Path]) -> dict[Path, tuple[formats.Header, ...]]:
    """Return what each file holds; raises SourceError that names all that cannot be read."""
    found, unreadable = {}, []
    for file in files:
        try:
            found[file] = inspect(file)
        except SourceError as e:
            unreadable.append(str(e))
    if unreadable:
        raise SourceError("; ".join(unreadable[:8]) + (f"; and {len(unreadable) - 8} more" * (len(unreadable) > 8)))
    return found


def read(file: Path, pixels: PixelFormat, size: tuple[int, int], page: int = 0) -> tuple[Plane, ...]:
    """Return the planes of a picture: grey, or G, B, R, with alpha last, each (H, W) in code values.

    Raises SourceError where the file cannot be read or no longer is what `inspect` found.
    """
    planes = formats.required(file).read(file, page)
    now = {p.shape for p in planes}, {p.dtype for p in planes}, len(planes)
    if now != ({size}, {pixels.dtype}, pixels.planes):
        raise SourceError(
            f"{file}: changed since it was looked at: it was {pixels.name}, {size}, and now has "
            f"{len(planes)} planes of {planes[0].shape}; put it back as it was"
        )
    return planes
