"""A picture with holes in, the same picture with them filled, without its grain, out: a dilated completion network.

Iizuka, Simo-Serra and Ishikawa, Globally and Locally Consistent Image Completion, SIGGRAPH 2017, table 1: two steps
down, four layers that look ever further without going down any more (dilations 2, 4, 8, 16), two steps up. It differs
from the paper in its width (24 instead of 64 channels), in that ELU without normalisation stands where batches were
normalised, that layers of equal size add to what they are given, that samples are drawn large before they are convolved
instead of transposed convolutions, and that it predicts what a smooth fill gets wrong, which the last layers see too.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.nets.needs import Needs
from restore.nets.smooth import OverSmooth

WIDTH = 24
DILATIONS = (1, 1, 2, 4, 8, 16, 1, 1)
"""Of the layers at a quarter of the size."""


class Glcic(OverSmooth):
    """The filler's network."""

    def __init__(self, width: int = WIDTH) -> None:
        """Make the layers; weights are random until loaded."""
        super().__init__()
        two, four = 2 * width, 4 * width
        self.stem = nn.Conv2d(4, width, 5, padding=2)
        self.second = nn.Conv2d(width, two, 3, stride=2, padding=1)
        self.beside = nn.Conv2d(two, two, 3, padding=1)
        self.quarter = nn.Conv2d(two, four, 3, stride=2, padding=1)
        self.middle = nn.ModuleList(nn.Conv2d(four, four, 3, padding=d, dilation=d) for d in DILATIONS)
        self.back = nn.Conv2d(four, two, 3, padding=1)
        self.above = nn.Conv2d(two, two, 3, padding=1)
        self.whole = nn.Conv2d(two, width, 3, padding=1)
        self.last = nn.Conv2d(width + 4, width // 2, 3, padding=1)
        self.out = nn.Conv2d(width // 2, 3, 3, padding=1)
        self.begin(adding=[self.beside, *self.middle, self.above])
        self.needs = Needs(3, 2**self.levels)

    @classmethod
    def sized(cls, tensors: Mapping[str, Tensor]) -> Glcic:
        """Return a network of the size of some weights. Raises KeyError where they are another's."""
        return cls(len(tensors["stem.weight"]))

    def residual(self, seen: Tensor) -> Tensor:
        """Return what to add (n, 3, h, w), from (n, 4, h, w) the smooth picture around zero and the holes."""
        x = functional.elu(self.second(functional.elu(self.stem(seen))))
        x = functional.elu(self.quarter(x + functional.elu(self.beside(x))))
        for layer in self.middle:
            x = x + functional.elu(layer(x))
        x = functional.elu(self.back(functional.interpolate(x, scale_factor=2.0)))
        x = x + functional.elu(self.above(x))
        x = functional.elu(self.whole(functional.interpolate(x, scale_factor=2.0)))
        return self.out(functional.elu(self.last(torch.cat([x, seen], 1))))


NET = Glcic
