"""A picture with holes in, the same picture with them filled, without its grain, out: a small net for thin damage.

It predicts what a smooth fill gets wrong. The picture is folded two by two into channels (as in Zhang, Zuo and Zhang,
FFDNet, IEEE TIP 2018), which loses nothing and costs a quarter; blocks look at several distances at once (after Zeng
et al., AOT-GAN, TVCG 2022), each gated by one map (a light form of Yu et al., Free-form inpainting with gated
convolution, ICCV 2019). No normalisation: a batch of one must give what a batch of many gives.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.nets.needs import Needs

WIDTH, BLOCKS = 64, 6
DILATIONS = (1, 2, 4, 8)
FOLD_PX = 2
SCALE = 4.0
"""What is shown is within about one of zero when it is multiplied by this."""
LEVELS, SMOOTHING = 5, 12
"""The smooth fill reaches across holes of about 2 ** LEVELS pixels."""


def smooth_fill(picture: Tensor, known: Tensor) -> Tensor:
    """Return pictures (n, c, h, w) with what is not `known` (n, 1, h, w; 0 or 1) continued smoothly from around it.

    Known pixels are averaged down and drawn large again where there are none (pull and push; Gortler et al., The
    Lumigraph, SIGGRAPH 1996), and each level is relaxed towards a membrane. h and w are multiples of 2 ** LEVELS.
    """
    return _filled(picture * known, known, LEVELS)


def _filled(sums: Tensor, known: Tensor, levels: int) -> Tensor:
    least = known.clamp(min=1e-4)
    if not levels:
        centre = sums.mean((2, 3), keepdim=True) / known.mean((2, 3), keepdim=True).clamp(min=1e-6)
        return torch.where(known > 0, sums / least, centre)
    coarse = _filled(functional.avg_pool2d(sums, 2), functional.avg_pool2d(known, 2), levels - 1)
    there = known > 0
    own = sums / least
    out = torch.where(there, own, functional.interpolate(coarse, scale_factor=2.0, mode="bilinear"))
    for _ in range(SMOOTHING):
        wide = functional.pad(out, (1, 1, 1, 1), mode="replicate")
        sides = wide[..., 1:-1, :-2] + wide[..., 1:-1, 2:] + wide[..., :-2, 1:-1] + wide[..., 2:, 1:-1]
        out = torch.where(there, own, sides * 0.25)
    return out


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


class ThinNet(nn.Module):
    """The filler's network."""

    def __init__(self, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        """Make the layers; weights are random until loaded, and to begin with the smooth fill is left as it is."""
        super().__init__()
        folds = FOLD_PX**2
        self.stem = nn.Conv2d(4 * folds, width, 3, padding=1)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.beside = nn.Conv2d(width // folds + 4, 16, 3, padding=1)
        self.out = nn.Conv2d(16, 3, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]
        self.needs = Needs(3, 2**LEVELS)

    def forward(self, picture: Tensor, known: Tensor) -> Tensor:
        """Return pictures (n, 3, h, w) without their grain, from pictures in [0, 1] and what is known of them.

        `known` is (n, 1, h, w), 0 or 1; what lies under 0 is not looked at. h and w are as `needs` says.
        """
        smooth = smooth_fill(picture, known)
        seen = torch.cat([(smooth - smooth.mean((1, 2, 3), keepdim=True)) * SCALE, 1 - known], 1)
        return smooth + self.residual(seen.contiguous(memory_format=torch.channels_last)).float() / SCALE

    def residual(self, seen: Tensor) -> Tensor:
        """Return what to add (n, 3, h, w), from (n, 4, h, w) the smooth picture around zero and the holes."""
        x = functional.silu(self.stem(functional.pixel_unshuffle(seen, FOLD_PX)))
        for block in self.blocks:
            x = block(x)
        fine = torch.cat([functional.pixel_shuffle(functional.silu(x), FOLD_PX), seen], 1)
        return self.out(functional.silu(self.beside(fine)))
