"""The small diffusion model: blind to what lies under holes, indifferent to brightness, its noise bound to places."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.errors import PartError
from restore.nets import files, sampling, shelf
from restore.nets.diffusion import DiffusionNet, even
from restore.nets.sampling import noise


@pytest.fixture(scope="module")
def net():
    """A small one whose last layers are not the zeros that a training begins with."""
    torch.manual_seed(1)
    made = DiffusionNet(8, 16, (16, 24)).eval().requires_grad_(False)
    for p in made.parameters():
        if not p.any():
            torch.nn.init.normal_(p, 0, 0.05)
    return made


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As it is run: small sums are not worth sharing."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def holed(side=64):
    torch.manual_seed(2)
    picture, known = torch.rand(1, 3, side, side) * 0.5 + 0.2, torch.ones(1, 1, side, side)
    known[..., 20:44, 24:50] = 0
    return picture, known, torch.randn(1, 4, side // 4, side // 4)


def test_what_lies_under_a_hole_is_not_looked_at(net):
    picture, known, begin = holed()
    other = torch.where(known > 0, picture, torch.rand_like(picture))
    assert torch.equal(net(picture, known, begin, 3), net(other, known, begin, 3))


def test_known_pixels_come_back_as_they_were(net):
    picture, known, begin = holed()
    torch.testing.assert_close(net(picture, known, begin, 3) * known, picture * known, atol=1e-5, rtol=0)


def test_a_brighter_picture_is_filled_alike_and_brighter(net):
    picture, known, begin = holed()
    torch.testing.assert_close(net(picture + 0.2, known, begin, 3), net(picture, known, begin, 3) + 0.2,
                               atol=1e-4, rtol=0)


def test_other_noise_gives_another_picture_within_the_hole_alone(net):
    picture, known, begin = holed()
    apart = (net(picture, known, begin, 3) - net(picture, known, -begin, 3)).abs()
    assert apart[:, :, 20:44, 24:50].mean() > 1e-3
    assert (apart * known).max() < 1e-5


def test_noise_where_nothing_is_missing_says_nothing(net):
    picture, known, begin = holed()
    far = begin.clone()
    far[..., :2, :] += 5
    assert torch.equal(net(picture, known, begin, 3), net(picture, known, far, 3))


def test_pixels_are_evened_one_by_one():
    x = torch.randn(2, 8, 5, 7) * 30
    assert torch.allclose(even(x).square().mean(1), torch.ones(2, 5, 7), atol=1e-3)
    assert torch.equal(even(x)[..., 1:3, 2:4], even(x[..., 1:3, 2:4]))


def test_squares_that_overlap_begin_with_the_same_noise():
    a, b = noise(1, 4, (0, 192), 256), noise(1, 4, (192, 0), 256)
    whole = noise(1, 4, (0, 0), 512)
    np.testing.assert_array_equal(a, whole[:, :64, 48:112])
    np.testing.assert_array_equal(b, whole[:, 48:112, :64])
    np.testing.assert_array_equal(noise(1, 4, (40, 8), 64), whole[:, 10:26, 2:18])
    assert abs(whole.mean()) < 0.01
    assert abs(whole.std() - 1) < 0.01


def test_every_seed_frame_and_place_has_noise_of_its_own():
    seen = {noise(s, t, (y, x), 64).tobytes() for s in (0, 1) for t in (0, 1) for y in (0, 64) for x in (0, 64)}
    assert len(seen) == 16


def test_weights_come_back_as_the_network_they_were_made_for(net, tmp_path):
    path = tmp_path / "mine.safetensors"
    files.write(path, net.state_dict(), {})
    again = sampling.net(path, shelf.sha256(path))
    assert torch.equal(again(*holed(), 2), net.to(memory_format=torch.channels_last)(*holed(), 2))


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    files.write(path, {"w": torch.zeros(3)}, {})
    with pytest.raises(PartError, match=r"other\.safetensors holds no weights of DiffusionNet.*train diffusion"):
        sampling.net(path, shelf.sha256(path))
