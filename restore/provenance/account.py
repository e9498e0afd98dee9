"""A Record in, restoration.json out: the same facts as the other documents, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict

from restore.provenance.legible import legible
from restore.provenance.record import Record

FORMAT = 1
"""Version of the document's layout."""


def document(record: Record) -> bytes:
    """Return the document: UTF-8, keys in order, the same bytes for the same record."""
    facts = {"format": FORMAT, "digital_source_type": record.source_type, **asdict(record)}
    return legible(json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
