"""What a network takes, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Needs:
    """What a network takes."""

    channels: int
    """Channels of its input."""
    multiple_px: int
    """Height and width are multiples of this."""
