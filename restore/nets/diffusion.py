"""A picture with holes and noise in, one of many pictures that could lie under the holes out: a small diffusion model.

What is diffused is what a smooth fill gets wrong, in the latents of a small autoencoder (Rombach et al.,
High-resolution image synthesis with latent diffusion models, CVPR 2022), and only where there are holes. The denoiser
sees nine channels, as inpainting models of that family do: the noisy latents, those of the picture with its holes
smoothly filled, and the holes. It says v (Salimans and Ho, Progressive distillation, ICLR 2022) on a cosine schedule
(Nichol and Dhariwal, Improved DDPM, ICML 2021), and a few steps without fresh noise (Song et al., DDIM, ICLR 2021) lead
from noise to a fill. Features are normalised pixel by pixel, so that a tile's size changes nothing.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from restore.nets.autoencoder import FACTOR, LATENTS, Autoencoder
from restore.nets.needs import Needs
from restore.nets.smooth import LEVELS, smooth_fill

WIDTHS = (64, 128, 160)
"""Channels of the denoiser at the latents' size and at each halving."""
DEEP = 3
"""Blocks where it is smallest."""
TIMES = 64
"""Channels that say how much noise there is."""
RANGE = 2.0
"""Pictures around zero are multiplied by this."""


class Step(nn.Module):
    """Two 3x3 convolutions, told how much noise there is; what they add is nothing to begin with."""

    def __init__(self, width_in: int, width: int, times: int) -> None:
        """Make the layers."""
        super().__init__()
        self.first = nn.Conv2d(width_in, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.told = nn.Linear(times, 2 * width)
        self.past = nn.Conv2d(width_in, width, 1) if width_in != width else nn.Identity()
        for layer in (self.second, self.told):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.told.bias)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Return (n, width, h, w)."""
        scale, shift = self.told(time)[..., None, None].chunk(2, 1)
        inner = even(self.first(functional.silu(even(x)))) * (1 + scale) + shift
        return self.past(x) + self.second(functional.silu(inner))


def even(x: Tensor) -> Tensor:
    """Return (n, c, h, w) with the channels of each pixel scaled to a mean square of one."""
    return x * torch.rsqrt(x.float().square().mean(1, keepdim=True) + 1e-4).to(x.dtype)


class Denoiser(nn.Module):
    """A small U-Net over latents."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, times: int = TIMES) -> None:
        """Make the layers; weights are random until loaded."""
        super().__init__()
        self.clock = nn.Sequential(nn.Linear(times, times), nn.SiLU(), nn.Linear(times, times), nn.SiLU())
        self.stem = nn.Conv2d(2 * LATENTS + 1, widths[0], 3, padding=1)
        self.down = nn.ModuleList(Step(w, w, times) for w in widths[:-1])
        self.less = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in pairwise(widths))
        self.deep = nn.ModuleList(Step(widths[-1], widths[-1], times) for _ in range(DEEP))
        self.more = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(widths[-2::-1], widths[:0:-1], strict=True))
        self.up = nn.ModuleList(Step(2 * w, w, times) for w in widths[-2::-1])
        self.out = nn.Conv2d(widths[0], LATENTS, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]
        self.times = times

    def forward(self, seen: Tensor, time: Tensor) -> Tensor:
        """Return v (n, 4, h, w) for (n, 9, h, w) and times (n,) from 0, no noise, to 1, nothing but noise."""
        turn = time[:, None] * math.pi * 2.0 ** torch.linspace(-1, 6, self.times // 2, device=time.device)
        clock = self.clock(torch.cat([turn.sin(), turn.cos()], 1))
        x, kept = self.stem(seen), list[Tensor]()
        for step, less in zip(self.down, self.less, strict=True):
            kept.append(step(x, clock))
            x = less(kept[-1])
        for step in self.deep:
            x = step(x, clock)
        for more, step in zip(self.more, self.up, strict=True):
            x = functional.interpolate(more(x), scale_factor=2.0, mode="nearest")
            x = step(torch.cat([x, kept.pop()], 1), clock)
        return self.out(functional.silu(even(x)))


class DiffusionNet(nn.Module):
    """Autoencoder and denoiser, and how they are used."""

    spread: Tensor

    def __init__(self, fine: int, coarse: int, widths: tuple[int, ...], times: int = TIMES) -> None:
        """Make the layers; weights are random until loaded."""
        super().__init__()
        self.codec = Autoencoder(fine, coarse)
        self.denoiser = Denoiser(widths, times)
        self.register_buffer("spread", torch.ones(LATENTS, 1, 1))
        self.needs = Needs(3, max(2**LEVELS, FACTOR * 2 ** (len(widths) - 1)))

    def condition(self, picture: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what is known of pictures (n, 3, h, w) with `known` (n, 1, h, w) of 0 and 1.

        That is (the centre of each (n, 1, 1, 1), latents of the smoothly filled picture (n, 4, h / 4, w / 4), where
        there are holes or a hole is next (n, 1, h / 4, w / 4)).
        """
        smooth = smooth_fill(picture, known)
        centre = smooth.mean((1, 2, 3), keepdim=True)
        hole = functional.max_pool2d(functional.max_pool2d(1 - known, FACTOR), 3, 1, 1)
        return centre, self.codec.encode((smooth - centre) * RANGE), hole

    def v(self, noisy: Tensor, smooth: Tensor, hole: Tensor, time: Tensor) -> Tensor:
        """Return what the denoiser says of noisy latents (n, 4, h, w), in units of `spread`, at times (n,)."""
        return self.denoiser(torch.cat([noisy * hole, smooth, hole], 1), time)

    def forward(self, picture: Tensor, known: Tensor, noise: Tensor, steps: int) -> Tensor:
        """Return pictures (n, 3, h, w) that go on into the holes, after so many steps from noise (n, 4, h / 4, w / 4).

        What the autoencoder gets wrong around a hole is taken back smoothly within it, so that no seam shows.
        """
        centre, smooth, hole = self.condition(picture, known)
        x = noise
        times = torch.linspace(1, 0, steps + 1, device=x.device)
        for time, then in pairwise(times):
            signal, share = schedule(time)
            v = self.v(x, smooth, hole, time.expand(len(x)))
            guess, fresh = signal * x - share * v, share * x + signal * v
            signal, share = schedule(then)
            x = signal * guess + share * fresh
        drawn = self.codec.decode(smooth + x * self.spread * hole) / RANGE + centre
        return drawn + smooth_fill(picture - drawn, known)


def schedule(time: Tensor) -> tuple[Tensor, Tensor]:
    """Return the shares of picture and noise, whose squares add up to one, at times from 0 to 1."""
    return (0.5 * math.pi * time).cos(), (0.5 * math.pi * time).sin()
