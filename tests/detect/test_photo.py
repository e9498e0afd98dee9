from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.detect import _alone, photo
from restore.detect._netted import Tiling
from restore.detect.photo import Photo, along_edge
from restore.errors import PartError
from restore.nets import files, inference, shelf
from restore.nets.detector import Detector
from restore.source import PixelFormat
from restore.window import Window

GREY8, GREY16 = PixelFormat("gray", "grey", 8), PixelFormat("gray16le", "grey", 16)
RGB10 = PixelFormat("gbrp10le", "rgb", 10)
SPECK = (200, 130)
FAINT = 28.0
"""Levels by which a square is above its ground for the network below to be in two minds."""


def answering(folder, kind):
    """Write a network that answers for one kind with how much is in narrow things: no training, but a known answer."""
    torch.manual_seed(1)
    made = Detector(len(_alone.CHANNELS), 2, (4, 6))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        for unit, channel in enumerate(_alone.THIN):
            made.down[0].first.weight[unit, channel, 1, 1] = 1
            made.down[0].second.weight[unit, unit, 1, 1] = 1
            made.up[0].first.weight[unit, 6 + unit, 1, 1] = 1
            made.up[0].second.weight[unit, unit, 1, 1] = 1
            made.out.weight[kind, unit] = 10
        made.out.bias.copy_(torch.tensor([-20.0, -20.0]))
        made.out.bias[kind] = -6
    path = folder / "weights.safetensors"
    files.write(path, made.state_dict(), {})
    return str(path)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return answering(tmp_path_factory.mktemp("specks"), 0)


@pytest.fixture(scope="module")
def line_weights(tmp_path_factory):
    return answering(tmp_path_factory.mktemp("lines"), 1)


