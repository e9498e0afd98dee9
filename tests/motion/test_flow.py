"""Motion is found where there is some, believed where it comes home, and never asked of a hole."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.frames import support
from restore.motion.flow import Flow, estimate, vectors
from restore.motion.inward import Shore, inward
from restore.motion.points import Cells, Points, around, grow, read
from restore.motion.proxy import prefill, proxy, scale_of, shrink
from restore.testing import LAYOUTS, texture


def pair(h=120, w=160, move=(3, 5)):
    big = texture(h + 16, w + 16) * 255
    return (big[8 : 8 + h, 8 : 8 + w].astype(np.uint8),
            big[8 - move[0] : 8 - move[0] + h, 8 - move[1] : 8 - move[1] + w].astype(np.uint8))


def slow_targets(flow, box, shift):
    y0, x0, y1, x1 = box
    sy, sx = (1 << shift[0]) / flow.scale, (1 << shift[1]) / flow.scale
    xs, ys = np.meshgrid(np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32))
    moved = cv2.remap(flow.vectors, (xs + 0.5) * np.float32(sx) - 0.5, (ys + 0.5) * np.float32(sy) - 0.5,
                      cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return moved / np.array([sx, sy], np.float32) + np.stack([xs, ys], -1)


@given(st.integers(0, 10**6), st.sampled_from([1, 2]), st.sampled_from([(0, 0), (0, 1), (1, 1)]),
       st.integers(3, 40), st.integers(3, 40))
def test_targets_are_what_the_definition_says(seed, scale, shift, height, width):
    rng = np.random.default_rng(seed)
    small = (-(-height // scale), -(-width // scale))
    flow = Flow(rng.normal(0, 5, (*small, 2)).astype(np.float32), np.ones(small, bool), scale)
    h, w = -(-height >> shift[0]), -(-width >> shift[1])
    y0, x0 = rng.integers(0, h), rng.integers(0, w)
    box = (int(y0), int(x0), int(rng.integers(y0 + 1, h + 1)), int(rng.integers(x0 + 1, w + 1)))
    # Remap rounds places to 1/32 px, resize does not: a 64th of the steepest step between neighbours.
    assert np.abs(flow.targets(box, shift) - slow_targets(flow, box, shift)).max() < 1.2


@pytest.mark.parametrize("preset", ["ultrafast", "fast", "medium"])
def test_a_translation_is_found_and_comes_home(preset):
    a, b = pair()
    flow = estimate(vectors(a, b, preset), vectors(b, a, preset), 1)
    inner = flow.vectors[20:-20, 20:-20]
    assert np.median(inner[..., 0]) == pytest.approx(5, abs=0.2)
    assert np.median(inner[..., 1]) == pytest.approx(3, abs=0.2)
    assert flow.valid[20:-20, 20:-20].mean() > 0.95
    seen = flow.sample(b, (20, 20, 100, 140))
    assert np.abs(seen - a[20:100, 20:140]).mean() < 1.5


def test_what_leaves_the_picture_is_not_valid():
    there = np.full((30, 40, 2), (10, 0), np.float32)
    flow = estimate(there, -there, 1)
    assert flow.valid[:, :30].all()
    assert not flow.valid[:, 31:].any()


def test_sample_reads_the_same_in_a_box_as_in_the_whole():
    rng = np.random.default_rng(0)
    field = cv2.GaussianBlur(rng.normal(0, 9, (50, 60, 2)).astype(np.float32), (0, 0), 4)
    flow = Flow(field, np.ones((50, 60), bool), 2)
    plane = (texture(99, 119) * 1023).astype(np.uint16)
    whole = flow.sample(plane, (0, 0, 99, 119), interpolation=cv2.INTER_CUBIC)
    for box in ((0, 0, 9, 9), (33, 51, 60, 70), (90, 100, 99, 119), (98, 118, 99, 119)):
        part = flow.sample(plane, box, interpolation=cv2.INTER_CUBIC)
        assert np.abs(part - whole[box[0] : box[2], box[1] : box[3]]).max() < 1.0


def test_tiny_pictures_get_one_motion():
    a, b = pair(20, 22, (0, 2))
    assert np.median(vectors(a, b)[..., 0]) == pytest.approx(2, abs=0.5)


def test_no_texture_no_motion():
    flat = np.full((60, 80), 90, np.uint8)
    assert not vectors(flat, flat).any()


def test_motion_under_a_hole_comes_from_around_it():
    there = np.full((60, 80, 2), (4, -2), np.float32)
    hidden = np.zeros((60, 80), bool)
    hidden[20:45, 30:60] = True
    there[hidden] = (-30, 30)
    course = inward(there, -there, Shore.of(hidden))
    at = course.targets(Points.of(hidden), 1) - np.stack([Points.of(hidden).xs, Points.of(hidden).ys], -1)
    assert np.abs(at - (4, -2)).max() < 0.05
    assert not course.valid[hidden].any()


@pytest.mark.parametrize("layout", ["yuv420p", "yuv422p10le", "gbrp16le"])
def test_points_of_every_plane_move_together(layout):
    pixels = LAYOUTS[layout]
    hidden = np.zeros((60, 80), bool)
    hidden[20:30, 30:44] = True
    there = np.full((60, 80, 2), (4, -2), np.float32)
    course = inward(there, -there, Shore.of(hidden))
    y, x = pixels.shift(1)
    points = Points.of(support(grow(hidden, 4), pixels, 1))
    by = course.targets(points, 1, (y, x)) - np.stack([points.xs, points.ys], -1)
    assert np.abs(by - (4 / (1 << x), -2 / (1 << y))).max() < 0.05


def test_sums_of_cells_reach_everywhere():
    cells = Cells((100, 120), 8, 8)
    one = Points.of(np.arange(12000).reshape(100, 120) == 50 * 120 + 60)
    count, value = cells.sums(cells.of(one), np.array([7.0], np.float32))
    assert (count > 0).all()
    assert np.allclose(value / count, 7, atol=1e-3)
    assert count[50 // 8, 60 // 8] > 50 * count[0, 0]
    assert around(np.ones((2, 3, 2), np.float32)).shape == (2, 3, 2)


def test_read_folds_any_number_of_places():
    plane = np.arange(12, dtype=np.uint16).reshape(3, 4)
    for n in (0, 1, 1024, 1025, 70000):
        xs = np.full(n, 2, np.float32)
        assert np.array_equal(read(plane, xs, np.ones(n, np.float32)), np.full(n, 6, np.float32))


def test_proxies_of_odd_sizes_stay_in_step():
    ramp = np.broadcast_to(np.arange(801, dtype=np.float32) * 0.3, (601, 801))
    small = proxy(np.ascontiguousarray(ramp))
    assert small.shape == (301, 401)
    assert scale_of((601, 801)) == 2
    expected = (2 * np.arange(400) + 0.5) * 0.3
    assert np.abs(small[100, :400] - expected).max() < 1.1


def test_prefill_hides_damage():
    small = np.full((60, 80), 100, np.uint8)
    hidden = np.zeros((60, 80), bool)
    hidden[20:40, 20:50] = True
    damaged = np.where(hidden, 255, small).astype(np.uint8)
    assert np.abs(prefill(damaged, hidden).astype(int) - 100).max() <= 1
    assert np.array_equal(shrink(hidden, 2), hidden[::2, ::2])


def test_what_was_measured_before_changes_nothing() -> None:
    """An engine that met a small picture must not look at a larger one with the settings it fell back to."""
    rng = np.random.default_rng(7)
    large = [cv2.GaussianBlur(rng.random((120, 160)).astype(np.float32) * 255, (0, 0), 1.5).astype(np.uint8)]
    large.append(np.roll(large[0], (3, 5), (0, 1)))
    small = [np.ascontiguousarray(p[:30, :32]) for p in large]
    fresh = []

    def measure() -> None:
        fresh.append(vectors(*large, "fast"))

    alone = threading.Thread(target=measure)  # a thread has engines of its own, none of which has seen anything
    alone.start()
    alone.join()
    for _ in range(2):
        vectors(*small, "fast")
        assert np.array_equal(vectors(*large, "fast"), fresh[0])
