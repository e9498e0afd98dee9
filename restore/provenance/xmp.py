"""A Statement and an XMP packet that may be there already in, one packet that says both out. Nothing old is lost.

For the writers of picture files, which embed it, and for a sidecar of what cannot carry one. Properties are those of
XMP (ISO 16684-1: xmpMM, stEvt, stRef) and of the IPTC Photo Metadata Standard (Iptc4xmpExt:DigitalSourceType).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.dom import Node, minidom
from xml.parsers.expat import ExpatError

from restore.errors import SourceError
from restore.provenance.legible import legible
from restore.provenance.record import Record

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MM = "http://ns.adobe.com/xap/1.0/mm/"
EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
REF = "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
PREFIXES = {RDF: "rdf", MM: "xmpMM", EVENT: "stEvt", REF: "stRef", IPTC: "Iptc4xmpExt"}
XMLNS = "http://www.w3.org/2000/xmlns/"
HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'


@dataclass(frozen=True)
class Statement:
    """What is to be said of one file."""

    source_type: str
    """IPTC's term (`record.TRAINED`, `record.ENHANCED`); empty where nothing was changed: then the old one stays."""
    agent: str
    """The program and its version."""
    what: str
    """What was done, in a sentence with its numbers."""
    document: str
    """The new file's own name, a UUID."""
    source_document: str
    """The same of the file it was made from, for one that says none itself."""
    source_path: str
    when: str = ""
    """UTC, ISO 8601; empty where nothing may depend on the clock."""


def statement_of(record: Record) -> Statement:
    """Return what is to be said of a whole output."""
    made_up = ", ".join(f"{m.px} made up by {m.name}" for m in record.made_up) or "none made up"
    what = f"damage filled: {record.copied_px} pixels copied from other frames, {made_up}, of {record.picture_px}"
    return Statement(
        record.source_type, record.software, what, record.output.id, record.source.id, record.source.name, record.when
    )


def packet(said: Statement, existing: bytes | None = None) -> bytes:
    """Return an XMP packet in UTF-8 that holds all that `existing` does, with the statement added.

    A digital source type there was is named in the new entry of the history; a DerivedFrom moves to the Ingredients.
    Raises SourceError where `existing` is no XMP.
    """
    tree = _parsed(existing)
    rdf = _found(tree, RDF, "RDF")
    if rdf is None:
        raise SourceError("the XMP packet of the source holds no rdf:RDF; take it out of the file, or repair it.")
    before = {name: _take(rdf, ns, name) for ns, name in ((MM, "InstanceID"), (MM, "DocumentID"))}
    source_type = _take(rdf, IPTC, "DigitalSourceType") if said.source_type else ""
    ours = _described(tree, rdf)
    if said.source_type:
        _child(ours, IPTC, "DigitalSourceType", said.source_type)
    _identify(rdf, ours, said, before["DocumentID"])
    _derive(rdf, ours, said, before)
    _remember(rdf, ours, said, source_type)
    root: Any = tree.documentElement
    return (HEAD + root.toxml() + '\n<?xpacket end="w"?>\n').encode()


def _parsed(existing: bytes | None) -> minidom.Document:
    data = existing or EMPTY.encode()
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):  # not UTF-16: what is padding can be told byte by byte
        data = data.strip(b"\0 \r\n\t") or EMPTY.encode()
    try:
        tree: minidom.Document = minidom.parseString(data)
    except (ExpatError, ValueError) as error:
        raise SourceError(f"the XMP packet of the source is not well-formed ({error}); repair it, or take it out of "
                          "the file.") from error
    if tree.doctype is not None:
        raise SourceError("the XMP packet of the source has a document type, which XMP does not allow; take it out.")
    return tree


def _found(top: Any, namespace: str, name: str) -> Any:
    return next(iter(top.getElementsByTagNameNS(namespace, name)), None)


def _make(parent: Any, namespace: str, name: str) -> Any:
    """Add an element that declares its own prefix: what is around it may have others."""
    prefix = PREFIXES[namespace]
    made = parent.ownerDocument.createElementNS(namespace, f"{prefix}:{name}")
    made.setAttributeNS(XMLNS, f"xmlns:{prefix}", namespace)
    parent.appendChild(made)
    return made


