from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from restore.errors import RestoreError
from restore.nets import files, inference, shelf
from restore.scenes.lesson import Taught
from restore.train import detector
from restore.train.course import Course
from restore.train.detector import Plan, train
from restore.train.subjects import FAINT_BIT, FILM, STILL, Subject

COURSE = Course(seed=1, rounds=6, lessons=8, kept_rounds=3, steps=12, batch=4)


def see(side_px, seed):
    """A bright square to be found, which a network learns in no time."""
    rng = np.random.default_rng(seed)
    y, x = rng.integers(4, side_px - 12, 2)
    clean = np.zeros((side_px, side_px, 3), np.float32)
    damaged, labels = clean.copy(), np.zeros((side_px, side_px), np.uint8)
    damaged[y : y + 8, x : x + 8], labels[y : y + 8, x : x + 8] = 0.5, 1
    seen = damaged[..., :1].transpose(2, 0, 1) * 4 + rng.normal(0, 0.1, (1, side_px, side_px))
    return seen.astype(np.float32), Taught(clean, damaged, labels)


SQUARES = Subject("squares", ("light",), {"square": (1,), "other": (2,)}, see)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(detector, "SIDE_PX", 32)
    monkeypatch.setattr(detector, "VALIDATION_LESSONS", 8)
    monkeypatch.setattr(detector, "PEAK_RATE", 2e-2)


def plan(**more):
    return Plan(SQUARES, COURSE, workers=0, check_every=2, **more)


def test_it_learns_and_what_it_keeps_can_be_used(tmp_path):
    said = []
    scores = train(plan(), tmp_path, said.append)
    assert scores["square AP"] > 0.8
    path = tmp_path / "squares.safetensors"
    net = inference.detector(path, shelf.sha256(path))
    seen, taught = see(32, 99)
    (found,) = inference.probabilities(net, [seen])
    assert ((found[0] > 127) == (taught.labels > 0)).mean() > 0.97
    facts = files.read(path)[1]
    assert json.loads(facts["plan"])["seed"] == 1
    assert json.loads(facts["scores"])["square AP"] > 0.8
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3


def test_stopped_and_gone_on_it_comes_to_the_same_weights(tmp_path, monkeypatch):
    train(plan(), tmp_path / "whole")
    calls = []

    def killed(run, n, kept, real=detector.Run.learn):
        calls.append(n)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(run, n, kept)

    with monkeypatch.context() as patched:
        patched.setattr(detector.Run, "learn", killed)
        with pytest.raises(KeyboardInterrupt):
            train(plan(), tmp_path / "killed")
    train(plan(), tmp_path / "killed")
    assert calls == [0, 1, 2, 3, 4]
    whole, gone_on = (files.read(tmp_path / n / "squares.safetensors")[0] for n in ("whole", "killed"))
    for name, value in whole.items():
        assert torch.equal(value, gone_on[name]), name


RARE = replace(SQUARES, name="rare", rare=True, faint_weight=0.0, widths=(6, 8, 12))
"""The way single pictures are learnt from."""


def test_rare_damage_is_learnt_too_and_losses_fall(tmp_path):
    scores = train(replace(plan(), subject=RARE), tmp_path)
    assert scores["square AP"] > 0.8
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.5 * losses[0]


def test_rare_damage_stopped_and_gone_on_comes_to_the_same_weights(tmp_path):
    rare = replace(plan(), subject=RARE, course=replace(COURSE, rounds=3))
    train(rare, tmp_path / "whole")
    for _ in range(3):
        train(replace(rare, minutes=1e-9), tmp_path / "halting")
    whole, halting = (files.read(tmp_path / n / "state.safetensors")[0] for n in ("whole", "halting"))
    for name, value in whole.items():
        assert torch.equal(value, halting[name]), name


def test_what_cannot_be_seen_does_not_count_at_all():
    scores = torch.full((1, 2, 8, 8), 0.5)
    nothing, unseen = torch.zeros(1, 8, 8, dtype=torch.uint8), torch.zeros(1, 8, 8, dtype=torch.uint8)
    unseen[0, :4] = 1 | 1 << FAINT_BIT
    scores[:, :, :4] = -9.0
    missed = detector.focal_loss_of(scores, unseen)
    scores[:, 0, :4] = 9.0
    assert torch.equal(detector.focal_loss_of(scores, unseen), missed)
    assert detector.focal_loss_of(scores, nothing) > missed


def test_a_limit_of_time_stops_after_a_round_and_keeps_it(tmp_path):
    train(plan(minutes=1e-9), tmp_path)
    assert int(files.read(tmp_path / "state.safetensors")[1]["done"]) == 1


def test_a_folder_goes_on_with_its_own_plan_only(tmp_path):
    train(plan(minutes=1e-9), tmp_path)
    before = (tmp_path / "state.safetensors").read_bytes()
    other = Plan(SQUARES, Course(seed=2, rounds=6, lessons=8, kept_rounds=3, steps=12, batch=4), workers=0)
    with pytest.raises(RestoreError, match="another plan"):
        train(other, tmp_path)
    assert (tmp_path / "state.safetensors").read_bytes() == before


def test_what_is_learnt_is_not_learnt_again_and_that_is_said(tmp_path):
    train(plan(), tmp_path)
    before, said = (tmp_path / "log.jsonl").read_text(), []
    train(plan(), tmp_path, said.append)
    assert "nothing is left" in said[-1]
    assert (tmp_path / "log.jsonl").read_text() == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RestoreError, match="sees no CUDA device"):
        train(plan(device="cuda"), tmp_path)


def test_faint_damage_counts_less():
    scores = torch.zeros(1, 2, 8, 8)
    strong = torch.ones(1, 8, 8, dtype=torch.uint8)
    assert detector.loss_of(scores, strong | 1 << FAINT_BIT) < detector.loss_of(scores, strong)


def test_the_rate_climbs_and_falls():
    rates = [detector.rate_at(i, 100) for i in range(100)]
    top = int(np.argmax(rates))
    assert 2 <= top <= 8
    assert rates[0] < 0.1 * rates[top]
    assert rates[-1] < 0.01 * rates[top]
    assert (np.diff(rates[top:]) < 0).all()


@pytest.mark.parametrize("subject", [FILM, STILL], ids=lambda s: s.name)
def test_subjects_give_what_they_say(subject):
    seen, what = subject.sample(64, 5)
    assert seen.shape == (len(subject.channels), 64, 64)
    assert what.shape == (64, 64)
    known = (1 << len(subject.kinds)) - 1 | 1 << FAINT_BIT
    assert not (what & np.uint8(255 - known)).any()
    again = subject.sample(64, 5)
    np.testing.assert_array_equal(again[0], seen)
    np.testing.assert_array_equal(again[1], what)
