"""Single defects accepted and rejected: their own pixels, and only what sees them is done again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from restore.decisions import Box, decide, own, sentences
from restore.defects import Defect, Defects
from restore.errors import MaskError
from restore.frames import Bits
from restore.inventory import Choice, chosen
from restore.restoration import Wish, open_session, prepare
from restore.session import Session
from restore.span import Span
from restore.store import Store

from .runs import FRAMES, SIZE, restore_it


def drawn(*boxes: Box) -> Bits:
    mask = np.zeros(SIZE, bool)
    for y0, x0, y1, x1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def placed(bits: Bits, box: Box, slack: int = 2) -> Bits:
    mask = np.zeros(SIZE, bool)
    mask[box[0] - slack : box[2] + slack, box[1] - slack : box[3] + slack] = bits
    return mask


def test_the_pieces_of_a_broken_line_are_all_its_own() -> None:
    line, box = drawn((5, 20, 20, 23), (30, 21, 50, 24)), (5, 21, 50, 23)
    assert np.array_equal(placed(own(line, box, []), box), line)


def test_a_speck_in_the_bend_of_a_hair_is_not_the_hairs() -> None:
    speck, box = (20, 30, 23, 33), (10, 20, 40, 50)
    hair = drawn((10, 20, 40, 22), (38, 20, 40, 50))
    assert np.array_equal(placed(own(hair | drawn(speck), box, [speck]), box), hair)
    assert np.array_equal(placed(own(hair | drawn(speck), speck, [box]), speck), drawn(speck))


def test_what_only_comes_near_a_box_is_not_its_own() -> None:
    assert not own(drawn((10, 12, 14, 20)), (10, 20, 14, 24), []).any()


@pytest.fixture(scope="module")
def found(reel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("found")
    restore_it(Wish(str(reel), str(folder / "out.mkv"), workflow="dust", until="blend"), 2)
    return folder


@pytest.fixture
def project(found: Path, tmp_path: Path) -> Path:
    shutil.copytree(found / "out.mkv.lacuna", tmp_path / "out.mkv.lacuna")
    return tmp_path / "out.mkv.lacuna"


def again(reel: Path, project: Path) -> Wish:
    return Wish(str(reel), str(project.with_suffix("")), workflow="dust", until="blend")


def of(session: Session, status: str = "all") -> list[Defect]:
    return list(chosen(session.store, Choice(status)))  # type: ignore[arg-type]


def effective(session: Session, t: int) -> Bits:
    return session.edits.apply(session.detected(t), t)


def test_ids_are_the_same_for_any_span(reel: Path, found: Path, tmp_path: Path) -> None:
    restore_it(Wish(str(reel), str(tmp_path / "out.mkv"), workflow="dust", until="detect"), 7)
    whole = of(open_session(tmp_path / "out.mkv.lacuna"))
    assert whole == of(open_session(found / "out.mkv.lacuna"))
    assert len(whole) >= 6


def test_a_rejected_one_is_taken_out_and_comes_back_when_accepted(project: Path) -> None:
    session = open_session(project)
    one = of(session, "confirmed")[2]
    before = effective(session, one.frame)
    decide(session, [one.id], accept=False)
    (now,) = chosen(session.store, Choice(ids=(one.id,)))
    assert (now.status, now.was, now.by) == ("rejected", "confirmed", "a person")
    gone = before & ~effective(session, one.frame)
    assert gone[one.box[0] : one.box[2], one.box[1] : one.box[3]].sum() >= 0.8 * one.area_px
    assert decide(session, [one.id], accept=False).held == (one.id,)
    decide(session, [one.id], accept=True)
    assert np.array_equal(effective(session, one.frame), before)
    assert next(chosen(session.store, Choice(ids=(one.id,)))).status == "confirmed"


def test_all_rejected_leaves_nothing(project: Path) -> None:
    session = open_session(project)
    decision = decide(session, [d.id for d in of(session)], accept=False)
    assert len(decision.edits) == 1
    assert not any(effective(session, t).any() for t in range(FRAMES))
    assert {d.status for d in of(session)} == {"rejected"}


def test_an_undecided_one_is_filled_with_its_own_outline(project: Path, reel: Path) -> None:
    restore_it(replace(again(reel, project), settings=("dirt.certainty=1.0",)))
    session = open_session(project, 32)
    one = next(d for d in of(session, "undecided") if 2 < d.frame < FRAMES - 2)
    decision = decide(session, [one.id], accept=True)
    assert decision.boxes == ()
    filled = effective(session, one.frame)
    assert 0.8 * one.area_px <= filled.sum() <= 1.3 * one.area_px
    assert "1 defect accepted" in "".join(sentences(decision))
    decide(session, [one.id], accept=False)
    assert not effective(session, one.frame).any()


def test_where_a_detector_has_no_outline_the_box_is_filled_and_that_is_said(project: Path) -> None:
    session = open_session(project)
    lost = Defect("gone", "stain", 4, (3, 4, 8, 10), 20, 0.4, "undecided", "faint", "stain-4-3-4")
    session.store.defects.write(Span(4, 6), [lost])
    decision = decide(session, [lost.id], accept=True)
    assert decision.boxes == (lost.id,)
    assert np.array_equal(effective(session, 4), session.detected(4) | drawn(lost.box))
    assert any("all of its box" in line for line in sentences(decision))


def test_only_the_spans_that_see_a_decision_are_done_again(project: Path, reel: Path) -> None:
    session = open_session(project)
    one = next(d for d in of(session, "confirmed") if d.frame == 10)
    decide(session, [one.id], accept=False)
    wish = again(reel, project)
    prepared = prepare(wish)
    reach = sum(p.reach_frames for p in prepared.recipe.ladder)
    seeing = [s for s in prepared.source.span.split(2) if 10 in s.widen(reach, prepared.source.span)]
    done = restore_it(wish)
    assert done["detect"] == 0
    assert done["fill"] == len(seeing) < 10
    assert not Store.open(project).patch("fill", 10).where.size


def test_to_reject_what_was_never_filled_is_no_work(project: Path, reel: Path) -> None:
    session = open_session(project)
    one = next(d for d in of(session) if d.status == "undecided")
    decision = decide(session, [one.id], accept=False)
    assert decision.edits[0].digests == {}
    done = restore_it(again(reel, project))
    assert sum(done.values()) == 0


def test_an_unknown_defect_is_named_and_nothing_is_recorded(project: Path) -> None:
    session = open_session(project)
    known = of(session)[0].id
    for word in ("dirt-3-0-0", "dirt-999-0-0"):
        with pytest.raises(MaskError, match=word):
            decide(session, [known, word], accept=False)
    assert session.edits.all() == []


def test_a_project_without_tables_gets_them_and_nothing_else_is_done_again(project: Path, reel: Path) -> None:
    before = of(open_session(project))
    shutil.rmtree(Defects(project / "defects").folder)
    done = restore_it(again(reel, project))
    assert done == {"detect": 10}
    assert of(open_session(project)) == before
