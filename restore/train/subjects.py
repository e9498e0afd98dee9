"""A seed in, one lesson as a network sees it out: what there is to learn, and from what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect import _alone, _sight
from restore.detect.net import Net
from restore.detect.photo import Photo
from restore.frames import Bits
from restore.nets.detector import WIDTHS
from restore.scenes import wear
from restore.scenes.atlas import photographs
from restore.scenes.lesson import GROUPS, Lesson, Taught
from restore.scenes.still import StillLesson
from restore.source import PixelFormat
from restore.window import Window

GREY = PixelFormat("gray16le", "grey", 16)
FAINT_BIT, FAINT_LEVELS = 7, 6.0
"""Damage that changes a pixel by less than this (soft edges, faint scratches) is marked, and counts little."""
VISIBLE_LEVELS, VISIBLE_BUSY = 10.0, 1.5
"""In a picture alone, damage that changes luma by fewer levels, or by fewer deviations of the picture around it, is
seen by nobody: it may be found or not."""
BUSY_PX = 15
Sample = tuple[npt.NDArray[np.float16], npt.NDArray[np.uint8]]
"""(channels, h, w) what is seen, (h, w) a bit for each kind of damage there and for what is faint."""


def faint(taught: Taught) -> Bits:
    """Return where a frame is changed little (H, W)."""
    return np.asarray(np.abs(taught.damaged - taught.clean).max(-1) < FAINT_LEVELS / 255)


def unseen(taught: Taught) -> Bits:
    """Return where a picture is changed less than it varies by itself (H, W)."""
    clean, damaged = 255 * taught.clean_grey, 255 * taught.damaged_grey
    mean = cv2.blur(clean, (BUSY_PX, BUSY_PX))
    varies = np.sqrt(np.maximum(cv2.blur(np.square(clean), (BUSY_PX, BUSY_PX)) - np.square(mean), 0))
    return np.asarray(np.abs(damaged - clean) < np.maximum(VISIBLE_LEVELS, VISIBLE_BUSY * varies))


@dataclass(frozen=True)
class Subject:
    """What a detector is trained for."""

    name: str
    """That of its weights."""
    channels: tuple[str, ...]
    groups: dict[str, tuple[int, ...]]
    """The labels of each kind of damage, in the order of the network's outputs."""
    see: Callable[[int, int], tuple[Float, Taught]]
    """(side in pixels, seed) to what is seen (channels, h, w) and what it is."""
    faint: Callable[[Taught], Bits] = faint
    """What of the damage hardly shows (H, W)."""
    faint_weight: float = 0.25
    """How much it counts."""
    rare: bool = False
    """Whether damage is so little that the easy rest would drown it: a focal loss, and a start that lets it through."""
    widths: tuple[int, ...] = WIDTHS
    """Channels of the network at the size of its first layer and at each halving."""
    fold: int = 1
    """That layer is of 1/`fold` of the size."""
    textures: str = ""
    """Digest of the photographs its lessons are cut out of, if any are."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the names of the network's outputs."""
        return tuple(self.groups)

    def sample(self, side_px: int, seed: int) -> Sample:
        """Return one lesson."""
        seen, taught = self.see(side_px, seed)
        what = np.zeros((side_px, side_px), np.uint8)
        for bit, labels in enumerate(self.groups.values()):
            what |= np.isin(taught.labels, labels).astype(np.uint8) << bit
        other = (taught.labels > 0) & (what == 0)
        what |= (((what > 0) & self.faint(taught)) | other).astype(np.uint8) << FAINT_BIT
        return seen.astype(np.float16), what


def window_of(grey: Float) -> Window:
    """Return a window over luma (t, H, W) in [0, 1]."""
    codes = np.rint(np.clip(grey, 0, 1) * 65535).astype(np.uint16)
    return Window.of([(plane,) for plane in codes], GREY)


def see_film(side_px: int, seed: int) -> tuple[Float, Taught]:
    """Return the middle frame of five beside its neighbours."""
    shown = Lesson(seed, (side_px, side_px), 5).clip(0, 5)
    window = window_of(shown.damaged_grey)
    sides = _sight.neighbours(window, 2, 1)
    middle = Taught(shown.clean[2], shown.damaged[2], shown.labels[2])
    if sides is None:  # a cut on either side: there is nothing to learn here
        nothing = np.zeros((len(_sight.CHANNELS), side_px, side_px), np.float32)
        return nothing, Taught(middle.clean, middle.clean, np.zeros_like(middle.labels))
    return _sight.Sight.of(window, 2, sides, 1).shown(), middle


FILM_WIDTHS, FILM_FOLD = (24, 32, 48, 64), 2
FILM = Subject(
    Net.ships, _sight.CHANNELS, {k: tuple(v) for k, v in GROUPS.items()}, see_film, widths=FILM_WIDTHS, fold=FILM_FOLD
)


UNDAMAGED, SEVERITY, NEGATIVES = 0.2, (0.15, 0.85), 0.5
"""Pictures alone are more often and worse damaged than pictures are, or there would be little to learn from."""
STILL_WIDTHS = (16, 24, 32, 48, 64)
STILL_GROUPS = {
    "speck": tuple(wear.LABELS[k] for k in ("dust", "dirt")),
    "line": (*(wear.LABELS[k] for k in ("short_hair", "long_hair", "scratch")), *wear.STILL_LABELS.values()),
}
"""Stains and blotches belong to none and may be found or not: they look like what they lie on."""


def see_still(side_px: int, seed: int, textures: Path | None = None) -> tuple[Float, Taught]:
    """Return a picture alone."""
    rng = np.random.default_rng((seed, 80))
    severity = 0.0 if rng.random() < UNDAMAGED else float(rng.uniform(*SEVERITY))
    taught = StillLesson(seed, (side_px, side_px), textures, severity, negatives=NEGATIVES).picture()
    window = window_of(taught.damaged_grey[None])
    return _alone.sight(window.grey(0), window.grain(0)), taught


def still(textures: Path | None = None) -> Subject:
    """Return what the detector for single pictures is trained for; some lessons are cut out of a folder of photographs.

    Raises ValueError where the folder holds none.
    """
    listed = "".join(f"{p.name} {p.stat().st_size};" for p in photographs(textures)) if textures else ""
    return Subject(
        Photo.ships, _alone.CHANNELS, STILL_GROUPS, partial(see_still, textures=textures), unseen, 0.0, True,
        STILL_WIDTHS, textures=sha256(listed.encode()).hexdigest()[:16] if listed else "",
    )


STILL = still()
