from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.errors import PartError
from restore.nets import files, inference, shelf
from restore.nets.smooth import LEVELS, smooth_fill
from restore.nets.thin import ThinNet


def made(seed=1):
    torch.manual_seed(seed)
    net = ThinNet(16, 2)
    torch.nn.init.normal_(net.out.weight, 0, 0.1)
    return net.eval()


def picture(n=1, side=64):
    rng = np.random.default_rng(3)
    ys, xs = np.mgrid[:side, :side] / side
    base = np.stack([0.3 + 0.4 * xs, 0.6 - 0.3 * ys, 0.5 + 0.2 * xs * ys])
    return (base + rng.normal(0, 0.02, (n, 3, side, side))).astype(np.float32)


def gap(n=1, side=64):
    hole = np.zeros((n, side, side), bool)
    hole[:, 10:16, :] = hole[:, 30:40, 40:52] = True
    return hole


def test_it_is_small():
    assert sum(p.numel() for p in ThinNet().parameters()) < 310_000


@torch.inference_mode()
def test_untrained_it_is_a_smooth_fill_that_keeps_what_is_known():
    x, known = torch.from_numpy(picture()), torch.from_numpy(~gap())[:, None].float()
    out = ThinNet()(x, known)
    assert torch.equal(out, smooth_fill(x, known))
    torch.testing.assert_close(out * known, x * known)


@torch.inference_mode()
def test_a_smooth_fill_continues_a_slope():
    xs = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    known = torch.from_numpy(~gap())[:, None].float()
    assert (smooth_fill(xs * known, known) - xs).abs().max() < 0.04


@torch.inference_mode()
def test_what_lies_in_a_hole_is_not_looked_at():
    net, known = made(), torch.from_numpy(~gap())[:, None].float()
    a = torch.from_numpy(picture())
    b = torch.where(known > 0, a, torch.tensor(7.0))
    torch.testing.assert_close(net(a, known), net(b, known))


@torch.inference_mode()
@pytest.mark.parametrize("share", [0, 1], ids=["nothing known", "all known"])
def test_hopeless_and_needless_cases_are_finite(share):
    net = made()
    assert torch.isfinite(net(torch.from_numpy(picture()), torch.full((1, 1, 64, 64), float(share)))).all()


@torch.inference_mode()
def test_light_added_to_the_picture_is_added_to_the_fill():
    net, known = made(), torch.from_numpy(~gap())[:, None].float()
    x = torch.from_numpy(picture())
    torch.testing.assert_close(net(x + 0.25, known), net(x, known) + 0.25, atol=1e-4, rtol=0)


def test_needs_are_those_of_the_smooth_fill():
    needs = ThinNet().needs
    assert (needs.channels, needs.multiple_px) == (3, 2**LEVELS)


def test_a_crops_result_depends_on_nothing_but_the_crop(tmp_path):
    path = tmp_path / "net.safetensors"
    files.write(path, made().state_dict(), {})
    net = inference.filler("thin", path, shelf.sha256(path))
    crops = list(zip(picture(3), gap(3), strict=True))
    before = torch.get_num_threads()
    alone = [next(inference.pictures(net, [c])) for c in crops]
    assert torch.get_num_threads() == before
    for a, b, c in zip(alone, inference.pictures(net, crops), list(inference.pictures(net, crops[::-1]))[::-1],
                       strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
        np.testing.assert_allclose(a * 65535, np.rint(a * 65535), atol=0.02)


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    files.write(path, {"w": torch.zeros(2)}, {})
    with pytest.raises(PartError, match="no weights of ThinNet"):
        inference.filler("thin", path, shelf.sha256(path))


def test_faint_pictures_are_shown_at_more_contrast_and_lively_ones_as_they_are():
    rng, hole = np.random.default_rng(1), gap()[0]
    lively = rng.uniform(0, 1, (3, 64, 64)).astype(np.float32)
    assert inference.contrast(lively, hole) == 1
    assert inference.contrast(lively * np.float32(0.01), hole) > 20
    assert inference.contrast(np.zeros_like(lively), hole) == inference.MOST_GAIN
    assert inference.contrast(lively, np.ones_like(hole)) == 1


def test_a_fainter_picture_gets_the_same_fill_fainter(tmp_path):
    path = tmp_path / "net.safetensors"
    files.write(path, made().state_dict(), {})
    net, hole = inference.filler("thin", path, shelf.sha256(path)), gap()[0]
    a, b = inference.pictures(net, [(picture()[0] * np.float32(s), hole) for s in (0.1, 0.05)])
    np.testing.assert_allclose(a * 0.5, b, atol=3e-5)
