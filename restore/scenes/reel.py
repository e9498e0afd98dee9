"""A size, a length and a seed in, a damaged reel on disk out: a film to try the program on, with its exact masks.

The clean film is not written; it can be made again from the seed, frame by frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from restore.encode.ffv1 import Ffv1
from restore.frames import Picture
from restore.scenes.damage import Damage
from restore.scenes.film import Film
from restore.source import PixelFormat, Source
from restore.span import Span

FILM_10BIT = PixelFormat(
    "yuv422p10le", "yuv", 10, 0, 1, full_range=False, matrix=1, primaries=1, transfer=1, chroma_location=1
)


@dataclass(frozen=True)
class Reel:
    """What to make. The same fields give the same file."""

    size: tuple[int, int] = (576, 768)
    """(H, W) pixels."""
    frames: int = 48
    seed: int = 1906
    damaged_frac: float = 0.008
    pixels: PixelFormat = FILM_10BIT
    rate: Fraction = Fraction(24)
    grain: float = 3.0
    """Standard deviation of the grain in 8-bit levels."""

    @property
    def film(self) -> Film:
        """Return the clean film."""
        return Film(self.seed, self.size, self.frames, self.grain)

    @property
    def damage(self) -> Damage:
        """Return what happened to it."""
        return Damage(self.seed, self.size, film_frames=self.frames, damaged_frac=self.damaged_frac)



def make_reel(
    path: Path, reel: Reel, masks: Path | None = None, on_frame: Callable[[int], None] = lambda _: None
) -> Source:
    """Write the damaged reel to `path` (.mkv) and, where a folder is given, its true masks as PNGs.

    Returns what was told to the encoder: path, rate and layout of the reel.
    """
    frames = tuple(range(reel.frames))
    source = Source(
        str(path), "sequence", f"reel {reel}", reel.size, reel.pixels, reel.rate, 1 / reel.rate, frames, frames,
        codec="ffv1", container="scenes",
    )
    if masks is not None:
        masks.mkdir(parents=True, exist_ok=True)
    film, damage = reel.film, reel.damage
    encoder, whole = Ffv1(), Span(0, reel.frames)
    segment = path.with_name(f".{path.name}.segment.mkv")

    def pictures() -> Iterator[Picture]:
        for t in frames:
            damaged = damage.apply(film.planes(t, reel.pixels), t, reel.pixels)
            if masks is not None:
                cv2.imwrite(str(masks / f"{t:06d}.png"), damaged.mask.astype(np.uint8) * 255)
            yield Picture(t, damaged.planes)
            on_frame(t)

    try:
        encoder.write_segment(segment, source, whole, pictures())
        encoder.join(path, source, [(whole, segment)])
    finally:
        segment.unlink(missing_ok=True)
    return source
