from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.nets import files, inference, shelf
from restore.nets.detector import Detector


@pytest.fixture
def net(tmp_path):
    torch.manual_seed(1)
    path = tmp_path / "net.safetensors"
    files.write(path, Detector(5, 3, (4, 6, 8)).state_dict(), {})
    return inference.detector(path, shelf.sha256(path))


def crops(n):
    return np.random.default_rng(2).normal(size=(n, 5, 32, 48)).astype(np.float32)


def test_a_crops_result_depends_on_nothing_but_the_crop(net):
    some = crops(3)
    alone = [next(inference.probabilities(net, [c])) for c in some]
    together = list(inference.probabilities(net, some))
    backwards = list(inference.probabilities(net, some[::-1]))[::-1]
    for a, b, c in zip(alone, together, backwards, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_probabilities_are_whole_255ths(net):
    (found,) = inference.probabilities(net, crops(1))
    assert found.shape == (3, 32, 48)
    np.testing.assert_array_equal(found, np.rint(found))
    assert found.min() >= 0
    assert found.max() <= 255


def test_to_begin_with_nothing_is_damaged(net):
    (found,) = inference.probabilities(net, crops(1))
    assert found.mean() < 20


def test_the_number_of_threads_is_left_as_it_was(net):
    before = torch.get_num_threads()
    list(inference.probabilities(net, crops(1)))
    assert torch.get_num_threads() == before


def test_sizes_that_are_no_multiple_come_back_as_they_were():
    net = Detector(5, 3, (4, 6, 8))
    assert net(torch.zeros(1, 5, 33, 47)).shape == (1, 3, 33, 47)


def test_a_folded_network_answers_pixel_for_pixel_and_is_read_as_it_was_written(tmp_path):
    torch.manual_seed(2)
    net, path = Detector(5, 3, (4, 6), 2), tmp_path / "folded.safetensors"
    files.write(path, net.state_dict(), {"fold": 2})
    read = inference.detector(path, shelf.sha256(path))
    assert (read.fold, read.kinds, read.needs.channels, read.needs.multiple_px) == (2, 3, 5, 4)
    (crop,) = crops(1)
    (found,) = inference.probabilities(read, [crop])
    with torch.inference_mode():
        alone = torch.sigmoid(net(torch.from_numpy(crop)[None]))[0].numpy()
    assert found.shape == (3, 32, 48)
    assert np.abs(found - 255 * alone).max() <= 0.51
