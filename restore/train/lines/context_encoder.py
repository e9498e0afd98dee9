"""Fillings and what is true in, how far off they are out: the line of the filler `context_encoder`."""

from __future__ import annotations

from functools import partial

from torch import Tensor
from torch.nn import functional

from restore.nets.context_encoder import ContextEncoder
from restore.train.critics import Critic, Logistic, fill_alone
from restore.train.lines import Line, Phase

OVERLAP_PX, OVERLAP = 7, 10.0
"""So much of the surroundings counts too, and ten times: fillings are to join on to them (Pathak et al., CVPR 2016)."""
GAIN = 25.0
"""Squared errors are small; times this they pull about as hard as errors themselves do."""


def loss_of(out: Tensor, clean: Tensor, known: Tensor) -> Tensor:
    """Return the mean squared error in the holes and in the band around them."""
    hole = 1 - known
    near = functional.max_pool2d(hole, 2 * OVERLAP_PX + 1, 1, OVERLAP_PX) - hole
    weight = hole + OVERLAP * near
    return GAIN * ((out - clean).square() * weight).sum() / (out.shape[1] * weight.sum()).clamp(min=1)


LINE = Line(
    "context_encoder", ContextEncoder, loss_of, 600,
    phases=(Phase(0.85), Phase(0.15, judges=True, adversarial=0.001 * GAIN)),
    critic=partial(Critic, (fill_alone,)), game=Logistic(),
)
"""Reconstruction to 0.999 parts and what the critic says to 0.001, as in the paper, the critic late."""
