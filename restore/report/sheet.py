"""A project in, one picture out: the most repaired corner of a frame before, its mask, and after, side by side."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore import colour
from restore.compose import compose
from restore.errors import OutputError
from restore.frames import Bits, Picture
from restore.session import Session

GAP_PX = 8
CROP_PX = (400, 520)
"""(H, W) of what is shown of the frame."""
Pixels8 = npt.NDArray[np.uint8]


def before_and_after(session: Session, path: Path) -> Path:
    """Write the sheet as a PNG and return its path. Raises OutputError where it cannot be written."""
    t = _most_changed(session)
    layer = "blend" if session.recipe.blend else "fill"
    before, mask = session.picture(t), session.mask(t)
    after = compose(before, session.patch(layer, t), session.store.source.pixels)
    y0, x0, y1, x1 = _busiest(mask)
    whole = [_pixels(session, before), _masked(_pixels(session, before), mask), _pixels(session, after)]
    shown = [picture[y0:y1, x0:x1] for picture in whole]
    gap = np.full((shown[0].shape[0], GAP_PX, 3), 255, np.uint8)
    sheet = np.concatenate([shown[0], gap, shown[1], gap, shown[2]], 1)
    if not cv2.imwrite(str(path), sheet[..., ::-1]):
        raise OutputError(f"{path} cannot be written. Check the folder and the space on the disk.")
    return path


def _busiest(mask: Bits) -> tuple[int, int, int, int]:
    """Return the box (y0, x0, y1, x1) of the size shown that holds the most of a mask (H, W)."""
    h, w = min(CROP_PX[0], mask.shape[0]), min(CROP_PX[1], mask.shape[1])
    sums = cv2.boxFilter(mask.astype(np.float32), -1, (w, h), anchor=(0, 0), normalize=False, borderType=0)
    y, x = np.unravel_index(int(sums[: mask.shape[0] - h + 1, : mask.shape[1] - w + 1].argmax()),
                            (mask.shape[0] - h + 1, mask.shape[1] - w + 1))
    return int(y), int(x), int(y) + h, int(x) + w


def _most_changed(session: Session) -> int:
    """Return the frame with the most filled pixels, as the ledger counts them; the first where nothing was."""
    counts = {
        int(t): sum(origins.values())
        for stamp in session.store.ledger.stamps(("fill",))
        for t, origins in stamp.facts.get("pixels", {}).items()
    }
    return max(counts, key=lambda t: (counts[t], -t), default=0)


def _pixels(session: Session, picture: Picture) -> Pixels8:
    rgb = colour.to_rgb(picture.planes, session.store.source.pixels)
    return (rgb * 255 + 0.5).astype(np.uint8)


def _masked(pixels: Pixels8, mask: Bits) -> Pixels8:
    """Dim the picture and show the mask in full white."""
    out = (pixels * 0.35).astype(np.uint8)
    out[mask] = 255
    return out
