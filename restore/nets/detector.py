"""What is known of a pixel and its surroundings in, log-odds of each kind of damage out: a small U-Net.

After Ronneberger, Fischer and Brox (MICCAI 2015), with few channels, no normalisation (a batch of one must give what a
batch of many gives) and strided convolutions on the way down.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.nets.needs import Needs

WIDTHS = (16, 24, 32, 48)
"""Channels at the size of the first layer and at each halving."""


class Pair(nn.Module):
    """Two 3x3 convolutions, the first of which may halve the size."""

    def __init__(self, channels_in: int, channels: int, stride: int = 1) -> None:
        """Make the layers."""
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels, 3, stride, 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, channels, h / stride, w / stride)."""
        return nn.functional.silu(self.second(nn.functional.silu(self.first(x))))


class Detector(nn.Module):
    """The detector's network."""

    def __init__(self, channels_in: int, kinds: int, widths: tuple[int, ...] = WIDTHS, fold: int = 1) -> None:
        """Make the layers, the first of them of 1/`fold` of the size; weights are random until loaded."""
        super().__init__()
        sizes = (channels_in * fold**2, *widths)
        self.down = nn.ModuleList(
            Pair(a, b, 1 if i == 0 else 2) for i, (a, b) in enumerate(zip(sizes, widths, strict=False))
        )
        self.up = nn.ModuleList(
            Pair(deep + flat, flat) for deep, flat in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.out = nn.Conv2d(widths[0], kinds * fold**2, 1)
        # Damage is rare: to begin with, nothing is damaged.
        nn.init.constant_(self.out.bias, -4.0)  # type: ignore[arg-type]
        self.kinds, self.fold = kinds, fold
        self.needs = Needs(channels_in, fold * 2 ** (len(widths) - 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return log-odds (n, kinds, h, w) for measurements (n, channels, h, w); h and w as `needs` says."""
        kept: list[Tensor] = []
        x = nn.functional.pixel_unshuffle(x, self.fold)
        for level in self.down:
            x = level(x)
            kept.append(x)
        kept.pop()
        for level in self.up:
            flat = kept.pop()
            x = nn.functional.interpolate(x, size=flat.shape[-2:], mode="bilinear", align_corners=False)
            x = level(torch.cat([x, flat], 1))
        return nn.functional.pixel_shuffle(self.out(x), self.fold)
