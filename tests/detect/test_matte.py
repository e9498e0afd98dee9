from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore.detect.matte import Matte
from restore.errors import MaskError, PartError
from restore.source import PixelFormat
from restore.window import Window

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
