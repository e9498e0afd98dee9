"""A finished output and its documents in, a BagIt bag beside it out (RFC 8493): copies, with a manifest of them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from restore.encode.whole import whole
from restore.errors import OutputError
from restore.ledger import Stamp
from restore.provenance.extra import needed
from restore.provenance.legible import legible
from restore.provenance.record import SOFTWARE, Record

PAPERS = ("report.html", "report.json", "recipe.toml", "source.framemd5", "output.framemd5")
"""What goes along of what lies in the project itself; of the folder of documents everything does."""
IDENTIFIER = "Internal-Sender-Identifier"


def check() -> None:
    """Raise OutputError where bags cannot be made."""
    needed("bagit", "bagit", "--bag")


def place(output: Path) -> Path:
    """Return where the bag of an output is."""
    return output.with_name(f"{output.name}.bag")


def make(output: Path, project: Path, documents: Path, joined: Stamp, record: Record) -> Path:
    """Make the bag, or leave the one that holds exactly this already; return its folder.

    `documents` is a folder that goes into the bag whole. Raises OutputError where something else is in the way.
    """
    bagit = needed("bagit", "bagit", "--bag")
    target = place(output)
    papers = [project / name for name in PAPERS] + sorted(p for p in documents.rglob("*") if p.is_file())
    held = [p for p in papers if p.is_file()]
    name = _identifier(str(joined.facts.get("sha256", "")), held)
    if _holds(target, name):
        return target
    facts = {
        "External-Identifier": record.output.id, IDENTIFIER: name, "Bagging-Date": joined.started[:10],
        "External-Description": f"A restoration by {SOFTWARE} of {legible(record.source.name)}, with the record of it.",
    }
    facts |= {"Contact-Name": " ".join(legible(record.operator).split())} if record.operator else {}
    with whole(target) as partial:
        partial.mkdir()
        _copy(output, partial / output.name)
        for paper in held:
            beside = documents if documents in paper.parents else project
            _copy(paper, partial / "provenance" / paper.relative_to(beside))
        bagit.make_bag(str(partial), facts, checksums=["sha256"])
    return target


def _copy(old: Path, new: Path) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(old, new) if old.is_dir() else shutil.copyfile(old, new)


def _identifier(output_sha256: str, papers: Iterable[Path]) -> str:
    digests = [[p.name, hashlib.sha256(p.read_bytes()).hexdigest()] for p in papers]
    return hashlib.sha256(json.dumps([output_sha256, digests]).encode()).hexdigest()


def _holds(target: Path, name: str) -> bool:
    """Tell whether a bag is there and of the same contents."""
    if not target.exists():
        return False
    info = target / "bag-info.txt"
    if not info.is_file():
        raise OutputError(f"{target} is in the way of the bag, and is none itself. Move it.")
    return f"{IDENTIFIER}: {name}" in info.read_text(encoding="utf-8").splitlines()
