from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from films import frames, window

from restore.detect import _reasons, _second, _sight
from restore.detect._look import look_at
from restore.detect._network import Network
from restore.detect._second import ALONE, NAMES, TILING
from restore.detect._sight import CHANNELS, Sight
from restore.detect.dirt import Dirt
from restore.detect.net import Net
from restore.errors import PartError
from restore.nets import files, shelf
from restore.nets.detector import Detector

MIDDLE = 3


@pytest.fixture
def weights(tmp_path):
    """A network that answers with what is beyond both neighbours: no training, but a known answer."""
    torch.manual_seed(1)
    made = Detector(len(CHANNELS), 3, (4, 6))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        for sign, unit in ((1, 0), (-1, 1)):
            made.down[0].first.weight[unit, CHANNELS.index("beyond"), 1, 1] = sign
            made.down[0].second.weight[unit, unit, 1, 1] = 1
            made.up[0].first.weight[unit, 6 + unit, 1, 1] = 1
            made.up[0].second.weight[unit, unit, 1, 1] = 1
            made.out.weight[0, unit] = 40
        made.out.bias.fill_(-6)
    path = tmp_path / "weights.safetensors"
    files.write(path, made.state_dict(), {})
    return str(path)


def judge(path, name="top", above=0.0, names=NAMES):
    """A judge that believes one measurement: yes above a value, no below it."""
    inner = np.zeros((len(names), 1))
    inner[names.index(name)] = 10
    net = Network(np.zeros(len(names)), np.ones(len(names)), inner, np.array([-10.0 * above]), np.array([12.0]), 0.0)
    net.write(path, names, {})
    return str(path)


@pytest.fixture
def believing(weights, tmp_path):
    """A part that takes what the network takes, and whose first look takes nothing."""
    return Net(certainty=0.9999, weights=weights, second_judge=judge(tmp_path / "believing.json"))


def speck(picture, t):
    if t == MIDDLE:
        cv2.circle(picture, (100, 80), 4, 255, -1)


def specks(picture, t):
    for k, (x, y) in enumerate(((30, 40), (100, 80), (180, 120), (215, 12))):
        if t == 2 + k % 3:
            cv2.circle(picture, (x, y), 3 + k % 2, 250 if k % 2 else 10, -1)


def test_what_the_network_confirms_of_what_is_open_is_found_and_nothing_else(believing):
    shown = window(frames(speck))
    found = believing.detect(shown, MIDDLE)
    truth = np.zeros(shown.size, np.uint8)
    cv2.circle(truth, (100, 80), 4, 1, -1)
    assert found.mask[truth > 0].mean() > 0.9
    assert not found.mask[cv2.dilate(truth, np.ones((7, 7), np.uint8)) == 0].any()
    (thing,) = found.objects
    assert (thing.status, thing.kind) == ("confirmed", "dirt")
    assert thing.area_px == np.count_nonzero(found.mask)
    y0, x0, y1, x1 = thing.box
    assert y0 <= 80 < y1
    assert x0 <= 100 < x1


def test_what_the_second_judge_takes_for_none_stays_open(believing, tmp_path):
    shown, never = window(frames(speck)), replace(believing, second_judge=judge(tmp_path / "never.json", "top", 99.0))
    found = never.detect(shown, MIDDLE)
    assert not found.mask.any()
    assert {f.status for f in found.objects} == {"undecided"}


def small_specks(picture, t):
    for k, (x, y) in enumerate(((60, 90), (200, 190), (360, 250), (500, 300))):
        if t == 2 + k % 3:
            cv2.circle(picture, (x, y), 2, 250 if k % 2 else 10, -1)


@pytest.mark.parametrize("t", [2, 3, 4])
def test_the_specks_dirt_takes_are_taken_whatever_the_second_look_says(weights, tmp_path, t):
    pictures = frames(small_specks, grain=2.0, size=(480, 640))
    never = Net(weights=weights, second_judge=judge(tmp_path / "never.json", "top", 99.0))
    alone, found = Dirt(twice=False).detect(window(pictures), t), never.detect(window(pictures), t)
    assert alone.mask.any()
    np.testing.assert_array_equal(found.mask, alone.mask)
    assert found.objects == alone.objects
    always = replace(never, second_judge=judge(tmp_path / "always.json", "top", -99.0)).detect(window(pictures), t)
    assert (always.mask | ~alone.mask).all()


