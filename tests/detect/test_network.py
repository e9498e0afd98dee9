from __future__ import annotations

import json

import numpy as np
import pytest

from restore.detect import _dirt_judge, _line_judge, _standing_judge
from restore.detect._network import Network, probability, shipped
from restore.errors import PartError


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


SHIPPED = [
    (Network.read(_dirt_judge.path_of(""), _dirt_judge.NAMES), _dirt_judge.NAMES),
    (Network.read(_line_judge.path_of(""), _line_judge.NAMES), _line_judge.NAMES),
    (shipped("standing", _standing_judge.NAMES), _standing_judge.NAMES),
]


@pytest.mark.parametrize(("net", "names"), SHIPPED, ids=["dirt", "lines", "standing"])
def test_the_weights_fit_what_is_measured(net, names):
    assert net.inner.shape == (len(names), net.inner_bias.size)
    assert net.mean.shape == net.spread.shape == (len(names),)
    assert (net.spread > 0).all()


def test_no_lines_have_no_scores():
    assert _line_judge.score([], _line_judge.path_of("")).shape == (0,)


def test_a_judge_is_written_and_read_again(tmp_path):
    rng = np.random.default_rng(1)
    net = Network(*(rng.normal(size=n) for n in (2, 2, (2, 3), 3, 3)), 0.25)
    net.write(tmp_path / "a.json", ("one", "two"), {"seed": 4})
    back, values = Network.read(tmp_path / "a.json", ("one", "two")), rng.normal(size=(5, 2))
    np.testing.assert_array_equal(back.score(values), net.score(values))
    assert json.loads((tmp_path / "a.json").read_text())["facts"] == {"seed": 4}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"not json"])
def test_what_is_no_judge_is_refused_by_name(tmp_path, content):
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(PartError, match=r"bad\.json holds no judge"):
        Network.read(tmp_path / "bad.json", ("one",))


def test_a_judge_of_other_measurements_is_refused(tmp_path):
    net = Network(np.zeros(1), np.ones(1), np.ones((1, 1)), np.zeros(1), np.ones(1), 0.0)
    net.write(tmp_path / "a.json", ("one",), {})
    with pytest.raises(PartError, match="weighs 1 measurements: one; needed are other"):
        Network.read(tmp_path / "a.json", ("other",))
