"""The documents of a restoration: what they say is what was done, and they are the same bytes for the same work."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import av
import numpy as np
import pytest

from restore.answers import totals
from restore.provenance import account, premis, xmp
from restore.provenance.record import ENHANCED, TRAINED, MadeUp, Record, Thing, Used
from restore.restoration import Wish
from restore.source import Source
from restore.store import Store
from tests.encode.films import conforms, need
from tests.media_made import make_video
from tests.runs import planes_of, restore_it, scene, true_masks

P = f"{{{premis.NAMESPACE}}}"
ORDER = {
    "file": ("objectIdentifier", "significantProperties", "objectCharacteristics", "originalName", "relationship",
             "linkingEventIdentifier"),
    "representation": ("objectIdentifier", "significantProperties", "originalName", "relationship",
                       "linkingEventIdentifier"),
    "event": ("eventIdentifier", "eventType", "eventDateTime", "eventDetailInformation", "eventOutcomeInformation",
              "linkingAgentIdentifier", "linkingObjectIdentifier"),
    "agent": ("agentIdentifier", "agentName", "agentType", "agentNote"),
}
"""The order the schema of PREMIS 3.0 demands, of what is written here."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished project; not to be written to."""
    folder = tmp_path_factory.mktemp("documented")
    source = make_video(folder / "in.mkv", scene("yuv420p", 8), "yuv420p", rate=24, attachment=b"a letter")
    wish = Wish(str(source), str(folder / "out.mkv"), masks=str(true_masks(folder / "m", 8)), operator="N. N.")
    restore_it(wish)
    return folder / "out.mkv.lacuna"


def texts(top: ET.Element, tag: str) -> list[str]:
    return [e.text or "" for e in top.iter(P + tag)]


def test_premis_says_what_was_done(project: Path) -> None:
    store = Store.open(project)
    counts = totals(store, store.source.span)
    top = ET.fromstring((project / "provenance" / "premis.xml").read_bytes())
    assert store.source.sha256 in texts(top, "messageDigest")
    assert texts(top, "eventType") == ["modification"]
    joined = store.ledger.read("join", store.source.span)
    assert joined
    assert texts(top, "eventDateTime") == [joined.started]
    notes = texts(top, "eventOutcomeDetailNote")
    assert f"{counts['donors']} pixels were copied from other frames of the same film" in notes
    assert f"{counts['unfilled']} damaged pixels were left as they were" in notes
    details = "\n".join(texts(top, "eventDetail"))
    assert (project / "recipe.toml").read_text() in details
    assert "fill donors, version" in details
    assert texts(top, "relationshipType") == ["derivation"]
    assert {"N. N.", "in.mkv", "out.mkv"} <= {e.text for e in top.iter()}
    sizes = texts(top, "size")
    assert sizes == [str(p.stat().st_size) for p in (project.parent / "in.mkv", project.parent / "out.mkv")]


def in_order(top: ET.Element) -> Iterator[str]:
    """Yield what stands where the schema does not want it."""
    for child in top:
        kind = child.get(f"{{{premis.INSTANCE}}}type", "").removeprefix("premis:") or child.tag.removeprefix(P)
        tags = [e.tag.removeprefix(P) for e in child]
        known = ORDER[kind]
        yield from (tag for tag in tags if tag not in known)
        if [known.index(t) for t in tags if t in known] != sorted(known.index(t) for t in tags if t in known):
            yield f"{kind}: {tags}"


