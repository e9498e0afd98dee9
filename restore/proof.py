"""A source, an output and the project between them in, the proof that nothing else changed out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from restore import fixity
from restore.errors import StoreError
from restore.ledger import write_atomic
from restore.probe import probe
from restore.restoration import open_session
from restore.source import Source


def prove(
    source: str, output: str, project: Path, progress: Callable[[int], None] | None = None
) -> fixity.Proof:
    """Compare `source` and `output` sample by sample outside the project's masks; record the proof in the project.

    Raises StoreError where the project was made from another file.
    """
    session = open_session(project)
    try:
        known = session.store.source
        found = probe(source, known.rate if known.kind == "sequence" else None)
        if found.sha256 != known.sha256:
            raise StoreError(
                f"{project} was made from a file with sha256 {known.sha256[:12]}, and {source} has "
                f"{found.sha256[:12]}. Give the source that the project was made from."
            )
        proof = _compare(session.store.source, found, output, session.mask, project, progress)
    finally:
        session.close()
    write_atomic(project / "verify.json", json.dumps(asdict(proof), indent=1, default=str))
    return proof
