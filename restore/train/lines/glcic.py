"""Fillings and what is true in, how far off they are out: the line of the filler `glcic`.

Iizuka, Simo-Serra and Ishikawa, SIGGRAPH 2017: first the filler learns alone, then its critics alone, then all of them
together. The paper's shares are 18, 2 and 80 %; here the first is the longest, because the last is what takes weeks.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from restore.nets.glcic import Glcic
from restore.train.critics import Critic, Logistic, beside_hole, whole
from restore.train.lines import Line, Phase

FLOOR = 1e-4
"""Mean squared errors below this, 40 dB, count no more."""
ALPHA, GAIN = 4e-4, 100.0
"""Weight of what the critics say, as in the paper; and what a logarithm pulls harder than a squared error of 0.01."""


def loss_of(out: Tensor, clean: Tensor, known: Tensor) -> Tensor:
    """Return the logarithm of each crop's mean squared error in its holes, the mean over crops: PSNR, turned over.

    Without the logarithm (as the paper has it), few crops full of contrast would teach and all others would not.
    """
    hole = 1 - known
    error = ((out - clean).square() * hole).sum((1, 2, 3)) / (out.shape[1] * hole.sum((1, 2, 3))).clamp(min=1)
    return torch.log(error / FLOOR + 1).mean()


LINE = Line(
    "glcic", Glcic, loss_of, 2200,
    phases=(Phase(0.8), Phase(0.04, fills=False, judges=True), Phase(0.16, judges=True, adversarial=ALPHA * GAIN)),
    critic=partial(Critic, (whole, beside_hole), joined=True), game=Logistic(),
)
