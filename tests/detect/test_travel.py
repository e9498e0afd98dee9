from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from restore.detect import _travel
from restore.detect._things import Things

SIZE = (96, 128)


def pictures(*places: tuple[int, int] | None, side: int = 7, level: float = 60) -> list[np.ndarray]:
    """Return grey pictures with a square whose upper left corner lies at each of the places, where there is one."""
    out = []
    for place in places:
        picture = np.full(SIZE, 100, np.float32)
        if place is not None:
            y, x = place
            picture[max(y, 0) : max(y + side, 0), max(x, 0) : max(x + side, 0)] += level
        out.append(picture)
    return out


def seen(before: np.ndarray, here: np.ndarray, after: np.ndarray) -> tuple[SimpleNamespace, Things]:
    """Return a scene, and the things that stand out of both neighbours in it."""
    excess = np.minimum(here - before, here - after)
    count, labels = cv2.connectedComponents((excess > 20).astype(np.uint8))
    at = np.flatnonzero(labels)
    own = labels.ravel()[at].astype(np.int64) - 1
    order = np.argsort(own, kind="stable")
    at, own = at[order], own[order]
    boxes = []
    for i in range(count - 1):
        ys, xs = np.divmod(at[own == i], SIZE[1])
        boxes.append((ys.min(), xs.min(), ys.max() + 1, xs.max() + 1))
    area = np.bincount(own, minlength=count - 1)
    found = Things(at, own, np.searchsorted(own, np.arange(count - 1)), np.array(boxes), area,
                   np.full(count - 1, 60, np.float32), area > 0)
    return SimpleNamespace(here=here, before=before, after=after, excess=excess), found


@pytest.mark.parametrize("step", [(0, 10), (9, -8), (-14, 3)])
def test_what_comes_from_one_side_and_goes_on_to_the_other_travels(step: tuple[int, int]) -> None:
    dy, dx = step
    scene, found = seen(*pictures((40 - dy, 60 - dx), (40, 60), (40 + dy, 60 + dx)))
    beside, both, path = _travel.travel(scene, found, np.array([0]))[0]
    assert (beside, both, path) == (1, 1, 1)


def test_what_lies_on_one_frame_does_not_travel() -> None:
    scene, found = seen(*pictures(None, (40, 60), None))
    np.testing.assert_array_equal(_travel.travel(scene, found, np.array([0])), [[0, 0, 0]])


def test_dirt_of_the_neighbours_lies_on_no_straight_path() -> None:
    scene, found = seen(*pictures((40, 45), (40, 60), (62, 61)))
    beside, both, path = _travel.travel(scene, found, np.array([0]))[0]
    assert (beside, both) == (1, 1)
    assert path < 0.3


def test_what_comes_in_over_the_edge_is_seen_on_one_side() -> None:
    scene, found = seen(*pictures(None, (40, 2), (40, 14)))
    beside, both, path = _travel.travel(scene, found, np.array([0]))[0]
    assert (beside, both, path) == (1, 0, 0)


def test_what_both_neighbours_show_elsewhere_does_not_count() -> None:
    before, here, after = pictures((40, 45), (40, 60), (40, 75))
    here = np.maximum(here, before)  # stands still where it came from, on two frames
    scene, found = seen(before, here, np.maximum(after, before))
    assert len(found) == 1
    np.testing.assert_array_equal(_travel.travel(scene, found, np.array([0]))[0][[1, 2]], [0, 0])


def test_things_at_corners_are_looked_at_within_the_picture() -> None:
    for place in ((0, 0), (SIZE[0] - 7, SIZE[1] - 7)):
        scene, found = seen(*pictures(None, place, None))
        assert _travel.travel(scene, found, np.array([0])).shape == (1, 3)
    assert _travel.travel(scene, found, np.zeros(0, np.int64)).shape == (0, 3)
