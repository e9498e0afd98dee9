from types import SimpleNamespace

import numpy as np

from restore.detect import _reasons
from restore.detect._things import Things

EVERY = 6


def test_things_keep_apart_where_a_grainy_frame_has_more_than_sixteen_bits_number() -> None:
    h, w = 1500, 1740
    ys, xs = (v.ravel() for v in np.mgrid[2:h:EVERY, 2:w:EVERY])
    n = len(ys)
    assert n > 70_000
    at, one = ys * w + xs, np.ones(n)
    excess, bits = np.zeros((h, w), np.float32), np.zeros((h, w), np.uint8)
    excess.ravel()[at], bits.ravel()[at] = 20, 255
    # The last thing alone goes on beyond its outline, where the first has a sharp one.
    excess[ys[-1] - 2 : ys[-1] + 3, xs[-1] - 2 : xs[-1] + 3] = 20
    found = Things(at, np.arange(n), np.arange(n), np.stack([ys, xs, ys + 1, xs + 1], 1), one.astype(np.int64),
                   (20 * one).astype(np.float32), one > 0)
    look = SimpleNamespace(scene=SimpleNamespace(here=excess, excess=excess), bits=bits)
    steps = _reasons.step(look, SimpleNamespace(things=found))
    assert steps[-1] < 0.5
    np.testing.assert_allclose(steps[:-1], 1)
