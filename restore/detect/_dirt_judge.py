"""What both neighbouring frames contradict in, measured, the probability that each thing is dirt out.

The measurements of a thing and of the ring around it are weighed by a small network of one hidden layer: what counts
against a faint speck says little about a strong one, which one weight a measurement cannot express. The strongest
witness is the ring: where the neighbours do not agree with each other around the thing, the motion was not understood
and nothing is to be believed.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import _network
from restore.detect._things import Ring, Scene, Table, Things
from restore.nets import shelf

SHIPS = "dirt"
"""Name of the judge that comes with the program; `lacuna train judge` fits another."""
WIDTH_2K_PX = 2048
NAMES = (
    "peak",  # log of its strongest excess over both neighbours
    "quiet",  # log of its contrast over how much the neighbours disagree in the ring
    "crowd",  # log of how much else stands out around it, as a share of itself
    "drawn",  # how much of its contrast the neighbours show too: the scene draws something there
    "agree",  # how much the neighbours disagree inside it, as a share of the peak
    "clear",  # its excess over all that the neighbours show within a pixel, as a share of the peak
    "area",  # log of its pixels
    "steady",  # log of how unevenly the ring moves
    "turn",  # log of how much the ring's motion changes from before to after
    "plain",  # log of its contrast over the ring's own texture
    "solid",  # share of its box that it fills
    "stir",  # log of how much else changes near it before and after, as a share of its area
    "free",  # share of the ring that does not stand out
    "grainy",  # log of the grain
    "valid",  # share of it where the motion there and back comes home
    "bright",  # 1 where it is brighter than the neighbours
    "wide",  # its excess over all that the neighbours show within three pixels, as a share of the peak
    "still",  # its excess over what the neighbours show within a pixel of its place, motion left out
    "pace",  # log of how far the ring moves from one frame to the next, as on a 2K scan
    "calm",  # log of its contrast over how much the neighbours disagree far around it
    "busy",  # log of the share of the picture far around it that stands out
)


def measure(
    scene: Scene, found: Things, around: Ring, crowd: Table, stir: Table, far: tuple[Table, Table], grain: float
) -> Table:
    """Return the measurements (n, 21) in the order of `NAMES`."""
    n = len(found)
    excess, here, before, after = (v.ravel()[found.at] for v in (scene.excess, scene.here, scene.before, scene.after))
    peak = np.maximum(found.peak, 1).astype(np.float64)
    core = (excess > 0.5 * found.peak[found.own]).astype(np.float32)
    weight = np.maximum(found.total(core), 1)
    middle = 0.5 * (before + after)
    contrast = np.abs(found.total(core * here) / weight - around.here) + 1
    drawn = np.abs(found.total(core * middle) / weight - around.middle)
    agree = found.total(core * np.abs(before - after)) / weight
    valid = np.minimum(*(found.total(side.flow.valid.ravel()[found.at].astype(np.float32)) for side in scene.sides))
    warped, raw = (scene.before, scene.after), scene.raw
    near, wide, still = (clear(scene, found, v, px) for v, px in ((warped, 1), (warped, 3), (raw, 1)))
    y0, x0, y1, x1 = found.boxes.T
    unit = scene.scale**2
    columns = (
        np.log(peak), np.log(contrast / (around.gap + 3)), np.log(np.minimum(crowd, 50) + 0.1),
        np.minimum(drawn / contrast, 3), np.minimum(agree / peak, 2), np.clip(near / peak, -0.5, 1),
        np.log(found.area * unit), np.log(around.uneven + 0.1), np.log(around.turn + 0.3),
        np.log(contrast / (around.texture + 2)), found.area / ((y1 - y0) * (x1 - x0)),
        np.log(np.minimum(stir, 40) + 0.1), around.free, np.full(n, np.log(grain + 0.5)),
        valid / np.maximum(found.area, 1), found.bright.astype(np.float64),
        np.clip(wide / peak, -1, 1), np.clip(still / peak, -0.5, 1.5),
        np.log(around.pace * WIDTH_2K_PX / (scene.scale * scene.here.shape[1]) + 1),
        np.log(contrast / (far[0] + 2)), np.log(far[1] + 0.003),
    )
    return np.stack([np.broadcast_to(c, n) for c in columns], 1).astype(np.float64)


def clear(scene: Scene, found: Things, views: tuple[Float, Float], within_px: int) -> Float:
    """Return the strongest excess (n,) of each thing over all that two views show within some pixels."""
    block = np.ones((2 * within_px + 1, 2 * within_px + 1), np.uint8)
    high = cv2.dilate(cv2.max(*views), block).ravel()[found.at]
    low = cv2.erode(cv2.min(*views), block).ravel()[found.at]
    here = scene.here.ravel()[found.at]
    beyond = np.where(found.bright[found.own], here - high, low - here)
    return np.maximum.reduceat(beyond, found.starts).astype(np.float32)


def path_of(given: str) -> Path:
    """Return the file of the judge that a person gave, or of the one that is shipped."""
    return shelf.chosen(given, SHIPS, ".json")


def probability(values: Table, judge: Path) -> Table:
    """Return how likely each thing is dirt, 0 to 1 (n,), from its measurements (n, 21), by the judge of a file."""
    return _network.probability(_network.read(judge, shelf.sha256(judge), NAMES).score(values))
