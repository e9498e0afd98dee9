from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from restore import colour, fields
from restore.curves import Curve, painted
from restore.encode.convert import conversion
from restore.frames import Patch, Picture, empty_patch, pack, spread, support, touched, unpack
from restore.layout import layout_of
from restore.probe import probe
from restore.proof import prove
from restore.restoration import Wish
from restore.store import Store

from .media_made import Planes, layout, make_video, noise_planes
from .runs import planes_of, restore_it

SIZE = (96, 128)
FRAMES = 12
HOLE = np.s_[40:56, 50:66]
LAYOUTS = ("yuv420p", "yuv422p10le", "yuva444p10le", "gbrp", "gray16le", "yuv410p")


def pixels_of(name: str):
    return replace(layout_of(name).pixels, fields=True)


@given(some.sampled_from(LAYOUTS), some.integers(1, 21), some.integers(1, 9), some.integers(0, 9))
def test_a_frame_is_its_two_fields(name: str, height: int, width: int, seed: int) -> None:
    picture = Picture(3, noise_planes(name, (height, width), seed), "broken")
    pair = fields.pair_of(picture)
    plain = layout_of(name).pixels
    size = fields.field_size((height, width))
    assert {p.shape for p in pair.fields[0].planes} == {p.shape for p in pair.fields[1].planes}
    if height % (2 << plain.shift_y) == 0:
        assert [p.shape for p in pair.fields[1].planes] == [plain.shape(p, size) for p in range(plain.planes)]
    back = fields.picture_of(pair, pixels_of(name), (height, width))
    assert (back.index, back.fault) == (3, "broken")
    assert all(np.array_equal(a, b) for a, b in zip(back.planes, picture.planes, strict=True))


@given(some.sampled_from(LAYOUTS), some.integers(0, 10**6))
def test_chroma_goes_with_the_luma_of_its_own_field(name: str, seed: int) -> None:
    size, pixels = (16, 8), pixels_of(name)
    mask = np.random.default_rng(seed).random(size) < 0.1
    for p in range(pixels.colour_planes):
        under = support(mask, pixels, p)
        assert under.shape == pixels.shape(p, size)
        for k in fields.PARITIES:
            alone = support(fields.field_of(mask, k), fields.field_pixels(pixels), p)
            assert np.array_equal(under[k::2], alone)
            shown = spread(alone, fields.field_pixels(pixels), p, fields.field_size(size))
            assert np.array_equal(spread(under, pixels, p, size)[k::2], shown)
    assert (touched(mask, pixels) >= mask).all()
    one_field = mask.copy()
    one_field[1::2] = False
    assert not touched(one_field, pixels)[1::2].any()


@given(some.integers(1, 13), some.integers(0, 10**6))
def test_patches_of_fields_are_the_patch_of_the_frame(height: int, seed: int) -> None:
    pixels, size, rng = pixels_of("yuv420p"), (4 * height, 10), np.random.default_rng(seed)
    blank = empty_patch(2, pixels, size)
    mask = rng.random(size) < 0.2
    planes = tuple(
        np.where(support(mask, pixels, p), rng.integers(1, 255, plane.shape), 0).astype(np.uint8)
        for p, plane in enumerate(blank.planes)
    )
    patch = Patch(2, mask, planes, (mask * rng.integers(1, 4, size)).astype(np.uint8), mask.astype(np.int8))
    there = unpack(pack(patch, pixels), pixels, size)
    back = fields.woven_patch(*(fields.patch_of(there, k) for k in fields.PARITIES), pixels, size)
    for a, b in zip((patch.mask, patch.origin, patch.offset, *patch.planes),
                    (back.mask, back.origin, back.offset, *back.planes), strict=True):
        assert np.array_equal(a, b)


@given(some.integers(0, 1), some.floats(0, 20), some.floats(0, 20))
def test_a_curve_of_a_field_covers_the_same_pixels_in_the_frame(parity: int, top: float, bottom: float) -> None:
    curve = Curve(0, (2, 17), (round(top, 2), round(bottom, 2)), 0.7, 1.2, 1, 0.3, ((5, 8),))
    alone, whole = painted([curve], (20, 24)), painted([fields.curve_in_frame(curve, parity)], (40, 24))
    assert np.array_equal(whole[parity::2], alone)
    assert not whole[1 - parity :: 2].any()
    assert fields.box_in_frame((2, 0, 18, 24), parity) == (4 + parity, 0, 35 + parity, 24)


def test_colour_is_looked_up_in_the_own_field() -> None:
    """The upper field is red, the lower blue: no row may show the other's."""
    pixels = replace(pixels_of("yuv420p"), full_range=True)
    planes = (np.full((8, 4), 120, np.uint8), np.full((4, 2), 128, np.uint8), np.full((4, 2), 128, np.uint8))
    planes[2][0::2], planes[1][1::2] = 220, 220
    rgb = colour.to_rgb(planes, pixels)
    assert (rgb[0::2, :, 0] > 0.8).all()
    assert (rgb[0::2, :, 2] < 0.5).all()
    assert (rgb[1::2, :, 2] > 0.8).all()
    assert (rgb[1::2, :, 0] < 0.5).all()


