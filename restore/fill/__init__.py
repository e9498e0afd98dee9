"""A window and a hole in, new samples and where they came from out. One file a filler: add yours here.

Fillers form a ladder: each fills what the ones before it left. Samples are worked on per native plane, float32, in
code values, so no depth or colour conversion stands between a donor and its copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.window import Window


@dataclass(frozen=True)
class Filling:
    """What one filler did to one frame."""

    planes: tuple[Float, ...]
    """One (h, w) float32 array per colour plane, code values; read only under `done`."""
    done: Bits
    """(H, W) bool: the hole pixels this filler answers for; a subset of the hole it was given."""
    offset: npt.NDArray[np.int8] | None = None
    """(H, W): frame offset of the main donor, for fillers that copy; None for fillers that invent."""


class Filler(Protocol):
    """What a file in this folder has to offer."""

    version: ClassVar[int]
    invents: ClassVar[bool]
    """False for fillers that only copy real pixels of other frames; `policy.invent = false` keeps only those."""

    @property
    def reach_frames(self) -> int:
        """How many frames before and after it may look at."""

    def fill(self, window: Window, t: int, planes: tuple[Float, ...], hole: Bits) -> Filling:
        """Fill what it can of `hole` (H, W) bool in frame t.

        `planes` are the frame's colour planes, (h, w) float32 code values, with earlier fillers' work already in;
        they must not be written to. Samples under the hole (`frames.support(hole, ...)`) hold damage.
        """
