"""Gradients in, steps of equal strength in all directions of a layer out: learns more from a batch than Adam.

After Muon (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024), whose constants these are.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

MOMENTUM, DECAY, TURNS = 0.95, 1e-3, 5
QUINTIC = (3.4445, -4.7750, 2.0315)
LIKE_ADAM = 0.2
"""Steps are made as large as Adam's with the same rate."""


def orthogonal(matrix: Tensor) -> Tensor:
    """Return the nearest matrix (a, b) whose singular values are about one, by Newton and Schulz's iteration."""
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    a, b, c = QUINTIC
    for _ in range(TURNS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


class Muon(Optimizer):
    """Momentum whose steps are made orthogonal, for the weights of layers (n, m, ...).

    K. Jordan et al., "Muon: an optimizer for hidden layers" (2024); the size of a step after Liu et al., "Muon is
    scalable for LLM training" (2025).
    """

    def __init__(self, weights: Iterable[Parameter], lr: float) -> None:
        """Begin with no momentum."""
        super().__init__(weights, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change the weights after their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group["lr"])

    def _move(self, weight: Parameter, slope: Tensor, rate: float) -> None:
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].mul_(MOMENTUM).add_(slope)
        ahead = (slope + MOMENTUM * momentum).reshape(len(weight), -1)
        size = LIKE_ADAM * max(ahead.shape) ** 0.5
        weight.mul_(1 - rate * DECAY).sub_(orthogonal(ahead).reshape(weight.shape), alpha=rate * size)
