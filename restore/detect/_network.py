"""Measurements in, a probability out: networks of one hidden layer, small enough to be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float64]
FAR = 4.0
"""Measurements are believed up to this many standard deviations from what the network was fitted on."""


@dataclass(frozen=True)
class Network:
    """One hidden layer of hyperbolic tangents, a logistic output."""

    mean: Table
    """(i,) subtracted from the measurements."""
    spread: Table
    """(i,) they are then divided by."""
    inner: Table
    """(i, j) weights of the hidden layer."""
    inner_bias: Table
    outer: Table
    """(j,) weights of the output."""
    outer_bias: float

    def score(self, values: Table) -> Table:
        """Return the log-odds (n,) from measurements (n, i)."""
        z = np.clip((values - self.mean) / self.spread, -FAR, FAR)
        # einsum and not a matrix product: the same bits on any number of threads.
        hidden = np.tanh(np.einsum("ni,ij->nj", z, self.inner) + self.inner_bias)
        return np.asarray(np.einsum("nj,j->n", hidden, self.outer) + self.outer_bias)


def probability(score: Table) -> Table:
    """Return the probability of log-odds, of any shape."""
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -30, 30))))
