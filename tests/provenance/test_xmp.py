"""XMP: a statement is added to a packet, and nothing that was in it is lost."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from restore.errors import SourceError
from restore.provenance.record import ENHANCED, TRAINED
from restore.provenance.xmp import IPTC, MM, RDF, Statement, packet
from tests.encode.films import need

WHEN = "2020-01-01T00:00:00+00:00"
SAID = Statement(TRAINED, "lacuna 0.1.0", "3 pixels made up by thin", "new", "old", "a.tif", WHEN)
NEGATIVE = "http://cv.iptc.org/newscodes/digitalsourcetype/negativeFilm"
OLD = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Other 1"><r:RDF xmlns:r="{RDF}">
<r:Description r:about="uuid:1" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:mm="{MM}" xmlns:i="{IPTC}"
 xmlns:mine="urn:mine" mine:box="7" mm:DocumentID="xmp.did:first" mm:InstanceID="xmp.iid:first"
 xmlns:e="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" xmlns:f="http://ns.adobe.com/xap/1.0/sType/ResourceRef#">
<dc:title><r:Alt><r:li xml:lang="x-default">Frühling &amp; Söhne</r:li></r:Alt></dc:title>
<i:DigitalSourceType>{NEGATIVE}</i:DigitalSourceType>
<mm:DerivedFrom f:documentID="xmp.did:negative" f:filePath="negative"/>
<mm:History><r:Seq><r:li r:parseType="Resource"><e:action>created</e:action></r:li></r:Seq></mm:History>
</r:Description></r:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def rdf(data: bytes) -> ET.Element:
    top = ET.fromstring(data)
    found = top if top.tag == f"{{{RDF}}}RDF" else top.find(f"{{{RDF}}}RDF")
    assert found is not None
    return found


def test_a_new_packet_says_it_all() -> None:
    text = packet(SAID).decode()
    for word in (TRAINED, "lacuna 0.1.0", "3 pixels made up by thin", "xmp.did:new", "xmp.did:old", "a.tif", WHEN):
        assert word in text
    assert text.startswith("<?xpacket begin=")
    assert len(rdf(packet(SAID))) == 1


def test_nothing_of_an_old_packet_is_lost() -> None:
    top = rdf(packet(SAID, OLD.encode()))
    words = {w.strip() for e in top.iter() for w in ((e.text or ""), *e.attrib.values()) if w.strip()}
    old = {w.strip() for e in rdf(OLD.encode()).iter() for w in ((e.text or ""), *e.attrib.values()) if w.strip()}
    assert {w for w in old if not any(w in other for other in words)} == set()
    assert {e.get(f"{{{RDF}}}about") for e in top} == {"uuid:1"}
    (history,) = top.iter(f"{{{MM}}}History")
    entries = list(history.iter(f"{{{RDF}}}li"))
    assert [e[0].text for e in entries] == ["created", "edited"]
    (derived,) = top.iter(f"{{{MM}}}DerivedFrom")
    assert [e.text for e in derived] == ["xmp.did:first", "xmp.iid:first", "a.tif"]
    (ingredients,) = top.iter(f"{{{MM}}}Ingredients")
    assert "xmp.did:negative" in ET.tostring(ingredients, "unicode")
    assert [e.text for e in top.iter(f"{{{IPTC}}}DigitalSourceType")] == [TRAINED]
    assert [e.text for e in top.iter(f"{{{MM}}}OriginalDocumentID")] == ["xmp.did:first"]


def test_a_second_statement_adds_to_the_first() -> None:
    again = replace(SAID, document="newer", source_type=ENHANCED, source_document="new", source_path="b.tif")
    top = rdf(packet(again, packet(SAID, OLD.encode())))
    (history,) = top.iter(f"{{{MM}}}History")
    assert len(list(history.iter(f"{{{RDF}}}li"))) == 3
    assert "xmp.did:negative" in ET.tostring(top, "unicode")
    (ingredients,) = top.iter(f"{{{MM}}}Ingredients")
    assert len(list(ingredients.iter(f"{{{RDF}}}li"))) == 2
    assert packet(SAID, OLD.encode()) == packet(SAID, OLD.encode())


def test_where_nothing_was_changed_the_old_source_type_stays() -> None:
    top = rdf(packet(replace(SAID, source_type="", when=""), OLD.encode()))
    assert [e.text for e in top.iter(f"{{{IPTC}}}DigitalSourceType")] == [NEGATIVE]
    assert "when" not in ET.tostring(top, "unicode")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_padding_and_other_encodings_are_read(encoding: str) -> None:
    data = OLD.lstrip().encode(encoding)
    assert "Frühling" in packet(SAID, data + (b"\0 " if encoding == "utf-8" else b"")).decode()


@pytest.mark.parametrize("bad", [b"<x", b"<a/>", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'])
def test_what_is_no_xmp_is_refused(bad: bytes) -> None:
    with pytest.raises(SourceError):
        packet(SAID, bad)


def test_exiftool_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(packet(SAID, OLD.encode()))
    done = subprocess.run([need("exiftool"), "-j", "-struct", str(path)], capture_output=True, text=True)
    facts: dict[str, Any] = json.loads(done.stdout)[0]
    assert facts["DigitalSourceType"] == TRAINED
    assert [h["Action"] for h in facts["History"]] == ["created", "edited"]
    assert facts["DerivedFrom"]["DocumentID"] == "xmp.did:first"
    assert facts["Ingredients"][0]["DocumentID"] == "xmp.did:negative"
    assert facts["Title"] == "Frühling & Söhne"