@pytest.mark.parametrize("t", [2, 3, 4])
def test_dirt_asks_no_network_and_takes_what_its_judge_takes(tmp_path, monkeypatch, t):
    monkeypatch.setattr(_second, "chances", None)
    pictures = frames(small_specks, grain=2.0, size=(480, 640))
    never = Dirt(second_judge=judge(tmp_path / "never.json", "size", 99.0, ALONE))
    alone = Dirt(twice=False).detect(window(pictures), t)
    found = never.detect(window(pictures), t)
    np.testing.assert_array_equal(found.mask, alone.mask)
    assert found.objects == alone.objects
    always = Dirt(certainty=0.9999, second_judge=judge(tmp_path / "always.json", "size", -99.0, ALONE))
    assert not replace(always, twice=False).detect(window(pictures), t).mask.any()
    assert always.detect(window(pictures), t).mask.any()


def test_what_is_large_is_looked_at_twice(tmp_path):
    shown = window(frames(speck))
    alone = Dirt(twice=False).detect(shown, MIDDLE)
    assert {f.status for f in alone.objects} == {"confirmed"}
    found = Dirt(second_judge=judge(tmp_path / "never.json", "size", 99.0, ALONE)).detect(shown, MIDDLE)
    assert not found.mask.any()
    assert {f.status for f in found.objects} == {"undecided"}
    kept = Dirt(second_judge=judge(tmp_path / "always.json", "size", -99.0, ALONE)).detect(shown, MIDDLE)
    np.testing.assert_array_equal(kept.mask, alone.mask)


def test_the_second_look_asks_for_no_less_than_the_first(tmp_path):
    likely, heard = judge(tmp_path / "a.json", "size", -4.0, ALONE), judge(tmp_path / "b.json", "size", -4.0)
    shown = window(frames(speck))
    for part in (Dirt(second_judge=likely), Net(second_judge=heard)):
        assert replace(part, certainty=0.97).detect(shown, MIDDLE).mask.any()
        assert not replace(part, certainty=1.0).detect(shown, MIDDLE).mask.any()


def test_a_judge_of_the_other_part_is_refused(weights, tmp_path):
    alone, heard = judge(tmp_path / "a.json", "size", 0.0, ALONE), judge(tmp_path / "b.json", "size")
    for part in (Net(certainty=0.9999, weights=weights, second_judge=alone), Dirt(certainty=1.0, second_judge=heard)):
        with pytest.raises(PartError, match=r"weighs (26|30) measurements"):
            part.detect(window(frames(speck)), MIDDLE)


def test_on_a_frame_that_has_jumped_nothing_large_is_taken(believing, monkeypatch):
    def blotch(picture, t):
        if t == MIDDLE:
            cv2.circle(picture, (100, 80), 9, 255, -1)
            cv2.circle(picture, (30, 40), 1, 255, -1)

    shown = window(frames(blotch))
    assert believing.detect(shown, MIDDLE).mask[80, 100]
    monkeypatch.setattr(_second, "JUMPED", -1.0)
    monkeypatch.setattr("restore.detect._look.LARGE_FRAC", 60 / shown.size[0] / shown.size[1])
    found = believing.detect(shown, MIDDLE).mask
    assert found[40, 30]
    assert not found[80, 100]


def test_at_the_ends_of_a_shot_things_are_only_listed(believing):
    shown = window(frames(lambda picture, t: speck(picture, MIDDLE if t == 0 else t + 50)))
    found = believing.detect(shown, 0)
    assert not found.mask.any()
    assert {f.status for f in found.objects} <= {"undecided"}


