"""Sums over only the cells in use: the same as over all of them."""

import numpy as np
import pytest

from restore.motion.points import Cells, Points
from restore.motion.used import Used


@pytest.mark.parametrize("size", [(90, 400), (170, 333)])
def test_sums_are_those_of_the_whole_grid(size):
    rng = np.random.default_rng(1)
    points = Points.of(rng.random(size) < 0.02)
    cells = Cells(size, 8, 4)
    wanted = np.zeros(cells.shape[0] * cells.shape[1], bool)
    wanted[cells.of(points)] = True
    used = Used.of(cells, wanted)
    values = rng.random(len(points)).astype(np.float32)
    number = used.number(points)
    assert np.array_equal(used.flat[number], cells.of(points))
    ours = used.around(used.own(number, np.ones_like(values), values))
    whole = cells.sums(cells.of(points), values).reshape(2, -1)[:, used.flat]
    assert np.allclose(ours, whole, rtol=1e-4, atol=1e-4)


def test_touching_are_the_neighbours_in_use():
    cells = Cells((40, 40), 8, 8)
    wanted = np.zeros(25, bool)
    wanted[12] = True
    used = Used.of(cells, wanted)
    assert used.flat.tolist() == [6, 7, 8, 11, 12, 13, 16, 17, 18]
    assert used.touching(used.flat == 12).all()
    assert used.flat[used.touching(used.flat == 6)].tolist() == [6, 7, 11, 12]
    assert used.at(np.ones((9, 1), np.float32), Points(cells.size, np.array([20]), np.array([20]))).item() == 1
