from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from restore.detect import _alone, _flaws
from restore.detect._network import Network
from restore.detect.photo import Photo
from restore.errors import PartError
from restore.measure.bench import Clip
from restore.nets import files, shelf
from restore.nets.detector import Detector
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT
from restore.train import flaws, judge
from restore.train.judge import CLEAN_TO, DIRT_FROM, Plan, Schooling, train


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("net") / "net.safetensors"
    files.write(path, Detector(len(_alone.CHANNELS), 2, (4, 6)).state_dict(), {})
    return path


@pytest.fixture
def clip(monkeypatch) -> Clip:
    monkeypatch.setattr(flaws, "LARGEST_PX", (160, 200))
    return Clip("small", [Film(71, (240, 320), 1).planes(0, FILM_10BIT)], FILM_10BIT)


def test_what_stands_out_is_seen_with_what_it_is(clip) -> None:
    seen = flaws.seen_of(clip, 5, 1, shelf.chosen("", Photo.ships))
    assert seen.values.shape == (len(seen.share), len(_flaws.NAMES))
    assert np.isfinite(seen.values).all()
    assert (seen.share > DIRT_FROM).any()
    assert (seen.share < CLEAN_TO).any()


def test_a_picture_is_as_its_seed_says_and_differs_from_others(clip) -> None:
    one, again, other, page = (flaws.picture_of(clip, seed, n) for seed, n in ((3, 1), (3, 1), (4, 1), (3, 7)))
    np.testing.assert_array_equal(one, again)
    for picture in (one, other, page):
        assert picture.dtype == np.float32
        assert picture.shape[2] == 3
        assert picture.shape[0] <= 160
        assert picture.shape[1] <= 200
        assert 0 <= picture.min() <= picture.max() <= 1
    assert one.shape != other.shape or not np.array_equal(one, other)
    assert page.shape == (160, 200, 3)


def test_damage_is_told_from_what_nobody_sees(clip) -> None:
    clean = flaws.picture_of(clip, 3, 1)
    whole, open_ = flaws.damaged(clean, 30, 0.0)
    assert not whole.labels.any()
    assert not open_.any()
    worn, open_ = flaws.damaged(clean, 32, 0.9)
    asked = (worn.labels > 0) & ~open_
    assert asked.any()
    assert np.isin(worn.labels[asked], flaws.SOUGHT).all()
    assert (np.abs(worn.damaged - worn.clean).max(-1)[asked] > 5 / 255).all()


def test_a_judge_is_fitted_that_the_part_reads(weights, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(judge, "FILM_SIZES", ((120, 160),))
    monkeypatch.setattr(flaws, "LARGEST_PX", (96, 128))
    trade = replace(flaws.trade(), schooling=Schooling(nets=2, epochs=2))
    path = train(Plan(films=2, workers=0), tmp_path, trade=trade)
    assert Network.read(path, _flaws.NAMES).inner.shape == (len(_flaws.NAMES), 2 * judge.HIDDEN)
    part = Photo(weights=str(weights), judge=str(path))
    assert len({part.fingerprint(), replace(part, judge="").fingerprint(), Photo().fingerprint()}) == 3
    with pytest.raises(PartError, match="weighs 23"):
        Network.read(path, _flaws.NAMES[:9])
