from __future__ import annotations

import hashlib
import json

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from restore import parts
from restore.detect._deviation import grown
from restore.detect.matte import Matte
from restore.errors import MaskError, PartError
from restore.layout import planar_format
from restore.restoration import Wish
from restore.source import PixelFormat
from restore.store import Store
from restore.window import Window

from ..maps_made import dusty_scan, exr_bytes
from ..runs import planes_of, restore_it

SIZE = (12, 20)


def film(count=3):
    return Window.of([(np.full(SIZE, 90, np.uint8),)] * count, PixelFormat("gray", "grey", 8))


def write(path, mask, white=255, dtype=np.uint8):
    cv2.imwrite(str(path), np.where(mask, white, 0).astype(dtype))


def mask_at(column):
    mask = np.zeros(SIZE, bool)
    mask[3:6, column] = True
    return mask


def test_masks_belong_to_frames_in_the_order_of_their_numbers(tmp_path):
    for name, column in (("m10.png", 7), ("m9.png", 5), ("m101.png", 9)):
        write(tmp_path / name, mask_at(column))
    for t, column in enumerate((5, 7, 9)):
        found = Matte(str(tmp_path)).detect(film(), t)
        assert np.array_equal(found.mask, mask_at(column))
        assert found.objects[0].box == (3, column, 6, column + 1)


def test_one_mask_serves_all_frames(tmp_path):
    write(tmp_path / "all.png", mask_at(4))
    for where in (tmp_path, tmp_path / "all.png"):
        part = Matte(str(where))
        part.check(SIZE, 99)
        assert np.array_equal(part.detect(film(), 2).mask, mask_at(4))


def test_sixteen_bit_and_colour_masks_are_read(tmp_path):
    write(tmp_path / "0.png", mask_at(4), 65535, np.uint16)
    cv2.imwrite(str(tmp_path / "1.png"), np.dstack([mask_at(6) * np.uint8(255)] * 3))
    write(tmp_path / "2.png", mask_at(8), 100)
    part = Matte(str(tmp_path))
    assert np.array_equal(part.detect(film(), 0).mask, mask_at(4))
    assert np.array_equal(part.detect(film(), 1).mask, mask_at(6))
    assert not part.detect(film(), 2).mask.any()
    assert np.array_equal(Matte(str(tmp_path), threshold=0.3).detect(film(), 2).mask, mask_at(8))


def test_a_wrong_number_of_masks_says_both_numbers(tmp_path):
    for i in range(2):
        write(tmp_path / f"{i}.png", mask_at(4))
    with pytest.raises(MaskError, match="2 masks and the film has 3 frames"):
        Matte(str(tmp_path)).check(SIZE, 3)
    with pytest.raises(MaskError, match="2 masks"):
        Matte(str(tmp_path)).detect(film(3), 0)


def test_a_mask_of_another_size_is_not_scaled(tmp_path):
    write(tmp_path / "0.png", mask_at(4)[:-2])
    with pytest.raises(MaskError, match="20x10 and the film 20x12"):
        Matte(str(tmp_path)).check(SIZE, 1)
    with pytest.raises(MaskError, match="20x10"):
        Matte(str(tmp_path)).detect(film(), 0)


def test_what_is_not_there_or_not_a_picture_is_named(tmp_path):
    with pytest.raises(MaskError, match="no masks were named"):
        Matte().check(SIZE, 1)
    with pytest.raises(MaskError, match="does not exist"):
        Matte(str(tmp_path / "gone")).check(SIZE, 1)
    with pytest.raises(MaskError, match="holds no mask pictures"):
        Matte(str(tmp_path)).check(SIZE, 1)
    (tmp_path / "0.png").write_bytes(b"no picture")
    with pytest.raises(MaskError, match="cannot be read"):
        Matte(str(tmp_path)).check(SIZE, 1)


def test_the_fingerprint_follows_the_masks(tmp_path):
    write(tmp_path / "0.png", mask_at(4))
    before = Matte(str(tmp_path)).fingerprint()
    assert before == Matte(str(tmp_path)).fingerprint()
    write(tmp_path / "0.png", mask_at(5))
    assert before != Matte(str(tmp_path)).fingerprint()