def scene(size=(300, 421)):
    """A soft picture with a sharp speck on it."""
    rng = np.random.default_rng(4)
    out = 110 + 40 * cv2.resize(rng.normal(0, 1, (5, 6)).astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    cv2.circle(out, SPECK, 2, 250, -1)
    return out.astype(np.float32)


def window(grey, pixels=GREY8):
    codes = np.rint(np.clip(grey, 0, 255) * (pixels.peak / 255)).astype(np.uint8 if pixels.depth == 8 else np.uint16)
    return Window.of([(codes,) * (3 if pixels.family == "rgb" else 1)], pixels)


@pytest.mark.parametrize("pixels", [GREY8, GREY16, RGB10], ids=lambda p: p.name)
def test_a_speck_is_found_and_nothing_else_at_any_depth(weights, pixels):
    found = Photo(weights=weights).detect(window(scene(), pixels), 0)
    truth = np.zeros((300, 421), np.uint8)
    cv2.circle(truth, SPECK, 2, 1, -1)
    assert found.mask[truth > 0].all()
    assert not found.mask[cv2.dilate(truth, np.ones((3, 3), np.uint8)) == 0].any()
    (thing,) = found.objects
    assert (thing.kind, thing.status) == ("dirt", "confirmed")
    y0, x0, y1, x1 = thing.box
    assert y0 <= SPECK[1] < y1
    assert x0 <= SPECK[0] < x1


def test_what_is_not_sure_enough_is_listed_and_left(weights):
    shown = window(np.pad(np.full((5, 5), 110.0 + FAINT), 60, constant_values=110.0))
    part = Photo(weights=weights, edge=0.2, listed=0.5)
    chance = part.score(shown, 0).max()
    assert part.listed < chance < part.certainty
    found = part.detect(shown, 0)
    assert not found.mask.any()
    assert [f.status for f in found.objects] == ["undecided"]
    assert "is needed" in found.objects[0].why
    assert not replace(part, listed=0.79).detect(shown, 0).objects
    drawn = replace(part, **Photo.leads).detect(shown, 0)
    assert drawn.mask[62, 62]


def scratched(texture):
    """A soft picture with a long thin line, and a texture of single pixels beside it."""
    out = scene()
    out[130:131, 190:210] = out[128:133, 190:210].mean()
    out[60:240, 50:52] = 255
    rng = np.random.default_rng(8)
    out[:, 100:] += np.float32(texture) * (rng.random((300, 321)) < 0.3)
    return out


def test_lines_are_taken_where_the_picture_is_soft_and_listed_where_it_is_as_sharp(line_weights):
    part = Photo(weights=line_weights)
    soft = part.detect(window(scratched(0)), 0)
    assert soft.mask[62:238, 50:52].all()
    assert {f.kind for f in soft.objects} == {"line"}
    sharp = window(scratched(12))
    found = part.detect(sharp, 0)
    assert not found.mask.any()
    (line,) = [f for f in found.objects if f.box[1] <= 50 < f.box[3]]
    assert line.status == "undecided"
    assert "sharp" in line.why
    assert replace(part, **Photo.leads).detect(sharp, 0).mask[62:238, 50:52].all()


def test_only_the_most_probable_questions_are_put(weights):
    grey = np.full((200, 260), 110.0)
    for k in range(64):
        y, x = 10 + 24 * (k // 8), 10 + 30 * (k % 8)
        grey[y : y + 5, x : x + 5] += FAINT - 2 + 0.03 * k
    found = Photo(weights=weights, edge=0.2, listed=0.21).detect(window(grey, GREY16), 0).objects
    put = [f.confidence for f in found]
    assert len(put) == photo.LISTED_MOST
    assert put == sorted(put, reverse=True)
    assert put[0] > put[-1] > 0.21


def test_strengths_are_those_that_masks_are_made_of(weights):
    part = Photo(weights=weights, smallest_px=1, certainty=0.6)
    strength = part.score(window(scene()), 0)
    assert strength.dtype == np.float32
    assert strength.shape == (300, 421)
    core = strength > part.edge
    mask = part.detect(window(scene()), 0).mask
    assert mask[core].all()
    beside = cv2.dilate(core.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    np.testing.assert_array_equal(mask & ~core, beside & ~core & (strength > photo.RIM))


def test_soft_rims_belong_to_things_and_lone_soft_pixels_do_not():
    sheet = np.zeros((20, 20), np.uint8)
    sheet[5, 3:10] = (20, 100, 250, 250, 100, 100, 250)
    sheet[15, 15] = 200
    core = sheet > 240
    core[5, 9] = False
    expected = np.zeros((20, 20), bool)
    expected[5, 4:8] = True
    np.testing.assert_array_equal(photo.rimmed(core, sheet), expected)


@settings(max_examples=12, deadline=None)
@given(st.integers(32, 90), st.integers(32, 90), st.sampled_from([(32, 8), (48, 16)]), st.integers(1, 3))
def test_tiles_and_bands_do_not_show(weights, h, w, tiling, band):
    """The network looks one pixel around itself, so it must say the same however the picture is cut up."""
    grey = np.random.default_rng(h * w).uniform(0, 255, (h, w)).astype(np.float32)
    shown = window(grey)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(photo, "TILING", Tiling(*tiling))
        patched.setattr(photo, "BAND", band)
        cut = photo.sheets(shown, 0, Path(weights))
    whole = _alone.sight(shown.grey(0), shown.grain(0))
    padded = np.pad(whole, ((0, 0), (2, 2 + h % 2), (2, 2 + w % 2)), "edge")
    net = inference.detector(Path(weights), shelf.sha256(Path(weights)))
    (chance,) = inference.probabilities(net, [padded])
    assert cut.shape == (2, h, w)
    assert np.abs(cut - chance[:, 2 : 2 + h, 2 : 2 + w]).max() <= 1


def test_where_nothing_stands_out_the_network_is_not_asked(weights, monkeypatch):
    def never(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(Detector, "forward", never)
    assert not Photo(weights=weights).detect(window(np.full((64, 80), 128.0)), 0).mask.any()


def test_what_was_asked_before_changes_nothing(weights):
    shown = window(scene())
    alone = Photo(weights=weights).detect(shown, 0)
    Photo(weights=weights, certainty=0.2).detect(shown, 0)
    again = Photo(weights=weights).detect(shown, 0)
    np.testing.assert_array_equal(again.mask, alone.mask)
    assert again.objects == alone.objects


def test_small_and_large_things_are_left_alone(weights):
    assert not Photo(weights=weights, smallest_px=40).detect(window(scene()), 0).mask.any()
    assert not Photo(weights=weights, largest_frac=0.00001).detect(window(scene()), 0).mask.any()


def test_tiny_pictures_are_left_alone(weights):
    shown = window(scene()[:24, :40])
    assert not Photo(weights=weights).detect(shown, 0).mask.any()
    assert not Photo(weights=weights).score(shown, 0).any()


BAD = [
    {"certainty": 0.0}, {"line_certainty": 1.5}, {"soft_levels": -1.0}, {"edge": 2.0}, {"listed": 0.0},
    {"smallest_px": 0}, {"largest_frac": 2.0},
]


@pytest.mark.parametrize("bad", BAD)
def test_parameters_out_of_range_are_refused(bad):
    with pytest.raises(PartError, match=next(iter(bad))):
        Photo(**bad)


def test_what_is_seen_is_of_its_own_surroundings_only():
    grey = np.random.default_rng(2).uniform(0, 255, (120, 130)).astype(np.float32)
    other = grey.copy()
    other[60, 65] = 255 - other[60, 65]
    differs = (_alone.sight(grey, 2.0) != _alone.sight(other, 2.0)).any(0)
    ys, xs = np.nonzero(differs)
    assert max(np.abs(ys - 60).max(), np.abs(xs - 65).max()) <= _alone.REACH_PX


def test_what_lies_along_the_edge_of_the_picture_is_told_from_what_crosses_it() -> None:
    boxes = np.array([(10, 98, 60, 2, 90), (0, 20, 3, 40, 90), (50, 0, 3, 30, 60), (40, 40, 30, 2, 40)], np.int32)
    assert along_edge(boxes, (100, 200)).tolist() == [True, True, False, False]
