"""A picture with holes in, the same picture with them filled, without its grain, out: a small net for thin damage.

It predicts what a smooth fill gets wrong. The picture is folded two by two into channels (as in Zhang, Zuo and Zhang,
FFDNet, IEEE TIP 2018), which loses nothing and costs a quarter; blocks look at several distances at once (after Zeng
et al., AOT-GAN, TVCG 2022), each gated by one map (a light form of Yu et al., Free-form inpainting with gated
convolution, ICCV 2019). No normalisation: a batch of one must give what a batch of many gives.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.nets.needs import Needs
from restore.nets.smooth import LEVELS, OverSmooth

WIDTH, BLOCKS = 64, 6
DILATIONS = (1, 2, 4, 8)
FOLD_PX = 2


class Block(nn.Module):
    """Looks at several distances at once, and adds what a gate lets through."""

    def __init__(self, width: int) -> None:
        """Make the layers."""
        super().__init__()
        part = width // len(DILATIONS)
        self.look = nn.ModuleList(nn.Conv2d(width, part, 3, padding=d, dilation=d) for d in DILATIONS)
        self.mix = nn.Conv2d(width, width, 1)
        self.gate = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, width, h, w)."""
        seen = functional.silu(torch.cat([look(x) for look in self.look], 1))
        return x + self.mix(seen) * torch.sigmoid(self.gate(x))


class ThinNet(OverSmooth):
    """The filler's network."""

    def __init__(self, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        """Make the layers; weights are random until loaded, and to begin with the smooth fill is left as it is."""
        super().__init__()
        folds = FOLD_PX**2
        self.stem = nn.Conv2d(4 * folds, width, 3, padding=1)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.beside = nn.Conv2d(width // folds + 4, 16, 3, padding=1)
        self.out = nn.Conv2d(16, 3, 3, padding=1)
        self.still()
        self.needs = Needs(3, 2**LEVELS)

    @classmethod
    def sized(cls, tensors: Mapping[str, Tensor]) -> ThinNet:
        """Return a network of the size of some weights. Raises KeyError where they are another's."""
        return cls(len(tensors["stem.weight"]), sum(1 for k in tensors if k.endswith(".mix.weight")))

    def residual(self, seen: Tensor) -> Tensor:
        """Return what to add (n, 3, h, w), from (n, 4, h, w) the smooth picture around zero and the holes."""
        x = functional.silu(self.stem(functional.pixel_unshuffle(seen, FOLD_PX)))
        for block in self.blocks:
            x = block(x)
        fine = torch.cat([functional.pixel_shuffle(functional.silu(x), FOLD_PX), seen], 1)
        return self.out(functional.silu(self.beside(fine)))


NET = ThinNet
