from __future__ import annotations

import numpy as np
import pytest

from restore.blend._noise import common, measure

SIZE = (256, 320)


def planes(share: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    both, a, b = (rng.normal(0, 4, SIZE) for _ in range(3))
    mixed = (100 + np.sqrt(share) * both + np.sqrt(1 - share) * own for own in (a, b))
    first, other = (np.clip(np.rint(p), 0, 255).astype(np.uint8) for p in mixed)
    return first, other


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_how_much_grain_two_colours_share_is_measured(share: float) -> None:
    assert common(*planes(share), np.zeros(SIZE, bool)) == pytest.approx(share, abs=0.06)


def test_a_texture_beside_a_smooth_place_is_not_taken_for_grain() -> None:
    rng = np.random.default_rng(4)
    picture = 100 + rng.normal(0, 1, SIZE)
    picture[64:] += rng.normal(0, 14, (SIZE[0] - 64, SIZE[1]))
    stock = measure(np.clip(np.rint(picture), 0, 255).astype(np.uint8), np.zeros(SIZE, bool), np.float32(1))
    assert stock is not None
    assert stock.sigmas.max() < 4
