"""Restored pictures in, picture files out: each the source's own file with nothing but the restored samples changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from collections.abc import Sequence as Listed
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from restore import stills
from restore.encode import png, tiff
from restore.encode.choose import PICTURES
from restore.encode.interleave import interleave, storable
from restore.encode.mux import check_segments
from restore.encode.native import check_samples
from restore.encode.whole import whole
from restore.errors import OutputError, SourceError
from restore.frames import Picture
from restore.source import Source
from restore.span import Span

WRITERS = {".png": png.write, ".tif": tiff.write, ".tiff": tiff.write}
KINDS = {".png": "png", ".tif": "tiff", ".tiff": "tiff"}


@dataclass(frozen=True)
class Sequence:
    """Stills and scanned sequences, kept as they came: format, tags, profile, names; not for Y'CbCr video.

    A picture in which nothing was restored is a byte copy of its source. PNG and TIFF stay what they are; any other
    kind (JPEG ...) becomes PNG, so that nothing is compressed away a second time.
    """

    version: ClassVar[int] = 1
    lossless: ClassVar[bool] = True

    @property
    def segment_frames(self) -> int | None:
        """Any cut gives the same files."""
        return None

    def check(self, source: Source, output: Path) -> tuple[str, ...]:
        """Return notes on what picture files cannot keep; raise OutputError where they cannot hold the samples."""
        if not storable(source.pixels):
            raise OutputError(f"{source.path} is {source.pixels.name}: picture files hold grey and RGB of 8 or 16 bits "
                              "exactly, and nothing else without conversion. Write .mkv for a master, .mp4 to look at")
        single = _is_single(output)
        if single and source.frames > 1:
            raise OutputError(f"{output}: one picture cannot hold {source.frames} frames; name a folder (-o name/)")
        _refuse_in_place(source, output, single)
        if not single:
            _refuse_strangers(source, output)
        return tuple(_notes(source, output))

    def write_segment(self, path: Path, source: Source, span: Span, pictures: Iterable[Picture]) -> None:
        """Write the pictures of `span` into the folder `path`, in the format the source has."""
        expected = span.start
        with whole(path) as partial:
            partial.mkdir()
            for picture in pictures:
                if picture.index != expected or picture.index >= span.stop:
                    raise OutputError(f"{source.path}: picture {picture.index} came where {expected} of {span} was due")
                check_samples(picture, source.pixels, source.size)
                _write_one(partial / names(source)[picture.index], source, picture)
                expected += 1
            if expected != span.stop:
                raise OutputError(f"{source.path}: pictures of {span} end before frame {expected}")

    def join(self, output: Path, source: Source, segments: Listed[tuple[Span, Path]]) -> tuple[str, ...]:
        """Bring the pictures together in the folder `output`, or under that name if it is one picture."""
        check_segments(source, segments)
        files = [path / name for span, path in segments for name in names(source)[span.start : span.stop]]
        if _is_single(output):
            with whole(output) as partial:
                _as_kind(files[0], partial, output.suffix.lower(), source)
        elif output.is_dir():
            for file in files:
                with whole(output / file.name) as partial:
                    shutil.copyfile(file, partial)
        else:
            with whole(output) as partial:
                partial.mkdir()
                for file in files:
                    shutil.copyfile(file, partial / file.name)
        return tuple(_notes(source, output))

    def extract(self, output: Path, source: Source, wanted: Listed[tuple[Span, Path]]) -> None:
        """Copy pictures back out of a folder, or the one picture."""
        for span, path in wanted:
            with whole(path) as partial:
                partial.mkdir()
                for name in names(source)[span.start : span.stop]:
                    shutil.copyfile(output if _is_single(output) else output / name, partial / name)


def names(source: Source) -> tuple[str, ...]:
    """Return the name of each frame's file: the source's own, for video a running number from 0."""
    if source.kind == "video":
        return tuple(f"frame_{i:06d}.png" for i in range(source.frames))
    files = [Path(f) for f in source.files]
    return tuple(f.name if f.suffix.lower() in WRITERS else f"{f.stem}.png" for f in files)


def _is_single(output: Path) -> bool:
    """Tell whether a path names one picture and not a folder."""
    return output.suffix.lower() in PICTURES and not output.is_dir()


def _refuse_in_place(source: Source, output: Path, single: bool) -> None:
    """Raise OutputError where the output would replace the source."""
    for file in map(Path, source.files):
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
    first = Path(source.files[0])
    kind = KINDS.get(first.suffix.lower())
    wanted = KINDS[output.suffix.lower()] if _is_single(output) else kind or "png"
    if wanted != kind:
        yield (f"{first.name} becomes {wanted.upper()}: its samples are kept, its profile, resolution and other tags "
               "are not")
    elif kind == "tiff":
        yield from tiff.lost(first)


def _write_one(path: Path, source: Source, picture: Picture) -> None:
    """Write one picture: a copy of the source's file where no sample differs, else that file with the new samples."""
    writer = WRITERS[path.suffix.lower()]
    samples = interleave(picture.planes, source.pixels)
    if source.kind == "video":
        writer(path, samples)
        return
    file = Path(source.files[picture.index])
    try:
        found = stills.read(file, source.pixels, source.size)
    except SourceError:  # the decoder has said so already, and gave samples of another frame
        writer(path, samples)
        return
    if file.name != path.name:
        writer(path, samples)
    elif all(np.array_equal(a, b) for a, b in zip(found, picture.planes, strict=True)):
        shutil.copyfile(file, path)
    else:
        writer(path, samples, file)


def _as_kind(file: Path, partial: Path, suffix: str, source: Source) -> None:
    """Write a finished picture under a name of possibly another kind."""
    if KINDS[file.suffix.lower()] == KINDS[suffix]:
        shutil.copyfile(file, partial)
        return
    try:
        planes = stills.read(file, source.pixels, source.size)
    except SourceError as error:
        raise OutputError(f"{file}: the finished picture cannot be read again ({error}); run again") from error
    WRITERS[suffix](partial, interleave(planes, source.pixels))
