"""The project's verify.json in, what it is worth and its rows out: the comparison that `lacuna verify` recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from restore.report.facts import Summary
from restore.report.markup import Markup, Piece, el, facts
from restore.written import counted

State = Literal["none", "unreadable", "older", "other", "identical", "lossy", "violated", "unknown"]
VERDICTS: dict[str, State] = {
    "identical outside the mask": "identical", "ends at the encoder": "lossy", "violated": "violated",
}
"""The proof's words for what it found."""
SAID: dict[State, str] = {
    "none": "No comparison has been recorded in the project yet.",
    "older": "The recorded comparison is older than the output, so it says nothing about it. Run the command again.",
    "other": "The recorded comparison is of another file, so it says nothing about the output.",
    "identical": "The comparison was made after the output: outside the repairs no sample was changed.",
    "lossy": "The comparison was made: times, sizes and counts agree. The output is lossy, so the proof ends there.",
    "violated": "The comparison found changes outside the repairs, or facts that do not agree. It says:",
    "unknown": "A comparison is recorded. It says:",
}
LONG = 300
"""Most characters of one value; verify.json holds the rest."""


@dataclass(frozen=True)
class Comparison:
    """What is known of the proof."""

    state: State
    rows: tuple[tuple[str, str], ...] = ()
    trouble: str = ""
    """Why the record cannot be read."""


def comparison(s: Summary, path: Path) -> Comparison:
    """Return what the record at `path` is worth for the output that there is now."""
    if not path.is_file():
        return Comparison("none")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple((str(name).replace("_", " "), _value(value)) for name, value in record.items())
        state = VERDICTS.get(str(record.get("verdict")), "unknown")
    except (OSError, ValueError, AttributeError) as error:
        return Comparison("unreadable", trouble=f"The record of a comparison, {path}, cannot be read: {error}")
    if s.output is None or path.stat().st_mtime_ns < s.output.modified_ns:
        return Comparison("older", rows)
    return Comparison(state if _is_of(record.get("output"), Path(s.output.path)) else "other", rows)


def shown(c: Comparison) -> Markup:
    """Return the record with what it is worth."""
    said = el("p", c.trouble or SAID[c.state], class_="quiet" if c.state == "none" else None)
    rows: list[tuple[str, Piece]] = list(c.rows)
    return el("div", said, facts("The comparison, as recorded in verify.json", rows) if rows else "")


def _is_of(given: Any, output: Path) -> bool:
    """Tell whether a compared file can be the output; of a relative path only the name can be told from here."""
    if not isinstance(given, str):
        return True
    compared = Path(given)
    return compared.resolve() == output.resolve() if compared.is_absolute() else compared.name == output.name


def _value(value: Any) -> str:
    """Return one field of the record in words; long lists are only counted."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, int | float):
        return f"{value:,}"
    if isinstance(value, list) and not value:
        return "none"
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(written) <= LONG:
        return written
    return f"{counted(len(value), 'entry', 'entries')} in verify.json" if isinstance(value, list | dict) \
        else f"{written[:LONG]}…"
