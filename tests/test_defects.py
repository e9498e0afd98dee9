"""The table of defects: what goes in comes out, compactly, with ids that no span size changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.defects import Defect, Defects, Ids, Status, frame_of
from restore.errors import MaskError, StoreError
from restore.span import Span

SPAN = Span(4, 8)
corners = st.tuples(st.integers(0, 3), st.integers(0, 3))


def defect(
    t: int, corner: tuple[int, int], id_: str, kind: str = "dirt", status: Status = "confirmed", why: str = ""
) -> Defect:
    y, x = corner
    return Defect("net", kind, t, (y, x, y + 5, x + 2), 7, 0.625, status, why, id_)


@given(st.lists(st.tuples(st.integers(4, 7), corners, st.sampled_from(["dirt", "stain"]), st.booleans())))
def test_what_is_written_is_read_whatever_the_spans(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[int, tuple[int, int], str, bool]]
) -> None:
    ids, rows = Ids(), []
    for t, (y, x), kind, sure in sorted(found, key=lambda f: f[0]):
        name = ids.next(kind, t, (y, x, y + 5, x + 2))
        rows.append(defect(t, (y, x), name, kind, *(("confirmed", "") if sure else ("undecided", "too faint"))))
    tables = Defects(tmp_path_factory.mktemp("tables"))
    tables.write(SPAN, rows)
    assert tables.read(SPAN) == tuple(rows)
    for piece in SPAN.split(1):
        tables.write(piece, [d for d in rows if d.frame in piece])
    assert [d for piece in SPAN.split(1) for d in tables.read(piece)] == rows
    assert len({d.id for d in rows}) == len(rows)
    assert all(frame_of(d.id) == d.frame for d in rows)


def test_the_same_table_is_the_same_bytes_and_small(tmp_path: Path) -> None:
    rows = [defect(t, (y, 31 * y % 97), "") for t in SPAN for y in range(500)]
    tables = Defects(tmp_path)
    tables.write(SPAN, rows)
    first = tables.path(SPAN).read_bytes()
    tables.write(SPAN, rows)
    assert tables.path(SPAN).read_bytes() == first
    assert len(first) < 15 * len(rows)


def test_a_table_that_is_missing_or_damaged_is_named_with_what_to_do(tmp_path: Path) -> None:
    tables = Defects(tmp_path)
    with pytest.raises(StoreError, match=r"missing.*Run again"):
        tables.read(SPAN)
    tables.path(SPAN).write_bytes(b"no table")
    with pytest.raises(StoreError, match=r"cannot be read.*Delete it and run again"):
        tables.read(SPAN)


@pytest.mark.parametrize("word", ["", "dirt", "dirt-4-5", "dirt-x-4-5"])
def test_what_is_no_id_is_refused(word: str) -> None:
    with pytest.raises(MaskError, match="looks like"):
        frame_of(word)
