"""A model of the user's own: asked as the recipe says, kept inside the mask, refused where it is not what it said."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from restore import parts
from restore.errors import PartError, RecipeError
from restore.fill import Filler
from restore.fill.torchscript import Torchscript
from restore.frames import support
from restore.nets import shelf
from restore.testing import LAYOUTS, FillerSuite, film
from restore.window import Window

SIZE = (90, 130)


class Blur(nn.Module):
    """Fills holes with the mean of what is known: (image, mask) to image, as LaMa's export does it."""

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        known = 1 - mask
        mean = (image * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True).clamp(min=1.0)
        return image * known + mean * mask


class Shown(nn.Module):
    """Answers with what it was shown in holes, mixed with the mask it was given."""

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image + 0.25 * mask


class OneTensor(nn.Module):
    """Takes the mask as first channel, -0.5 in holes and 0.5 elsewhere, and pictures from -1 to 1."""

    def forward(self, seen: Tensor) -> Tensor:
        hole = (seen[:, :1] < 0).float()
        if not bool((seen[:, :1].abs() == 0.5).all()):
            raise ValueError("the mask is -0.5 or 0.5")
        if bool((seen[:, 1:].abs() * hole > 1e-6).any()):
            raise ValueError("holes are shown in mid-grey")
        return torch.where(hole > 0, torch.full_like(seen[:, 1:], 0.5), seen[:, 1:])


