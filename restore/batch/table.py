"""The rows of a batch in, its table out: batch.csv for programs and spreadsheets, batch.html for people."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from restore.batch.work import Row
from restore.ledger import write_atomic
from restore.report.markup import Markup, Piece, el, table
from restore.report.style import sheet
from restore.report.words import percent
from restore.written import counted, duration

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def write_tables(rows: Sequence[Row], folder: Path) -> tuple[Path, Path]:
    """Write batch.csv and batch.html into `folder`; return their paths."""
    written = folder / "batch.csv", folder / "batch.html"
    write_atomic(written[0], in_csv(rows))
    write_atomic(written[1], page(rows, folder))
    return written


def in_csv(rows: Sequence[Row]) -> str:
    """Return the rows as CSV with a head."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [f.name for f in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return out.getvalue()


def sentence(rows: Sequence[Row]) -> str:
    """Return what came of all of them."""
    states = Counter(row.state for row in rows)
    said = [f"{states['restored']:,} restored"]
    said += [f"{states['skipped']:,} done before"] if states["skipped"] else []
    said += [f"{states['failed']:,} failed"] if states["failed"] else []
    return f"{counted(len(rows), 'item')}: {', '.join(said)}"


def page(rows: Sequence[Row], folder: Path) -> str:
    """Return the table as a page that needs no other file; it links to the reports by paths relative to `folder`."""
    heads = ("what", "state", "frames", "damaged", "copied, px", "made up, px", "time", "why it failed")
    body = [
        (_linked(row, folder), row.state, f"{row.frames:,}", percent(row.share_frac), f"{row.copied_px:,}",
         f"{row.made_up_px:,}", duration(row.seconds) if row.seconds else "", row.why)
        for row in rows
    ]
    head = el(
        "head", el("meta", charset="utf-8"), el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY), el("title", "Restoration of a batch"),
        el("style", Markup(sheet())),
    )
    top = el("header", el("p", "Restoration of a batch", class_="kicker"), el("h1", sentence(rows)))
    shown = el("main", table("In the order of the queue", heads, body, (2, 3, 4, 5)))
    return "<!DOCTYPE html>\n" + el("html", head, el("body", top, shown), lang="en") + "\n"


def _linked(row: Row, folder: Path) -> Piece:
    if not row.report or not Path(row.report).is_file():
        return el("bdi", row.name)
    return el("a", el("bdi", row.name), href=Path(os.path.relpath(row.report, folder)).as_posix())
