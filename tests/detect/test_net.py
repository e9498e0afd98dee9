from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from films import frames, window

from restore.detect import _sight
from restore.detect.net import Net
from restore.errors import PartError
from restore.nets import files
from restore.nets.detector import Detector

MIDDLE = 3


@pytest.fixture
def weights(tmp_path):
    """A network that answers with what is beyond both neighbours: no training, but a known answer."""
    torch.manual_seed(1)
    made = Detector(len(_sight.CHANNELS), 3, (4, 6))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        for sign, unit in ((1, 0), (-1, 1)):
            made.down[0].first.weight[unit, _sight.CHANNELS.index("beyond"), 1, 1] = sign
            made.down[0].second.weight[unit, unit, 1, 1] = 1
            made.up[0].first.weight[unit, 6 + unit, 1, 1] = 1
            made.up[0].second.weight[unit, unit, 1, 1] = 1
            made.out.weight[0, unit] = 40
        made.out.bias.fill_(-6)
    path = tmp_path / "weights.safetensors"
    files.write(path, made.state_dict(), {})
    return str(path)


def speck(picture, t):
    if t == MIDDLE:
        cv2.circle(picture, (100, 80), 4, 255, -1)


def test_a_speck_of_one_frame_is_found_and_nothing_else(weights):
    shown = window(frames(speck))
    found = Net(weights=weights).detect(shown, MIDDLE)
    truth = np.zeros(shown.size, np.uint8)
    cv2.circle(truth, (100, 80), 4, 1, -1)
    assert found.mask[truth > 0].mean() > 0.9
    assert not found.mask[cv2.dilate(truth, np.ones((7, 7), np.uint8)) == 0].any()
    (thing,) = found.objects
    assert thing.status == "confirmed"
    assert thing.kind == "dirt"
    y0, x0, y1, x1 = thing.box
    assert y0 <= 80 < y1
    assert x0 <= 100 < x1


def test_at_the_ends_of_a_shot_things_are_only_listed(weights):
    shown = window(frames(lambda picture, t: speck(picture, MIDDLE if t == 0 else t + 50)))
    found = Net(weights=weights).detect(shown, 0)
    assert not found.mask.any()
    assert {f.status for f in found.objects} <= {"undecided"}
    assert all("one side" in f.why for f in found.objects)


def test_where_nothing_stands_out_the_network_is_not_asked(weights, monkeypatch):
    def never(*_):
        raise AssertionError("the network was asked")

    from restore.nets import inference

    monkeypatch.setattr(inference, "detector", never)
    assert not Net(weights=weights).detect(window(frames(step=0.0)), MIDDLE).mask.any()


def test_what_was_asked_before_changes_nothing(weights):
    pictures = frames(speck, grain=2.0)
    alone = Net(weights=weights).detect(window(pictures), MIDDLE)
    shown = window(pictures)
    for t in (0, 5, 1, 6):
        Net(weights=weights).detect(shown, t)
    again = Net(weights=weights).detect(shown, MIDDLE)
    np.testing.assert_array_equal(again.mask, alone.mask)
    assert again.objects == alone.objects


def test_the_weights_are_part_of_what_the_part_is(weights, tmp_path):
    other = tmp_path / "other.safetensors"
    tensors, _ = files.read(Path(weights))
    files.write(other, tensors | {"out.bias": tensors["out.bias"] + 1}, {})
    assert Net(weights=weights).fingerprint() != Net(weights=str(other)).fingerprint()


def test_tiny_pictures_are_left_alone(weights):
    assert not Net(weights=weights).detect(window(frames(size=(24, 30))), 2).mask.any()


@pytest.mark.parametrize("bad", [{"certainty": 0.0}, {"edge": 2.0}, {"reach": 0}, {"smallest_px": 0}])
def test_parameters_out_of_range_are_refused(bad):
    with pytest.raises(PartError, match=next(iter(bad))):
        Net(**bad)
