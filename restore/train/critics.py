"""Pictures and their holes in, how real they look out; and what critics and fillers want of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

View = Callable[[Tensor, Tensor], Tensor]
"""Pictures (n, 3, h, w) and what is known of them (n, 1, h, w), to what a critic looks at (n, 4, h', w')."""
WIDTH, DEPTH = 16, 4
LEAK = 0.2
PENALTY = 10.0


def whole(picture: Tensor, known: Tensor) -> Tensor:
    """Look at all of a picture, and at where its hole was."""
    return torch.cat([picture * 2 - 1, 1 - known], 1)


def fill_alone(picture: Tensor, known: Tensor) -> Tensor:
    """Look at what was filled and at nothing else."""
    return torch.cat([(picture * 2 - 1) * (1 - known), 1 - known], 1)


def beside_hole(picture: Tensor, known: Tensor) -> Tensor:
    """Look at a square of half the side, where most of it is hole."""
    return around(whole(picture, known), known)


def around(picture: Tensor, known: Tensor) -> Tensor:
    """Return squares of half the side (n, c, h / 2, w / 2) of pictures (n, c, h, w), where most of each is hole."""
    h, w = (n // 2 for n in known.shape[-2:])
    step = max(1, h // 8)
    share = functional.avg_pool2d(1 - known, (h, w), step)
    best = share.flatten(1).argmax(1)
    corners = [(int(b) // share.shape[-1] * step, int(b) % share.shape[-1] * step) for b in best]
    return torch.stack([p[:, y : y + h, x : x + w] for p, (y, x) in zip(picture, corners, strict=True)])


def tower(depth: int) -> nn.Sequential:
    """Return layers that halve a picture's size so often (5x5, as in Iizuka et al., SIGGRAPH 2017)."""
    widths = (4, *(WIDTH * min(2**i, 4) for i in range(depth)))
    layers = [
        part for a, b in pairwise(widths)
        for part in (nn.Conv2d(a, b, 5, stride=2, padding=2), nn.LeakyReLU(LEAK))
    ]
    return nn.Sequential(*layers)


class Critic(nn.Module):
    """Says how real pictures look: a number for each of its views, or one for all.

    What each place of a picture says is averaged, so that pictures of any size can be judged.
    """

    def __init__(self, views: tuple[View, ...], joined: bool = False) -> None:
        """Make a tower of layers for each view; with `joined`, what they say is weighed together."""
        super().__init__()
        self.views, self.joined = views, joined
        self.towers = nn.ModuleList(tower(DEPTH) for _ in views)
        wide = WIDTH * 4
        self.says = nn.ModuleList(nn.Linear(wide * n, 1) for n in ([len(views)] if joined else [1] * len(views)))

    def forward(self, picture: Tensor, known: Tensor) -> Tensor:
        """Return (n, views), or (n, 1) where they are joined; more is more real."""
        seen = [tower(view(picture, known)).mean((2, 3)) for view, tower in zip(self.views, self.towers, strict=True)]
        felt = [torch.cat(seen, 1)] if self.joined else seen
        return torch.cat([say(x) for say, x in zip(self.says, felt, strict=True)], 1)


@dataclass(frozen=True)
class Logistic:
    """Critics tell real from made (Goodfellow et al., NIPS 2014, with the loss for fillers that does not saturate)."""

    def judge(self, critic: nn.Module, made: Tensor, clean: Tensor, known: Tensor, rng: np.random.Generator) -> Tensor:
        """Return the loss of the critic: the logarithm of how likely it is to be mistaken."""
        return functional.softplus(-critic(clean, known)).mean() + functional.softplus(critic(made, known)).mean()

    def fool(self, critic: nn.Module, made: Tensor, known: Tensor) -> Tensor:
        """Return the loss of the filler."""
        return functional.softplus(-critic(made, known)).mean()


@dataclass(frozen=True)
class Wasserstein:
    """Critics measure how far made pictures are from real ones (Gulrajani et al., NIPS 2017).

    Their slope is held near one; only the slope in the holes counts, which is all a filler can change (Wang et al.,
    NeurIPS 2018).
    """

    penalty: float = PENALTY

    def judge(self, critic: nn.Module, made: Tensor, clean: Tensor, known: Tensor, rng: np.random.Generator) -> Tensor:
        """Return the loss of the critic."""
        apart = (critic(made, known) - critic(clean, known)).sum(1).mean()
        return apart + self.penalty * self.steepness(critic, made, clean, known, rng)

    def steepness(
        self, critic: nn.Module, made: Tensor, clean: Tensor, known: Tensor, rng: np.random.Generator
    ) -> Tensor:
        """Return how far the slope is from one, squared, at pictures between the made and the real ones."""
        share = torch.from_numpy(rng.random((len(made), 1, 1, 1), np.float32)).to(made.device)
        between = (share * made + (1 - share) * clean).requires_grad_()
        says = critic(between, known)
        out = torch.zeros((), device=made.device)
        for one in says.unbind(1):
            (slope,) = torch.autograd.grad(one.sum(), between, create_graph=True)
            out = out + ((slope * (1 - known)).flatten(1).norm(dim=1) - 1).square().mean()
        return out

    def fool(self, critic: nn.Module, made: Tensor, known: Tensor) -> Tensor:
        """Return the loss of the filler."""
        return -critic(made, known).sum(1).mean()
