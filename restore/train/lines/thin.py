"""Fillings and what is true in, how far off they are out: the line of the filler `thin`."""

from __future__ import annotations

from torch import Tensor

from restore.nets.thin import ThinNet
from restore.train.lines import Line
from restore.train.pieces import THIN

SOFT = 0.04
"""Errors below this (in [0, 1]) count by their square, larger ones as they are (Charbonnier et al., ICIP 1994)."""
SLOPES = 0.25
"""Weight of errors of slope beside errors of value."""


def loss_of(out: Tensor, clean: Tensor, known: Tensor) -> Tensor:
    """Return the mean error in the holes, of values and of the slopes into and within them."""
    hole = 1 - known
    error = (out - clean) * hole
    value = ((error.square() + SOFT**2).sqrt() - SOFT).sum()
    steep_x = (error[..., 1:] - error[..., :-1]).abs().sum()
    steep_y = (error[..., 1:, :] - error[..., :-1, :]).abs().sum()
    return (value + SLOPES * (steep_x + steep_y)) / (out.shape[1] * hole.sum()).clamp(min=1)


LINE = Line(
    "thin", ThinNet, loss_of, 36_000, THIN, crops=8, side_px=96, held_side_px=128,
    peak_rate=8e-3, muon=True, keep_frac=0.998,
)