def record(**changed: object) -> Record:
    thing = Thing("a", "1-2", 1, 5, 0, "mkv ffv1", "ab" * 32, "cd" * 32, 12)
    facts: dict[str, object] = {
        "source": thing, "output": thing, "lossless": True, "software": "lacuna 0", "libraries": ("x",), "operator": "",
        "when": "2020-01-01T00:00:00+00:00", "recipe": "name", "recipe_sha256": "ef", "decisions": (),
        "parts": (Used("fill", "thin", "1", {"a": 1}, "12" * 32, ""),), "picture_px": 100, "copied_px": 3,
        "made_up": (), "left_px": 1, "frames_touched": 2,
    }
    return Record(**{**facts, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("files", [1, 7])
@pytest.mark.parametrize("operator", ["", "N. <N> & Co"])
def test_premis_keeps_the_schemas_order_and_its_words_whole(files: int, operator: str) -> None:
    thing = Thing("a", "1-2", files, 5, 2, "png", "ab" * 32, "cd" * 32, 12)
    data = premis.document(record(source=thing, output=thing, operator=operator))
    top = ET.fromstring(data)
    assert list(in_order(top)) == []
    assert "12" * 32 in data.decode()
    assert (operator in texts(top, "agentName")) == bool(operator)
    kinds = [c.get(f"{{{premis.INSTANCE}}}type") for c in top.iter(P + "object")]
    assert kinds == ["premis:file" if files == 1 else "premis:representation"] * 2


def test_names_that_no_document_can_hold_do_not_stop_one() -> None:
    odd = "\udc80 \x00 \x07 Ä & <b> \ufffe"
    thing = Thing(odd, "1-2", 1, 5, 0, "png", "ab" * 32, "cd" * 32, 12)
    facts = record(source=thing, operator=odd, parts=(Used("fill", odd, "1", {"path": odd}, "", ""),))
    top = ET.fromstring(premis.document(facts))
    assert r"\udc80 \u0000 \u0007 Ä & <b> \ufffe" in texts(top, "originalName")
    assert json.loads(account.document(facts))["operator"].startswith("\udc80 \x00")
    assert r"\udc80" in ET.tostring(ET.fromstring(xmp.packet(xmp.statement_of(facts))), "unicode")


@pytest.mark.parametrize(("made_up", "copied", "term"), [
    ((), 3, ENHANCED), ((), 0, ""), ((MadeUp("harmonic", 5, False),), 0, ENHANCED),
    ((MadeUp("harmonic", 5, False), MadeUp("thin", 1, True)), 9, TRAINED), ((MadeUp("thin", 0, True),), 9, ENHANCED),
])
def test_the_source_type_tells_trained_from_copied(made_up: tuple[MadeUp, ...], copied: int, term: str) -> None:
    assert record(made_up=made_up, copied_px=copied).source_type == term


def test_what_is_trained_is_told_by_the_weights_it_read(tmp_path: Path) -> None:
    """A still has no other frames: the net must make all of it up."""
    import cv2

    picture, mask = tmp_path / "a.png", np.zeros((48, 64), np.uint8)
    cv2.imwrite(str(picture), np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8))
    mask[20:24, 20:24] = 255
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    recipe = tmp_path / "r.toml"
    found = f'[[detect]]\npart = "matte"\nfolder = "{tmp_path / "m.png"}"\n'
    recipe.write_text(f'name = "r"\n{found}[[fill]]\npart = "thin"\n')
    restore_it(Wish(str(picture), str(tmp_path / "out.png"), workflow=str(recipe)))
    facts = json.loads((tmp_path / "out.png.lacuna" / "provenance" / "restoration.json").read_text())
    assert facts["digital_source_type"] == TRAINED
    assert facts["made_up"] == [{"name": "thin", "px": 16, "trained": True}]
    (part,) = (p for p in facts["parts"] if p["name"] == "thin")
    assert len(part["read_sha256"]) == 64


def attachments(path: Path) -> dict[str, bytes]:
    with av.open(str(path)) as film:
        return {s.name: s.data for s in film.streams.attachments}


def test_matroska_carries_its_own_record_and_still_conforms(project: Path) -> None:
    out = project.parent / "out.mkv"
    held = attachments(out)
    assert set(held) == {"note.txt", "premis.xml", "restoration.json"}
    assert held["note.txt"] == b"a letter"
    inside, beside = (ET.fromstring(d) for d in (held["premis.xml"], (project / "provenance/premis.xml").read_bytes()))
    assert list(in_order(inside)) == []
    for tag in ("eventIdentifierValue", "eventOutcomeDetailNote", "objectIdentifierValue"):
        assert texts(inside, tag) == texts(beside, tag), "both speak of the same things"
    assert texts(inside, "eventDateTime") == [premis.UNKNOWN_TIME]
    facts = json.loads(held["restoration.json"])
    assert (facts["output"]["sha256"], facts["when"]) == ("", "")
    assert conforms(out)


def test_mkvtoolnix_and_ffprobe_find_the_attachments(project: Path) -> None:
    out = str(project.parent / "out.mkv")
    told = subprocess.run([need("mkvinfo"), out], capture_output=True, text=True, check=True).stdout
    assert "premis.xml" in told
    probed = subprocess.run([need("ffprobe"), "-v", "error", "-show_streams", out], capture_output=True, text=True)
    assert probed.stderr == ""
    assert "TAG:filename=restoration.json" in probed.stdout


def test_a_restoration_of_a_restoration_keeps_both_records(project: Path, tmp_path: Path) -> None:
    first, out = project.parent / "out.mkv", tmp_path / "again.mkv"
    restore_it(Wish(str(first), str(out), masks=str(true_masks(tmp_path / "m", 8))))
    held, before = attachments(out), attachments(first)
    assert set(held) == {*before, "premis-2.xml", "restoration-2.json"}
    assert {name: held[name] for name in before} == before


def test_undo_takes_its_own_record_out_again(project: Path, tmp_path: Path) -> None:
    from restore.undo import undo

    undo(str(project.parent / "out.mkv"), project, str(tmp_path / "back.mkv"))
    assert attachments(tmp_path / "back.mkv") == {"note.txt": b"a letter"}


def test_documents_are_the_same_bytes_when_written_again(project: Path) -> None:
    from restore import provenance

    store = Store.open(project)
    joined = store.ledger.read("join", store.source.span)
    assert joined
    before = {p: p.read_bytes() for p in (project / "provenance").iterdir()}
    provenance.write(project, joined)
    assert {p: p.read_bytes() for p in (project / "provenance").iterdir()} == before
    assert account.document(record()) == account.document(record())


def test_a_lossy_output_is_told_to_be_one_and_has_its_own_fingerprints(tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.mkv", scene("yuv420p", 4), "yuv420p", rate=24)
    out = tmp_path / "out.mp4"
    restore_it(Wish(str(source), str(out), masks=str(true_masks(tmp_path / "m", 4))))
    assert "lossy" in (tmp_path / "out.mp4.lacuna" / "provenance" / "premis.xml").read_text()
    from restore.fixity import md5_of
    from restore.frames import Picture

    kept = (tmp_path / "out.mp4.lacuna" / "output.framemd5").read_text().splitlines()[3:]
    assert kept == [f"{t}, {md5_of(Picture(t, planes))}" for t, planes in enumerate(planes_of(out))]


@pytest.mark.parametrize("name", ["premis.xml", "output.xmp"])
def test_xmllint_reads_it(name: str, project: Path) -> None:
    subprocess.run([need("xmllint"), "--noout", str(project / "provenance" / name)], check=True)


def test_a_source_that_is_gone_needs_not_be_there_for_the_documents(project: Path, tmp_path: Path) -> None:
    from restore import provenance

    copy = shutil.copytree(project, tmp_path / "p")
    facts = json.loads((copy / "project.json").read_text())
    facts["source"]["path"] = "/nowhere/in.mkv"
    assert Source.from_json(facts["source"])
    (copy / "project.json").write_text(json.dumps(facts))
    joined = Store.open(copy).ledger.read("join", Store.open(copy).source.span)
    assert joined
    assert all(p.is_file() for p in provenance.write(copy, joined))


def test_xmp_of_a_whole_output_names_what_it_is(project: Path) -> None:
    text = (project / "provenance" / "output.xmp").read_text()
    assert ENHANCED in text
    assert xmp.HEAD in text
