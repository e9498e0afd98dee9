"""A manifest or a folder in, every film and picture of it restored out, each a project of its own, and a table of all.

    wanted = items(Path("vault/"), Path("restored/"), Wish("", ""))
    rows = list(work(wanted, Path("restored/")))
"""

from __future__ import annotations

from restore.batch.items import Item, items
from restore.batch.table import write_tables
from restore.batch.work import Row, work

__all__ = ["Item", "Row", "items", "work", "write_tables"]
