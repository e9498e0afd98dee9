"""Procedural films: motion and occlusion exactly as claimed, every format, grain of its own on every frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore import colour
from restore.measure.quality import warp_back
from restore.noise import grain_sigma
from restore.scenes.film import Film, noise, paint_shot
from restore.scenes.layers import Cast
from restore.scenes.native import to_native
from restore.source import PixelFormat

SIZE = (144, 192)
BARE = Cast(objects=(2, 4), poles=(1, 2), balls=(1, 2))
FORMATS = (
    PixelFormat("gray", "grey", 8),
    PixelFormat("gray12le", "grey", 12),
    PixelFormat("yuv420p", "yuv", 8, 1, 1, full_range=False, matrix=5),
    PixelFormat("yuv422p10le", "yuv", 10, 0, 1, full_range=False, matrix=1),
    PixelFormat("yuv444p16le", "yuv", 16, full_range=True, matrix=9),
    PixelFormat("gbrp10le", "rgb", 10),
    PixelFormat("gbrap16le", "rgb", 16, alpha=True),
)


def away_from_edges(film: Film, t: int, u: int) -> np.ndarray:
    """Return the pixels of t seen in u and not within 3 pixels of where layers meet in either frame."""
    edges = [cv2.morphologyEx(film.depths(v), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0 for v in (t, u)]
    there = warp_back(edges[1].astype(np.float32), film.flow(t, u)) > 0.01
    near = film.occluded(t, u) | edges[0] | there
    return cv2.dilate(near.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("t", "u"), [(0, 1), (9, 4), (2, 11)])
def test_warping_by_the_flow_brings_one_frame_onto_the_other(seed: int, t: int, u: int) -> None:
    film = Film(seed, SIZE, 12, grain=0, cast=BARE)
    a, b = (cv2.cvtColor(film.rgb(v), cv2.COLOR_RGB2GRAY) * 255 for v in (t, u))
    good = away_from_edges(film, t, u)
    assert good.mean() > 0.3
    error = np.abs(warp_back(b, film.flow(t, u)) - a)[good]
    assert error.mean() < 1.0
    assert np.percentile(error, 99) < 6


def test_flow_and_its_return_cancel_out_and_leave_the_layer_as_it_was() -> None:
    film = Film(5, SIZE, 12, grain=0, cast=BARE)
    there, back = film.flow(2, 9), film.flow(9, 2)
    good = away_from_edges(film, 2, 9)
    home = np.stack([warp_back(back[..., i], there) for i in (0, 1)], -1) + there
    assert np.abs(home[good]).max() < 0.02
    assert np.abs(there).max() > 1


def test_occlusion_is_what_leaves_the_picture_or_goes_behind_something() -> None:
    film = next(f for f in (Film(s, SIZE, 12, cast=BARE) for s in range(20)) if f.occluded(0, 6).mean() > 0.01)
    hidden, flow, depths = film.occluded(0, 6), film.flow(0, 6), film.depths(0)
    ys, xs = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    inside = (
        (xs + flow[..., 0] > 0) & (xs + flow[..., 0] < SIZE[1] - 1)
        & (ys + flow[..., 1] > 0) & (ys + flow[..., 1] < SIZE[0] - 1)
    )
    nearest = depths == depths.max()
    assert not hidden[nearest & inside & away_from_edges(film, 0, 6)].any()
    assert not film.occluded(3, 3).any()
    assert np.abs(film.flow(3, 3)).max() < 1e-3


@pytest.mark.parametrize("seed", range(12))
def test_the_ground_reaches_beyond_the_picture_at_all_times(seed: int) -> None:
    film = Film(seed, SIZE, 200, shot_frames=300, speed=3.0, cast=Cast((0, 0), (0, 0), (0, 0)))
    shot = film.shot(0)
    h, w = shot.layers[0].canvas.shape[:2]
    corners = np.array([[0, 0, 1], [SIZE[1] - 1, 0, 1], [0, SIZE[0] - 1, 1], [SIZE[1] - 1, SIZE[0] - 1, 1]]).T
    for t in range(200):
        x, y, _ = np.linalg.inv(shot.matrix(0, t)) @ corners
        assert x.min() >= 0
        assert y.min() >= 0
        assert x.max() <= w - 1
        assert y.max() <= h - 1


def test_any_frame_in_any_order_gives_the_same_bytes() -> None:
    pixels = FORMATS[3]
    forth = [Film(7, SIZE, 60, shot_frames=20).planes(t, pixels) for t in (0, 31, 59)]
    paint_shot.cache_clear()
    film = Film(7, SIZE, 60, shot_frames=20)
    back = [film.planes(t, pixels) for t in (59, 31, 0)][::-1]
    for a, b in zip(forth, back, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert not np.array_equal(forth[0][0], Film(8, SIZE, 60, shot_frames=20).planes(0, pixels)[0])


def test_shots_end_at_cuts_and_motion_does_not_cross_them() -> None:
    film = Film(3, SIZE, 90, shot_frames=30)
    assert film.cuts
    edges = (0, *film.cuts, 90)
    assert min(np.diff(edges)) >= 12
    c = film.cuts[0]
    assert film.shot(c - 1).stop == c == film.shot(c).start
    with pytest.raises(ValueError, match="cut"):
        film.flow(c - 1, c)
    across = np.abs(film.rgb(c) - film.rgb(c - 1)).mean()
    within = np.abs(film.rgb(c + 1) - film.rgb(c)).mean()
    assert across > 2 * within
    with pytest.raises(IndexError, match="0 to 89"):
        film.rgb(90)


@pytest.mark.parametrize("pixels", FORMATS, ids=lambda p: p.name)
@pytest.mark.parametrize("size", [(64, 80), (65, 83)])
def test_planes_have_the_shapes_and_values_of_their_format(pixels: PixelFormat, size: tuple[int, int]) -> None:
    film = Film(2, size, 3, cast=BARE)
    planes = film.planes(1, pixels)
    assert [p.shape for p in planes] == [pixels.shape(i, size) for i in range(pixels.planes)]
    assert all(p.dtype == pixels.dtype for p in planes)
    assert all(p.max() <= pixels.peak for p in planes)
    if pixels.family == "yuv" and not pixels.full_range:
        assert planes[0].min() >= 16 << (pixels.depth - 8)
        assert planes[0].max() <= 235 << (pixels.depth - 8)
    back, rgb = colour.to_rgb(planes, pixels), film.rgb(1)
    if pixels.family == "grey":
        rgb = (rgb @ np.array([0.299, 0.587, 0.114], np.float32))[..., None].repeat(3, -1)
    # Subsampled chroma loses detail but not its mean.
    bound = 0.05 if pixels.shift(1) != (0, 0) else 3 / 255
    assert np.abs(back - rgb).mean() < bound
    assert np.abs(back.mean((0, 1)) - rgb.mean((0, 1))).max() < 0.01


def test_colours_are_converted_as_the_standard_has_it() -> None:
    """75 % red by BT.709, limited range, 8 bit: 51, 109, 212 (SMPTE RP 219); white and black at the ends."""
    bt709 = PixelFormat("yuv444p", "yuv", 8, full_range=False, matrix=1)
    colours = np.array([[[0.75, 0, 0], [1, 1, 1], [0, 0, 0]]], np.float32)
    y, cb, cr = to_native(colours, bt709)
    assert y.tolist() == [[51, 235, 16]]
    assert cb.tolist() == [[109, 128, 128]]
    assert cr.tolist() == [[212, 128, 128]]


def test_grain_is_as_strong_as_asked_correlated_and_fresh_on_every_frame() -> None:
    plain, grainy = (Film(4, SIZE, 12, grain=g, speed=0, cast=Cast((0, 0), (0, 0), (0, 0))) for g in (0.0, 6.0))
    a, b = ((grainy.rgb(t) - plain.rgb(t)).mean(-1) * 255 for t in (3, 4))
    mid = np.abs(plain.rgb(3).mean(-1) - 0.5) < 0.15
    assert a[mid].std() == pytest.approx(6 * np.sqrt(1 - 0.09 + 0.03), rel=0.1)
    dark = plain.rgb(3).mean(-1) < 0.15
    if dark.sum() > 500:
        assert a[dark].std() < a[mid].std()
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.05
    assert 0.2 < np.corrcoef(a[:, 1:].ravel(), a[:, :-1].ravel())[0, 1] < 0.9
    assert noise((200, 200), 1.0, np.random.default_rng(0)).std() == pytest.approx(1, abs=0.05)
    assert grain_sigma(grainy.rgb(3).mean(-1) * 255) > grain_sigma(plain.rgb(3).mean(-1) * 255)


def test_poles_stand_in_the_scene_and_balls_fly_through_it() -> None:
    film = next(f for f in (Film(s, SIZE, 12, cast=BARE) for s in range(20)) if f.shot(0).camera.x.reach)
    shot = film.shot(0)
    kinds = [layer.kind for layer in shot.layers]
    assert "pole" in kinds
    assert "ball" in kinds
    pole, ball = shot.layers[kinds.index("pole")], shot.layers[kinds.index("ball")]
    assert pole.alpha is not None
    assert pole.alpha.shape[0] > 4 * pole.alpha.shape[1]
    assert pole.motion.x.reach == 0
    assert ball.canvas.shape[1] < 0.15 * SIZE[1]
    assert ball.motion.x.speed > 0


def test_a_still_film_stands_still() -> None:
    film = Film(6, SIZE, 12, grain=0, speed=0, cast=BARE)
    assert np.array_equal(film.rgb(0), film.rgb(11))


def test_pictures_have_the_spectrum_of_pictures() -> None:
    """Natural pictures' power falls as about 1/f^2; flat paper cut-outs or pure noise would not."""
    slopes = []
    for seed in range(4):
        grey = cv2.cvtColor(Film(seed, (256, 256), 3, grain=0).rgb(0), cv2.COLOR_RGB2GRAY)
        window = np.hanning(256)[:, None] * np.hanning(256)
        power = np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2
        f = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None])
        bands = [(0.02 * 1.4**k, 0.02 * 1.4 ** (k + 1)) for k in range(7)]
        level = [np.log(power[(f >= low) & (f < high)].mean()) for low, high in bands]
        slopes.append(np.polyfit([np.log(low) for low, _ in bands], level, 1)[0])
    assert -3.5 < np.mean(slopes) < -1.5


def test_impossible_films_are_refused() -> None:
    with pytest.raises(ValueError, match="16x16"):
        Film(1, (8, 8), 3)
