"""Where motion is measured wrongly beside damage, averages over time still meet at the same places."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from restore.blend.steady import NEAR_FRAMES, Steady
from restore.frames import DONOR, empty_patch
from restore.motion.inward import CELL_PX, Course
from restore.testing import LAYOUTS
from restore.window import Window

SIZE, FRAMES, MIDDLE = (96, 128), 2 * NEAR_FRAMES + 1, NEAR_FRAMES
GREY = LAYOUTS["gray"]
ORIGINS = {"made up": 3, "from far away": DONOR}


def texture() -> np.ndarray:
    """A soft picture (h, w), 8-bit."""
    noise = cv2.GaussianBlur(np.random.default_rng(4).normal(size=SIZE), (0, 0), 2.5)
    return np.clip(np.rint(128 + 40 * noise / noise.std()), 0, 255).astype(np.uint8)


def crawling() -> list[np.ndarray]:
    """A scratch (h, w) that goes a pixel a frame to the right."""
    masks = [np.zeros(SIZE, bool) for _ in range(FRAMES)]
    for t, mask in enumerate(masks):
        mask[20:76, 60 + t : 66 + t] = True
    return masks


class Misled(Window):
    """A window whose motion is off beside the damage."""

    def course(self, t: int, u: int) -> Course:
        course = super().course(t, u)
        off = np.array([0.6, -0.4], np.float32)
        return replace(course, field=np.full((-(-SIZE[0] // CELL_PX), -(-SIZE[1] // CELL_PX), 2), off, np.float32))


@pytest.mark.parametrize("origin", ORIGINS.values(), ids=ORIGINS)
def test_what_stands_still_is_averaged_with_itself(origin: int) -> None:
    truth, masks = texture(), crawling()
    pictures = [(np.where(m, np.uint8(250), truth),) for m in masks]
    window = Misled.of(pictures, GREY, masks)

    def patch(t: int):
        out = empty_patch(t, GREY, SIZE)
        out.mask[:], out.origin[masks[t]], out.offset[masks[t]] = masks[t], origin, 5
        out.planes[0][masks[t]] = truth[masks[t]]
        return out

    after = Steady().blend(window, MIDDLE, patch).planes[0][masks[MIDDLE]].astype(int)
    assert np.abs(after - truth[masks[MIDDLE]]).mean() < 0.3
