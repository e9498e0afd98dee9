"""A folder in, what of it can be restored out: films, folders and numbered series of pictures, single pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from restore import formats
from restore.stills import natural

FILMS = {
    ".mkv", ".mov", ".mp4", ".m4v", ".avi", ".mxf", ".mpg", ".mpeg", ".m2v", ".ts", ".m2ts", ".mts", ".vob", ".webm",
    ".dv", ".wmv", ".asf", ".flv", ".ogv", ".3gp",
}
"""Endings of names that are taken for films; what else FFmpeg reads can be named in a manifest."""
OWN = (".lacuna", ".bag", ".zarr")
"""Folders of the program's own making."""
NUMBER = re.compile(r"(\d+)(?!.*\d)")


@dataclass(frozen=True)
class Found:
    """One thing to restore."""

    source: str
    """A file, a folder, or a printf pattern."""
    output: str
    """Its place in the batch's folder."""


def found_in(top: Path, out: Path, album: bool = False) -> tuple[Found, ...]:
    """Return what is in a folder and its folders, in order; never what lies in `out`, where outputs go.

    Pictures whose names differ in their last number are frames of one series, unless this is an `album`.
    """
    found: list[Found] = []
    for folder in _folders(top, out):
        files = sorted((f for f in folder.iterdir() if f.is_file() and not f.name.startswith(".")), key=natural)
        inside = folder.relative_to(top)
        films = [Found(str(f), str(inside / f"{f.stem}.mkv")) for f in files if f.suffix.lower() in FILMS]
        found += _apart(films)
        found += _apart(_pictures(folder, inside, [f for f in files if formats.of(f)], album))
    return tuple(found)


def named_after(source: str) -> str:
    """Return the output's name for a source of a manifest."""
    path = Path(source)
    if path.is_dir() or "%" in path.name or "*" in path.name:
        return _series_name(path)
    return _picture_name(path) if formats.of(path) else f"{path.stem}.mkv" if path.suffix else _series_name(path)


def _folders(top: Path, out: Path) -> Iterator[Path]:
    yield top
    for folder in sorted(top.iterdir()):
        own = folder.name.startswith(".") or folder.suffix in OWN or folder.resolve() == out.resolve()
        if folder.is_dir() and not own:
            yield from _folders(folder, out)


def _pictures(folder: Path, inside: Path, files: Sequence[Path], album: bool) -> list[Found]:
    groups: dict[str, list[Path]] = {}
    for file in files:
        number = None if album else NUMBER.search(file.stem)
        shape = f"{file.stem[: number.start()]}%{file.stem[number.end() :]}" if number else file.stem
        groups.setdefault(f"{shape}{file.suffix}" if number else f"/{file.name}", []).append(file)
    if len(groups) == 1 and len(files) > 1 and inside.name:
        return [Found(str(folder), str(inside))]
    found = []
    for group in groups.values():
        if len(group) == 1:
            found.append(Found(str(group[0]), str(inside / _picture_name(group[0]))))
        else:
            pattern = _pattern(group)
            found.append(Found(str(folder / pattern), str(inside / _series_name(Path(pattern)))))
    return found


def _pattern(files: Sequence[Path]) -> str:
    """Return the printf pattern that names all of a series."""
    numbers = [m for m in (NUMBER.search(f.stem) for f in files) if m]
    widths = {len(m[1]) for m in numbers}
    first, at = files[0], numbers[0]
    number = f"%0{widths.pop()}d" if len(widths) == 1 else "%d"
    return f"{first.stem[: at.start()]}{number}{first.stem[at.end() :]}{first.suffix}"


def _picture_name(file: Path) -> str:
    """Return the name of what a picture becomes: of its own kind where that can be written, else a PNG."""
    return file.name if formats.required(file).writes else f"{file.stem}.png"


def _series_name(pattern: Path) -> str:
    """Return the name of the folder that a series goes to."""
    bare = re.sub(r"%\d*d|[*?]", "", pattern.stem if formats.suffix(pattern) else pattern.name)
    return bare.strip(" _-.") or "series"


def _apart(found: list[Found]) -> list[Found]:
    """Give things that would have one output their whole names."""
    names = [f.output for f in found]
    return [
        replace(f, output=str(Path(f.output).with_name(Path(f.source).name + Path(f.output).suffix)))
        if names.count(f.output) > 1 else f
        for f in found
    ]