class Larger(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return torch.cat([image, mask], 1)


class Broken(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image / torch.zeros_like(image)


class Two(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        return image, mask


class Net(nn.Module):
    """A convolution, whose sums could depend on threads and on earlier runs."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(4, 24, 7, padding=3), nn.ReLU(), nn.Conv2d(24, 3, 7, padding=3))

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return torch.sigmoid(self.inner(torch.cat([image * (1 - mask), mask], 1)))


def scripted(net: nn.Module, path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch would rather have other exports written
        torch.jit.script(net).save(str(path))
    return str(path)


@pytest.fixture(scope="module")
def blur(tmp_path_factory):
    return scripted(Blur(), tmp_path_factory.mktemp("model") / "blur.pt")


class TestTorchscript(FillerSuite):
    fills_all = True

    @pytest.fixture(autouse=True)
    def model(self, blur):
        self.path = blur

    def make(self) -> Filler:
        return Torchscript(model=self.path, side_px=64)


def holed():
    hole = np.zeros(SIZE, bool)
    hole[30:50, 40:70] = True
    hole[80:, :6] = True
    return hole


def fill(part, layout, hole=None, planes=None):
    pixels, hole = LAYOUTS[layout], holed() if hole is None else hole
    planes = planes or film(pixels, SIZE, 1)[0]
    window = Window.of([planes], pixels, [hole])
    return part.fill(window, 0, tuple(p.astype(np.float32) for p in planes), hole)


@pytest.mark.parametrize("layout", ["gray", "yuv420p", "gbrp16le", "grayf32le"])
def test_the_model_fills_the_mask_of_one_square_as_it_would_alone(blur, layout):
    part, pixels, hole = Torchscript(model=blur, side_px=256), LAYOUTS[layout], holed()
    out = fill(part, layout).planes
    value = {k: np.unique(np.rint(out[k][support(hole, pixels, k)] * (1e3 if pixels.depth == 32 else 1)))
             for k in range(len(out))}
    clean = film(pixels, SIZE, 1)[0]
    for k, values in value.items():
        assert len(values) <= 2  # one value, but for its last digit
        near = clean[k].astype(np.float64).mean() * (1e3 if pixels.depth == 32 else 1)
        assert abs(values[0] - near) < 0.15 * near


def test_holes_are_shown_as_the_recipe_says_and_never_what_lies_under_them(tmp_path):
    path = scripted(Shown(), tmp_path / "shown.pt")
    for blank in (0.0, 0.5):
        part = Torchscript(model=path, side_px=64, blank=blank)
        out = fill(part, "grayf32le").planes[0][holed()]
        np.testing.assert_allclose(out, blank + 0.25, atol=1e-4)
    upside_down = Torchscript(model=path, side_px=64, blank=0.5, mask_hole=0.0, mask_known=1.0)
    np.testing.assert_allclose(fill(upside_down, "grayf32le").planes[0][holed()], 0.5, atol=1e-4)


def test_the_mask_may_be_a_channel_and_values_may_go_from_minus_one(tmp_path):
    part = Torchscript(
        model=scripted(OneTensor(), tmp_path / "one.pt"), side_px=64, mask="before", mask_hole=-0.5, mask_known=0.5,
        low=-1.0, high=1.0, blank=0.5,
    )
    np.testing.assert_allclose(fill(part, "grayf32le").planes[0][holed()], 0.75, atol=1e-4)
    after = Torchscript(**{**vars(part), "mask": "after"})
    with pytest.raises(PartError, match=r"failed on \(1, 4, 64, 64\): the mask is -0\.5 or 0\.5"):
        fill(after, "grayf32le")


def test_grey_models_get_grey(tmp_path):
    part = Torchscript(model=scripted(Blur(), tmp_path / "b.pt"), side_px=64, channels=1)
    out = fill(part, "gbrp16le").planes
    hole = holed()
    assert np.array_equal(out[0][hole], out[1][hole])
    assert np.array_equal(out[0][hole], out[2][hole])


def test_the_same_bytes_whatever_ran_before_and_whatever_number_of_threads(tmp_path):
    torch.manual_seed(1)
    part, before, outs = Torchscript(model=scripted(Net(), tmp_path / "n.pt"), side_px=64), torch.get_num_threads(), []
    try:
        for threads in (1, 2, 2, 1):
            torch.set_num_threads(threads)
            outs.append(fill(part, "yuv420p").planes)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for out in outs[1:]:
        for a, b in zip(outs[0], out, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_file_counts_in_the_digest(tmp_path):
    path = tmp_path / "m.pt"
    a = parts.make("fill", "torchscript", {"model": scripted(Blur(), path)})
    assert a.made.fingerprint() == shelf.sha256(path)
    first = a.digest
    b = parts.make("fill", "torchscript", {"model": scripted(Shown(), path)})
    assert b.digest != first
    assert Torchscript(model=str(path), sha256=shelf.sha256(path)[:8].upper()).fingerprint() == shelf.sha256(path)


@pytest.mark.parametrize(("given", "said"), [
    ({"model": "nowhere.pt"}, r"there is no file nowhere\.pt; it needs a model saved by torch\.jit\.save"),
    ({"sha256": "0123456789"}, r"has the sha256 [0-9a-f]{64}, and the recipe asks for 0123456789"),
    ({"sha256": "01"}, r"8 digits or more"),
])
def test_a_file_that_is_not_the_one_that_is_meant_is_refused(blur, given, said):
    with pytest.raises(PartError, match=said):
        Torchscript(**({"model": blur} if "sha256" in given else {}), **given).fingerprint()


def test_nothing_is_filled_without_a_model():
    with pytest.raises(PartError, match=r"no model is named; .* Set `model`"):
        fill(Torchscript(), "gray")


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    for name, write in (("text.pt", lambda p: p.write_bytes(b"no archive")),
                        ("tensors.pt", lambda p: torch.save({"a": torch.zeros(2)}, p))):
        write(tmp_path / name)
        with pytest.raises(PartError, match=rf"{name} was found, but is no TorchScript archive .* torch\.jit\.save"):
            fill(Torchscript(model=str(tmp_path / name), side_px=64), "gray")


@pytest.mark.parametrize(("net", "said"), [
    (Larger(), r"given \(1, 3, 64, 64\) and \(1, 1, 64, 64\) and answered with shape \(1, 4, 64, 64\)"),
    (Two(), r"answered with a tuple; one picture \(1, 3, 64, 64\) is needed"),
    (Broken(), r"values that are no numbers"),
    (OneTensor(), r"failed on .* and .*: .*Declare in the recipe"),
])
def test_answers_that_are_no_picture_are_refused(tmp_path, net, said):
    with pytest.raises(PartError, match=said):
        fill(Torchscript(model=scripted(net, tmp_path / "m.pt"), side_px=64), "gray")


@pytest.mark.parametrize(("params", "said"), [
    ({"side_px": 96}, "multiple of 64"),
    ({"side_px": 128, "multiple_px": 96}, "multiple of 64 and of multiple_px, 96"),
    ({"side_px": 128, "minimum_px": 256}, "minimum_px is 256"),
    ({"multiple_px": 0}, "multiple_px at least 1"),
    ({"channels": 4}, "must be 1 or 3"),
    ({"mask": "alpha"}, "one of argument, before, after"),
    ({"high": 0.0}, "high must be above low"),
    ({"mask_known": 1.0}, "mask_hole must differ"),
    ({"blank": 2.0}, "blank must be 0 to 1"),
])
def test_needs_that_cannot_be_are_refused(params, said):
    with pytest.raises(RecipeError, match=said):
        parts.make("fill", "torchscript", {"model": "m.pt"} | params)


def test_people_are_told_that_it_runs_code():
    assert "runs that program" in parts.about(Torchscript)
    assert any("runs code of its maker" in line for line in parts.parameters(Torchscript))
