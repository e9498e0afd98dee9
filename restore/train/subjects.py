"""A seed in, one lesson as a network sees it out: what there is to learn, and from what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect import _sight
from restore.detect.net import Net
from restore.scenes.lesson import GROUPS, Lesson, Taught
from restore.source import PixelFormat
from restore.window import Window

GREY = PixelFormat("gray16le", "grey", 16)
FAINT_BIT, FAINT_LEVELS = 7, 6.0
"""Damage that changes a pixel by less than this (soft edges, faint scratches) is marked, and counts little."""
Sample = tuple[npt.NDArray[np.float16], npt.NDArray[np.uint8]]
"""(channels, h, w) what is seen, (h, w) a bit for each kind of damage there and for what is faint."""


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
        faint = np.abs(taught.damaged - taught.clean).max(-1) < FAINT_LEVELS / 255
        what |= ((what > 0) & faint).astype(np.uint8) << FAINT_BIT
        return seen.astype(np.float16), what


def window_of(grey: Float) -> Window:
    """Return a window over luma (t, H, W) in [0, 1]."""
    codes = np.rint(np.clip(grey, 0, 1) * 65535).astype(np.uint16)
    return Window.of([(plane,) for plane in codes], GREY)


def see_film(side_px: int, seed: int) -> tuple[Float, Taught]:
    """Return the middle frame of three beside its neighbours."""
    shown = Lesson(seed, (side_px, side_px), 3).clip(0, 3)
    window = window_of(shown.damaged_grey)
    sides = _sight.neighbours(window, 1, 1)
    middle = Taught(shown.clean[1], shown.damaged[1], shown.labels[1])
    if sides is None:  # a cut on either side: there is nothing to learn here
        nothing = np.zeros((len(_sight.CHANNELS), side_px, side_px), np.float32)
        return nothing, Taught(middle.clean, middle.clean, np.zeros_like(middle.labels))
    return _sight.sight(window, 1, sides), middle


FILM = Subject(Net.ships, _sight.CHANNELS, {k: tuple(v) for k, v in GROUPS.items()}, see_film)
