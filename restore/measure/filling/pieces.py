"""Photographs, clips and folders in, or nothing, pieces of them to be damaged out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore import formats
from restore.benchmark import EDGE_FRAMES, step_px
from restore.decode import open_decoder
from restore.errors import SourceError
from restore.measure.bench import Clip
from restore.probe import probe
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT
from restore.source import PixelFormat, Plane, Source
from restore.span import Span

FILMS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".mxf", ".m4v", ".mpg", ".ogv")
"""What is taken for a clip in a folder, by the file name's ending."""
GENERATED_PX = (480, 640)
STILLS = 2
"""Of the generated scenes, so many are single pictures, and as many are clips."""
LEAST_PX = 64
ALIGN_PX = 8


@dataclass(frozen=True)
class Material:
    """One clip or photograph that can be opened when its turn comes."""

    name: str
    frames: int
    """Judged of it."""
    source: Source | None = None
    film: Film | None = None
    edge_frames: int = EDGE_FRAMES
    """So many frames before and after those judged are read as well, if the clip has them: as far as somebody sees who
    fills the whole of it."""

    @property
    def is_clip(self) -> bool:
        """Whether it has more than one frame."""
        return self.film.frames > 1 if self.film else bool(self.source and self.source.frames > 1)

    def open(self, most_px: int) -> Clip:
        """Return it, or the middle of its length and of its picture: `edge_frames` more than is judged at either end.

        Nothing is made smaller, for that would change grain and sharpness.
        """
        if self.film is not None:
            pictures = [self.film.planes(t, FILM_10BIT) for t in range(self.film.frames)]
            return Clip(self.name, pictures, FILM_10BIT, step_px(self.film) if self.is_clip else None)
        assert self.source is not None
        return cut(Clip(self.name, read(self.source, self.span), self.source.pixels), most_px)

    @property
    def span(self) -> Span:
        """Frames of the source that are read."""
        if self.source is None or not self.is_clip:
            return Span(0, self.film.frames if self.film else 1)
        middle = (self.source.frames - self.frames) // 2
        return Span(max(0, middle - self.edge_frames),
                    min(self.source.frames, middle + self.frames + self.edge_frames))

    @property
    def judged(self) -> range:
        """Frames that are judged, counted from the first one read."""
        if not self.is_clip:
            return range(1)
        first = EDGE_FRAMES if self.source is None else (self.source.frames - self.frames) // 2 - self.span.start
        return range(first, first + self.frames)


def materials(paths: Sequence[Path], frames: int, seed: int, edge_frames: int = EDGE_FRAMES) -> list[Material]:
    """Return what is to be judged on: every picture and clip named, or in a folder named, or scenes of our own.

    Of clips, `edge_frames` more are read at either end where there are as many; scenes of our own are short films.

    A folder is not an image sequence here: each of its files stands for itself. Name a sequence by its pattern
    (`scan_%05d.tif`). Raises SourceError for what cannot be read or is too small.
    """
    if not paths:
        clips = [Material(f"scene {s}", frames, film=Film(s, GENERATED_PX, frames + 2 * EDGE_FRAMES))
                 for s in range(seed, seed + STILLS)]
        return clips + [Material(f"picture {s}", 1, film=Film(s, GENERATED_PX, 1))
                        for s in range(seed + STILLS, seed + 2 * STILLS)]
    some = [material(f, frames, edge_frames) for path in paths for f in files(path)]
    # Clips first: they show what memory fillers take that look at neighbours.
    return sorted(some, key=lambda m: not m.is_clip)


def files(path: Path) -> list[Path]:
    """Return the pictures and clips of a folder and the folders in it, or the one that is named."""
    if not path.is_dir():
        return [path]
    found = sorted(f for f in path.rglob("*") if f.suffix.lower() in {*FILMS, *formats.suffixes()} and f.is_file())
    if not found:
        raise SourceError(
            f"{path}: a folder without pictures and clips; needed: at least one file that ends in "
            f"{', '.join((*formats.suffixes(), *FILMS))}. Choose another folder."
        )
    return found


def material(path: Path, frames: int, edge_frames: int = EDGE_FRAMES) -> Material:
    """Look at one file. Raises SourceError where it is too small or has too few frames."""
    source = probe(path)
    if min(source.size) < LEAST_PX:
        raise SourceError(
            f"{path}: {source.size[1]}x{source.size[0]} pixels; needed: {LEAST_PX} or more on either side, for holes "
            "that have surroundings. Give a larger picture."
        )
    if 1 < source.frames <= 2 * EDGE_FRAMES:
        raise SourceError(
            f"{path}: {source.frames} frames; needed: one, or more than {2 * EDGE_FRAMES}, for {EDGE_FRAMES} at either "
            "end are not judged. Give a longer clip."
        )
    few = max(1, min(frames, source.frames - 2 * EDGE_FRAMES))
    return Material(path.stem, few, source, edge_frames=max(EDGE_FRAMES, edge_frames))


def read(source: Source, span: Span) -> list[tuple[Plane, ...]]:
    """Return the planes of some frames of a source."""
    decoder = open_decoder(source)
    try:
        return [decoder.read(t)[-1].planes for t in span]
    finally:
        decoder.close()


def cut(clip: Clip, most_px: int) -> Clip:
    """Return the middle of every picture: as much as `most_px` pixels, in the same shape."""
    h, w = clip.size
    share = min(1.0, float(np.sqrt(most_px / (h * w))))
    tall, wide = (max(LEAST_PX, int(n * share)) // ALIGN_PX * ALIGN_PX if share < 1 else n for n in (h, w))
    top, left = ((whole - part) // 2 // ALIGN_PX * ALIGN_PX for whole, part in ((h, tall), (w, wide)))
    pictures = [tuple(part(p, k, clip.pixels, (top, left, tall, wide)) for k, p in enumerate(planes))
                for planes in clip.pictures]
    return Clip(clip.name, pictures, clip.pixels, clip.step_px)


def part(plane: Plane, number: int, pixels: PixelFormat, box: tuple[int, int, int, int]) -> Plane:
    """Return the part of a plane that lies under a box (y, x, height, width) of luma pixels."""
    top, left, tall, wide = box
    sy, sx = pixels.shift(number)
    h, w = pixels.shape(number, (tall, wide))
    return np.ascontiguousarray(plane[top >> sy : (top >> sy) + h, left >> sx : (left >> sx) + w])
