"""Points and widths in, how much of each pixel they cover out; and paint laid on a picture, in place."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float

Box = tuple[int, int, int, int]
"""(y0, x0, y1, x1), half-open."""
SUPER = 4
"""Things are drawn this many times larger and reduced: widths below a pixel and smooth motion need it."""
LENS_PX = 0.5
Paint = Float | tuple[float, float, float]


def box_round(points: Float, margin_px: float, size: tuple[int, int]) -> Box:
    """Return the part of a picture that points (n, 2) (x, y) and a margin reach; empty where they lie outside."""
    low, high = np.floor(points.min(0) - margin_px - 2), np.ceil(points.max(0) + margin_px + 3)
    x0, y0 = (int(np.clip(low[i], 0, size[1 - i])) for i in (0, 1))
    x1, y1 = (int(np.clip(high[i], 0, size[1 - i])) for i in (0, 1))
    return y0, x0, max(y0, y1), max(x0, x1)


def is_empty(box: Box) -> bool:
    """Tell whether a box holds no pixel."""
    return box[0] >= box[2] or box[1] >= box[3]


def large_canvas(box: Box) -> npt.NDArray[np.uint8]:
    """Return an empty canvas SUPER times as large as a box."""
    return np.zeros(((box[2] - box[0]) * SUPER, (box[3] - box[1]) * SUPER), np.uint8)


def fixed(points: Float, box: Box) -> npt.NDArray[np.int32]:
    """Return picture points (n, 2) (x, y) on the large canvas of a box, in sixteenths."""
    corner = np.array((box[1] - 0.5, box[0] - 0.5), np.float32)
    return np.rint(((points - corner) * SUPER - 0.5) * 16).astype(np.int32)


def reduced(canvas: npt.NDArray[np.uint8], blur_px: float = LENS_PX) -> Float:
    """Return the coverage (h, w), 0 to 1, of what was drawn on a large canvas, as a lens sees it."""
    h, w = canvas.shape[0] // SUPER, canvas.shape[1] // SUPER
    small = cv2.resize(canvas, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) * np.float32(1 / 255)
    return cv2.GaussianBlur(small, (0, 0), blur_px) if blur_px > 0.2 else small


def strokes(paths: list[Float], width_px: float, box: Box, blur_px: float = LENS_PX) -> Float:
    """Return the coverage (h, w) of open lines over a box."""
    canvas = large_canvas(box)
    thick = max(1, round(width_px * SUPER))
    cv2.polylines(canvas, [fixed(p, box) for p in paths], False, 255, thick, cv2.LINE_8, 4)
    return reduced(canvas, blur_px) * np.float32(min(width_px * SUPER, 1.0))


def areas(outlines: list[Float], box: Box, blur_px: float = LENS_PX) -> Float:
    """Return the coverage (h, w) of closed outlines over a box."""
    canvas = large_canvas(box)
    for points in outlines:
        cv2.fillPoly(canvas, [fixed(points, box)], 255, cv2.LINE_8, 4)
    return reduced(canvas, blur_px)


def lay(picture: Float, box: Box, cover: Float, paint: Paint) -> None:
    """Lay paint, a colour or a picture (h, w, 3), over a box of a picture (H, W, 3), in place."""
    here = picture[box[0] : box[2], box[1] : box[3]]
    here += cover[..., None] * (np.asarray(paint, np.float32) - here)
