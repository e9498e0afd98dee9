"""Filled patches in, patches that sit still in time and show no edge out. One file a blender: add yours here.

A blender changes only samples inside the patch's own mask, and never `mask`, `origin` or `offset`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

from restore.frames import Patch
from restore.window import Window


class Blender(Protocol):
    """What a file in this folder has to offer."""

    version: ClassVar[int]

    @property
    def reach_frames(self) -> int:
        """How many frames before and after it may look at."""

    def blend(self, window: Window, t: int, patch: Callable[[int], Patch]) -> Patch:
        """Return the patch of frame t; `patch(u)` gives frame u's as the blender before left it, within reach."""
