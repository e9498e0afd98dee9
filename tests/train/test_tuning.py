from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from restore.errors import MaskError, RestoreError
from restore.fill.harmonic import Harmonic
from restore.nets import files, inference, shelf
from restore.source import PixelFormat
from restore.train import holdout, pieces, reserve, tuning
from restore.train.footage import Shown, changed
from restore.train.holdout import LEAST, LEAST_PLACES, Gain, Score, Verdict, holes_of, in_turn, pooled, spread
from restore.train.reserve import Split, gather, lessons, plant, windows
from restore.train.tuning import Plan, tune
from restore.window import Window

PIXELS = PixelFormat("gray", "grey", 8)
SIZE = (128, 160)


def woven(t):
    """A fine weave that slides along: what no shipped weights have seen much of."""
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]]
    return (128 + 50 * np.sign(np.sin(2 * np.pi * (xs + ys + t) / 6)) + 40 * np.sin((xs - ys) / 9)).astype(np.float32)




STEPS = 80


class Woven:
    """Footage in memory; each frame has a damaged spot, and one that is doubtful."""

    pixels, size, name = PIXELS, SIZE, "woven"

    def __init__(self, count=20, picture=woven, given=False):
        self.frames, self.picture, self.is_given = tuple(range(count)), picture, given
        self.asked = []

    def shown(self, t):
        self.asked.append(t)
        damage = np.zeros(SIZE, bool)
        y, x = 8 + 5 * (t % 20), 12 + 6 * (t % 20)
        damage[y : y + 6, x : x + 9] = True
        unsure = damage.copy()
        unsure[-20:, :20] = True
        if self.is_given:
            return Shown((self.picture(t),), damage, np.zeros(SIZE, bool), damage)
        return Shown((np.where(unsure, np.float32(0), self.picture(t)),), damage, unsure, np.zeros(SIZE, bool))

    def window(self):
        return Window.of([(self.picture(t).astype(np.uint8),) for t in self.frames], PIXELS)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    scene = np.repeat((woven(3)[..., None]).astype(np.uint8), 3, -1)
    monkeypatch.setattr(pieces, "SHEET_PX", 128)
    monkeypatch.setattr(pieces, "gather", lambda *_: pieces.Pictures((scene,)))
    monkeypatch.setattr(reserve, "PIECES", 40)
    monkeypatch.setattr(reserve, "SHEET_PX", 192)
    monkeypatch.setattr(reserve, "HELD_FRAMES", 5)
    monkeypatch.setattr(tuning, "PROBES", 1)
    monkeypatch.setattr(holdout, "DRAWS", 1)


@pytest.fixture
def hardly_judged(monkeypatch):
    monkeypatch.setattr(reserve, "HELD_FRAMES", 1)


def plan(**more):
    return Plan(**{"steps": 4, "crops": 4} | more)


def test_it_learns_a_film_it_has_not_seen_and_keeps_what_is_better(tmp_path):
    said = []
    result = tune(Woven(), plan(steps=STEPS, rate=1.5e-3), tmp_path, {"harmonic": Harmonic()}, said.append)
    assert result.loss[1] < 0.85 * result.loss[0]
    assert result.kept
    assert {g.over for g in result.verdict.gains} == {"shipped", "harmonic"}
    assert result.verdict.psnr["tuned"] > result.verdict.psnr["shipped"] + 0.5
    path = tmp_path / "thin.safetensors"
    assert shelf.sha256(path) == result.weights
    inference.filler("thin", path, shelf.sha256(path))
    card = json.loads((tmp_path / "thin.json").read_text())
    assert (card["steps"], card["seed"], card["data"]) == (STEPS, 1, result.data)
    assert card["verdict"]["gains"][0]["by_frame"][0] > 0
    assert not (tmp_path / tuning.CANDIDATE).exists()
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    assert any("shapes of its own damage" in line for line in said)


def test_what_does_not_gain_is_refused_and_leaves_no_weights(tmp_path):
    result = tune(Woven(picture=lambda t: np.full(SIZE, 90 + t, np.float32)), plan(), tmp_path)
    assert not result.kept
    assert "hold-out" in result.why
    assert {p.name for p in tmp_path.glob("*.safetensors")} == {"state.safetensors"}
    assert not (tmp_path / "thin.json").exists()
    assert json.loads((tmp_path / "verdict.json").read_text())["kept"] is False


