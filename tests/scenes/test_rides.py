"""Rides over photographs: rigid motion that is known, rails that stay, and the same frames whatever is asked first."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from restore.scenes import rides
from restore.scenes.light import remembered
from restore.scenes.look import Look
from restore.scenes.reel import FILM_10BIT
from restore.scenes.rides import MOVES, STREAM, Rail, Ride, lay_rail, matrix, scene_of

FLAT = np.zeros(STREAM, np.float32)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(rides, "SIZES", ((120, 160),))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(4)
    for name in ("a", "b"):
        noise = cv2.GaussianBlur(rng.uniform(0, 255, (150, 240, 3)).astype(np.float32), (0, 0), 3)
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.clip(4 * (noise - 128) + 128, 0, 255).astype(np.uint8))
    return tmp_path


def moving(folder, move):
    return Ride(folder, 7, MOVES.index(move), frames=6)


@pytest.mark.parametrize("move", sorted(set(MOVES)))
def test_a_ride_is_the_same_whatever_was_asked_before(folder, move):
    ride = moving(folder, move)
    first = [ride.planes(t, FILM_10BIT) for t in range(3)]
    scene_of.cache_clear()
    again = [ride.planes(t, FILM_10BIT) for t in (2, 1, 0)][::-1]
    for a, b in zip(first, again, strict=True):
        assert a[0].shape == ride.size
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert not np.array_equal(replace(ride, seed=8).planes(0, FILM_10BIT)[0], first[0][0])


def test_what_a_drive_heads_for_stays_and_all_else_goes_outwards(folder):
    ride = moving(folder, "drive")
    plain = replace(scene_of(ride), pan_px=(0, 0), shake_px=0, gate_px=0, heading=(50.0, 70.0))
    a, b = matrix(ride, plain, 0, 1.0), matrix(ride, plain, 5, 1.0)
    grown = np.exp(5 * plain.pace)
    for x, y in ((10, 20), (200, 40), (90, 170)):
        was, now = a @ (x, y, 1), b @ (x, y, 1)
        np.testing.assert_allclose(now - (70, 50), grown * (was - (70, 50)), atol=1e-9)


def test_a_pan_moves_near_things_farther(folder):
    ride = moving(folder, "pan")
    plain = replace(scene_of(ride), shake_px=0, gate_px=0, pan_px=(0.5, -2.0))
    steps = [matrix(ride, plain, 4, near)[:, 2] - matrix(ride, plain, 3, near)[:, 2] for near in (1.0, 1.5)]
    np.testing.assert_allclose(steps, [(-2.0, 0.5), (-3.0, 0.75)], atol=1e-9)


@pytest.mark.parametrize("below", [True, False])
def test_a_rail_lies_where_it_lay_however_far_one_has_gone(below):
    rail = Rail(0.05, below, 0.01, 0.4, FLAT + np.linspace(-0.4, 0.4, STREAM, dtype=np.float32), FLAT, False)
    seen = []
    for gone in (0.0, 0.3):
        picture = np.zeros((200, 160, 3), np.float32)
        lay_rail(picture, rail, (90.0, 80.0), gone)
        seen.append(picture[..., 0])
    rows = np.arange(140, 200) if below else np.arange(0, 40)
    for picture in seen:
        np.testing.assert_allclose(picture[rows].argmax(1), 80 + 0.05 * (rows - 90), atol=0.51)
        assert not picture[80:100].any() or picture[80:100].max() < 0.15
    assert not np.allclose(*seen)


def test_a_film_that_jumps_takes_everything_with_it(folder):
    ride = moving(folder, "stand")
    still = replace(scene_of(ride), shake_px=0, gate_px=2.0)
    for near in (1.0, 1.6):
        at = matrix(ride, still, 3, near)[:, 2] - matrix(ride, replace(still, gate_px=0), 3, near)[:, 2]
        y, x = 2.0 * remembered((ride.seed, 74), 3, 2, 0.3)
        np.testing.assert_allclose(at, (0.7 * x, y), atol=1e-6)


def test_a_frame_that_is_held_shows_the_scene_of_the_one_before(folder, monkeypatch):
    ride = moving(folder, "pan")
    held = replace(scene_of(ride), hold=2, look=Look(), pan_px=(0, 3.0))
    monkeypatch.setattr(rides, "scene_of", lambda _: held)
    np.testing.assert_array_equal(ride.rgb(1), ride.rgb(2))
    assert not np.array_equal(ride.rgb(0), ride.rgb(1))


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "torn.png").write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"torn\.png"):
        Ride(tmp_path, 1).rgb(0)
