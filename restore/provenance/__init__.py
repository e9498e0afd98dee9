"""A finished project in, the documents that archives ask for out: PREMIS, XMP, framemd5, BagIt, content credentials.

One file a kind of document; each is a function of a `Record` alone, which is read off the ledger. What is laid beside
the output says when it was made. What is laid inside it does not, nor on what machine: the same work on the same film
gives the same bytes, whenever it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from restore.encode.carry import Attachment, Papers
from restore.fingerprints import encoded, fingerprints, output_text, source_text
from restore.ledger import Stamp, write_atomic
from restore.outputs import bytes_of, identity, sha256_of
from restore.parts import find
from restore.provenance import account, bag, c2pa, premis, xmp
from restore.provenance.record import Record, record_of
from restore.store import Store

FOLDER = "provenance"
"""Where in the project the documents lie; the fingerprints lie beside it, where `verify` puts them too."""


def documents(record: Record) -> dict[str, bytes]:
    """Return the documents of a restoration by the names they have beside the output."""
    return {
        "premis.xml": premis.document(record),
        "restoration.json": account.document(record),
        "output.xmp": xmp.packet(xmp.statement_of(record)),
    }


def papers_inside(store: Store, joined: Stamp, segments: Mapping[str, str]) -> Papers:
    """Return what is laid inside an output, nothing where its encoder takes no papers.

    `joined` is a stamp of the joining as far as it is known before, `segments` the keys of the steps that encoded.
    """
    part = joined.parts[0]
    if not getattr(find("encode", part["name"])[0], "attaches", False):
        return Papers()
    record = record_of(store, joined, encoded(store.ledger, segments), inside=True)
    return Papers((
        Attachment("premis.xml", "application/xml", premis.document(record)),
        Attachment("restoration.json", "application/json", account.document(record)),
    ))


def write(project: Path, joined: Stamp) -> tuple[Path, ...]:
    """Write the documents of the output that `joined` stands for into the project; return their paths.

    Written again from the same ledger they are the same bytes. Raises StoreError where the ledger cannot be read.
    """
    store = Store.open(project)
    prints, rate = fingerprints(store.ledger, joined), store.source.rate
    record = record_of(store, joined, prints)
    found = {f"{FOLDER}/{name}": data for name, data in documents(record).items()}
    found["source.framemd5"] = source_text(prints, rate).encode()
    found["output.framemd5"] = output_text(prints, rate).encode()
    (project / FOLDER).mkdir(exist_ok=True)
    for name, data in found.items():
        write_atomic(project / name, data)
    return tuple(project / name for name in found)


def sign(project: Path, joined: Stamp, signer: c2pa.Signer) -> Stamp:
    """Give the output content credentials, where it has none yet; return its stamp as it is now.

    A manifest inside the output makes it another file, which its stamp is told. Raises OutputError.
    """
    store, output = Store.open(project), Path(joined.facts["output"][0])
    if "c2pa" in joined.facts:
        return joined
    record = record_of(store, joined, fingerprints(store.ledger, joined))
    signed = c2pa.sign(output, record, Path(store.source.path), signer, project / FOLDER / "c2pa")
    facts = dict(joined.facts, c2pa={"embedded": signed.embedded})
    if signed.embedded:
        facts |= {"output": identity(output), "sha256": sha256_of(output), "bytes": bytes_of(output)}
    now = replace(joined, facts=facts)
    store.ledger.write(now)
    return now


def pack(project: Path, joined: Stamp) -> Path:
    """Make a bag of the output and its documents beside the output; return its folder."""
    store = Store.open(project)
    record = record_of(store, joined, fingerprints(store.ledger, joined))
    return bag.make(Path(joined.facts["output"][0]), project, project / FOLDER, joined, record)
