"""A picture in, a quarter of its size with four channels out, and back: what the small diffusion model works on.

After the small autoencoders that stand in for those of latent diffusion models (TAESD, O. Boer Bohan, 2023): no
adversary, no variational part. The picture is folded two by two into channels, which loses nothing.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

LATENTS, FACTOR = 4, 4
FINE, COARSE = 32, 64
"""Channels at half and at a quarter of the size."""
FOLD_PX = 2


class Residual(nn.Module):
    """Two 3x3 convolutions, added to what they are given; to begin with they add nothing."""

    def __init__(self, width: int) -> None:
        """Make the layers."""
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, width, h, w)."""
        return x + self.second(functional.silu(self.first(functional.silu(x))))


class Autoencoder(nn.Module):
    """The autoencoder."""

    def __init__(self, fine: int = FINE, coarse: int = COARSE) -> None:
        """Make the layers; weights are random until loaded."""
        super().__init__()
        folds = FOLD_PX**2
        self.inward = nn.Sequential(
            nn.PixelUnshuffle(FOLD_PX), nn.Conv2d(3 * folds, fine, 3, padding=1), Residual(fine),
            nn.Conv2d(fine, coarse, 3, 2, 1), Residual(coarse), Residual(coarse), nn.SiLU(),
            nn.Conv2d(coarse, LATENTS, 3, padding=1),
        )
        self.outward = nn.Sequential(
            nn.Conv2d(LATENTS, coarse, 3, padding=1), Residual(coarse), Residual(coarse), Residual(coarse),
            nn.Conv2d(coarse, fine * 4, 1), nn.PixelShuffle(2), Residual(fine), Residual(fine), nn.SiLU(),
            nn.Conv2d(fine, 3 * folds, 3, padding=1), nn.PixelShuffle(FOLD_PX),
        )

    def encode(self, picture: Tensor) -> Tensor:
        """Return latents (n, 4, h / 4, w / 4) of pictures (n, 3, h, w) around zero; h and w are multiples of 4."""
        return self.inward(picture)

    def decode(self, latents: Tensor) -> Tensor:
        """Return pictures (n, 3, h, w) around zero from latents (n, 4, h / 4, w / 4)."""
        return self.outward(latents)
