"""JPEG, BMP and WebP in, their 8-bit samples out; none is written, for most of them would lose more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from restore.errors import OutputError, SourceError
from restore.formats import AGAIN, Deed, Header, content
from restore.formats._interleaved import layout, separate
from restore.frames import Changes
from restore.source import Plane

HEADS = {"jpeg": b"\xff\xd8\xff", "bmp": b"BM", "webp": b"RIFF"}
JPEG_NOTE = "JPEG has lost detail already; what is restored is written as PNG or TIFF, never as JPEG"


class Plain:
    """Pictures as OpenCV reads them; restored, they become PNG or TIFF."""

    name: ClassVar[str] = "plain"
    suffixes: ClassVar[tuple[str, ...]] = (".jpg", ".jpeg", ".bmp", ".webp")
    writes: ClassVar[bool] = False

    def claims(self, head: bytes) -> bool:
        """Tell by its first bytes whether a file is a JPEG; the others are known by their names alone."""
        return head.startswith(HEADS["jpeg"])

    def arrange(self, files: Sequence[Path]) -> None:
        """Leave the order to the names."""

    def inspect(self, file: Path) -> tuple[Header, ...]:
        """Return the one header of a file."""
        data = content(file)
        picture = unpacked(file, data)
        kind = next((k for k, head in HEADS.items() if data.startswith(head)), "plain")
        if picture.dtype != np.uint8:
            raise SourceError(
                f"{file}: {kind} with {picture.dtype} samples is not read; needed: 8 bits. Write it again as PNG or "
                "TIFF"
            )
        channels = 1 if picture.ndim == 2 else picture.shape[2]
        notes = (JPEG_NOTE,) if kind == "jpeg" else ()
        return (Header((picture.shape[0], picture.shape[1]), layout(channels, 8), kind, notes),)

    def read(self, file: Path, page: int) -> tuple[Plane, ...]:
        """Return the planes of the one picture."""
        picture = unpacked(file, content(file))
        channels = 1 if picture.ndim == 2 else picture.shape[2]
        return separate(in_order(picture), layout(channels, 8))

    def write(self, path: Path, like: Path, changed: Mapping[int, Changes], deed: Deed) -> None:
        """Refuse: such files are not written."""
        raise OutputError(f"{path}: {like.suffix} files are not written; choose .png or .tif")

    def lost(self, like: Path) -> tuple[str, ...]:
        """Return nothing: there are no changed copies."""
        return ()


def unpacked(file: Path, data: bytes) -> npt.NDArray[Any]:
    """Return a picture file's samples as OpenCV orders them: (H, W), or B, G, R (, alpha) last."""
    try:
        picture: npt.NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as e:
        raise SourceError(f"{file}: cannot be read ({e.err}); {AGAIN}") from e
    if picture is None:
        raise SourceError(f"{file}: cannot be read as a picture; it is damaged, or not what its name says; {AGAIN}")
    return picture


def in_order(picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return OpenCV's samples with red before green before blue."""
    if picture.ndim == 2:
        return picture
    return picture[..., [2, 1, 0, 3][: picture.shape[2]]]


FORMAT = Plain()
