"""Fillings and what is true in, how far off they are out: the line of the filler `gmcnn`.

Wang, Tao, Qi, Shen and Jia, NeurIPS 2018: errors near a hole's rim count first, what is drawn is to be as varied as
what is there (implicit diversified Markov random fields), and critics measure the whole picture and the hole's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from restore.nets.gmcnn import Gmcnn
from restore.train.critics import Critic, Wasserstein, around, beside_hole, whole
from restore.train.features import Features, features_of
from restore.train.lines import Line, Phase

REBUILD, KEEP, MRF, ADVERSARIAL = 1.4, 0.02, 0.05, 1e-3
"""Weights of errors in holes, of errors elsewhere, of texture, and of what the critics say. Elsewhere the paper has
1.2; here what is known is there from the start, and so much weight holds the network to adding nothing anywhere."""
SPREAD_PX, PASSES = 10, 7
"""The paper's 40 px are of pictures of 512, four times as large as crops are here."""
LEAST_CONFIDENCE = 0.05
BAND = 0.5
"""How much nearer than others the nearest patch has to be to be taken for the one that is meant."""


def loss_of(out: Tensor, clean: Tensor, known: Tensor) -> Tensor:
    """Return the mean error in the holes, the sure ones counted more, and the mean error elsewhere."""
    error = (out - clean).abs().mean(1, keepdim=True)
    sure = confidence(known)
    inside = (error * sure).sum() / sure.sum().clamp(min=1)
    return REBUILD * inside + KEEP * (error * known).sum() / known.sum().clamp(min=1)


@torch.no_grad()
def confidence(known: Tensor) -> Tensor:
    """Return how sure a filling can be (n, 1, h, w), from what is known: it falls from the rim inwards; 0 outside."""
    hole, sure = 1 - known, torch.zeros_like(known)
    for _ in range(PASSES):
        sure = blurred(known + sure) * hole
    return (sure + LEAST_CONFIDENCE) * hole


def blurred(picture: Tensor) -> Tensor:
    """Return pictures (n, 1, h, w) under a Gaussian."""
    steps = torch.arange(-2 * SPREAD_PX, 2 * SPREAD_PX + 1, dtype=torch.float32, device=picture.device)
    bell = torch.exp(-0.5 * (steps / SPREAD_PX).square())
    bell = bell / bell.sum()
    wide = functional.pad(picture, (2 * SPREAD_PX,) * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(wide, bell[None, None, :, None]), bell[None, None, None])


def mrf(made: Tensor, true: Tensor) -> Tensor:
    """Return how little of what is true (n, c, h, w features) has a patch of its own in what was made.

    Patches are compared by the cosine of their features around the mean of the true ones, each relative to the best
    match it has; the true patches' best likenesses are averaged.
    """
    centre = true.mean((2, 3), keepdim=True)
    a, b = (functional.normalize((x - centre).flatten(2), dim=1) for x in (made, true))
    apart = (1 - a.transpose(1, 2) @ b) / 2
    relative = apart / (apart.amin(2, keepdim=True) + 1e-5)
    like = torch.softmax((1 - relative) / BAND, 2)
    return -torch.log(like.amax(1).mean(1)).mean()


@dataclass(frozen=True)
class Diversity:
    """The texture loss: features of several layers, where most of a picture is hole."""

    features: Features

    @property
    def origin(self) -> str:
        """Return the digest of the features' weights."""
        return self.features.origin

    def __call__(self, made: Tensor, clean: Tensor, known: Tensor) -> Tensor:
        """Return the loss of pictures (n, 3, h, w) of which what is known is clean."""
        pair = [self.features(around(picture, known)) for picture in (made, clean)]
        styles = [mrf(a, b) for a, b in zip(*pair, strict=True)]
        return MRF * (torch.stack(styles).sum() + (pair[0][-1] - pair[1][-1]).abs().mean())


def diversity(path: Path | None) -> Diversity:
    """Return the texture loss with features out of a file, or those that come with the program."""
    return Diversity(features_of(path))


LINE = Line(
    "gmcnn", Gmcnn, loss_of, 10_000, crops=8, peak_rate=3e-4, muon=True, keep_frac=0.998,
    phases=(Phase(0.92), Phase(0.08, judges=True, adversarial=ADVERSARIAL, texture=1.0)),
    critic=partial(Critic, (whole, beside_hole)), game=Wasserstein(), texture=diversity,
)