def test_a_conversion_averages_within_fields(tmp_path: Path) -> None:
    planes = tuple(np.empty((h, w), d) for h, w, d, _ in layout("yuv422p", (16, 16)))
    for plane, (upper, lower) in zip(planes, ((60, 180), (90, 170), (200, 40)), strict=True):
        plane[0::2], plane[1::2] = upper, lower
    path = make_video(tmp_path / "a.mkv", [planes], "yuv422p", options={"field_order": "tt"})
    frame = conversion(probe(path), "yuv420p")(Picture(0, planes))
    cb = np.frombuffer(frame.planes[1], np.uint8).reshape(8, -1)[:, :8]
    assert (cb[0::2] == 90).all()
    assert (cb[1::2] == 170).all()


def camera(name: str, damaged: bool, first: int = 0) -> list[Planes]:
    """An unsteady pan caught by an interlaced camera: one field sees the scene half a frame later than the other."""
    rng = np.random.default_rng(5)
    canvas = cv2.GaussianBlur(rng.random((SIZE[0], SIZE[1] + 120)).astype(np.float32), (0, 0), 1.6)
    canvas = np.clip((canvas - canvas.mean()) * 4 + 0.5, 0.05, 0.95)
    out = []
    for t in range(FRAMES):
        full = np.empty(SIZE, np.float32)
        for k in fields.PARITIES:
            moment = 2 * t + (k ^ first)
            at = round(3 * moment + 12 * np.sin(0.9 * moment)) + 16
            full[k::2] = canvas[k::2, at : at + SIZE[1]]
        if damaged and t == 5:
            full[HOLE] = 0.02
        planes = []
        for h, w, dtype, peak in layout(name, SIZE):
            halves = [cv2.resize(full[k::2], (w, h // 2), interpolation=cv2.INTER_AREA) for k in fields.PARITIES]
            planes.append((fields.woven(halves[0], halves[1], h) * peak).astype(dtype))
        out.append(tuple(planes))
    return out


@pytest.fixture(scope="module", params=[("yuv422p10le", "tt"), ("yuv420p", "bb")], ids=lambda p: " ".join(p))
def tape(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Planes]]:
    name, order = request.param
    path = tmp_path_factory.mktemp("tape") / "tape.mkv"
    first = int(order == "bb")
    make_video(path, camera(name, True, first), name, options={"field_order": order}, gop=1)
    return path, camera(name, False, first)


@pytest.fixture(scope="module")
def hole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hole")
    for t in range(FRAMES):
        mask = np.zeros(SIZE, np.uint8)
        if t == 5:
            mask[HOLE] = 255
        cv2.imwrite(str(folder / f"{t:06d}.png"), mask)
    return folder


def test_each_field_is_filled_from_fields_of_its_own_kind(tape, hole: Path, tmp_path: Path) -> None:
    """The truth is known: by field it is met, in whole frames, which are two moments at once, it is not."""
    path, truth = tape
    errors = {}
    for how in ("auto", "off"):
        out = tmp_path / f"{how}.mkv"
        restore_it(Wish(str(path), str(out), masks=str(hole), fields=how))
        proof = prove(str(path), str(out), tmp_path / f"{how}.mkv.lacuna")
        assert proof.holds
        assert proof.samples_outside_mask_changed == 0
        peak = layout(probe(path).pixels.name, SIZE)[0][3]
        luma = planes_of(out)[5][0][HOLE].astype(float)
        errors[how] = np.abs(luma - truth[5][0][HOLE].astype(float)).mean() * 255 / peak
    assert errors["auto"] < 3
    assert errors["off"] > 2 * errors["auto"]


def test_the_bytes_do_not_depend_on_spans(tape, hole: Path, tmp_path: Path) -> None:
    path, _ = tape
    for length in (12, 5):
        restore_it(Wish(str(path), str(tmp_path / f"{length}.mkv"), masks=str(hole)), span_frames=length)
    assert (tmp_path / "12.mkv").read_bytes() == (tmp_path / "5.mkv").read_bytes()


def test_specks_of_one_field_are_found_on_its_rows(tape, tmp_path: Path) -> None:
    path, _ = tape
    restore_it(Wish(str(path), str(tmp_path / "out.mkv"), until="detect"))
    store = Store.open(tmp_path / "out.mkv.lacuna")
    masks = [store.mask("dirt", t) for t in range(FRAMES)]
    truth = np.zeros(SIZE, bool)
    truth[HOLE] = True
    assert masks[5][truth].mean() > 0.8  # the detector rounds corners
    assert sum(m.sum() for t, m in enumerate(masks) if t != 5) < 0.002 * FRAMES * truth.size
    boxes = [d.box for d in store.defects.read(store.grid(probe(path).span)[0]) if d.frame == 5]
    assert {(b[0] % 2, b[2] % 2) for b in boxes} <= {(0, 1), (1, 0)}
