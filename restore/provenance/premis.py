"""A Record in, a PREMIS 3 document out: source and output, the event that led from one to the other, and its agents.

Element order follows the data dictionary (PREMIS Data Dictionary for Preservation Metadata, version 3.0, Library of
Congress 2015), which its schema demands. Event types are terms of the Library's vocabulary; "modification" is the one
for an action that makes a new object of an old one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from restore.provenance.legible import legible
from restore.provenance.record import Record, Thing, Used

NAMESPACE = "http://www.loc.gov/premis/v3"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA = f"{NAMESPACE} https://www.loc.gov/standards/premis/premis.xsd"
UNKNOWN_TIME = "XXXX-XX-XX"
"""A date of which nothing is known, in ISO 8601-2 (EDTF): what lies inside the output does not say when."""
UUID = "UUID"


def document(record: Record) -> bytes:
    """Return the document as UTF-8 XML, the same bytes for the same record."""
    ET.register_namespace("premis", NAMESPACE)
    ET.register_namespace("xsi", INSTANCE)
    top = ET.Element(_name("premis"), {"version": "3.0", f"{{{INSTANCE}}}schemaLocation": SCHEMA})
    event = str(uuid.uuid5(uuid.NAMESPACE_OID, f"lacuna event {record.output.id}"))
    _object(top, record.source, event, None)
    _object(top, record.output, event, record.source)
    _event(top, record, event)
    _agent(top, record.software, "software", [f"made with {line}" for line in record.libraries])
    if record.operator:
        _agent(top, record.operator, "person", [])
    ET.indent(top, " ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(top, "utf-8") + b"\n"


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _add(parent: ET.Element, tag: str, text: str | None = None) -> ET.Element:
    made = ET.SubElement(parent, _name(tag))
    made.text = None if text is None else legible(text)
    return made


def _group(parent: ET.Element, tag: str, *pairs: tuple[str, str]) -> ET.Element:
    """Add an element whose children are plain text."""
    made = _add(parent, tag)
    for child, text in pairs:
        _add(made, child, text)
    return made


def _identifier(parent: ET.Element, tag: str, kind: str, value: str) -> ET.Element:
    """Add an identifier: PREMIS names the two children after their parent."""
    return _group(parent, tag, (f"{tag}Type", kind), (f"{tag}Value", value))


def _object(top: ET.Element, thing: Thing, event: str, derived_from: Thing | None) -> None:
    """Add a file, or a folder of pictures as one representation: only files have fixity of their own in PREMIS."""
    single = thing.files == 1
    kind = "premis:file" if single else "premis:representation"
    made = ET.SubElement(top, _name("object"), {f"{{{INSTANCE}}}type": kind})
    _identifier(made, "objectIdentifier", UUID, thing.id)
    for what, value in _properties(thing):
        pairs = ("significantPropertiesType", what), ("significantPropertiesValue", value)
        _group(made, "significantProperties", *pairs)
    if single:
        _characteristics(made, thing)
    if thing.name:
        _add(made, "originalName", thing.name)
    if derived_from is not None:
        link = _group(made, "relationship", ("relationshipType", "derivation"), ("relationshipSubType", "has source"))
        _identifier(link, "relatedObjectIdentifier", UUID, derived_from.id)
        _identifier(link, "relatedEventIdentifier", UUID, event)
    _identifier(made, "linkingEventIdentifier", UUID, event)


def _properties(thing: Thing) -> Iterator[tuple[str, str]]:
    yield "frames", str(thing.frames)
    if thing.first_frame:
        yield "first frame in the source, counted from 0", str(thing.first_frame)
    yield "sha256 of the list of the frames' MD5 (framemd5)", thing.pictures_sha256
    if thing.files > 1:
        yield "format", thing.format
        yield "files", str(thing.files)
        if thing.sha256:
            yield "sha256 of the list of the files' sha256, one a line", thing.sha256
            yield "bytes", str(thing.byte_count)


def _characteristics(parent: ET.Element, thing: Thing) -> None:
    made = _add(parent, "objectCharacteristics")
    if thing.sha256:
        _group(made, "fixity", ("messageDigestAlgorithm", "SHA-256"), ("messageDigest", thing.sha256))
        _add(made, "size", str(thing.byte_count))
    kind = _add(made, "format")
    _group(kind, "formatDesignation", ("formatName", thing.format))


def _event(top: ET.Element, record: Record, event: str) -> None:
    made = _add(top, "event")
    _identifier(made, "eventIdentifier", UUID, event)
    _add(made, "eventType", "modification")
    _add(made, "eventDateTime", record.when or UNKNOWN_TIME)
    for detail in _details(record):
        _group(made, "eventDetailInformation", ("eventDetail", detail))
    outcome = _group(made, "eventOutcomeInformation", ("eventOutcome", "success"))
    for note in outcome_notes(record):
        _group(outcome, "eventOutcomeDetail", ("eventOutcomeDetailNote", note))
    _linked(made, "linkingAgentIdentifier", "local", record.software, "executing program")
    if record.operator:
        _linked(made, "linkingAgentIdentifier", "local", record.operator, "implementer")
    _linked(made, "linkingObjectIdentifier", UUID, record.source.id, "source")
    _linked(made, "linkingObjectIdentifier", UUID, record.output.id, "outcome")


def _linked(parent: ET.Element, tag: str, kind: str, value: str, role: str) -> None:
    link = _identifier(parent, tag, kind, value)
    _add(link, tag.replace("Identifier", "Role"), role)


def _details(record: Record) -> Iterator[str]:
    yield ("Damage was found and filled. " + ("No sample outside what was filled was changed." if record.lossless
                                              else "The encoder is lossy and changed the other samples too."))
    if not record.when:
        yield "How the damage was found, and what people decided, is told in the project's documents beside this file."
    if record.recipe:
        yield f"recipe, sha256 {record.recipe_sha256}:\n{record.recipe}"
    yield from map(_part, record.parts)
    for d in record.decisions:
        yield f"decided by {d.by or 'a person'}: masks, {d.verb}, frames: {d.frames}. {d.note}".rstrip()


def _part(part: Used) -> str:
    said = f"{part.room} {part.name}, version {part.version}, parameters {json.dumps(part.params, sort_keys=True)}"
    said += f", files it read (weights, masks) sha256 {part.read_sha256}" if part.read_sha256 else ""
    return said + (f", code {part.code}" if part.code else "")


def outcome_notes(record: Record) -> Sequence[str]:
    """Return what came of it in sentences: copied and made-up pixels told apart."""
    changed = record.copied_px + record.made_up_px
    share = 100 * changed / max(1, record.picture_px)
    notes = [f"{changed} of {record.picture_px} pixels were replaced ({share:.4f} %)",
             f"{record.frames_touched} of {record.output.frames} frames were touched",
             f"{record.copied_px} pixels were copied from other frames of the same film",
             f"{record.made_up_px} pixels were made up"]
    how = {True: "a trained model", False: "a formula, from the pixels around"}
    notes += [f"{m.px} of these by {m.name}, {how[m.trained]}" for m in record.made_up]
    return [*notes, f"{record.left_px} damaged pixels were left as they were"]


def _agent(top: ET.Element, name: str, kind: str, notes: Sequence[str]) -> None:
    made = _add(top, "agent")
    _identifier(made, "agentIdentifier", "local", name)
    _add(made, "agentName", name)
    _add(made, "agentType", kind)
    for note in notes:
        _add(made, "agentNote", note)
