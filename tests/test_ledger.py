import json
from pathlib import Path

import pytest

from restore.errors import StoreError
from restore.ledger import Ledger, Stamp, key_of
from restore.span import Span


def test_a_stamp_comes_back_as_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.write(Stamp("fill", (0, 12), "k", {"0": "a"}, ({"name": "donors"},), {"pixels": {"0": {"donors": 3}}}))
    read = ledger.read("fill", Span(0, 12))
    assert read
    assert (read.key, read.out, read.facts) == ("k", {"0": "a"}, {"pixels": {"0": {"donors": 3}}})
    assert read.host
    assert "lacuna" in read.code
    assert ledger.read("fill", Span(12, 24)) is None


def test_stamps_come_in_order_and_unfinished_files_do_not_count(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for start in (24, 0, 12):
        ledger.write(Stamp("detect", (start, start + 12), "k"))
    (tmp_path / ".detect-000036-000048.json.1.part").write_text('{"stage"')
    assert [s.span[0] for s in ledger.stamps(("detect",))] == [0, 12, 24]


def test_a_damaged_stamp_is_named(tmp_path: Path) -> None:
    (tmp_path / "fill-000000-000012.json").write_text("{")
    with pytest.raises(StoreError, match="fill-000000-000012"):
        Ledger(tmp_path).read("fill", Span(0, 12))


def test_keys_depend_on_every_fact() -> None:
    assert key_of("fill", 1, {"a": 2}) == key_of("fill", 1, {"a": 2})
    assert len({key_of("fill", 1), key_of("fill", 2), key_of("blend", 1), key_of(json.loads("[1]"))}) == 4
