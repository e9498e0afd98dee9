"""What the networks for wide holes have in common."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.errors import PartError
from restore.nets import files, inference, shelf
from restore.nets.context_encoder import ContextEncoder
from restore.nets.glcic import Glcic
from restore.nets.gmcnn import Gmcnn
from restore.nets.needs import Needs
from restore.nets.smooth import smooth_fill
from restore.nets.thin import ThinNet

SMALL = {"context_encoder": ContextEncoder((4, 8, 12)), "glcic": Glcic(4), "gmcnn": Gmcnn(4), "thin": ThinNet(16, 2)}
WEIGHTS = {ContextEncoder: 830_000, Glcic: 820_000, Gmcnn: 570_000}


@pytest.fixture(params=sorted(SMALL))
def name(request):
    return request.param


@pytest.fixture
def net(name):
    torch.manual_seed(1)
    made = SMALL[name].eval()
    torch.nn.init.normal_(made.out.weight, 0, 0.1)
    return made


def shown(n=1, side=64):
    rng = np.random.default_rng(3)
    known = np.ones((n, 1, side, side), np.float32)
    known[:, :, 10:40, 20:44] = 0
    return torch.from_numpy(rng.random((n, 3, side, side), np.float32)), torch.from_numpy(known)


@pytest.mark.parametrize("kind", WEIGHTS)
def test_they_are_small(kind):
    assert 0.9 * WEIGHTS[kind] < sum(p.numel() for p in kind().parameters()) < WEIGHTS[kind]


@torch.inference_mode()
@pytest.mark.parametrize("kind", WEIGHTS)
def test_untrained_they_are_a_smooth_fill(kind):
    picture, known = shown()
    assert torch.equal(kind()(picture, known), smooth_fill(picture, known))


@torch.inference_mode()
@pytest.mark.parametrize("kind", WEIGHTS)
def test_untrained_their_last_layer_is_shown_what_the_first_is(kind):
    """A signal that fades on its way, as under usual random weights, teaches nothing: they stood still for hours."""
    torch.manual_seed(2)
    net, shown_last = kind(), list[float]()
    net.out.register_forward_pre_hook(lambda _, given: shown_last.append(float(given[0].std((0, 2, 3)).mean())))
    net(*shown(2))
    assert 0.2 < shown_last[0] < 5


@torch.inference_mode()
def test_what_lies_in_a_hole_is_not_looked_at(net):
    picture, known = shown()
    torch.testing.assert_close(net(picture, known), net(torch.where(known > 0, picture, torch.tensor(7.0)), known))


@torch.inference_mode()
def test_a_hole_is_filled_from_around_it_and_a_batch_of_many_is_many_of_one(net):
    picture, known = shown(3)
    many = net(picture, known)
    assert many.shape == picture.shape
    for one, p, k in zip(many, picture, known, strict=True):
        torch.testing.assert_close(one, net(p[None], k[None])[0], atol=1e-5, rtol=1e-4)
    moved = picture.clone()
    moved[0, :, 8, 30] += 1
    assert (net(moved, known) - many)[0, :, 20:30, 30].abs().max() > 1e-5
    assert torch.equal(net(moved, known)[1:], many[1:])


@torch.inference_mode()
@pytest.mark.parametrize("share", [0, 1], ids=["nothing known", "all known"])
def test_hopeless_and_needless_cases_are_finite(net, share):
    picture, known = shown()
    assert torch.isfinite(net(picture, torch.full_like(known, share))).all()


def test_weights_say_how_large_a_network_is_and_anothers_are_refused(net, name, tmp_path):
    path = tmp_path / "net.safetensors"
    files.write(path, net.state_dict(), {})
    again = inference.filler(name, path, shelf.sha256(path))
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in net.state_dict().items()}
    files.write(path, {"w": torch.zeros(2)}, {})
    with pytest.raises(PartError, match=f"no weights of {type(net).__name__}"):
        inference.filler(name, path, shelf.sha256(path))
    files.write(path, {k: v for k, v in net.state_dict().items() if k != "out.bias"}, {})
    with pytest.raises(PartError, match=f"does not fit {type(net).__name__}"):
        inference.filler(name, path, shelf.sha256(path))


@pytest.mark.parametrize("shape", [(3, 64, 48), (3, 64, 72), (1, 64, 64), (3, 0, 64)], ids=str)
def test_pictures_of_other_sizes_are_refused_by_name(shape):
    with pytest.raises(PartError, match="it takes 3, of multiples of 32 px, 32 px or more"):
        Needs(3, 32, 32).check(shape)


def test_a_network_is_shown_nothing_it_does_not_take(net, name, tmp_path):
    path = tmp_path / "net.safetensors"
    files.write(path, net.state_dict(), {})
    crop = np.zeros((3, 64, 50), np.float32)
    with pytest.raises(PartError, match="64x50 px"):
        next(inference.pictures(inference.filler(name, path, shelf.sha256(path)), [(crop, np.ones((64, 50), bool))]))
