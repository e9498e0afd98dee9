"""A window in, the losses of one frame out. One file a detector: add yours here, or name it in a recipe.

A detector is a frozen dataclass whose fields are its parameters. It answers for one frame at a time, looks only at
frames within `reach_frames` (through the window, which never shows across a cut what the part does not ask for), and
must give the same answer whatever was asked before. What it cannot decide goes into `Detection.objects` as
"undecided" and not into the mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from restore.colour import Float
from restore.curves import Curve
from restore.frames import Bits
from restore.window import Window


@dataclass(frozen=True)
class Found:
    """One thing a detector saw."""

    frame: int
    kind: str
    """dirt, scratch ..."""
    box: tuple[int, int, int, int]
    """(y0, x0, y1, x1), half-open, luma pixels."""
    area_px: int
    confidence: float
    """0 to 1."""
    status: Literal["confirmed", "undecided"] = "confirmed"
    why: str = ""
    curve: Curve | None = None
    """Where it runs, for what is a line: a person may move it, and the project keeps it."""


@dataclass(frozen=True)
class Detection:
    """What a detector says about one frame."""

    mask: Bits
    """(H, W) bool: to be filled."""
    objects: tuple[Found, ...] = ()
    note: str = ""
    """What a person should know of how this mask came about; the ledger keeps it."""
    followed: tuple[Curve, ...] = ()
    """Lines that are listed in an earlier frame and go on here: kept, so that one decision serves for all frames."""


class Detector(Protocol):
    """What a file in this folder has to offer."""

    version: ClassVar[int]

    @property
    def reach_frames(self) -> int:
        """How many frames before and after it may look at."""

    def detect(self, window: Window, t: int) -> Detection:
        """Return the losses of frame t."""


class Adjustable(Protocol):
    """A detector that the recipe's one knob, `policy.sensitivity`, adjusts; what explicit settings say goes before."""

    sensitivity: ClassVar[Mapping[str, Mapping[str, Any]]]
    """"cautious" and "thorough" to the fields they change; "normal" is the defaults."""


class Leading(Protocol):
    """A detector that can be made to draw what it only lists, for a person who says that it is a loss after all."""

    leads: ClassVar[Mapping[str, Any]]
    """The fields with which undecided finds are drawn."""


@runtime_checkable
class Scored(Protocol):
    """A detector that can also say how strongly each pixel looks damaged, for measuring it at every threshold."""

    finds: ClassVar[Literal["dirt", "scratch"]]
    """What its strengths are those of: line scratches, or all else."""

    def score(self, window: Window, t: int) -> Float:
        """Return (H, W) float32, 0 where there is nothing: the mask of frame t is where it exceeds the threshold."""
