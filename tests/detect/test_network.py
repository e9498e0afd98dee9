from __future__ import annotations

import numpy as np
import pytest

from restore.detect import _dirt_judge, _line_judge, _weights
from restore.detect._network import Network, probability


def test_a_network_by_hand():
    net = Network(np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([[1.0], [0.5]]), np.array([0.1]),
                  np.array([3.0]), -1.0)
    assert net.score(np.array([[3.0, 2.0]]))[0] == pytest.approx(3 * np.tanh(1.0 + 0.1) - 1)


def test_far_measurements_count_no_more_than_near_ones():
    net = Network(np.zeros(1), np.ones(1), np.ones((1, 1)), np.zeros(1), np.ones(1), 0.0)
    assert net.score(np.array([[4.0]])) == net.score(np.array([[1e9]]))


def test_probabilities_of_any_odds_are_finite():
    found = probability(np.array([-1e9, 0.0, 1e9]))
    assert found[1] == 0.5
    assert 0 < found[0] < 1e-9
    assert 1 - 1e-9 < found[2] < 1 or found[2] == pytest.approx(1)


@pytest.mark.parametrize(("net", "names"), [(_weights.DIRT, _dirt_judge.NAMES), (_weights.LINE, _line_judge.NAMES)])
def test_the_weights_fit_what_is_measured(net, names):
    assert net.inner.shape == (len(names), net.inner_bias.size)
    assert net.mean.shape == net.spread.shape == (len(names),)
    assert (net.spread > 0).all()


def test_no_lines_have_no_scores():
    assert _line_judge.score([]).shape == (0,)
