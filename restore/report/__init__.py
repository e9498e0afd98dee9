"""A project in, report.json and report.html out: what was done, by what, and what a person has still to decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from restore.frames import Picture
from restore.store import Store


def write_report(store: Store, folder: Path, picture_of: Callable[[int], Picture]) -> tuple[Path, Path]:
    """Write report.json and report.html of a project into `folder` and return their paths, in that order.

    `picture_of` gives a frame of the source, decoded; it is asked for a few frames only. Works on unfinished
    projects. Of medical images no file and no folder is named (`discreet`). Raises StoreError where the project cannot
    be read, OSError where the folder cannot be written.
    """
    from restore import formats
    from restore.ledger import write_atomic
    from restore.report.discreet import label, without_names
    from restore.report.document import write_json
    from restore.report.page import write_page
    from restore.report.summary import summarise

    folder.mkdir(parents=True, exist_ok=True)
    document, page = folder / "report.json", folder / "report.html"
    summary = summarise(store)
    if not formats.is_medical(store.source.files):
        write_json(summary, store.ledger.stamps(), document)
        write_page(store, summary, page, picture_of)
        return document, page
    summary = replace(summary, source=replace(summary.source, path=label(store.source)))
    with TemporaryDirectory() as place:
        drafts = Path(place, document.name), Path(place, page.name)
        write_json(summary, store.ledger.stamps(), drafts[0])
        write_page(store, summary, drafts[1], picture_of)
        places = (str(store.folder), *((summary.output.path,) if summary.output else ()))
        for draft, final in zip(drafts, (document, page), strict=True):
            write_atomic(final, without_names(draft.read_text(encoding="utf-8"), store.source, places))
    return document, page
