"""Curves moved, rejected, drawn anew: the masks follow, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from restore.curve_list import listed
from restore.curves import Curve, painted
from restore.edits import Edits
from restore.errors import MaskError
from restore.probe import probe
from restore.redrawn import decide_tracks, redraw, sentences
from restore.span import Span
from restore.store import Store

from .runs import FRAMES, SIZE


def curve(t: int, column: float, status: str = "confirmed") -> Curve:
    name = f"scratch-{t}-0-{round(column)}"
    shape, profile = ((20, 30),), (0.0, 30.0, 0.0)
    return Curve(t, (0, 70), (column, column), 1, 1, 1, 0.75, shape, profile, 0.9, status, "scratch", name)


@pytest.fixture
def store(reel: Path, tmp_path: Path) -> Store:
    """Return a project with two scratches on all frames, the right one undecided, and dirt on the left one."""
    made = Store.create(tmp_path / "project", probe(reel), 7)
    for span in made.grid(Span(0, FRAMES)):
        found = [c for t in span for c in (curve(t, 30.0), curve(t, 60.0, "undecided"))]
        made.curves.write(span, found)
        masks = [painted([c for c in found if c.frame == t and c.status == "confirmed"], SIZE) for t in span]
        made.write_masks("scratch", span, masks)
        made.write_masks("dirt", span, [dirt() for _ in span])
    return made


def dirt() -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[40:44, 28:33] = True
    return mask


def counting(store: Store, t: int) -> np.ndarray:
    mask = store.mask("scratch", t) | store.mask("dirt", t)
    return Edits(store.folder / "edits").apply(mask, t)


def at(store: Store, t: int) -> dict[str, Curve]:
    return {c.id: c for c in listed(store, (t, t + 1))}


def test_what_is_put_back_unchanged_changes_nothing(store):
    done = redraw(store, list(listed(store)))
    assert (done.edits, done.changed, done.held) == ((), 0, 2 * FRAMES)
    assert list(sentences(done)) == [f"so already: {2 * FRAMES} curves"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(by=some.integers(-20, 20), width=some.integers(0, 8))
def test_a_curve_that_is_moved_takes_its_mask_along_and_leaves_other_things(store, by, width):
    old = at(store, 3)["scratch-3-0-30"]
    moved = replace(old, columns=tuple(30.0 + by for _ in old.columns), left_px=float(width))
    redraw(store, [moved])
    assert np.array_equal(counting(store, 3), painted([moved], SIZE) | dirt())
    assert np.array_equal(counting(store, 4), painted([curve(4, 30.0)], SIZE) | dirt())
    assert replace(at(store, 3)["scratch-3-0-30"], track="") == replace(moved, track="")


def test_a_rejected_curve_is_given_back_and_a_new_one_is_filled(store):
    new = Curve(5, (10, 50), (80.0, 82.0), 0.5, 0.5, -1)
    done = redraw(store, [replace(at(store, 5)["scratch-5-0-30"], status="rejected"), new], by="ann")
    assert [e.verb for e in done.edits] == ["remove", "add"]
    assert np.array_equal(counting(store, 5), painted([new], SIZE) | dirt())
    held = at(store, 5)
    assert held["scratch-5-0-30"].status == "rejected"
    assert held["drawn-5-10-80"].columns == new.columns
    redraw(store, [replace(new, columns=(80.0, 84.0))])  # a second one at the same corner
    assert "drawn-5-10-80.2" in at(store, 5)


def test_a_whole_track_is_accepted_at_once(store):
    tracks = {c.track for c in listed(store) if c.status == "undecided"}
    assert len(tracks) == 1
    done = decide_tracks(store, tracks, accept=True)
    assert done.changed == FRAMES
    assert all(counting(store, t)[5, 60] for t in range(FRAMES))
    assert "run" in " ".join(sentences(done))
    decide_tracks(store, tracks, accept=False)
    assert not any(counting(store, t)[:, 55:65].any() for t in range(FRAMES))


def test_the_word_on_a_defect_that_came_later_holds(store):
    old = at(store, 3)["scratch-3-0-30"]
    redraw(store, [replace(old, left_px=3.0)])
    Edits(store.folder / "edits").append("remove", {}, defects=[old.id])
    assert at(store, 3)[old.id].status == "rejected"


@pytest.mark.parametrize(
    "wrong",
    [
        [Curve(FRAMES, (0, 9), (1.0, 1.0), 1, 1, 1)], [replace(curve(3, 30.0), id="scratch-3-0-31")],
        [replace(curve(3, 30.0), left_px=4.0), replace(curve(3, 30.0), left_px=5.0)],
    ],
)
def test_curves_that_do_not_fit_are_refused_and_nothing_is_recorded(store, wrong):
    with pytest.raises(MaskError):
        redraw(store, wrong)
    assert Edits(store.folder / "edits").all() == []


def test_a_track_or_frames_there_are_not_are_refused(store):
    with pytest.raises(MaskError, match="track-9-9"):
        decide_tracks(store, ["track-9-9"], accept=True)
    with pytest.raises(MaskError, match="0:20"):
        list(listed(store, (5, 99)))
    assert {c.frame for c in listed(store, (5, 8))} == {5, 6, 7}
