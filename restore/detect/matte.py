"""A folder of masks that someone made in, the mask of each frame out, as it is."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from restore.detect import Detection
from restore.errors import MaskError
from restore.frames import Bits
from restore.window import Window


@dataclass(frozen=True)
class Matte:
    """Masks that exist already: PNGs, white = fill, black = keep, one a frame or one for all; finds nothing itself."""

    version: ClassVar[int] = 1

    folder: str = ""
    """Folder of PNGs in the order of the frames, or one PNG for all frames."""
    threshold: int = 128
    """Grey level, 1 to 255, from which a mask pixel means fill."""

    def __post_init__(self) -> None:
        """Refuse thresholds that mask everything or nothing."""
        if not 1 <= self.threshold <= 255:
            raise ValueError(f"threshold needs to be 1 to 255, not {self.threshold}")

    @property
    def reach_frames(self) -> int:
        """A mask speaks of its own frame only."""
        return 0

    def check(self, size: tuple[int, int], frames: int) -> None:
        """Raise MaskError where the masks do not fit a film of `frames` frames of `size` (H, W)."""
        files = files_of(self.folder)
        if len(files) not in (1, frames):
            raise MaskError(
                f"{self.folder} holds {len(files)} masks and the film has {frames} frames. "
                "Give one PNG a frame, or a single one for all frames."
            )
        for file in files:
            read(file, size, self.threshold)

    def fingerprint(self) -> str:
        """Return a digest of the masks' own bytes, so that a repainted mask is seen."""
        h = hashlib.sha256()
        for file in files_of(self.folder) if self.folder else ():
            h.update(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}\n".encode())
        return h.hexdigest()

    def detect(self, window: Window, t: int) -> Detection:
        """Return the mask given for frame t. Raises MaskError where there is none, or none of this size."""
        files = listed(self.folder)
        if len(files) not in (1, len(window.film)):
            raise MaskError(f"{self.folder} holds {len(files)} masks and the film has {len(window.film)} frames.")
        return Detection(read(files[t] if len(files) > 1 else files[0], window.size, self.threshold))


def files_of(folder: str) -> tuple[Path, ...]:
    """Return the PNGs of a folder, by the number in their names. Raises MaskError where there are none."""
    path = Path(folder)
    files = [path] if path.is_file() else sorted(path.glob("*.png"), key=order)
    if not files:
        raise MaskError(f"{folder!r} holds no PNG masks. Give a folder of PNGs, white = fill, black = keep.")
    return tuple(files)


listed = lru_cache(maxsize=8)(files_of)


def order(file: Path) -> tuple[int, str]:
    """Return what to sort a mask by: the last number in its name, then the name."""
    numbers = re.findall(r"\d+", file.stem)
    return (int(numbers[-1]) if numbers else -1, file.name)


def read(file: Path, size: tuple[int, int], threshold: int) -> Bits:
    """Return the mask (H, W) bool in a PNG. Raises MaskError for what is no picture, or of another size."""
    picture = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise MaskError(f"the mask {file} cannot be read as a picture. Replace it, or leave it out.")
    if picture.shape != size:
        raise MaskError(
            f"the mask {file} is {picture.shape[1]}x{picture.shape[0]} and the film is {size[1]}x{size[0]}. "
            "A mask is never resized: make it at the film's size."
        )
    return np.asarray(picture >= threshold)
