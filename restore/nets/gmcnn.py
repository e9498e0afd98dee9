"""A picture with holes in, the same picture with them filled, without its grain, out: three columns side by side.

Wang, Tao, Qi, Shen and Jia, Image Inpainting via Generative Multi-column Convolutional Neural Networks, NeurIPS 2018:
columns with kernels of 7, 5 and 3 samples look at the picture apart from each other, each goes two steps down and far
around by dilations 2, 4, 8 and 16, and what they found is put together at full size. It differs from the paper in its
width (8 instead of 32 channels), in that dilated layers have kernels of 3 samples in all columns, that the picture's
rim is not mirrored, that layers of equal size add to what they are given, and that it predicts what a smooth fill gets
wrong, which the last layers see too.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.nets.needs import Needs
from restore.nets.smooth import OverSmooth

WIDTH = 8
"""Four times this is a multiple of 16: with others, 16-bit slopes of dilated layers come out as no numbers on CPUs."""
KERNELS_PX = (7, 5, 3)
DILATIONS = (2, 4, 8, 16)
FAR_PX = 3
"""Kernels of dilated layers: what reaches beyond the crops that are learnt from would never learn."""


class Column(nn.Module):
    """Looks at a picture with kernels of one size; what it found comes out at full size."""

    def __init__(self, width: int, kernel_px: int, steps: int) -> None:
        """Make the layers; of two doublings of the size, so many are followed by layers of their own."""
        super().__init__()

        def layer(ins: int, outs: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
            return nn.Conv2d(ins, outs, kernel_px, stride, dilation * (kernel_px // 2), dilation)

        two, four = 2 * width, 4 * width
        self.down = nn.ModuleList(
            [layer(4, width), layer(width, two, 2), layer(two, two), layer(two, four, 2), layer(four, four)]
        )
        far = [nn.Conv2d(four, four, FAR_PX, padding=d, dilation=d) for d in DILATIONS]
        self.middle = nn.ModuleList([layer(four, four), *far, layer(four, four), layer(four, four)])
        widths = (four, two, width)[: steps + 1]
        self.up = nn.ModuleList(
            nn.Sequential(layer(a, b), nn.ELU(), layer(b, b), nn.ELU())
            for a, b in pairwise(widths)
        )
        self.width = widths[-1]

    def forward(self, seen: Tensor) -> Tensor:
        """Return (n, width, h, w) from (n, 4, h, w)."""
        x = seen
        for down in self.down:
            x = functional.elu(down(x))
        for layer in self.middle:
            x = x + functional.elu(layer(x))
        for up in self.up:
            x = up(functional.interpolate(x, scale_factor=2.0, mode="bilinear"))
        return functional.interpolate(x, size=seen.shape[-2:], mode="bilinear") if x.shape[-1] < seen.shape[-1] else x


class Gmcnn(OverSmooth):
    """The filler's network."""

    def __init__(self, width: int = WIDTH) -> None:
        """Make the layers; weights are random until loaded."""
        super().__init__()
        columns = [Column(width, k, steps) for steps, k in enumerate(KERNELS_PX)]
        self.columns = nn.ModuleList(columns)
        self.join = nn.Conv2d(7 * width + 4, width, 3, padding=1)
        self.out = nn.Conv2d(width, 3, 3, padding=1)
        self.begin(adding=[layer for column in columns for layer in column.middle])
        self.needs = Needs(3, 2**self.levels)

    @classmethod
    def sized(cls, tensors: Mapping[str, Tensor]) -> Gmcnn:
        """Return a network of the size of some weights. Raises KeyError where they are another's."""
        return cls(len(tensors["join.weight"]))

    def residual(self, seen: Tensor) -> Tensor:
        """Return what to add (n, 3, h, w), from (n, 4, h, w) the smooth picture around zero and the holes."""
        found = [*(column(seen) for column in self.columns), seen]
        return self.out(functional.elu(self.join(torch.cat(found, 1))))


NET = Gmcnn
