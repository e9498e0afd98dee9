"""What frames have in common is told apart from what each has for itself."""

from __future__ import annotations

import numpy as np
import pytest

from restore.motion.points import Points
from restore.motion.shared import shared_frac

SIZE = (64, 64)


@pytest.mark.parametrize(("common", "least", "most"), [(0.0, 0.0, 0.12), (0.5, 0.4, 0.6), (1.0, 0.99, 1.0)])
@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.7, 0.2, 0.1), (0.25,) * 4])
def test_it_is_the_mean_correlation(common: float, least: float, most: float, weights: tuple[float, ...]) -> None:
    rng, points = np.random.default_rng(1), Points.of(np.ones(SIZE, bool))
    both = rng.normal(size=len(points))
    frames = np.sqrt(common) * both + np.sqrt(1 - common) * rng.normal(size=(len(weights), len(points)))
    weight = np.array(weights)[:, None]
    own, mean = ((weight * frames**2).sum(0), (weight * frames).sum(0) ** 2)
    alone = np.full(len(points), (weight**2).sum())
    found = shared_frac(points, *(v.astype(np.float32) for v in (own, mean, alone)))
    assert least <= found.mean() <= most


def test_one_frame_shares_nothing_and_empty_lists_are_fine() -> None:
    one = np.ones(64 * 64, np.float32)
    assert not shared_frac(Points.of(np.ones(SIZE, bool)), one, one, one).any()
    none = np.zeros(0, np.float32)
    assert shared_frac(Points.of(np.zeros(SIZE, bool)), none, none, none).shape == (0,)