def test_an_empty_mask_finds_nothing(tmp_path):
    write(tmp_path / "0.png", np.zeros(SIZE, bool))
    found = Matte(str(tmp_path)).detect(film(), 1)
    assert not found.mask.any()
    assert found.objects == ()


def test_a_threshold_out_of_range_is_refused():
    with pytest.raises(PartError, match="threshold"):
        Matte(threshold=0)


# Defect maps

INFRARED = {"polarity": "dark", "threshold": "auto", "flatten_px": 256}
"""As for a scan, but in blocks of 32 px on these small pictures."""


def scans(folder, count=3, **how):
    """Write infrared maps of `count` frames; return the film's window and where dust is."""
    made = [dusty_scan(seed, **how) for seed in range(count)]
    for t, (_, map_, _) in enumerate(made):
        tifffile.imwrite(folder / f"ir_{t:04d}.tif", (map_ * 65535).astype(np.uint16))
    pictures = [(picture.astype(np.uint8),) for picture, _, _ in made]
    return Window.of(pictures, PixelFormat("gray", "grey", 8)), [dust for _, _, dust in made]


def well_marked(found, dust):
    near = grown(dust, 3)
    return (found & dust).sum() >= 0.95 * dust.sum() and (found & ~near).mean() < 2e-4


def test_the_parameters_that_came_later_leave_old_work_valid(tmp_path):
    write(tmp_path / "0.png", mask_at(4))
    params = {"folder": str(tmp_path), "threshold": 0.5}
    facts = ["detect", "matte", 1, "", params, Matte(str(tmp_path)).fingerprint()]
    before = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]
    assert parts.make("detect", "matte", {"folder": str(tmp_path)}).digest == before
    for change in ({"polarity": "dark"}, {"channel": 0}, {"dilate_px": 1.0}, {"register": "film"}):
        assert parts.make("detect", "matte", {"folder": str(tmp_path), **change}).digest != before


@given(st.integers(0, 99), st.floats(0.05, 0.95))
def test_dark_is_bright_the_other_way_round(tmp_path_factory, seed, threshold):
    folder = tmp_path_factory.mktemp("maps")
    levels = np.random.default_rng(seed).choice([0, 255], SIZE, p=[0.7, 0.3]).astype(np.uint8)
    cv2.imwrite(str(folder / "bright.png"), levels)
    cv2.imwrite(str(folder / "dark.png"), 255 - levels)
    found = Matte(str(folder / "dark.png"), threshold, polarity="dark").detect(film(), 0)
    assert np.array_equal(found.mask, Matte(str(folder / "bright.png"), threshold).detect(film(), 0).mask)


def test_an_infrared_pass_marks_dust(tmp_path):
    window, dust = scans(tmp_path, shift=(1.4, -2.7))
    part = Matte(str(tmp_path / "ir_%04d.tif"), register="film", register_px=40, **INFRARED)
    part.check(window.size, 3)
    for t in range(3):
        found = part.detect(window, t)
        assert well_marked(found.mask, dust[t])
        assert "moved by +1." in found.note
        assert len(found.objects) > 5
        assert all(o.area_px == found.mask[o.box[0] : o.box[2], o.box[1] : o.box[3]].sum() for o in found.objects[:1])
    left = Matte(str(tmp_path), **INFRARED).detect(window, 0)
    assert not well_marked(left.mask, dust[0])
    assert left.note == ""


def test_each_frame_may_lie_in_its_own_place(tmp_path):
    shifts = [(0.0, 3.0), (2.0, -3.0), (-3.0, 0.0)]
    pictures, dust = [], []
    for t, shift in enumerate(shifts):
        picture, map_, where = dusty_scan(t, dust=60, shift=shift)
        tifffile.imwrite(tmp_path / f"{t}.tif", (map_ * 65535).astype(np.uint16))
        pictures.append((picture.astype(np.uint8),))
        dust.append(where)
    window = Window.of(pictures, PixelFormat("gray", "grey", 8))
    part = Matte(str(tmp_path), register="frame", register_px=40, **INFRARED)
    assert all(well_marked(part.detect(window, t).mask[4:-4, 4:-4], dust[t][4:-4, 4:-4]) for t in range(3))


