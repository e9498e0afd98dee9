"""Rows of figures in, CSV out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import fields
from typing import Any


def to_csv(rows: Sequence[Any]) -> str:
    """Write rows (dataclasses of one kind) as CSV, every column, values as they are; nothing where there are none."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [f.name for f in fields(rows[0])]
    writer.writerow(names)
    writer.writerows([getattr(r, n) for n in names] for r in rows)
    return text.getvalue()
