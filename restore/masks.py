"""A project's masks out to a folder of PNGs, and a folder of PNGs back in as an edit: what painting programs speak.

One 8-bit PNG a frame, 000000.png counted from 0, 255 = filled, 0 = untouched. Medical viewers speak of segmentations
and label volumes instead: those are written as well, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from restore import __version__, formats
from restore.detect.matte import Matte
from restore.edits import Edit, Edits
from restore.errors import MaskError, OutputError
from restore.frames import Bits
from restore.session import Session
from restore.span import Span
from restore.store import Store

VOLUMES = {"seg": "dicom", "nifti": "nifti"}
"""Ways to write all masks as one file, and of which kind the source has to be."""


def export_masks(
    session: Session, folder: Path, layer: str = "", on_frame: Callable[[int, int], None] = lambda done, total: None,
    kind: str = "png",
) -> int:
    """Write the masks of a project: the effective mask, or one detector's layer.

    `kind` is png for one picture a frame, or seg (DICOM Segmentation, masks.dcm) or nifti (masks.nii.gz) for one file
    of all, of sources of that kind only. `on_frame` is told how many are written, of how many. Returns the number of
    masks. Raises OutputError where the folder holds files already or the source is of another kind, MaskError for a
    layer there is not.
    """
    volume = _volume_writer(session, kind)
    layers = session.store.mask_layers()
    if layer and layer not in layers:
        has = ", ".join(layers) or "none"
        raise MaskError(
            f"there is no mask layer {layer!r} in {session.store.folder}; it has {has}. "
            "Choose one of them, or leave --layer out for the mask that counts."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "is not empty" if folder.is_dir() else "is no folder"
        raise OutputError(f"{folder} {what}; masks are written to a new or empty folder only. Choose another.")
    folder.mkdir(parents=True, exist_ok=True)
    def masks() -> Iterator[Bits]:
        for t in session.store.source.span:
            yield session.store.mask(layer, t) if layer else session.edits.apply(session.detected(t), t)
            on_frame(t + 1, session.store.source.frames)

    if volume is not None:
        volume(folder, masks())
    else:
        for t, mask in enumerate(masks()):
            _write(folder / f"{t:06d}.png", mask)
    return session.store.source.frames


def _volume_writer(session: Session, kind: str) -> Callable[[Path, Iterator[Bits]], None] | None:
    """Return what writes all masks into one file of a folder; None for pictures."""
    if kind == "png":
        return None
    source = session.store.source
    files = tuple(map(Path, dict.fromkeys(source.files)))
    own = formats.of(files[0]) if files else None
    if own is None or VOLUMES.get(kind) != own.name:
        needed = VOLUMES.get(kind, "png, seg or nifti")
        raise OutputError(f"masks as {kind} belong to sources of the kind {needed}, and {source.path} is "
                          f"{own.name if own else source.kind}. Leave --as out for PNG pictures.")
    if kind == "seg":
        from restore.formats._segmentation import write_segmentation

        count, deed = source.frames, formats.Deed(version=__version__, key=source.sha256)
        return lambda folder, masks: write_segmentation(folder / "masks.dcm", files, count, masks, deed)
    from restore.formats._labels import write_labels

    return lambda folder, masks: write_labels(folder / "masks.nii.gz", files, masks)


def unsearched(store: Store) -> int:
    """Return how many frames no detector has been through yet: their masks say nothing."""
    searched = sum(stamp.span[1] - stamp.span[0] for stamp in store.ledger.stamps(("detect",)) if not stamp.failed)
    return store.source.frames - searched


def import_masks(
    store: Store, folder: Path, on_frame: Callable[[int, int], None] = lambda done, total: None
) -> Edit:
    """Record a folder of masks as an edit: each frame that has a file gets exactly that mask from now on.

    `on_frame` is told how many were read, of how many. Raises MaskError for files that are no masks of this film; then
    nothing is recorded.
    """
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() == ".png") if folder.is_dir() else []
    if not files:
        what = "holds no PNG files" if folder.is_dir() else "is no folder"
        raise MaskError(f"{folder} {what}; give a folder of masks named 000000.png, 000001.png ... counted from 0.")
    masks: dict[int, Bits] = {}
    reader = Matte(str(folder))
    for file in files:
        t = _frame_of(file, store.source.span)
        if t in masks:
            raise MaskError(f"{file.name} is a second mask for frame {t} in {folder}. Keep one of them.")
        masks[t] = reader.read(file, store.source.size)
        on_frame(len(masks), len(files))
    return Edits(store.folder / "edits").append("replace", masks, note=f"imported {len(masks)} masks")


def _frame_of(file: Path, film: Span) -> int:
    if not re.fullmatch(r"\d+", file.stem):
        raise MaskError(f"{file.name} is not named for a frame. Name masks 000000.png, 000001.png ... counted from 0.")
    t = int(file.stem)
    if t not in film:
        raise MaskError(
            f"{file.name} names frame {t}, and the film has frames 0 to {film.stop - 1}. "
            "Take it out, or number the masks from 0."
        )
    return t


def _write(file: Path, mask: Bits) -> None:
    if not cv2.imwrite(str(file), mask.view(np.uint8) * np.uint8(255)):
        raise OutputError(f"{file} cannot be written. Check the folder and the space on the disk.")