def _child(parent: Any, namespace: str, name: str, text: str) -> None:
    _make(parent, namespace, name).appendChild(parent.ownerDocument.createTextNode(legible(text)))


def _described(tree: Any, rdf: Any) -> Any:
    """Add a description of our own, of the same thing as the others."""
    others = [e for e in rdf.childNodes if e.nodeType == Node.ELEMENT_NODE]
    ours = _make(rdf, RDF, "Description")
    ours.setAttributeNS(RDF, "rdf:about", others[0].getAttributeNS(RDF, "about") if others else "")
    return ours


def _descriptions(rdf: Any) -> list[Any]:
    return [e for e in rdf.childNodes if e.nodeType == Node.ELEMENT_NODE]


def _property(rdf: Any, namespace: str, name: str) -> Any:
    """Return a property of the file itself, not one of a structure inside another property."""
    for described in _descriptions(rdf):
        for e in described.childNodes:
            if e.nodeType == Node.ELEMENT_NODE and (e.namespaceURI, e.localName) == (namespace, name):
                return e
    return None


def _take(rdf: Any, namespace: str, name: str) -> str:
    """Take a simple property out, as element or attribute, and return its value."""
    value = ""
    for described in _descriptions(rdf):
        if described.hasAttributeNS(namespace, name):
            value = described.getAttributeNS(namespace, name)
            described.removeAttributeNS(namespace, name)
    if (e := _property(rdf, namespace, name)) is not None:
        texts = (n.data for n in e.childNodes if n.nodeType == Node.TEXT_NODE)
        value = e.getAttributeNS(RDF, "resource") or "".join(texts)
        e.parentNode.removeChild(e)
    return value.strip()


def _identify(rdf: Any, ours: Any, said: Statement, old: str) -> None:
    _child(ours, MM, "DocumentID", f"xmp.did:{said.document}")
    _child(ours, MM, "InstanceID", f"xmp.iid:{said.document}")
    known = _property(rdf, MM, "OriginalDocumentID") is not None
    known = known or any(d.hasAttributeNS(MM, "OriginalDocumentID") for d in _descriptions(rdf))
    if not known:
        _child(ours, MM, "OriginalDocumentID", old or f"xmp.did:{said.source_document}")


def _derive(rdf: Any, ours: Any, said: Statement, before: dict[str, str]) -> None:
    """Say what the file was made from; what that was made from moves to the ingredients."""
    if (old := _property(rdf, MM, "DerivedFrom")) is not None:
        parent = old.parentNode
        bag = _listed(rdf, parent, "Ingredients", "Bag")
        item = _make(bag, RDF, "li")
        for attribute in list(old.attributes.values()):
            item.setAttributeNS(attribute.namespaceURI, attribute.name, attribute.value)
        for child in list(old.childNodes):
            item.appendChild(child)
        parent.removeChild(old)
    made = _make(ours, MM, "DerivedFrom")
    made.setAttributeNS(RDF, "rdf:parseType", "Resource")
    _child(made, REF, "documentID", before["DocumentID"] or f"xmp.did:{said.source_document}")
    if before["InstanceID"]:
        _child(made, REF, "instanceID", before["InstanceID"])
    _child(made, REF, "filePath", said.source_path)


def _listed(rdf: Any, place: Any, name: str, kind: str) -> Any:
    """Return the list that a property holds, made in `place` where there is none."""
    owner = _property(rdf, MM, name)
    owner = _make(place, MM, name) if owner is None else owner
    held = _found(owner, RDF, kind)
    return _make(owner, RDF, kind) if held is None else held


def _remember(rdf: Any, ours: Any, said: Statement, source_type: str) -> None:
    """Add an entry to the history."""
    entry = _make(_listed(rdf, ours, "History", "Seq"), RDF, "li")
    entry.setAttributeNS(RDF, "rdf:parseType", "Resource")
    _child(entry, EVENT, "action", "edited")
    _child(entry, EVENT, "instanceID", f"xmp.iid:{said.document}")
    if said.when:
        _child(entry, EVENT, "when", said.when)
    _child(entry, EVENT, "softwareAgent", said.agent)
    _child(entry, EVENT, "changed", "/")
    was = f"; digital source type of the source: {source_type}" if source_type else ""
    _child(entry, EVENT, "parameters", said.what + was)