def test_a_frame_that_shows_too_little_is_moved_as_the_film_is_and_says_so(tmp_path):
    window, _ = scans(tmp_path, 4, shift=(1.0, -2.0))
    rng = np.random.default_rng(8)
    blank = np.clip(0.8 + rng.normal(0, 0.006, window.size), 0, 1)
    tifffile.imwrite(tmp_path / "ir_0003.tif", (blank * 65535).astype(np.uint16))
    found = Matte(str(tmp_path), register="frame", register_px=40, **INFRARED).detect(window, 3)
    assert "as over the film" in found.note
    assert found.mask.mean() < 1e-4


def test_maps_of_other_frames_are_not_laid_on_the_film(tmp_path):
    window, _ = scans(tmp_path)
    for t in range(3):
        _, other, _ = dusty_scan(50 + t)
        tifffile.imwrite(tmp_path / f"ir_{t:04d}.tif", (other * 65535).astype(np.uint16))
    part = Matte(str(tmp_path), register="film", register_px=40, **INFRARED)
    with pytest.raises(MaskError, match="was not found to lie on its picture: the best shift within 5 px"):
        part.detect(window, 1)


def test_polarity_is_told_where_it_can_be_and_asked_for_where_not(tmp_path):
    window, dust = scans(tmp_path)
    found = Matte(str(tmp_path), **{**INFRARED, "polarity": "auto"}).detect(window, 0)
    assert well_marked(found.mask, dust[0])
    both = np.full(SIZE, 128, np.uint8)
    both[2:4, 3], both[2:4, 9] = 0, 255
    cv2.imwrite(str(tmp_path / "both.png"), both)
    with pytest.raises(MaskError, match="cannot be told whether defects are bright or dark"):
        Matte(str(tmp_path / "both.png"), polarity="auto").detect(film(), 0)


def test_a_map_of_one_value_is_no_map(tmp_path):
    for t in range(3):
        cv2.imwrite(str(tmp_path / f"{t}.png"), np.full(SIZE, 255, np.uint8))
    part = Matte(str(tmp_path), polarity="dark")
    with pytest.raises(MaskError, match=r"each of the 3 maps looked at is of one value \(1.000"):
        part.detect(film(), 0)
    write(tmp_path / "1.png", ~mask_at(5))
    part = Matte(str(tmp_path), polarity="dark")
    assert np.array_equal(part.detect(film(), 1).mask, mask_at(5))
    blank = part.detect(film(), 0)
    assert not blank.mask.any()
    assert "one value, 1.000" in blank.note


def test_a_map_read_the_wrong_way_round_is_refused(tmp_path):
    write(tmp_path / "0.png", mask_at(5))
    with pytest.raises(MaskError, match=r'marks 99 % of it.*polarity = "bright"'):
        Matte(str(tmp_path), polarity="dark").detect(film(), 0)


def test_small_marks_go_and_others_grow_in_pixels_of_a_2k_scan(tmp_path):
    mask = np.zeros((40, 512), bool)
    mask[5:8, 10:13] = mask[20, 30] = True
    write(tmp_path / "0.png", mask)
    window = Window.of([(np.zeros(mask.shape, np.uint8),)], PixelFormat("gray", "grey", 8))
    found = Matte(str(tmp_path), smallest_px=32, dilate_px=8).detect(window, 0)  # 2 px in area, 2 px
    assert not found.mask[18:23, 28:33].any()
    ys, xs = np.nonzero(found.mask)
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (3, 9, 8, 14)
    assert not found.mask[3, 8]


def test_an_exr_is_a_mask_like_any_other(tmp_path):
    (tmp_path / "0.exr").write_bytes(exr_bytes({"Y": mask_at(4).astype("f2")}))
    part = Matte(str(tmp_path))
    part.check(SIZE, 9)
    assert np.array_equal(part.detect(film(), 0).mask, mask_at(4))


