"""Fillings and what is true in, how far off they are out: the line of the filler `glcic`.

Iizuka, Simo-Serra and Ishikawa, SIGGRAPH 2017: first the filler learns alone, then its critics alone, then all of them
together. The paper's shares are 18, 2 and 80 %; here the first is the longest, because the last is what takes weeks.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from restore.nets.glcic import Glcic
from restore.train.critics import Critic, Logistic, beside_hole, whole
from restore.train.lines import Line, Phase

GAIN = 25.0
"""Squared errors are small; times this they pull about as hard as errors themselves do."""
ALPHA = 4e-4


def loss_of(out: Tensor, clean: Tensor, known: Tensor) -> Tensor:
    """Return the mean squared error in the holes."""
    hole = 1 - known
    return GAIN * ((out - clean).square() * hole).sum() / (out.shape[1] * hole.sum()).clamp(min=1)


LINE = Line(
    "glcic", Glcic, loss_of, 1600,
    phases=(Phase(0.8), Phase(0.04, fills=False, judges=True), Phase(0.16, judges=True, adversarial=ALPHA * GAIN)),
    critic=partial(Critic, (whole, beside_hole), joined=True), game=Logistic(),
)
