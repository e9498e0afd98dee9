"""Fillings and what is true in, how far off they are out: the line of the filler `context_encoder`.

Pathak et al., CVPR 2016. There a band of the surroundings counts ten times, so that fillings join on to them; here the
smooth fill beneath brings that along. Errors count as those of `thin` do: large ones less than by their square.
"""

from __future__ import annotations

from functools import partial

from restore.nets.context_encoder import ContextEncoder
from restore.train.critics import Critic, Logistic, fill_alone
from restore.train.lines import Line, Phase
from restore.train.lines.thin import loss_of

GAIN = 5.0
"""What the loss pulls harder than a squared error of 0.01."""

LINE = Line(
    "context_encoder", ContextEncoder, loss_of, 6_000, crops=8, peak_rate=2e-4, muon=True, keep_frac=0.998,
    phases=(Phase(0.9), Phase(0.1, judges=True, adversarial=0.001 * GAIN)),
    critic=partial(Critic, (fill_alone,)), game=Logistic(),
)
"""Reconstruction to 0.999 parts and what the critic says to 0.001, as in the paper, the critic late."""