@pytest.mark.usefixtures("hardly_judged")
def test_killed_and_gone_on_it_comes_to_the_same_weights(tmp_path, monkeypatch):
    tune(Woven(), plan(steps=5), tmp_path / "whole")
    monkeypatch.setattr(tuning, "SAVE_EVERY_S", 0)
    real = tuning.Run.learn

    def killed(run):
        if run.done == 3:
            raise KeyboardInterrupt
        real(run)

    with monkeypatch.context() as patched:
        patched.setattr(tuning.Run, "learn", killed)
        with pytest.raises(KeyboardInterrupt):
            tune(Woven(), plan(steps=5), tmp_path / "killed")
    tune(Woven(), plan(steps=5), tmp_path / "killed")
    whole, gone_on = (files.read(tmp_path / n / "state.safetensors")[0] for n in ("whole", "killed"))
    for name, value in whole.items():
        assert torch.equal(value, gone_on[name]), name


@pytest.mark.usefixtures("hardly_judged")
def test_a_limit_of_time_stops_it_and_more_time_goes_on(tmp_path):
    assert tune(Woven(), plan(steps=0, minutes=1e-9), tmp_path).steps == 1
    assert tune(Woven(), plan(steps=3), tmp_path).steps == 3


@pytest.mark.usefixtures("hardly_judged")
def test_a_tuning_of_other_footage_is_not_gone_on_with(tmp_path):
    tune(Woven(), plan(steps=1), tmp_path)
    with pytest.raises(RestoreError, match=r"another plan.*--anew"):
        tune(Woven(picture=lambda t: woven(t + 1)), plan(steps=1), tmp_path)
    tuning.forget(tmp_path)
    assert tune(Woven(picture=lambda t: woven(t + 1)), plan(steps=1), tmp_path).steps == 1


@pytest.mark.parametrize("count", [1, 5, 8, 21, 400])
def test_what_is_judged_is_never_learnt(count):
    split = Split(SIZE, tuple(range(100, 100 + count)))
    assert split.held
    assert split.learnt
    if count >= reserve.LEAST_FRAMES:
        assert not set(split.held) & set(split.learnt)
    footage = Woven(count)
    split = Split(SIZE, footage.frames)
    own = gather(footage, split, 1)
    assert set(footage.asked) == set(split.learnt)
    assert len(own.pieces) <= reserve.PIECES + len(split.learnt)
    assert 0.1 < split.closed.mean() < 0.3
    for holes in holes_of(footage, split, own, 1):
        for hole in holes.each.values():
            assert not (hole & (~split.closed | holes.shown.unsure)).any()
            assert hole.any()


def test_of_large_pictures_some_places_are_judged_in_turn():
    rng = np.random.default_rng(1)
    small, large = Split((368, 480), tuple(range(30))), Split((2160, 4096), tuple(range(30)))
    assert in_turn(small, rng) == list(range(len(small.places)))
    seen = [in_turn(large, rng) for _ in range(40)]
    assert {len(places) for places in seen} == {LEAST_PLACES}
    assert set().union(*seen) == set(range(len(large.places)))


def test_no_hole_to_learn_lies_where_the_truth_is_not_known_or_held_back():
    footage = Woven()
    split = Split(SIZE, footage.frames)
    own = gather(footage, split, 1)
    told = [replace(p, rgb=np.stack([p.target, p.unsure, p.target]).astype(np.float16)) for p in own.pieces]
    batch = lessons(reserve.Own(tuple(told), own.shapes, own.own_shapes, own.frames), 1, 0, 32, 64)
    hole, known = batch.judged[:, 0] > 0, batch.known[:, 0] > 0
    target, unsure = batch.seen[:, 0] > 0, batch.seen[:, 1] > 0
    assert hole.mean() > 0.02
    assert unsure.any()
    assert target[hole].all()
    assert not unsure[known].any()
    np.testing.assert_array_equal(known, ~hole & ~unsure)


def test_batches_follow_from_their_number():
    own = gather(Woven(), Split(SIZE, Woven().frames), 1)
    a, again, other = (lessons(own, 1, n, 4, 64) for n in (3, 3, 4))
    np.testing.assert_array_equal(a.seen, again.seen)
    np.testing.assert_array_equal(a.known, again.known)
    assert not np.array_equal(a.known, other.known)
    assert own.digest == gather(Woven(), Split(SIZE, Woven().frames), 1).digest
    assert own.digest != gather(Woven(), Split(SIZE, Woven().frames), 2).digest


