"""A film and how many stretches of it are wanted in, those stretches out: decoded, spread over it, within shots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from restore.decode import Decoder
from restore.errors import SourceError
from restore.measure.bench import Clip
from restore.source import Plane, Source
from restore.span import Span
from restore.window import Window
from restore.written import counted


@dataclass(frozen=True, eq=False)
class Stretch:
    """Consecutive frames of one shot, in memory."""

    start: int
    """Its first frame's number in the film."""
    pictures: list[tuple[Plane, ...]]

    def clip(self, source: Source) -> Clip:
        """Return it as a clip; its frames count from 0."""
        return Clip(f"frames {self.start} to {self.start + len(self.pictures) - 1}", self.pictures, source.pixels)


def sections(film: Span, wanted: int, length: int) -> list[Span]:
    """Divide a film into as many equal parts as stretches are wanted, or as many as have room for one."""
    n = max(1, min(wanted, len(film) // length))
    return [Span(len(film) * k // n, len(film) * (k + 1) // n) for k in range(n)]


def stretches(decoder: Decoder, wanted: int, length: int, least: int) -> Iterator[Stretch]:
    """Yield one stretch a section of the film: `length` frames, or the longest shot of at least `least` seen there.

    A frame that does not decode soundly ends a stretch as a cut does. Raises SourceError, at the end, where no
    section had such a shot.
    """
    film, longest, found = decoder.source.span, 0, False
    for section in sections(film, wanted, length):
        stretch = best(decoder, section, length)
        longest = max(longest, len(stretch.pictures))
        if len(stretch.pictures) >= least:
            found = True
            yield stretch
    if not found:
        raise SourceError(
            f"{decoder.source.path} has {counted(len(film), 'frame')}, and the longest stretch looked at without a cut "
            f"or a fault has {longest}; needed: {least} in a row. Give a longer reel, or one with longer shots."
        )


def best(decoder: Decoder, section: Span, length: int) -> Stretch:
    """Return the first stretch of `length` frames from the section's middle on, else from its start, else the longest.

    The middle of a part of a reel is picture; its ends may be leader.
    """
    first = max(section.start, (section.start + section.stop - length) // 2)
    found = Stretch(section.start, [])
    for part in (Span(first, section.stop), section):
        at = part.start
        while at < part.stop and len(found.pictures) < length:
            chunk = Span(at, min(part.stop, at + length))
            runs = shots(decoder, chunk)
            found = max([found, *runs], key=lambda s: len(s.pictures))
            # The last shot of the chunk goes on behind it, and is looked at again from where it began.
            last = runs[-1].start if runs else chunk.stop
            at = last if last > at and chunk.stop < part.stop else chunk.stop
    return found


def shots(decoder: Decoder, chunk: Span) -> list[Stretch]:
    """Decode some frames and return the runs of sound ones among them that no cut divides."""
    read = [decoder.read(t)[-1] for t in chunk]
    window = Window.of([p.planes for p in read], decoder.source.pixels)
    runs: list[Stretch] = []
    whole = False
    for k, picture in enumerate(read):
        if picture.fault:
            whole = False
            continue
        if not whole or window.is_cut(k):
            runs.append(Stretch(chunk.start + k, []))
        runs[-1].pictures.append(picture.planes)
        whole = True
    return runs
