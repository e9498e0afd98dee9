"""Fillings and what is true in, how far off they are out: the line of the filler `context_encoder`."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from restore.nets.context_encoder import ContextEncoder
from restore.train.critics import Critic, Logistic, fill_alone
from restore.train.lines import Line, Phase

OVERLAP_PX, OVERLAP = 7, 10.0
"""So much of the surroundings counts too, and ten times: fillings are to join on to them (Pathak et al., CVPR 2016)."""
FLOOR, GAIN = 1e-4, 100.0
"""Mean squared errors below 40 dB count no more; what a logarithm pulls harder than a squared error of 0.01."""


def loss_of(out: Tensor, clean: Tensor, known: Tensor) -> Tensor:
    """Return the logarithm of each crop's mean squared error in its holes and the band around, the mean over crops.

    Without the logarithm (as the paper has it), few crops full of contrast would teach and all others would not.
    """
    hole = 1 - known
    near = functional.max_pool2d(hole, 2 * OVERLAP_PX + 1, 1, OVERLAP_PX) - hole
    weight = hole + OVERLAP * near
    error = ((out - clean).square() * weight).sum((1, 2, 3)) / (out.shape[1] * weight.sum((1, 2, 3))).clamp(min=1)
    return torch.log(error / FLOOR + 1).mean()


LINE = Line(
    "context_encoder", ContextEncoder, loss_of, 400,
    phases=(Phase(0.85), Phase(0.15, judges=True, adversarial=0.001 * GAIN)),
    critic=partial(Critic, (fill_alone,)), game=Logistic(),
)
"""Reconstruction to 0.999 parts and what the critic says to 0.001, as in the paper, the critic late."""