def test_the_film_must_have_the_channel_and_be_large_enough(tmp_path):
    with pytest.raises(MaskError, match="no whole channel 'alpha': gbrp holds 3 channels, none of them alpha"):
        Matte(channel="alpha").check_pixels(planar_format("gbrp", 8))
    with pytest.raises(MaskError, match="20x12, too small to look for a shift of up to 2 px"):
        Matte(channel="alpha", register="film").check(SIZE, 1)
    Matte(channel="alpha").check(SIZE, 7)


@pytest.mark.parametrize("wrong", [
    {"threshold": "much"}, {"polarity": "grey"}, {"register": "maybe"}, {"auto_sigmas": 0.0}, {"register_px": 0.0},
    {"flatten_px": -1.0}, {"dilate_px": -1.0}, {"smallest_px": float("nan")},
])
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(PartError, match=next(iter(wrong))):
        Matte(**wrong)


def test_a_scan_with_infrared_as_alpha_is_restored_and_keeps_it(tmp_path):
    (tmp_path / "scan").mkdir()
    dust = []
    for t in range(3):
        picture, map_, where = dusty_scan(t)
        dust.append(where)
        alpha = (map_ * 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"scan/{t}.png"), np.dstack([picture.astype(np.uint8)] * 3 + [alpha]))
    settings = ("matte.channel=alpha", "matte.flatten_px=256", "matte.register_px=40")
    wish = Wish(str(tmp_path / "scan"), str(tmp_path / "clean"), workflow="infrared", settings=settings)
    restore_it(wish)
    for before, after, where in zip(planes_of(tmp_path / "scan"), planes_of(tmp_path / "clean"), dust, strict=True):
        assert np.array_equal(before[3], after[3])
        changed = before[0] != after[0]
        assert (changed & where).sum() >= 0.9 * where.sum()
        assert not (changed & ~grown(where, 4)).mean() > 2e-4
    store = Store.open(tmp_path / "clean.lacuna")
    (stamp,) = store.ledger.stamps(["detect"])
    assert "moved by" in stamp.facts["notes"]["matte"]["0"]


def test_real_damage_in_a_real_picture_is_marked_by_its_infrared_pass(media, tmp_path):
    photo, damage = media / "stills/Kodak-Lossless-True-Color-Image-Suite", media / "degraded/FilmDamageSimulator"
    hair, dirt = (sorted((damage / "synthetic" / kind).glob("*.png")) for kind in ("hair", "spots"))
    photos = sorted(photo.rglob("*.png"))
    if not (photos and hair and dirt):
        pytest.skip(f"no pictures in {photo} or no overlays in {damage}")
    alpha = np.zeros((480, 700), np.float32)
    for overlay, left in ((hair[0], 0), (dirt[0], 280)):
        layer = cv2.imread(str(overlay), cv2.IMREAD_UNCHANGED)[..., 3] / np.float32(255)
        alpha[40:440, left : left + 400] = np.maximum(alpha[40:440, left : left + 400], layer)
    rng = np.random.default_rng(4)
    scene = cv2.imread(str(photos[0]))[16:496, 30:730] / np.float32(255)
    picture = np.clip(scene * (1 - 0.95 * alpha[..., None]) + rng.normal(0, 0.006, scene.shape), 0, 1)
    infrared = 0.8 * (scene[..., 2] + 0.03) ** 0.15 * (1 - 0.85 * alpha) + rng.normal(0, 0.006, alpha.shape)
    infrared = np.roll(np.clip(infrared, 0, 1), (2, -3), (0, 1))
    tifffile.imwrite(tmp_path / "ir.tif", (infrared * 65535).astype(np.uint16))
    planes = tuple((picture[..., c] * 65535).astype(np.uint16) for c in (1, 0, 2))
    window = Window.of([planes], planar_format("gbrp", 16))
    part = Matte(str(tmp_path / "ir.tif"), polarity="dark", threshold="auto", flatten_px=370, register="film",
                 register_px=24)
    found = part.detect(window, 0).mask[4:-4, 4:-4]
    strong, any_ = (alpha > 0.3)[4:-4, 4:-4], (alpha > 0.02)[4:-4, 4:-4]
    assert (found & strong).sum() >= 0.95 * strong.sum()
    assert (found & ~grown(any_, 3)).mean() < 1e-4
