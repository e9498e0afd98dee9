from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.detect import _alone, _flaws, photo
from restore.detect._netted import Tiling
from restore.detect._network import Network
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


def believing(folder):
    """Write a judge that goes by the network's greatest log-odds alone, and hardly bends them."""
    inner = np.zeros((len(_flaws.NAMES), 1))
    inner[_flaws.NAMES.index("top")] = 1
    zero, eight = np.zeros(len(_flaws.NAMES)), np.full(len(_flaws.NAMES), 8.0)
    Network(zero, eight, inner, np.zeros(1), eight[:1], 0.0).write(folder / "judge.json", _flaws.NAMES, {})
    return str(folder / "judge.json")


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    folder = tmp_path_factory.mktemp("specks")
    return Photo(weights=answering(folder, 0), judge=believing(folder))


@pytest.fixture(scope="module")
def line_part(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    return Photo(weights=answering(folder, 1), judge=believing(folder))


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
def test_a_speck_is_found_and_nothing_else_at_any_depth(part, pixels):
    found = part.detect(window(scene(), pixels), 0)
    truth = np.zeros((300, 421), np.uint8)
    cv2.circle(truth, SPECK, 2, 1, -1)
    assert found.mask[truth > 0].all()
    assert not found.mask[cv2.dilate(truth, np.ones((3, 3), np.uint8)) == 0].any()
    (thing,) = found.objects
    assert (thing.kind, thing.status) == ("dirt", "confirmed")
    y0, x0, y1, x1 = thing.box
    assert y0 <= SPECK[1] < y1
    assert x0 <= SPECK[0] < x1


def test_what_is_not_sure_enough_is_listed_and_left(part):
    shown = window(np.pad(np.full((5, 5), 110.0 + FAINT), 60, constant_values=110.0))
    chance = part.score(shown, 0).max()
    assert part.listed < chance < part.certainty
    found = part.detect(shown, 0)
    assert not found.mask.any()
    assert [f.status for f in found.objects] == ["undecided"]
    assert "is needed" in found.objects[0].why
    assert not replace(part, listed=float(chance) + 0.01).detect(shown, 0).objects
    drawn = replace(part, **Photo.leads).detect(shown, 0)
    assert drawn.mask[62, 62]


def test_the_network_itself_has_to_be_sure_of_specks_where_the_picture_is_sharp(part):
    shown = window(np.pad(np.full((5, 5), 111.0 + FAINT), 60, constant_values=110.0))
    sure = float(part.seen(shown, 0).sheets.max()) / 255
    for certainty, soft_frac, taken in ((0.5, 1.0, True), (sure - 0.001, 0.0, True), (sure + 0.001, 0.0, False)):
        found = replace(part, certainty=0.5, sharp_certainty=certainty, soft_frac=soft_frac).detect(shown, 0)
        assert found.mask.any() == taken
        assert taken or "specks of its own" in found.objects[0].why
        assert not taken or soft_frac or found.objects[0].confidence == pytest.approx(sure)


def test_what_is_long_is_called_a_line(line_part):
    out = scene()
    out[60:240, 50:52] = 255
    found = line_part.detect(window(out), 0)
    assert found.mask[62:238, 50:52].all()
    assert {f.kind for f in found.objects} == {"line"}


def test_only_the_most_probable_questions_are_put(part):
    grey = np.full((200, 260), 110.0)
    for k in range(64):
        y, x = 10 + 24 * (k // 8), 10 + 30 * (k % 8)
        grey[y : y + 5, x : x + 5] += FAINT - 1 + 0.03 * k
    found = replace(part, listed=0.21, certainty=0.95).detect(window(grey, GREY16), 0).objects
    put = [f.confidence for f in found]
    assert len(put) == photo.LISTED_MOST
    assert put == sorted(put, reverse=True)
    assert put[0] > put[-1] > 0.21


def test_strengths_are_those_that_masks_are_made_of(part):
    shown = window(scene())
    strength = part.score(shown, 0)
    assert strength.dtype == np.float32
    assert strength.shape == (300, 421)
    core = strength > part.certainty
    mask = part.detect(shown, 0).mask
    assert core.any()
    assert mask[core].all()
    beside = cv2.dilate(core.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rim = beside & ~core & (part.seen(shown, 0).sheets.max(0) > 255 * photo.RIM)
    np.testing.assert_array_equal(mask & ~core, rim)


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
def test_tiles_and_bands_do_not_show(part, h, w, tiling, band):
    """The network looks one pixel around itself, so it must say the same however the picture is cut up."""
    grey, weights = np.random.default_rng(h * w).uniform(0, 255, (h, w)).astype(np.float32), Path(part.weights)
    shown = window(grey)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(photo, "TILING", Tiling(*tiling))
        patched.setattr(photo, "BAND", band)
        seen = photo.seen_in(shown, 0, weights)
    whole = _alone.sight(shown.grey(0), shown.grain(0))
    padded = np.pad(whole, ((0, 0), (2, 2 + h % 2), (2, 2 + w % 2)), "edge")
    net = inference.detector(weights, shelf.sha256(weights))
    (chance,) = inference.probabilities(net, [padded])
    assert seen.sheets.shape == (2, h, w)
    assert np.abs(seen.sheets - chance[:, 2 : 2 + h, 2 : 2 + w]).max() <= 1
    np.testing.assert_array_equal(seen.channels, whole[:, _flaws.is_open(seen.sheets)].T.astype(np.float16))


def test_where_nothing_stands_out_the_network_is_not_asked(part, monkeypatch):
    def never(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(Detector, "forward", never)
    assert not part.detect(window(np.full((64, 80), 128.0)), 0).mask.any()


def test_what_was_asked_before_changes_nothing(part):
    shown = window(scene())
    alone = part.detect(shown, 0)
    replace(part, certainty=0.2).detect(shown, 0)
    again = part.detect(shown, 0)
    np.testing.assert_array_equal(again.mask, alone.mask)
    assert again.objects == alone.objects


def test_small_and_large_things_are_left_alone(part):
    assert not replace(part, smallest_px=40).detect(window(scene()), 0).mask.any()
    assert not replace(part, largest_frac=0.00001).detect(window(scene()), 0).mask.any()


def test_tiny_pictures_are_left_alone(part):
    shown = window(scene()[:24, :40])
    assert not part.detect(shown, 0).mask.any()
    assert not part.score(shown, 0).any()


@pytest.mark.parametrize("zoom", [0.5, 1, 2.5])
@pytest.mark.parametrize("noise", [0, 2, 4])
def test_enlarged_pictures_are_soft_and_others_are_not(zoom, noise):
    rng = np.random.default_rng(3)
    grey = np.full((240, 300), 90.0, np.float32)
    for _ in range(30):
        cv2.circle(grey, rng.integers(0, 240, 2).tolist(), int(rng.integers(5, 30)), float(rng.uniform(20, 230)), -1)
    grey = cv2.GaussianBlur(grey, (0, 0), 0.6)
    grey = cv2.resize(grey, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)
    grey = grey + rng.normal(0, noise, grey.shape)
    assert (photo.crispness(window(grey), 0) <= Photo().soft_frac) == (zoom == 2.5)


def test_lines_are_taken_where_the_picture_is_soft_and_listed_where_it_is_as_sharp(line_part):
    out = scene()
    out[130:131, 190:210] = out[128:133, 190:210].mean()
    out[60:240, 50:52] = 255
    soft = window(out)
    assert replace(line_part, soft_frac=1.0).detect(soft, 0).mask[62:238, 50:52].all()
    found = replace(line_part, soft_frac=0.0).detect(soft, 0)
    assert not found.mask.any()
    (line,) = [f for f in found.objects if f.box[1] <= 50 < f.box[3]]
    assert line.status == "undecided"
    assert "sharp" in line.why
    assert replace(line_part, **Photo.leads).detect(soft, 0).mask[62:238, 50:52].all()


def test_a_flat_picture_is_not_crisp():
    assert photo.crispness(window(np.full((40, 50), 90.0)), 0) == 0


BAD = [
    {"certainty": 0.0}, {"sharp_certainty": 1.5}, {"soft_frac": -1.0}, {"listed": 0.0},
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
    boxes = np.array([(98, 10, 100, 70), (20, 0, 60, 3), (0, 50, 30, 53), (40, 40, 42, 70)])
    assert along_edge(boxes, (100, 200)).tolist() == [True, True, False, False]


def test_each_thing_is_measured_for_itself_and_beside_the_whole_picture(part):
    out = np.full((200, 260), 110.0)
    cv2.circle(out, (60, 60), 3, 220, -1)
    cv2.line(out, (150, 30), (190, 170), 230, 2)
    cv2.circle(out, (230, 100), 3, 20, -1)
    shown = window(out)
    found, values = _flaws.measure(part.seen(shown, 0), 0, photo.sharpness(shown, 0))
    column = {name: values[:, k] for k, name in enumerate(_flaws.NAMES)}
    order = np.argsort(found.boxes[:, 1])
    speck, line, dark = (int(i) for i in order)
    assert np.isfinite(values).all()
    assert values.shape == (3, len(_flaws.NAMES))
    assert np.exp(column["long"][line]) == pytest.approx(145, rel=0.1)
    assert np.exp(column["wide"][line]) < 5
    assert np.exp(column["wide"][speck]) == pytest.approx(np.exp(column["long"][speck]), rel=0.2)
    assert column["bright"][[speck, line, dark]].tolist() == [1, 1, -1]
    assert column["kin"][speck] > 0 > column["kin"][dark]  # the long light line is like the one and not like the other
    assert column["crowd"][dark] > column["crowd"][speck]  # the line passes beside it


def test_a_picture_with_nothing_on_it_has_no_things(part):
    seen = part.seen(window(np.full((64, 80), 128.0)), 0)
    for step in range(len(_flaws.LEVELS)):
        found, values = _flaws.measure(seen, step, 1.0)
        assert len(found) == 0
        assert values.shape == (0, len(_flaws.NAMES))


def test_a_crack_that_runs_into_a_faint_edge_is_found_without_it(part, tmp_path):
    """At the first level both are one thing, too large for this judge; at the next the crack is alone."""
    out = np.full((160, 200), 110.0)
    out[40:120, 98:101] = 250
    out[118:121, 101:190] = 110 + FAINT - 1
    shown = window(out)
    assert (_flaws.things(part.seen(shown, 0))[0].boxes[:, 3] > 180).all()
    names = len(_flaws.NAMES)
    inner, mean = np.zeros((names, 1)), np.zeros(names)
    inner[_flaws.NAMES.index("size")], mean[_flaws.NAMES.index("size")] = -1, 5.85
    judge = Network(mean, np.full(names, 0.1), inner, np.zeros(1), np.full(1, 6.0), 0.0)
    judge.write(tmp_path / "judge.json", _flaws.NAMES, {})
    found = replace(part, judge=str(tmp_path / "judge.json")).detect(shown, 0)
    assert found.mask[42:117, 98:101].all()
    assert not found.mask[:, 110:].any()
    assert [f.status for f in found.objects] == ["confirmed"]
