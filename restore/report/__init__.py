"""A project in, report.json and report.html out: what was done, by what, and what a person has still to decide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from restore.frames import Picture
from restore.store import Store


def write_report(store: Store, folder: Path, picture_of: Callable[[int], Picture]) -> tuple[Path, Path]:
    """Write report.json and report.html of a project into `folder` and return their paths, in that order.

    `picture_of` gives a frame of the source, decoded; it is asked for a few frames only. Works on unfinished
    projects. Raises StoreError where the project cannot be read, OSError where the folder cannot be written.
    """
    from restore.report.document import write_json
    from restore.report.page import write_page
    from restore.report.summary import summarise

    folder.mkdir(parents=True, exist_ok=True)
    document, page = folder / "report.json", folder / "report.html"
    summary = summarise(store)
    write_json(summary, store.ledger.stamps(), document)
    write_page(store, summary, page, picture_of)
    return document, page
