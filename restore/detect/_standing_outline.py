"""A thing known to stay on the screen in, which pixels of a frame it covers out.

The frames that show it are laid together, so grain and scene come out and the thing stays; one that trembles is laid to
fit first, and moved back to where the frame at hand has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.detect._standing_judge import TREMBLE_PX, Piece, Verdict, laid
from restore.detect._standing_things import Box
from restore.detect._standing_view import luma
from restore.frames import Bits
from restore.window import Window

FAINTEST, GRAINS, SHARE = 3.0, 0.5, 0.12
"""A pixel belongs to a thing that lifts it by more than so many levels, so many times the grain, and this share of the
most."""
UNSURE, CALM_UNSURE = 2.6, 1.5
"""... and by so many times what the mean is uneven beside it; less will do ..."""
CALM = 0.9
"""... where the picture changes by no more than this share of what it does beside."""
TREMBLES = 1.15
"""A thing trembles that stands out so many times more where each frame is laid to fit."""
TREMBLING_PX = 12
"""Only what has a core so large is seen to tremble."""
SHOWS = 0.3
"""A frame shows a thing where it lifts it by this share of what it usually does."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A thing's outline."""

    box: Box
    """(y0, x0, y1, x1) in luma pixels."""
    pixels: Bits
    """(bh, bw)."""
    core: Bits
    beside: Bits
    lift: float
    """How far the core stands out, 8-bit levels."""
    sign: int
    trembles: bool


def draw(window: Window, verdict: Verdict, grain: float) -> Drawn:
    """Return the outline of a thing."""
    thing = verdict.thing
    piece = Piece.of(window, verdict.shown, thing)
    core = piece.core(thing.sign)
    maps = piece.contrasts(core, thing.sign)
    best = maps.reshape(len(maps), -1)
    still = float(maps[:, TREMBLE_PX, TREMBLE_PX].mean())
    trembles = core.sum() >= TREMBLING_PX and bool(best.max(1).mean() > TREMBLES * max(still, 1e-3))
    frames = laid(piece.frames, best.argmax(1)) if trembles else piece.frames
    mean = frames.mean(0)
    lift = thing.sign * (mean - np.float32(np.median(mean[piece.beside])))
    beside = lift[piece.beside]
    wavers = 1.4826 * float(np.median(abs(beside - np.median(beside))))
    most = float(np.quantile(lift[core], 0.9))
    least = max(FAINTEST, GRAINS * grain, SHARE * most)
    stir = frames.std(0)
    calm = stir < CALM * float(np.median(stir[piece.beside]))
    covers = (lift > max(least, UNSURE * wavers)) | (calm & (lift > max(least, CALM_UNSURE * wavers)))
    skirt = round(0.5 * thing.thick_px + 3)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * skirt + 1, 2 * skirt + 1))
    near = cv2.dilate(piece.shape.astype(np.uint8), disc) > 0
    pixels = hanging(near & covers, core & covers)
    own = float(best.max(1).mean()) if trembles else still
    away = cv2.distanceTransform((~pixels).astype(np.uint8), cv2.DIST_L2, 3)
    beside = np.asarray((away > 2) & (away <= max(4.0, float(away.max()) - 1)))
    return Drawn(piece.box, pixels, core, beside, own, thing.sign, trembles)


def shown(window: Window, t: int, drawn: Drawn) -> Bits | None:
    """Return the pixels (bh, bw) of a thing's box that it covers on frame t; None where the frame does not show it."""
    y0, x0, y1, x1 = drawn.box
    if not drawn.pixels.any() or not drawn.beside.any():
        return None
    here = luma(window, t)[None, y0:y1, x0:x1].astype(np.float32)
    maps = Piece(drawn.box, drawn.pixels, here, drawn.beside).contrasts(drawn.core, drawn.sign)[0]
    best = int(maps.argmax()) if drawn.trembles else maps.size // 2
    if float(maps.ravel()[best]) < SHOWS * drawn.lift:
        return None
    side = 2 * TREMBLE_PX + 1
    return shifted(drawn.pixels, best // side - TREMBLE_PX, best % side - TREMBLE_PX)


def shifted(bits: Bits, dy: int, dx: int) -> Bits:
    """Return a picture of bits (h, w) moved by a few pixels; what is moved in from beyond its border repeats it."""
    r = max(abs(dy), abs(dx))
    wide = np.pad(bits, r, mode="edge")
    h, w = bits.shape
    return wide[r - dy : r - dy + h, r - dx : r - dx + w]


def hanging(low: Bits, high: Bits) -> Bits:
    """Return the connected parts of `low` that have a pixel of `high`."""
    n, parts = cv2.connectedComponents((low | high).astype(np.uint8), connectivity=8)
    keep: npt.NDArray[np.bool_] = np.zeros(n, bool)
    keep[np.unique(parts[high])] = True
    keep[0] = False
    return np.asarray(keep[parts], bool)
