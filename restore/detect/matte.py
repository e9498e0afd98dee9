"""Masks that somebody has made already in, the same masks out: a folder of pictures, or one picture for all frames."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from restore.detect import Detection, Found
from restore.errors import MaskError, PartError
from restore.frames import Bits
from restore.window import Window

KINDS = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Matte:
    """Good at using masks made by hand or by another program, as they are; it looks at no picture and finds nothing.

    White is to be filled, black is kept. Pictures in a folder belong to the frames in the order of the numbers in
    their names; a single one serves for all frames. They are never scaled: a mask of another size is an error.
    """

    version: ClassVar[int] = 1
    folder: str = ""
    """A folder of mask pictures, or one mask picture."""
    threshold: float = 0.5
    """Share of full white from which a pixel is to be filled."""

    def __post_init__(self) -> None:
        """Refuse a threshold out of range."""
        if not 0 < self.threshold <= 1:
            raise PartError(f"matte: threshold is {self.threshold}; it needs a value above 0 and up to 1.")

    @property
    def reach_frames(self) -> int:
        """No other frame is looked at."""
        return 0

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The mask pictures in the order of their frames.

        Raises MaskError where there are none.
        """
        if not self.folder:
            raise MaskError('matte: no masks were named; set folder = "path/to/masks" to a folder or a picture.')
        path = Path(self.folder).expanduser()
        if path.is_file():
            return (path,)
        found = [p for p in path.iterdir() if p.suffix.lower() in KINDS] if path.is_dir() else []
        if not found:
            what = "holds no mask pictures" if path.is_dir() else "does not exist"
            raise MaskError(f"matte: {path} {what}; it must be a picture or a folder of {', '.join(KINDS)} files.")
        return tuple(sorted(found, key=natural))

    def fingerprint(self) -> str:
        """Return the digest of all masks, so that a mask that is changed changes the part."""
        each = (f"{p.name} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in (self.files if self.folder else ()))
        return hashlib.sha256("\n".join(each).encode()).hexdigest()

    def check(self, size: tuple[int, int], frames: int) -> None:
        """Raise MaskError unless the masks are `frames` in number, or one, and each of `size` (H, W)."""
        if len(self.files) not in (1, frames):
            raise MaskError(
                f"matte: {self.folder} holds {len(self.files)} masks and the film has {frames} frames; "
                f"give one mask a frame, counted from the first, or one mask for all."
            )
        for path in self.files:
            if png_size(path) != size:  # a picture of the right size is read when its frame is due, not twice
                self.read(path, size)

    def read(self, path: Path, size: tuple[int, int]) -> Bits:
        """Return one mask (H, W) bool; raise MaskError where it cannot be read or is of another size."""
        data = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else np.zeros(0, np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if picture is None:
            raise MaskError(f"matte: {path} cannot be read as a picture; write it again as an 8 or 16-bit grey PNG.")
        if picture.shape[:2] != size:
            (h, w), (need_h, need_w) = picture.shape[:2], size
            raise MaskError(
                f"matte: {path} is {w}x{h} and the film {need_w}x{need_h}; "
                f"masks are not scaled: make it anew at {need_w}x{need_h}."
            )
        white = float(np.iinfo(picture.dtype).max) if picture.dtype.kind == "u" else 1.0
        levels = picture if picture.ndim == 2 else picture[..., :3].max(-1)
        return levels >= self.threshold * white

    def detect(self, window: Window, t: int) -> Detection:
        """Return the mask of frame t. Raises MaskError where masks do not fit the film."""
        files = self.files
        if len(files) != 1 and len(files) != len(window.film):
            self.check(window.size, len(window.film))
        path = files[0] if len(files) == 1 else files[t - window.film.start]
        mask = self.read(path, window.size)
        if not mask.any():
            return Detection(mask)
        ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = (int(ys[0]), int(xs[0]), int(ys[-1]) + 1, int(xs[-1]) + 1)
        return Detection(mask, (Found(t, "matte", box, int(mask.sum()), 1.0),))


def png_size(path: Path) -> tuple[int, int] | None:
    """Return the (H, W) that a PNG's header states; None for anything that does not begin like a PNG."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or head[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    return int.from_bytes(head[20:24], "big"), int.from_bytes(head[16:20], "big")


def natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Return the key that sorts mask2 before mask10."""
    parts = re.split(r"(\d+)", path.name)
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)