def test_where_nothing_is_left_open_the_network_is_not_asked(weights, tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError("the network was asked")

    from restore.nets import inference

    monkeypatch.setattr(inference, "detector", never)
    part = Net(weights=weights, second_judge=judge(tmp_path / "any.json"))
    assert part.detect(window(frames(small_specks, size=(480, 640))), MIDDLE).mask.any()
    assert not part.detect(window(frames(step=0.0)), MIDDLE).mask.any()


def test_only_tiles_with_open_things_are_looked_at(believing, monkeypatch):
    from restore.nets import inference

    asked, plain = [], inference.probabilities

    def counted(net, crops):
        for chance in plain(net, crops):
            asked.append(chance.shape)
            yield chance

    monkeypatch.setattr(inference, "probabilities", counted)
    believing.detect(window(frames(speck)), MIDDLE)
    side = TILING.tile_px + 2 * TILING.margin_px
    assert asked == [(3, side, side)]


def test_what_was_asked_before_changes_nothing(believing):
    pictures = frames(specks, grain=2.0)
    alone = believing.detect(window(pictures), MIDDLE)
    shown = window(pictures)
    for t in (0, 5, 1, 6):
        believing.detect(shown, t)
    again = believing.detect(shown, MIDDLE)
    np.testing.assert_array_equal(again.mask, alone.mask)
    assert again.objects == alone.objects


def test_what_is_seen_of_a_tile_is_what_is_seen_of_the_picture_there():
    shown = window(frames(specks, grain=1.0))
    look = look_at(Dirt(), shown, MIDDLE)
    sight = Sight.of(shown, MIDDLE, look.sides, 3)
    m, side = TILING.margin_px, TILING.tile_px + 2 * TILING.margin_px
    wide = np.pad(sight.shown(), ((0, 0), (m, side), (m, side)), "edge")
    for y in range(0, sight.here.shape[0], TILING.tile_px):
        for x in range(0, sight.here.shape[1], TILING.tile_px):
            np.testing.assert_array_equal(_second.crop(sight, y, x), wide[:, y : y + side, x : x + side])


def test_the_network_is_shown_what_stood_out_of_the_neighbours_in_their_turn():
    shown = window(frames(lambda picture, t: speck(picture, MIDDLE if t == 2 else 50)))
    look = look_at(Dirt(), shown, MIDDLE)
    seen = Sight.of(shown, MIDDLE, look.sides, 3).shown()
    was, will, beyond = (seen[CHANNELS.index(name)] for name in ("was", "will", "beyond"))
    assert was[80, 100] > 1
    assert abs(will[80, 100]) < 0.2
    assert abs(beyond[80, 100]) < 0.2
    assert not _sight.beyond(shown, 0, 3).any()


def test_more_is_asked_of_large_things_that_may_have_come_from_beside():
    area = np.array([_second.FROM_PX, _second.FULLY_PX, _second.FULLY_PX, 10**4])
    asked, least = _second.wanted(0.9, area, np.array([1.0, 0.0, 0.5, 0.5])), np.log(0.9 / 0.1)
    np.testing.assert_allclose(asked, [least, least, least + 0.5 * _second.TRAVELS, least + 0.5 * _second.TRAVELS])
    assert np.isinf(_second.wanted(1.0, area, np.zeros(4))).all()


def test_a_frame_sharper_than_those_beside_it_is_known_to_be(believing):
    def soft(picture, t):
        if t != MIDDLE:
            picture[:] = cv2.GaussianBlur(picture, (0, 0), 2.0)

    def measured(*draws):
        shown = window(frames(lambda picture, t: [draw(picture, t) for draw in draws]))
        look = look_at(believing.first, shown, MIDDLE)
        return _reasons.sharper(look, look.weighed()).max()

    assert measured(speck, soft) > measured(speck) + 0.3


def test_measurements_are_as_many_as_their_names_and_finite(believing):
    shown = window(frames(specks, grain=2.0))
    look = look_at(believing.first, shown, MIDDLE)
    weighed = look.weighed()
    some = _second.open_things(look, weighed)
    values = _second.heard(look, weighed, some, Path(believing.weights))
    np.testing.assert_array_equal(values[:, : len(ALONE)], _reasons.measure(look, weighed, some))
    assert values.shape == (len(some), len(NAMES))
    assert np.isfinite(values).all()
    assert (values[:, NAMES.index("top")] >= values[:, NAMES.index("whole")] - 1e-9).all()


def test_the_weights_and_the_judges_are_part_of_what_the_part_is(believing, tmp_path):
    other = tmp_path / "other.safetensors"
    tensors, _ = files.read(Path(believing.weights))
    files.write(other, tensors | {"out.bias": tensors["out.bias"] + 1}, {})
    known = {believing.fingerprint(), replace(believing, weights=str(other)).fingerprint(),
             replace(believing, second_judge=judge(tmp_path / "b.json", "line")).fingerprint()}
    assert len(known) == 3


def test_what_ships_fits_together_and_can_be_asked():
    look = look_at(Dirt(), window(frames(speck)), MIDDLE)
    net = Net()
    for judged, name, weights in ((Dirt(), _second.SHIPS_ALONE, None),
                                  (net, _second.SHIPS, shelf.chosen(net.weights, net.ships))):
        found = _second.second(look, _second.path_of("", name), weights)
        assert found is not None
        thing = int(np.argmax(look.weighed().drawn.area))  # the disc: large, so that it is asked about again
        assert found.asked[thing]
        assert found.taken[thing]
        assert found.sure[thing] > 0.9
        assert look.detection(found).mask[80, 100]
        assert judged.fingerprint()


def test_tiny_pictures_are_left_alone(believing):
    assert not believing.detect(window(frames(size=(6, 30))), 2).mask.any()
    assert not believing.detect(window(frames(size=(24, 30))), 2).mask.any()


@pytest.mark.parametrize("bad", [{"certainty": 0.0}, {"largest_frac": 2.0}, {"reach": 0}, {"smallest_px": 0}])
def test_parameters_out_of_range_are_refused(bad):
    for name, part in (("net", Net), ("dirt", Dirt)):
        with pytest.raises(PartError, match=f"{name}: {next(iter(bad))}"):
            part(**bad)
