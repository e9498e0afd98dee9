"""Restored pictures in, picture files out: each the source's own file with nothing but the restored samples changed.

A segment holds only what changed: for each frame in which something did, the samples. The files come at the end, each a
copy of the source's with these samples in it, so a reel of scans never lies on the disk twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Sequence as Listed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from restore import formats, stills
from restore.encode.choose import is_picture
from restore.encode.mux import check_segments
from restore.encode.native import check_samples
from restore.encode.whole import whole
from restore.errors import OutputError, SourceError
from restore.formats import Deed
from restore.frames import Changes, Picture, changed_planes, changes
from restore.source import Source
from restore.span import Span

NEW = ".png"
"""What pictures become that cannot be copied with changes: frames of a film, JPEG."""


@dataclass(frozen=True)
class Sequence:
    """Stills and scanned sequences, kept as they came: format, tags, profile, names; not for Y'CbCr video.

    A file in which nothing was restored is a byte copy of its source. Others stay what they are, unless they are of a
    kind that is not written (JPEG ...): those become PNG, so that nothing is compressed away a second time.
    """

    version: ClassVar[int] = 2
    lossless: ClassVar[bool] = True

    @property
    def segment_frames(self) -> int | None:
        """Any cut gives the same files."""
        return None

    def check(self, source: Source, output: Path) -> tuple[str, ...]:
        """Return notes on what picture files cannot keep; raise OutputError where they cannot hold the samples."""
        single = is_picture(output)
        if single and len(set(source.files)) > 1:
            raise OutputError(f"{output}: one picture cannot hold {source.frames} frames; name a folder (-o name/)")
        if not all(_copied(f, t) for f, t in _targets(source, output)):
            _require_makeable(source)
        _refuse_in_place(source, output, single)
        if not single:
            _refuse_strangers(source, output)
        return tuple(_notes(source, output))

    def write_segment(self, path: Path, source: Source, span: Span, pictures: Iterable[Picture]) -> None:
        """Write what changed in the pictures of `span` into the folder `path`; of a film, the pictures."""
        expected = span.start
        with whole(path) as partial:
            partial.mkdir()
            for picture in pictures:
                if picture.index != expected or picture.index >= span.stop:
                    raise OutputError(f"{source.path}: picture {picture.index} came where {expected} of {span} was due")
                check_samples(picture, source.pixels, source.size)
                _keep(partial, source, picture)
                expected += 1
            if expected != span.stop:
                raise OutputError(f"{source.path}: pictures of {span} end before frame {expected}")

    def join(
        self, output: Path, source: Source, segments: Listed[tuple[Span, Path]], deed: Deed | None = None
    ) -> tuple[str, ...]:
        """Bring the pictures together in the folder `output`, or under that name if it is one file."""
        check_segments(source, segments)
        jobs = list(_jobs(source, output, segments))
        if is_picture(output):
            with whole(output) as partial:
                jobs[0].write(partial, source, deed or Deed())
        elif output.is_dir():
            for job in jobs:
                with whole(job.target) as partial:
                    job.write(partial, source, deed or Deed())
        else:
            with whole(output) as partial:
                partial.mkdir()
                for job in jobs:
                    job.write(partial / job.target.name, source, deed or Deed())
        return tuple(_notes(source, output))

    def extract(self, output: Path, source: Source, wanted: Listed[tuple[Span, Path]]) -> None:
        """Take what changed back out of an output, by comparing it with the source."""
        places = {str(file): target for file, target in _targets(source, output)}
        for span, path in wanted:
            with whole(path) as partial:
                partial.mkdir()
                for t in span:
                    if source.kind == "video":
                        shutil.copyfile(output / _frame_name(t), partial / _frame_name(t))
                    else:
                        _take(partial, source, places[source.files[t]], t)


def names(source: Source) -> tuple[str, ...]:
    """Return the name of each file: the source's own, for video a running number from 0."""
    if source.kind == "video":
        return tuple(map(_frame_name, range(source.frames)))
    files = [Path(f) for f in dict.fromkeys(source.files)]
    return tuple(f.name if formats.required(f).writes else f"{f.stem}{NEW}" for f in files)


def _frame_name(t: int) -> str:
    return f"frame_{t:06d}{NEW}"


def _targets(source: Source, output: Path) -> Iterator[tuple[Path | None, Path]]:
    """Yield each file of the source (None for frames of a film) and where it goes."""
    files: list[Path | None] = [Path(f) for f in dict.fromkeys(source.files)] or [None] * source.frames
    places = [output] if is_picture(output) else [output / name for name in names(source)]
    yield from zip(files, places, strict=True)


def _copied(file: Path | None, target: Path) -> bool:
    """Tell whether a target is a copy of the source's file and not made anew."""
    if file is None:
        return False
    own = formats.required(file)
    return own.writes and formats.of(target) in (own, None)


def _require_makeable(source: Source) -> None:
    """Raise OutputError where pictures made anew cannot hold the samples."""
    pixels = source.pixels
    if pixels.family not in ("grey", "rgb") or pixels.depth not in (8, 16) or pixels.dtype.kind != "u":
        raise OutputError(f"{source.path} is {pixels.name}: picture files made anew hold grey and RGB of 8 or 16 bits "
                          "exactly, and nothing else without conversion. Write .mkv for a master, .mp4 to look at")
    if source.pages:
        raise OutputError(f"{source.path} holds {source.frames} pictures in one file, and only a copy of its own kind "
                          "can hold them again: give the output the source's ending")


