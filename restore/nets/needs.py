"""What a network takes, as data."""

from __future__ import annotations

from dataclasses import dataclass

from restore.errors import PartError


@dataclass(frozen=True)
class Needs:
    """What a network takes."""

    channels: int
    """Channels of its input."""
    multiple_px: int
    """Height and width are multiples of this."""
    least_px: int = 1
    """Height and width are at least this."""

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise PartError where a picture (channels, h, w) is not what the network takes."""
        channels, *sides = shape[-3:]
        if channels != self.channels or any(n % self.multiple_px or n < self.least_px for n in sides):
            raise PartError(
                f"a network was shown {channels} channels of {sides[0]}x{sides[1]} px; it takes {self.channels}, of "
                f"multiples of {self.multiple_px} px, {self.least_px} px or more. Cut the picture so."
            )
