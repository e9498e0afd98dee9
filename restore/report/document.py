"""A Summary and the ledger's stamps in, report.json out: written stamp by stamp, so its size costs no memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from restore.ledger import Stamp
from restore.report.facts import Summary

FORMAT = 1
"""Version of report.json's layout."""


def write_json(summary: Summary, stamps: Iterable[Stamp], path: Path) -> None:
    """Write {"format", "summary", "ledger": [every stamp]} to `path`, which appears whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(f'{{"format": {FORMAT},\n"summary": {_dumps(summary)},\n"ledger": [')
            for number, stamp in enumerate(stamps):
                file.write(",\n" if number else "\n")
                file.write(_dumps(stamp))
            file.write("\n]}\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _dumps(value: Any) -> str:
    return json.dumps(value, default=_plain, sort_keys=True)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    raise TypeError(f"a report holds no {type(value).__name__}")