def _refuse_in_place(source: Source, output: Path, single: bool) -> None:
    """Raise OutputError where the output would replace the source."""
    for file in map(Path, dict.fromkeys(source.files)):
        if (output if single else output / file.name).resolve() == file.resolve():
            raise OutputError(f"{output}: this is where the source lies; the source is never written to. "
                              "Choose another place with -o")


def _refuse_strangers(source: Source, output: Path) -> None:
    """Raise OutputError where the folder holds files that are not this film's: they would be taken for part of it."""
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output}: is a file, and {source.frames} pictures need a folder; choose another name")
    others = sorted({f.name for f in output.iterdir()} - set(names(source))) if output.is_dir() else []
    if others:
        raise OutputError(f"{output}: the folder already holds {len(others)} other files ({others[0]} ...); "
                          "choose an empty or a new folder")


def _notes(source: Source, output: Path) -> Iterable[str]:
    """Yield what picture files cannot keep of this source."""
    if source.kind == "video":
        if source.other_streams:
            yield (f"pictures hold no sound or subtitles: {len(source.other_streams)} other streams of {source.path} "
                   "are not in the output. Write .mkv to keep them")
        return
    file, target = next(_targets(source, output))
    if file is None:
        return
    if _copied(file, target):
        yield from formats.required(file).lost(file)
    else:
        kind = "TIFF" if target.suffix.lower() in (".tif", ".tiff") else "PNG"
        yield f"{file.name} becomes {kind}: its samples are kept, its profile, resolution and other tags are not"


def _keep(folder: Path, source: Source, picture: Picture) -> None:
    """Write down what changed in a picture; nothing where nothing did, or where the source's file cannot be read."""
    if source.kind == "video":
        path = folder / _frame_name(picture.index)
        formats.maker(path).make(path, picture.planes, source.pixels)
        return
    file, page = source.page(picture.index)
    try:
        found = stills.read(Path(file), source.pixels, source.size, page)
    except SourceError as error:
        if not picture.fault:  # it was read before, and what was filled would be lost without a word
            raise OutputError(f"{error}. Nothing of this part was written; run again when it is back") from error
        return  # the decoder has said so, and gave samples of another frame: the file stays as it is
    _write_changes(folder, picture.index, changes(found, picture.planes))


def _take(folder: Path, source: Source, place: Path, t: int) -> None:
    """Write down how a frame in an output's file `place` differs from the source's."""
    file, page = source.page(t)
    try:
        before, after = (stills.read(f, source.pixels, source.size, page) for f in (Path(file), place))
    except SourceError:  # such a file was copied as it is
        return
    _write_changes(folder, t, changes(before, after))


def _write_changes(folder: Path, t: int, wanted: Changes) -> None:
    if not any(at.size for at, _ in wanted):
        return
    arrays = {f"{what}{p}": a for p, pair in enumerate(wanted) for what, a in zip(("at", "to"), pair, strict=True)}
    with (folder / f"{t:06d}.npz").open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


class _Changed(Mapping[int, Changes]):
    """What changed in the pictures of one file, by their number in it, read when it is asked for."""

    def __init__(self, paths: Mapping[int, Path]) -> None:
        self._paths = paths

    def __getitem__(self, page: int) -> Changes:
        with np.load(self._paths[page], allow_pickle=False) as held:
            return tuple((held[f"at{p}"], held[f"to{p}"]) for p in range(len(held.files) // 2))

    def __iter__(self) -> Iterator[int]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(frozen=True)
class _Job:
    """A file to be written."""

    file: Path
    """The source's, or the finished picture of a film's frame."""
    target: Path
    """The name it is going to have."""
    changed: Mapping[int, Changes]
    beside: bool = False
    """Whether another file changed and this one has to say that it lies beside it."""

    def write(self, path: Path, source: Source, deed: Deed) -> None:
        """Write the file under `path`."""
        if not _copied(self.file, self.target):
            planes = stills.read(self.file, source.pixels, source.size)
            planes = changed_planes(planes, self.changed[0]) if self.changed else planes
            formats.maker(self.target).make(path, planes, source.pixels)
        elif self.changed or self.beside:
            formats.required(self.file).write(path, self.file, self.changed, replace(deed, name=self.target.name))
        else:
            shutil.copyfile(self.file, path)


def _jobs(source: Source, output: Path, segments: Listed[tuple[Span, Path]]) -> Iterator[_Job]:
    """Yield every file of the output, in order."""
    if source.kind == "video":
        drawn = (folder / _frame_name(t) for span, folder in segments for t in span)
        yield from (_Job(f, target, {}) for f, (_, target) in zip(drawn, _targets(source, output), strict=True))
        return
    pages: dict[str, dict[int, Path]] = {}
    for _, folder in segments:
        for path in sorted(folder.glob("*.npz")):
            of, page = source.page(int(path.stem))
            pages.setdefault(of, {})[page] = path
    for file, target in _targets(source, output):
        if file is not None:
            beside = bool(pages) and formats.go_together(file)
            yield _Job(file, target, _Changed(pages.get(str(file), {})), beside)
