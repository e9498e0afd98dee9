"""The trainings behind the filler `diffusion`: they learn, go on where they were stopped, and what they write runs."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch

from restore.errors import RestoreError
from restore.nets import files, sampling, shelf
from restore.nets.diffusion import schedule
from restore.train import diffusion, pieces
from restore.train.diffusion import Plan, batch, train, wide_holes


def drawn(n):
    """A picture of slanted stripes, made in no time."""
    ys, xs = np.mgrid[:160, :160]
    stripes = 0.5 + 0.4 * np.sin((xs + (n % 5 - 2) * ys) / 6)
    return np.repeat((stripes * 255).astype(np.uint8)[..., None], 3, -1)


@pytest.fixture(autouse=True, scope="module")
def small():
    pictures = pieces.Pictures(tuple(drawn(n) for n in range(5)))
    few = {"HELD": 1, "STEPS": 2, "SPREAD_BATCHES": 1, "WIDTH_PX": (4.0, 12.0), "PEAK_RATE": 2e-2}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (few | {"gather": lambda *_: pictures}).items():
            patched.setattr(diffusion, name, value)
        yield


def plan(**more):
    few = {"coder_steps": 6, "steps": 6, "crops": 4, "side_px": 32, "coder_side_px": 32, "fine": 8, "coarse": 16,
           "widths": (16, 24), "check_every": 3}
    return Plan(**few | more)


def test_both_learn_and_what_they_write_can_be_used(tmp_path):
    said = []
    scores = train(plan(coder_steps=40, steps=80, check_every=40), tmp_path, said.append)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [40, 80, 120]
    assert log[0]["coded dB"] > 18
    assert log[2]["coded dB"] == pytest.approx(log[0]["coded dB"], abs=1e-3)  # it stays as it was
    assert log[2]["loss"] < 0.95 * log[1]["loss"]
    assert scores["drawn dB"] > scores["smooth dB"] + 1
    path = tmp_path / "diffusion.safetensors"
    net = sampling.net(path, shelf.sha256(path))
    assert 0.05 < float(net.spread.min()) < float(net.spread.max()) < 10
    shown = batch(diffusion.gather(), 5, 0, 2, 32)
    squares = ((c, k[0] == 0, n) for c, k, n in zip(shown.clean, shown.known, shown.noise, strict=True))
    assert [out.shape for out in sampling.pictures(net, 2, squares)] == [(3, 32, 32)] * 2
    assert json.loads(files.read(path)[1]["plan"])["widths"] == [16, 24]
    assert cv2.imread(str(tmp_path / "sheet-000120.png")).shape == (4 * 32, 5 * 32, 3)


@pytest.mark.parametrize("at", [4, 6, 10], ids=["autoencoder", "between the two", "denoiser"])
def test_killed_and_gone_on_it_comes_to_the_same_weights(at, whole, tmp_path, monkeypatch):
    def killed(run, real=diffusion.Run.learn):
        if run.done == at:
            raise KeyboardInterrupt
        real(run)

    with monkeypatch.context() as patched:
        patched.setattr(diffusion.Run, "learn", killed)
        with pytest.raises(KeyboardInterrupt):
            train(plan(), tmp_path)
    torch.manual_seed(99)
    train(plan(), tmp_path)
    for file in ("diffusion.safetensors", "state.safetensors"):
        one, other = (files.read(folder / file)[0] for folder in (whole, tmp_path))
        for name, value in one.items():
            assert torch.equal(value, other[name]), name


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    train(plan(), folder)
    return folder


def test_a_limit_of_time_stops_and_keeps_what_was_learnt(tmp_path):
    said = []
    train(plan(minutes=1e-9), tmp_path, said.append)
    assert int(files.read(tmp_path / "state.safetensors")[1]["done"]) == 1
    assert "goes on from step 1" in said[-1]
    with pytest.raises(RestoreError, match="another plan"):
        train(plan(seed=2), tmp_path)


def test_batches_follow_from_their_number_alone():
    pictures = diffusion.gather()
    one, again, other = (batch(pictures, 3, n, 4, 32) for n in (7, 7, 8))
    for name in ("clean", "known", "noise", "times"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))
    assert (np.floor(one.times * 4) == np.arange(4)).all()  # one of each quarter


def test_holes_are_wide_and_leave_something_to_see():
    rng = np.random.default_rng(5)
    found = [wide_holes(128, rng) for _ in range(40)]
    assert 0.1 < np.mean([h.mean() for h in found]) < 0.5
    assert max(h.mean() for h in found) < 0.8
    width = [2 * cv2.distanceTransform(h.astype(np.uint8), cv2.DIST_L2, 5).max() for h in found]
    assert np.median(width) > 4


def test_what_the_denoiser_says_and_the_picture_follow_from_each_other():
    clean, noise = torch.randn(2, 5)
    for time in torch.linspace(0, 1, 7):
        signal, share = schedule(time)
        noisy, v = signal * clean + share * noise, signal * noise - share * clean
        torch.testing.assert_close(signal * noisy - share * v, clean)
        torch.testing.assert_close(share * noisy + signal * v, noise)