def test_shapes_are_those_of_the_film():
    damage = np.zeros(SIZE, bool)
    damage[40:44, 20:120] = True
    found = list(windows(damage, np.random.default_rng(1)))
    assert len(found) == 1
    assert found[0].sum(0).max() == 4
    hole = plant(tuple(found), (96, 96), 0.5, np.random.default_rng(2))
    assert 0.02 < hole.mean() < 0.5


def test_what_a_person_restored_is_learnt_and_judged():
    footage = Woven(given=True)
    split = Split(SIZE, footage.frames)
    own = gather(footage, split, 1)
    assert sum(p.given.any() for p in own.pieces) > len(own.pieces) / 3
    whole = 0
    for holes in holes_of(footage, split, own, 1):
        for k, hole in holes.each.items():
            given = holes.shown.given[split.places[k]]
            whole += given.sum() >= reserve.LEAST_HOLE_PX and (hole[split.places[k]] == given).all()
        assert not holes.shown.in_the_way.any()
    assert whole >= 1


def test_pictures_that_are_too_small_or_damaged_all_over_are_refused():
    footage = Woven()
    footage.size = (48, 160)
    with pytest.raises(MaskError, match=r"160x48.*64 px"):
        gather(footage, Split(footage.size, footage.frames), 1)
    footage = Woven()
    whole = np.ones(SIZE, bool)
    footage.shown = lambda t: Shown((woven(t),), whole, whole, ~whole)
    with pytest.raises(MaskError, match="nothing to learn from"):
        gather(footage, Split(SIZE, footage.frames), 1)


def test_retouching_is_told_from_a_codec():
    rng = np.random.default_rng(1)
    before = rng.random((3, 60, 80)).astype(np.float32)
    after = before + rng.normal(0, 0.5 / 255, before.shape).astype(np.float32)
    after[:, 20:30, 40:45] += 0.2
    after[:, 5, 5] += 0.5
    mask = changed(before, after)
    assert mask[20:30, 40:45].all()
    assert mask[19:31, 39:46].sum() == mask.sum()
    assert not changed(before, before).any()


def test_gains_are_paired_and_need_twice_their_error():
    assert Gain("x", 0.2, (0.2, 0.05), (0.2, 0.09)).sure
    assert not Gain("x", 0.2, (0.2, 0.05), (0.2, 0.11)).sure
    assert not Gain("x", -0.2, (0.2, 0.05), (0.2, 0.05)).sure
    assert not Gain("x", 0.04, (0.2, 0.05), (0.2, 0.05)).sure
    nan = float("nan")
    assert Gain("x", 0.2, (nan, nan), (0.2, 0.05)).sure
    assert not Gain("x", 0.2, (nan, nan), (nan, nan)).sure
    assert not Verdict({}, (), 0, 0, 0).kept
    assert np.isnan(spread(np.ones(LEAST - 1))[1])
    assert spread(np.array([1.0, 2, 3, 4])) == (2.5, pytest.approx(0.6455, abs=1e-4))


def test_errors_are_pooled_by_group():
    errors, counts = np.array([[1.0, 4], [3, 4], [10, 1]]), np.array([100.0, 300, 100])
    np.testing.assert_allclose(pooled(errors, counts, np.array([5, 5, 7])), -10 * np.log10([[0.01, 0.02], [0.1, 0.01]]))


def test_the_score_is_of_what_was_filled():
    footage = Woven(25)
    split = Split(SIZE, footage.frames)
    own = gather(footage, split, 1)
    score = Score(footage, ("far", "near"))
    for holes in holes_of(footage, split, own, 1):
        (truth,) = holes.shown.planes
        inside = np.logical_or.reduce(list(holes.each.values()))
        score.add(holes, {"far": (np.where(inside, truth + 16, 0),), "near": (np.where(inside, truth - 4, 0),)})
    verdict = score.verdict("near")
    assert verdict.psnr["far"] == pytest.approx(20 * np.log10(255 / 16))
    (gain,) = verdict.gains
    assert gain.decibels == pytest.approx(20 * np.log10(4))
    assert gain.by_frame[0] == pytest.approx(gain.decibels)
    assert not score.verdict("far").kept
