"""Fillings and what is true in, how far off they are out: the line of the filler `glcic`.

Iizuka, Simo-Serra and Ishikawa, SIGGRAPH 2017: first the filler learns alone, then its critics alone, then all of them
together. The paper's shares are 18, 2 and 80 %; here the first is the longest, because the last is what takes weeks.
Errors count as those of `thin` do, by their square where they are small, as in the paper: large ones count less.
"""

from __future__ import annotations

from functools import partial

from restore.nets.glcic import Glcic
from restore.train.critics import Critic, Logistic, beside_hole, whole
from restore.train.lines import Line, Phase
from restore.train.lines.thin import loss_of

ALPHA, GAIN = 4e-4, 5.0
"""Weight of what the critics say, as in the paper; and what the loss pulls harder than a squared error of 0.01."""

LINE = Line(
    "glcic", Glcic, loss_of, 10_000, crops=8, peak_rate=8e-4, muon=True, keep_frac=0.998,
    phases=(Phase(0.88), Phase(0.02, fills=False, judges=True), Phase(0.1, judges=True, adversarial=ALPHA * GAIN)),
    critic=partial(Critic, (whole, beside_hole), joined=True), game=Logistic(),
)
