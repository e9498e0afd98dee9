"""Measurements in, a probability out: networks of one hidden layer, small enough to be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from restore.errors import PartError
from restore.nets import shelf

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


    def write(self, path: Path, names: tuple[str, ...], facts: Mapping[str, object]) -> None:
        """Write it as JSON, with the names of its measurements and how it came about."""
        whole = {name: np.asarray(v).tolist() for name, v in asdict(self).items()}
        path.write_text(json.dumps({"facts": facts, "names": names} | whole) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path, names: tuple[str, ...]) -> Network:
        """Return the network of a file. Raises PartError where it is none, or weighs other measurements than these."""
        try:
            said = json.loads(path.read_bytes())
            mean, spread, inner, bias, outer = (
                np.array(said[k], np.float64) for k in ("mean", "spread", "inner", "inner_bias", "outer")
            )
            net = cls(mean, spread, inner, bias, outer, float(said["outer_bias"]))
            fits = tuple(said["names"]) == names and net.inner.shape == (len(names), net.outer.size)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PartError(f"{path} holds no judge that can be read: {error!r}. Fit one with lacuna train.") from error
        if not fits:
            raise PartError(f"{path} weighs {len(said['names'])} measurements: {', '.join(said['names'])}; needed "
                            f"are {', '.join(names)}. Fit it anew with lacuna train.")
        return net


@lru_cache(maxsize=8)
def read(path: Path, sha256: str, names: tuple[str, ...]) -> Network:
    """Return the network of a file with this digest, read once."""
    return Network.read(path, names)


def shipped(name: str, names: tuple[str, ...]) -> Network:
    """Return the network of a name that comes with the program."""
    path = shelf.shipped(name, ".json")
    return read(path, shelf.sha256(path), names)


def probability(score: Table) -> Table:
    """Return the probability of log-odds, of any shape."""
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -30, 30))))
