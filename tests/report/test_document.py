from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from restore.report.document import write_json
from restore.report.summary import summarise
from tests.report.projects import project, source_of


def test_report_json_holds_the_summary_and_every_stamp(tmp_path: Path) -> None:
    made = project(tmp_path / "p", source_of(9))
    made.finish({3: {"donors": 4, "unfilled": 1, "rows": 2, "harmonic": 0}})
    summary, path = summarise(made.store), tmp_path / "report.json"
    write_json(summary, made.store.ledger.stamps(), path)
    data = json.loads(path.read_text())
    assert data["format"] == 1
    assert data["summary"] == json.loads(json.dumps(asdict(summary)))
    assert data["ledger"] == [json.loads(json.dumps(asdict(s))) for s in made.store.ledger.stamps()]
    assert len(data["ledger"]) == 4 * 3 + 1


def test_an_empty_ledger_is_valid_json(tmp_path: Path) -> None:
    made = project(tmp_path / "p", source_of(2))
    write_json(summarise(made.store), made.store.ledger.stamps(), tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["ledger"] == []


def test_a_report_that_fails_halfway_leaves_the_old_one(tmp_path: Path) -> None:
    made = project(tmp_path / "p", source_of(2))
    path = tmp_path / "report.json"
    path.write_text("old")

    def breaking():  # type: ignore[no-untyped-def]
        raise OSError("gone")
        yield

    with pytest.raises(OSError, match="gone"):
        write_json(summarise(made.store), breaking(), path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["report.json"]
