"""Grain that is new is told from what a codec mends a little."""

from __future__ import annotations

import numpy as np
import pytest

from restore.blend._ages import ages
from restore.blend._noise import measure
from restore.testing import LAYOUTS
from restore.window import Window

SIZE = (160, 160)


@pytest.mark.parametrize(("new", "least", "most"), [(1.0, 0.75, 1.0), (0.6, 0.3, 0.6), (0.1, 0.0, 0.0)])
def test_a_little_that_is_new_is_no_grain(new: float, least: float, most: float) -> None:
    rng = np.random.default_rng(3)
    stays, ramp = rng.normal(size=SIZE), np.linspace(60, 180, SIZE[1])
    pictures = [(np.clip(np.rint(ramp + 3 * (np.sqrt(1 - new) * stays + np.sqrt(new) * rng.normal(size=SIZE))), 0, 255)
                 .astype(np.uint8),) for _ in range(3)]
    window, hidden = Window.of(pictures, LAYOUTS["gray"]), np.zeros(SIZE, bool)
    stock = measure(pictures[1][0], hidden, np.float32(1))
    assert stock is not None
    found = ages(window, 1, 0, stock)
    assert least <= found.new <= most
    assert found.stays == pytest.approx(1 - new, abs=0.15)
