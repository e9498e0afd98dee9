from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
import torch

from restore.errors import RestoreError
from restore.nets import files, inference, shelf
from restore.nets.thin import ThinNet
from restore.train import filler, pieces
from restore.train.filler import Plan, train
from restore.train.lines import thin
from restore.train.muon import Muon, orthogonal
from restore.train.pieces import batch, holes
from restore.train.state import pace


def drawn(n):
    """A picture of slanted stripes, made in no time."""
    ys, xs = np.mgrid[:160, :160]
    stripes = 0.5 + 0.4 * np.sin((xs + (n % 5 - 2) * ys) / 4)
    return np.repeat((stripes * 255).astype(np.uint8)[..., None], 3, -1)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(pieces, "SHEET_PX", 160)
    monkeypatch.setattr(filler, "HELD", 1)
    monkeypatch.setattr(filler, "HELD_CROPS", 4)
    monkeypatch.setattr(filler, "gather", lambda *_: pieces.Pictures(tuple(drawn(n) for n in range(5))))


def plan(blocks=1, **more):
    line = replace(thin.LINE, net=partial(ThinNet, 16, blocks), crops=4, side_px=32)
    return Plan(**{"line": line, "steps": 40, "check_every": 10} | more)


def test_it_learns_and_what_it_keeps_can_be_used(tmp_path):
    said = []
    scores = train(plan(steps=240, blocks=2, check_every=80), tmp_path, said.append)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [80, 160, 240]
    assert log[-1]["loss"] < 0.75 * log[0]["loss"]
    assert scores["dB"] > scores["telea dB"] + 3
    path = tmp_path / "thin.safetensors"
    shown = batch(filler.gather(), 5, 0, 2, 32)
    for out in inference.pictures(inference.filler("thin", path, shelf.sha256(path)),
                                  zip(shown.seen, shown.known[:, 0] == 0, strict=True)):
        assert out.shape == (3, 32, 32)
    assert json.loads(files.read(path)[1]["plan"])["steps"] == 240
    assert cv2.imread(str(tmp_path / "sheet-000240.png")).shape[1] == 4 * 2 * thin.LINE.held_side_px


def test_killed_and_gone_on_it_comes_to_the_same_weights(tmp_path, monkeypatch):
    train(plan(), tmp_path / "whole")
    calls = []

    def killed(run, shown, real=filler.Run.learn):
        calls.append(run.done)
        if len(calls) == 27:
            raise KeyboardInterrupt
        real(run, shown)

    with monkeypatch.context() as patched:
        patched.setattr(filler.Run, "learn", killed)
        with pytest.raises(KeyboardInterrupt):
            train(plan(), tmp_path / "killed")
    train(plan(), tmp_path / "killed")
    for file in ("thin.safetensors", "state.safetensors"):
        whole, gone_on = (files.read(tmp_path / n / file)[0] for n in ("whole", "killed"))
        for name, value in whole.items():
            assert torch.equal(value, gone_on[name]), name


def test_a_limit_of_time_stops_and_keeps_what_was_learnt(tmp_path):
    said = []
    train(plan(minutes=1e-9), tmp_path, said.append)
    assert int(files.read(tmp_path / "state.safetensors")[1]["done"]) == 1
    assert "goes on from step 1" in said[-1]


def test_a_folder_goes_on_with_its_own_plan_only(tmp_path):
    train(plan(minutes=1e-9), tmp_path)
    before = (tmp_path / "state.safetensors").read_bytes()
    with pytest.raises(RestoreError, match="another plan"):
        train(plan(seed=2), tmp_path)
    assert (tmp_path / "state.safetensors").read_bytes() == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RestoreError, match="sees no CUDA device"):
        train(plan(device="cuda"), tmp_path)


def test_only_errors_in_holes_count():
    clean, known = torch.rand(2, 3, 16, 16), torch.ones(2, 1, 16, 16)
    known[..., 4:8, :] = 0
    wrong = clean + 0.5 * known
    assert thin.loss_of(wrong, clean, known) == 0
    assert thin.loss_of(clean + 0.1 * (1 - known), clean, known) > 0.05


def test_the_rate_climbs_and_falls():
    rates = [filler.rate_at(i, 100, 8e-3) for i in range(100)]
    top = int(np.argmax(rates))
    assert 1 <= top <= 4
    assert rates[0] < 0.1 * rates[top]
    assert rates[-1] < 0.02 * rates[top]


@pytest.mark.parametrize("kind", sorted(pieces.DRAW))
def test_holes_cover_about_what_they_are_asked_to(kind):
    for share in (0.06, 0.25):
        found = holes(256, share, np.random.default_rng(1), pieces.Damage((kind,), other_frac=0))
        assert share <= found.mean() < share + 0.1


def test_a_batch_follows_from_its_number():
    pictures = filler.gather()
    a, again, other = (batch(pictures, 3, n, 4, 32) for n in (7, 7, 8))
    for name in ("seen", "clean", "known"):
        assert getattr(a, name).dtype == np.float32
        np.testing.assert_array_equal(getattr(a, name), getattr(again, name))
    assert not np.array_equal(a.clean, other.clean)
    assert set(np.unique(a.known)) == {0, 1}
    assert a.clean.min() >= 0
    assert a.clean.max() <= 1


def test_grain_is_seen_and_not_to_be_learnt():
    shown = batch(filler.gather(), 3, 0, 64, 32)
    apart = (shown.seen - shown.clean).std((1, 2, 3))
    assert 4 <= (apart > 0.002).sum() <= 32
    assert (apart == 0).sum() > 24


def test_photographs_are_read_at_several_sizes_and_folders_without_any_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((300, 400, 3), np.uint8))
    found = pieces.gather(1, tmp_path, 0).photographs
    assert [p.shape[0] for p in found] == [round(300 * s) for s in pieces.SIZES]
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="holds no pictures"):
        pieces.gather(1, tmp_path / "none", 0)


def test_steps_are_equally_strong_in_all_directions():
    torch.manual_seed(1)
    for shape in ((8, 30), (30, 8)):
        strengths = torch.linalg.svdvals(orthogonal(torch.randn(shape) * 1e-3))
        assert strengths.min() > 0.5
        assert strengths.max() < 1.3


def test_muon_finds_the_bottom_of_a_bowl():
    weight, goal = torch.nn.Parameter(torch.zeros(6, 4)), torch.eye(6, 4)
    muon = Muon([weight], 0.05)
    for step in range(200):
        weight.grad = weight.detach() - goal
        pace(muon, 0.05 * (1 - step / 200))
        muon.step()
    assert (weight - goal).abs().max() < 0.05
