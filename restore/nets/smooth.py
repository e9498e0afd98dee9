"""A picture with holes in, a smooth continuation out; and what networks share that predict what it gets wrong."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.nets.needs import Needs

SCALE = 4.0
"""What is shown is within about one of zero when it is multiplied by this."""
LEVELS, SMOOTHING = 5, 12
"""The smooth fill reaches across holes of about 2 ** LEVELS pixels."""


def smooth_fill(picture: Tensor, known: Tensor, levels: int = LEVELS) -> Tensor:
    """Return pictures (n, c, h, w) with what is not `known` (n, 1, h, w; 0 or 1) continued smoothly from around it.

    Known pixels are averaged down and drawn large again where there are none (pull and push; Gortler et al., The
    Lumigraph, SIGGRAPH 1996), and each level is relaxed towards a membrane. h and w are multiples of 2 ** levels.
    """
    return _filled(picture * known, known, levels)


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


class OverSmooth(nn.Module):
    """A network that adds to a smooth fill: a subclass has layers, `out` as the last one, and `residual`."""

    needs: Needs
    out: nn.Conv2d
    levels = LEVELS

    def still(self) -> None:
        """Make the last layer's weights zero: to begin with, the smooth fill is left as it is."""
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def begin(self, adding: Iterable[nn.Module] = ()) -> None:
        """Make random weights that carry a signal through many layers; those of layers that are `adding` to what they
        are given begin at zero.

        Without normalisation a signal fades or grows from layer to layer, and a deep network learns nothing: variances
        are kept as He et al. say (ICCV 2015), and branches begin as nothing (after Zhang et al., Fixup, ICLR 2019).
        """
        branches = {id(layer) for layer in adding}
        for layer in (m for m in self.modules() if isinstance(m, nn.Conv2d)):
            if id(layer) in branches:
                nn.init.zeros_(layer.weight)
            else:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.still()

    def forward(self, picture: Tensor, known: Tensor) -> Tensor:
        """Return pictures (n, 3, h, w) without their grain, from pictures in [0, 1] and what is known of them.

        `known` is (n, 1, h, w), 0 or 1; what lies under 0 is not looked at. h and w are as `needs` says.
        """
        smooth = smooth_fill(picture, known, self.levels)
        seen = torch.cat([(smooth - smooth.mean((1, 2, 3), keepdim=True)) * SCALE, 1 - known], 1)
        return smooth + self.residual(seen.contiguous(memory_format=torch.channels_last)).float() / SCALE

    def residual(self, seen: Tensor) -> Tensor:
        """Return what to add (n, 3, h, w), from (n, 4, h, w) the smooth picture around zero and the holes."""
        raise NotImplementedError("a subclass of OverSmooth has a residual()")
