from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from restore.detect import _second
from restore.detect._network import Network
from restore.detect._sight import CHANNELS
from restore.detect.dirt import Dirt
from restore.detect.net import Net
from restore.errors import PartError
from restore.measure.bench import Clip
from restore.nets import files
from restore.nets.detector import Detector
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT
from restore.train import judge, second
from restore.train.judge import CLEAN_TO, DIRT_FROM, Plan, Schooling, train


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("net") / "net.safetensors"
    files.write(path, Detector(len(CHANNELS), 3, (4, 6), 2).state_dict(), {"fold": 2})
    return path


def test_what_is_left_open_is_seen_with_what_it_is(weights) -> None:
    film = Film(71, (240, 320), second.FRAMES)
    clip = Clip("small", [film.planes(t, FILM_10BIT) for t in range(second.FRAMES)], FILM_10BIT)
    seen, alone = second.seen_of(clip, 5, 1, weights), second.seen_of(clip, 5, 1)
    np.testing.assert_array_equal(alone.values, seen.values[:, : len(_second.ALONE)])
    np.testing.assert_array_equal(alone.share, seen.share)
    assert seen.values.shape == (len(seen.share), len(_second.NAMES))
    assert np.isfinite(seen.values).all()
    assert (seen.share > DIRT_FROM).any()
    assert (seen.share < CLEAN_TO).any()


def test_a_clip_on_which_nothing_is_open_teaches_nothing(weights) -> None:
    grey = np.full((64, 64), 500, np.uint16)
    still = Clip("grey", [(grey, grey[:, ::2], grey[:, ::2])] * second.FRAMES, FILM_10BIT)
    window = second.Window.of(still.pictures, still.pixels)
    assert not list(second.looked(window, {3: np.zeros((64, 64), bool)}, Dirt(), weights))


def test_a_judge_is_fitted_that_the_part_reads(weights, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(judge, "FILM_SIZES", ((120, 160),))
    trade = replace(second.trade(str(weights)), schooling=Schooling(nets=2, epochs=2))
    path = train(Plan(films=2, workers=0), tmp_path, trade=trade)
    assert Network.read(path, _second.NAMES).inner.shape == (len(_second.NAMES), 2 * judge.HIDDEN)
    part = Net(weights=str(weights), second_judge=str(path))
    assert part.fingerprint() != replace(part, second_judge="").fingerprint()
    with pytest.raises(PartError, match="weighs 30"):
        Network.read(path, _second.NAMES[:9])
