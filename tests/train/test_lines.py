"""Adversarial trainings, shortened: phases, critics, textures; killed and gone on they come to the same weights."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from restore.errors import PartError, RestoreError
from restore.nets import files
from restore.nets.context_encoder import ContextEncoder
from restore.nets.glcic import Glcic
from restore.nets.gmcnn import Gmcnn
from restore.train import critics, features, filler, pieces
from restore.train.filler import Plan, Run, train
from restore.train.lines import Line, Phase, context_encoder, glcic, gmcnn, line, thin

SMALL = {
    "context_encoder": replace(context_encoder.LINE, net=partial(ContextEncoder, (4, 4, 4, 4, 8))),
    "glcic": replace(glcic.LINE, net=partial(Glcic, 4)),
    "gmcnn": replace(gmcnn.LINE, net=partial(Gmcnn, 4)),
}


def drawn(n):
    ys, xs = np.mgrid[:128, :128]
    stripes = 0.5 + 0.4 * np.sin((xs + (n % 5 - 2) * ys) / 6)
    return np.repeat((stripes * 255).astype(np.uint8)[..., None], 3, -1)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(pieces, "SHEET_PX", 128)
    monkeypatch.setattr(filler, "HELD", 1)
    monkeypatch.setattr(filler, "HELD_CROPS", 2)
    monkeypatch.setattr(filler, "gather", lambda *_: pieces.Pictures(tuple(drawn(n) for n in range(3))))


def plan(name, **more):
    own = replace(SMALL[name], crops=2, side_px=32, held_side_px=32, phases=(
        Phase(0.5), Phase(0.2, fills=False, judges=True), Phase(0.3, judges=True, adversarial=0.1, texture=1.0)
    ), **more.pop("own", {}))
    return Plan(**{"line": own, "steps": 10, "check_every": 3, "patience": 0} | more)


@pytest.mark.parametrize("name", SMALL)
def test_killed_among_critics_and_gone_on_it_comes_to_the_same_weights(name, tmp_path, monkeypatch):
    train(plan(name), tmp_path / "whole")
    calls = []

    def killed(run, shown, real=Run.learn):
        calls.append(run.done)
        if len(calls) == 9:
            raise KeyboardInterrupt
        real(run, shown)

    with monkeypatch.context() as patched:
        patched.setattr(Run, "learn", killed)
        with pytest.raises(KeyboardInterrupt):
            train(plan(name), tmp_path / "killed")
    train(plan(name), tmp_path / "killed")
    for file in (f"{name}.safetensors", "state.safetensors"):
        whole, gone_on = (files.read(tmp_path / n / file)[0] for n in ("whole", "killed"))
        assert whole.keys() == gone_on.keys()
        for key, value in whole.items():
            assert torch.equal(value, gone_on[key]), key
    last = json.loads((tmp_path / "whole" / "log.jsonl").read_text().splitlines()[-1])
    assert {"dB", "loss", "critic loss", "fool loss"} <= set(last)
    assert ("texture loss" in last) == (name == "gmcnn")


@pytest.mark.parametrize(("kept_s", "begins"), [(0, 2), (1000, 0)])
def test_what_was_learnt_is_kept_between_validations_too(kept_s, begins, tmp_path, monkeypatch):
    calls = []

    def killed(run, shown, real=Run.learn):
        calls.append(run.done)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(run, shown)

    monkeypatch.setattr(filler, "KEPT_S", kept_s)
    monkeypatch.setattr(Run, "learn", killed)
    with pytest.raises(KeyboardInterrupt):
        train(plan("glcic", check_every=5), tmp_path)
    assert Run(plan("glcic", check_every=5), tmp_path).done == begins


def test_each_phase_lets_learn_whom_it_says(tmp_path):
    run = Run(plan("glcic"), tmp_path)
    pictures = filler.gather()

    def changed(steps):
        before = {k: v.clone() for k, v in (run.net.state_dict() | run.critic.state_dict()).items()}
        for _ in range(steps):
            run.learn(pieces.batch(pictures, 1, run.done, 2, 32, run.line.damage))
        after = run.net.state_dict() | run.critic.state_dict()
        return {"critic" if k in run.critic.state_dict() else "filler"
                for k in before if not torch.equal(before[k], after[k])}

    assert [changed(5), changed(2), changed(3)] == [{"filler"}, {"critic"}, {"filler", "critic"}]
    assert run.done == run.plan.steps


def test_too_little_memory_halves_the_batch_and_is_remembered(tmp_path, monkeypatch):
    sizes, said = [], []

    def crowded(run, shown, real=Run.learn):
        sizes.append(len(shown.clean))
        if len(shown.clean) > 2:
            raise torch.OutOfMemoryError("no room")
        real(run, shown)

    monkeypatch.setattr(Run, "learn", crowded)
    train(wide_plan(), tmp_path, said.append)
    assert sizes == [8, 4, 2, 2, 2]
    assert sum("out of memory" in line for line in said) == 2
    assert Run(wide_plan(), tmp_path).crops == 2


def wide_plan():
    return replace(plan("glcic"), line=replace(plan("glcic").line, crops=8, phases=(Phase(1.0),)), steps=3)


def test_memory_for_not_one_crop_is_an_error_that_says_so(tmp_path, monkeypatch):
    def full(run, shown):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(Run, "learn", full)
    with pytest.raises(RestoreError, match="too small for one crop of 32 px"):
        train(plan("glcic"), tmp_path)


def test_a_phase_that_brings_nothing_ends_early_and_the_next_begins(tmp_path):
    said = []
    train(plan("glcic", patience=1, check_every=1, own={"peak_rate": 0.0}), tmp_path, said.append)
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 3, 4, 6, 7, 8, 9, 10]  # three that brought nothing are a quarter of all steps
    assert any("this phase ends here, at step 5" in line for line in said)


def test_phases_make_a_whole_and_critics_are_not_forgotten():
    assert glcic.LINE.ends(1000) == [880, 900, 1000]
    with pytest.raises(ValueError, match="make that 1 in all"):
        replace(thin.LINE, phases=(Phase(0.5),))
    with pytest.raises(ValueError, match="no critic"):
        replace(thin.LINE, phases=(Phase(0.5), Phase(0.5, judges=True)))


@pytest.mark.parametrize("name", ["thin", *SMALL])
def test_lines_are_found_by_name(name):
    found = line(name)
    assert isinstance(found, Line)
    assert found.name == name
    needs = found.net().needs
    assert found.side_px % needs.multiple_px == 0


def hole(side=32, at=(8, 8), size=8):
    known = torch.ones(1, 1, side, side)
    known[..., at[0] : at[0] + size, at[1] : at[1] + size] = 0
    return known


@pytest.mark.parametrize("loss", [thin.loss_of, gmcnn.loss_of])
def test_what_is_right_costs_nothing_and_errors_in_holes_do(loss):
    clean, known = torch.rand(1, 3, 32, 32), hole()
    assert loss(clean, clean, known) == 0
    little, much = (loss(clean + e * (1 - known), clean, known) for e in (0.1, 0.2))
    assert much > 1.2 * little > 0
    assert torch.isfinite(loss(clean, clean, torch.ones_like(known)))


def test_confidence_falls_from_the_rim_inwards_and_is_nothing_outside():
    sure = gmcnn.confidence(hole(96, (24, 24), 48))[0, 0]
    assert (sure[:24] == 0).all()
    assert (sure[24:48, 48].diff() < 0).all()
    assert sure[48, 48] > 0


def test_what_is_as_varied_as_the_truth_costs_least():
    torch.manual_seed(1)
    true = torch.randn(2, 8, 6, 6)
    level = true.mean((2, 3), keepdim=True).expand_as(true)
    same, mixed, flat = (gmcnn.mrf(a, true) for a in (true, true.flip(3), level))
    assert same < 0.1
    torch.testing.assert_close(mixed, same)  # it matters that a patch is somewhere, not where
    assert flat > same + 1


def test_critics_look_where_the_hole_is():
    picture = torch.rand(1, 3, 64, 64)
    seen = critics.around(picture, hole(64, (40, 4), 20))
    assert seen.shape == (1, 3, 32, 32)
    assert torch.equal(seen, picture[..., 28:60, 0:32])  # the first of those that hold all of the hole
    known = hole(64)
    changed = torch.where(known > 0, torch.rand_like(picture), picture)
    assert torch.equal(critics.fill_alone(picture, known), critics.fill_alone(changed, known))
    assert not torch.equal(critics.whole(picture, known), critics.whole(changed, known))


@pytest.mark.parametrize("game", [critics.Logistic(), critics.Wasserstein()])
def test_critics_want_the_opposite_of_fillers(game):
    known, rng = hole(), np.random.default_rng(1)
    real, made = torch.full((1, 3, 32, 32), 0.8), torch.full((1, 3, 32, 32), 0.2)

    def bright(picture, _):
        return picture.mean((1, 2, 3))[:, None]

    def dark(picture, _):
        return -bright(picture, _)

    assert game.judge(bright, made, real, known, rng) < game.judge(dark, made, real, known, rng)
    assert game.fool(bright, made, known) > game.fool(bright, real, known)


def test_the_slope_that_is_held_near_one_is_that_in_the_hole():
    known = hole()
    across = (1 - known).expand(1, 3, -1, -1) / float((3 * (1 - known).sum()) ** 0.5)
    for outside, gain, wanted in ((0.0, 1.0, 0.0), (5.0, 1.0, 0.0), (0.0, 3.0, 4.0)):
        weights = gain * across + outside * known

        def critic(picture, _, weights=weights):
            return (picture * weights).sum((1, 2, 3))[:, None]

        clean, made = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
        steep = critics.Wasserstein().steepness(critic, made, clean, known, np.random.default_rng(1))
        torch.testing.assert_close(steep, torch.tensor(wanted), atol=1e-4, rtol=0)


def vgg(width=4):
    ins, out, at = 3, {}, 0
    for count in features.VGG_BLOCKS:
        for n in range(count):
            out[f"features.{at + 2 * n}.weight"] = torch.randn(width, ins, 3, 3) * 0.2
            out[f"features.{at + 2 * n}.bias"] = torch.zeros(width)
            ins = width
        at += 2 * count + 1
    return out


def test_features_of_ones_own_are_those_of_vgg_and_ours_those_of_thin(tmp_path):
    torch.manual_seed(1)
    path, picture = tmp_path / "vgg.safetensors", torch.rand(2, 3, 32, 32)
    files.write(path, vgg(), {})
    assert [tuple(f.shape) for f in features.features_of(path)(picture)] == [(2, 4, 8, 8), (2, 4, 4, 4)]
    assert [tuple(f.shape) for f in features.features_of(None)(picture)] == [(2, 64, 8, 8), (2, 64, 8, 8)]
    own = gmcnn.diversity(path)
    assert own.origin != gmcnn.diversity(None).origin
    made = picture.clone().requires_grad_()
    own(made, picture.flip(0), hole(32).expand(2, -1, -1, -1)).backward()
    assert made.grad.abs().sum() > 0
    files.write(path, {k: v for k, v in vgg().items() if "features.7." not in k}, {})
    with pytest.raises(PartError, match=r"no features\.7\.weight"):
        features.features_of(path)


def test_a_plan_with_other_features_is_another_plan(tmp_path):
    path = tmp_path / "vgg.safetensors"
    files.write(path, vgg(), {})
    train(plan("gmcnn", minutes=1e-9), tmp_path / "run")
    with pytest.raises(RestoreError, match="another plan"):
        train(plan("gmcnn", features=path), tmp_path / "run")


def test_crops_have_a_hole_in_them_where_there_are_holes_about():
    pictures, anyhow = filler.gather(), replace(pieces.WIDE, least_frac=0.0)
    few, many = (np.mean([(1 - pieces.batch(pictures, 2, n, 4, 32, damage).known.mean((1, 2, 3)) < 0.1).mean()
                          for n in range(9)]) for damage in (pieces.WIDE, anyhow))
    assert few < 0.5 * many
