"""Real damage on clean planes: exact masks, physical size, the same whatever was asked before."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from overlay_made import made

from restore.errors import SourceError
from restore.frames import support
from restore.measure import overlays
from restore.measure.bench import Clip, bench_detect
from restore.measure.marked import Shape
from restore.measure.overlays import SCAN_2K, Overlays, draw_lines, laid, line_stamp, mean_count, narrowed, pick, pool
from restore.scenes import wear
from restore.scenes.film import Film
from restore.source import PixelFormat

YUV = PixelFormat("yuv420p10le", "yuv", 10, 1, 1, full_range=False)
SIZE = (180, 240)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("overlays"))


@pytest.fixture(scope="module")
def planes() -> tuple[np.ndarray, ...]:
    return Film(3, SIZE, 1, grain=1.0).planes(0, YUV)


def test_outside_the_mask_nothing_changes_and_labels_are_those_of_the_shapes(folder, planes) -> None:
    damage = Overlays(4, SIZE, (folder,), 0.9, film_frames=20)
    seen = set()
    for t in range(12):
        hurt = damage.apply(planes, t, YUV)
        for p in range(3):
            outside = ~support(hurt.mask, YUV, p)
            assert np.array_equal(hurt.planes[p][outside], planes[p][outside])
        assert (np.abs(hurt.planes[0].astype(int) - planes[0])[hurt.mask] > 8).all()
        assert np.array_equal(hurt.labels > 0, hurt.mask)
        assert 0 < hurt.mask.mean() < 0.2
        seen |= set(np.unique(hurt.labels))
    assert seen >= {0, 1, 2}
    assert seen <= {0, 1, 2, 4, 5, 6}


def test_a_frame_is_the_same_whatever_was_asked_before(folder, planes) -> None:
    alone = Overlays(4, SIZE, (folder,), film_frames=9).apply(planes, 5, YUV)
    busy = Overlays(4, SIZE, (folder,), film_frames=9)
    for t in (0, 8, 5):
        again = busy.apply(planes, t, YUV)
    assert all(np.array_equal(a, b) for a, b in zip(alone.planes, again.planes, strict=True))
    assert not np.array_equal(busy.apply(planes, 6, YUV).mask, again.mask), "dirt is gone on the next frame"


@pytest.mark.parametrize("turn", [0.0, 0.7, np.pi / 2, 3.0])
@pytest.mark.parametrize("flip", [False, True])
def test_shapes_keep_their_size_and_place_however_they_are_turned(turn: float, flip: bool) -> None:
    block = np.zeros((60, 90), np.uint8)
    block[10:50, 15:75] = 255
    for scale in (0.25, 0.58, 1.0):
        alpha, y0, x0 = laid(Shape("dirt", block), (40.3, 70.6), scale, turn, flip)
        assert alpha.sum() == pytest.approx(40 * 60 * scale**2, rel=0.02)
        ys, xs = np.mgrid[: alpha.shape[0], : alpha.shape[1]]
        assert y0 + (ys * alpha).sum() / alpha.sum() == pytest.approx(40.3, abs=0.1)
        assert x0 + (xs * alpha).sum() / alpha.sum() == pytest.approx(70.6, abs=0.1)
        assert alpha[0].max() == alpha[-1].max() == alpha[:, 0].max() == alpha[:, -1].max() == 0


def test_a_scan_shrinks_to_what_a_2k_frame_shows() -> None:
    assert Overlays(1, (1556, 2048), ()).scale == pytest.approx(SCAN_2K)
    assert Overlays(1, (720, 1024), ()).scale < SCAN_2K


def test_scratches_are_set_upright_and_stay(folder, planes) -> None:
    damage = Overlays(3, SIZE, (folder,), 1.0, ("scratch",), 30)
    lines = draw_lines(damage)
    assert len(lines) >= 3
    assert {line.flip for line in lines} == {False, True}
    for line in lines:
        stamps = [line_stamp(line, t, 0.5) for t in range(line.start, line.stop)]
        for s in stamps:
            ys, xs = np.nonzero(s.alpha > 0.3)
            assert np.ptp(ys) > 80
            assert abs(np.polyfit(ys, xs, 1)[0]) < np.tan(np.radians(6))
        assert np.ptp([s.x0 for s in stamps]) < 8
    t = lines[0].start
    assert set(np.unique(damage.apply(planes, t, YUV).labels)) <= {0, 5}


@pytest.mark.parametrize("share", [1.0, 0.6, 0.2])
def test_a_shape_is_narrowed_about_its_middle_and_keeps_its_height(share: float) -> None:
    alpha = np.zeros((30, 60), np.float32)
    alpha[:, 18:42] = 1
    out, left = narrowed(alpha, share, 29.7)
    assert out.sum() == pytest.approx(30 * 24 * share, rel=0.01)
    assert np.allclose(out, out[:1])
    # Column 29.7 stays where it was: 0.7 past the pixel that has `left` columns before it.
    assert (out[0] * np.arange(out.shape[1])).sum() / out[0].sum() == pytest.approx(left + 0.7 - 0.2 * share, abs=0.05)


def test_line_scratches_are_as_wide_as_scratches_of_films_are(folder) -> None:
    damage = Overlays(3, (900, 1200), (folder,), 1.0, ("scratch",), 60)
    widest = wear.SCRATCH_WIDTH_PX[1] * wear.scale_of(1200)
    shown = [line_stamp(line, line.start, damage.scale).alpha / line.opacity for line in draw_lines(damage)]
    assert len(shown) >= 4
    for line, alpha in zip(draw_lines(damage), shown, strict=True):
        assert alpha.sum(1).max() < widest * 1.5
        assert alpha.sum() / np.ptp(np.nonzero(alpha > 0.2)[0]) == pytest.approx(
            min(line.width_px, line.shape.width_px * damage.scale), rel=0.35
        )


def test_as_many_as_the_statistics_say_whether_in_clouds_or_single() -> None:
    dust = wear.PARTICLES[0]
    mean = mean_count(dust, Overlays(1, (1556, 2048), (), severity=0.5))
    assert mean == pytest.approx(dust.count[0] + 0.5 * dust.count[1])
    some = (Shape("dust", np.zeros((1, 1), np.uint8), 30), Shape("dust", np.zeros((1, 1), np.uint8)))
    rng = np.random.default_rng(0)
    counts = [sum(s.pieces for s in pick(some, mean, rng)) for _ in range(800)]
    assert np.mean(counts) == pytest.approx(mean, rel=0.1)
    assert pick((), mean, rng) == []


def test_kinds_that_are_not_wanted_and_shapes_too_large_are_left_out(folder, monkeypatch) -> None:
    assert pool(Overlays(1, SIZE, (folder,), kinds=("dust",)), "dirt") == ()
    assert len(pool(Overlays(1, SIZE, (folder,)), "blotch")) == 1
    monkeypatch.setattr(overlays, "LARGEST_FRAC", 1e-5)
    assert pool(Overlays(99, SIZE, (folder,)), "blotch") == ()


def test_what_makes_no_sense_is_refused(folder, planes, tmp_path) -> None:
    with pytest.raises(ValueError, match="rust"):
        Overlays(1, SIZE, (folder,), kinds=("rust",))
    with pytest.raises(ValueError, match="severity"):
        Overlays(1, SIZE, (folder,), severity=2)
    with pytest.raises(ValueError, match="drawn for"):
        Overlays(1, (20, 20), (folder,)).apply(planes, 0, YUV)
    with pytest.raises(SourceError, match="PNG"):
        Overlays(1, SIZE, (tmp_path,))


def test_the_quality_bench_takes_it_too(folder) -> None:
    film = Film(5, SIZE, 2)
    clip = Clip("c", [film.planes(t, YUV) for t in range(2)], YUV)
    row = bench_detect(clip, Overlays(2, SIZE, (folder,), 0.9), lambda window, t: np.ones(window.size, bool))
    assert row.recall == 1


def test_overlays_of_the_film_damage_simulator(media: Path, planes) -> None:
    folder = media / "degraded" / "FilmDamageSimulator" / "synthetic"
    if not folder.is_dir():
        pytest.skip(f"no overlays at {folder}")
    damage = Overlays(6, SIZE, (folder,), 0.8)
    assert {k for k in wear.KINDS if pool(damage, k)} == {"dust", "dirt", "short_hair", "long_hair", "blotch"}
    # Hairs of the simulator are as long as those marked on its scans: about 120 px at most, brought to a 2K frame.
    hairs = pool(damage, "short_hair")
    assert 20 < np.median([np.hypot(*s.alpha.shape) for s in hairs]) * SCAN_2K < 120
    assert np.mean([damage.apply(planes, t, YUV).mask.mean() for t in range(6)]) > 0.001
