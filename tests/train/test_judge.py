from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from restore.detect import _dirt_judge
from restore.detect._network import Network, probability
from restore.detect.dirt import Dirt
from restore.errors import RestoreError
from restore.measure.bench import Clip
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT
from restore.train import judge
from restore.train.judge import Finds, Plan, Schooling, calibrated, fit, train


@pytest.fixture(scope="module")
def seen() -> Finds:
    film = Film(74, (240, 320), judge.FRAMES)
    clip = Clip("small", [film.planes(t, FILM_10BIT) for t in range(judge.FRAMES)], FILM_10BIT)
    return judge.seen_of(clip, 5, 1)


def alike(a: Finds, b: Finds) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))


def test_damaged_things_are_dirt_and_others_are_not(seen: Finds) -> None:
    assert 0.1 < (seen.share > judge.DIRT_FROM).mean() < 0.9
    assert seen.values.shape == (len(seen.share), len(_dirt_judge.NAMES))
    assert (seen.share >= 0).all()
    assert (seen.share <= 1).all()


def test_what_is_kept_comes_back(seen: Finds, tmp_path) -> None:
    seen.save(tmp_path / "a.npz")
    assert alike(Finds.load(tmp_path / "a.npz"), seen)


def test_a_fitted_judge_tells_dirt_from_the_scene_and_the_same_finds_give_the_same_judge(seen: Finds) -> None:
    net = fit(seen, 1)
    sure = probability(net.score(seen.values))
    dirt, none = seen.share > judge.DIRT_FROM, seen.share < judge.CLEAN_TO
    assert sure[dirt].mean() > sure[none].mean() + 0.4
    np.testing.assert_array_equal(fit(seen, 1).score(seen.values), net.score(seen.values))


def test_calibration_makes_odds_true() -> None:
    rng = np.random.default_rng(3)
    score = rng.normal(0, 2, 20_000)
    dirt = rng.random(score.size) < probability(0.5 * score - 1)
    slope, offset = calibrated(score, dirt, np.ones(score.size))
    assert slope == pytest.approx(0.5, abs=0.05)
    assert offset == pytest.approx(-1, abs=0.05)


def test_a_killed_collection_goes_on_and_comes_to_the_same_judge(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(judge, "FILM_SIZES", ((96, 128),))
    trade = replace(judge.DIRT, schooling=Schooling(epochs=2))
    plan = Plan(films=2, workers=0)
    whole = train(plan, tmp_path / "whole", trade=trade)
    judge.look(plan, judge.DIRT, made(tmp_path / "killed"), 1)
    stamp = (tmp_path / "killed" / "film-1.npz").stat().st_mtime_ns
    assert train(plan, tmp_path / "killed", trade=trade).read_bytes() == whole.read_bytes()
    assert (tmp_path / "killed" / "film-1.npz").stat().st_mtime_ns == stamp
    assert Network.read(whole, _dirt_judge.NAMES).inner.shape == (21, judge.USUAL.nets * judge.HIDDEN)
    assert Dirt(judge=str(whole)).fingerprint() != Dirt().fingerprint()


def made(folder):
    folder.mkdir()
    return folder


def test_nothing_to_learn_from_is_said(tmp_path) -> None:
    with pytest.raises(RestoreError, match="nothing to learn from"):
        train(Plan(films=0), tmp_path)
