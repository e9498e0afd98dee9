"""A picture with holes in, the same picture with them filled, without its grain, out: a context encoder.

Pathak, Krahenbuhl, Donahue, Darrell and Efros, Context Encoders: Feature Learning by Inpainting, CVPR 2016: everything
is squeezed through a bottleneck and drawn again from there, without a way around. It differs from the paper in that it
is fully convolutional, so that any size will do: in the bottleneck each channel looks around by itself and channels are
mixed apart from that, where the paper connects all to all; there is no normalisation; layers are drawn large before
they are convolved, which leaves no chequers; and what is drawn is added to a smooth fill, which the last layers see
too: without that they would not know where the hole ends.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.nets.needs import Needs
from restore.nets.smooth import OverSmooth

WIDTHS = (32, 64, 128, 160)
LOOK_PX = 7
"""Side of what a channel of the bottleneck looks at, in its own samples: crops that are learnt from are six wide, and
what reaches beyond them would never learn."""


class ContextEncoder(OverSmooth):
    """The filler's network."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        """Make the layers; weights are random until loaded."""
        super().__init__()
        ins = (4, *widths[:-1])
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in zip(ins, widths, strict=True))
        deep = widths[-1]
        self.look = nn.Conv2d(deep, deep, LOOK_PX, padding=LOOK_PX // 2, groups=deep)
        self.mix = nn.Conv2d(deep, deep, 1)
        outs = (widths[0], *widths[:-1])
        self.up = nn.ModuleList(nn.Conv2d(b, a, 3, padding=1) for a, b in zip(outs[::-1], widths[::-1], strict=True))
        self.last = nn.Conv2d(widths[0] + 4, widths[0], 3, padding=1)
        self.out = nn.Conv2d(widths[0], 3, 3, padding=1)
        self.begin()
        self.needs = Needs(3, 2 ** max(self.levels, len(widths)))

    @classmethod
    def sized(cls, tensors: Mapping[str, Tensor]) -> ContextEncoder:
        """Return a network of the size of some weights. Raises KeyError where they are another's."""
        depth = max(1, sum(1 for k in tensors if k.startswith("down.") and k.endswith(".weight")))
        return cls(tuple(len(tensors[f"down.{i}.weight"]) for i in range(depth)))

    def residual(self, seen: Tensor) -> Tensor:
        """Return what to add (n, 3, h, w), from (n, 4, h, w) the smooth picture around zero and the holes."""
        x = seen
        for down in self.down:
            x = functional.elu(down(x))
        x = functional.elu(self.mix(functional.elu(self.look(x))))
        for up in self.up:
            x = functional.elu(up(functional.interpolate(x, scale_factor=2.0)))
        return self.out(functional.elu(self.last(torch.cat([x, seen], 1))))


NET = ContextEncoder
