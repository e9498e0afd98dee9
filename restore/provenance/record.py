"""A project's ledger in, a Record out: what was restored, by what, how much of it is made up. Documents say this."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restore import __version__
from restore.fingerprints import Fingerprint, digest_of, output_text, source_text
from restore.ledger import Stamp
from restore.report.facts import PartUse, Summary
from restore.report.summary import summarise
from restore.source import Source
from restore.store import Store

SOFTWARE = f"lacuna {__version__}"
TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
ENHANCED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
"""Terms of IPTC's vocabulary of digital source types."""


@dataclass(frozen=True)
class Thing:
    """A file or folder of pictures that the record speaks of."""

    name: str
    """Empty for the output in what lies inside it: what a file is called is no part of it."""
    id: str
    """A name of its own (a UUID) that follows from its pictures, wherever it lies."""
    files: int
    """1 for a file, how many a folder of pictures holds otherwise."""
    frames: int
    first_frame: int
    """Number in the source of its first frame: not 0 for an excerpt."""
    format: str
    pictures_sha256: str
    """Digest of the list of its frames' fingerprints (framemd5)."""
    sha256: str = ""
    """Of its bytes, or of the list of its files' digests; empty where it cannot be known: inside the file itself."""
    byte_count: int = 0


@dataclass(frozen=True)
class Used:
    """A part that had a say."""

    room: str
    name: str
    version: str
    params: Mapping[str, Any]
    read_sha256: str
    """Digest of the files it read: weights, masks; empty for none."""
    code: str
    """sha256 of a part that is not the program's own."""


@dataclass(frozen=True)
class MadeUp:
    """Pixels that one filler made up."""

    name: str
    px: int
    trained: bool
    """Whether by a trained model; a part that is not the program's own is taken to be one."""


@dataclass(frozen=True)
class Decided:
    """What a person decided about the masks."""

    verb: str
    frames: int
    by: str
    note: str


@dataclass(frozen=True)
class Record:
    """What every document of a restoration says."""

    source: Thing
    output: Thing
    lossless: bool
    software: str
    libraries: tuple[str, ...]
    operator: str
    when: str
    """When the output was joined, UTC, ISO 8601; empty in what lies inside the output."""
    recipe: str
    """Complete text; empty in what lies inside the output."""
    recipe_sha256: str
    parts: tuple[Used, ...]
    decisions: tuple[Decided, ...]
    picture_px: int
    """All pixels of all frames, on the grid of the picture's brightness, as all counts here."""
    copied_px: int
    """Taken from other frames of the same film."""
    made_up: tuple[MadeUp, ...]
    left_px: int
    """Damaged, and left as it was."""
    frames_touched: int

    @property
    def made_up_px(self) -> int:
        """Return how many pixels were made up."""
        return sum(m.px for m in self.made_up)

    @property
    def source_type(self) -> str:
        """Return IPTC's term for the output; empty where no pixel was changed."""
        if any(m.trained and m.px for m in self.made_up):
            return TRAINED
        return ENHANCED if self.copied_px + self.made_up_px else ""


def record_of(store: Store, joined: Stamp, prints: tuple[Fingerprint, ...], inside: bool = False) -> Record:
    """Return the record of an output, from what the ledger says.

    `inside` is for one that is to lie in the output itself. It says what makes the file what it is, the source and
    what filled and encoded it, and leaves out what does not: names, times, how the damage was found. Files with the
    same pictures out of the same source stay the same files, however one came to them.

    `joined` is the stamp of its joining, finished or about to be. Raises StoreError where the ledger cannot be read.
    """
    s, facts = summarise(store), joined.facts
    output = Path((facts.get("output") or ("",))[0])
    source = _source(store.source, prints)
    return Record(
        source=source,
        output=_output(output, source, prints, joined, store.source, inside),
        lossless=bool(facts.get("lossless")),
        software=SOFTWARE,
        libraries=s.code,
        operator=str(facts.get("operator", "")),
        when="" if inside else joined.started,
        recipe="" if inside else s.recipe,
        recipe_sha256="" if inside else s.recipe_sha256,
        parts=_parts(s, joined, ("fill", "blend") if inside else ("detect", "fill", "blend")),
        decisions=() if inside else tuple(Decided(e.verb, e.frames, e.by, e.note) for e in s.edits),
        picture_px=len(prints) * store.source.size[0] * store.source.size[1],
        copied_px=s.totals.donors_px,
        made_up=_made_up(s),
        left_px=s.totals.unfilled_px,
        frames_touched=s.totals.frames_touched,
    )


def _parts(s: Summary, joined: Stamp, rooms: tuple[str, ...]) -> tuple[Used, ...]:
    used = [Used(p.room, p.name, p.version, p.params, p.read, p.code) for p in s.parts if p.room in rooms]
    used += [Used("encode", p["name"], str(p["version"]), p["params"], "", p["code"]) for p in joined.parts]
    return tuple(used)


def _made_up(s: Summary) -> tuple[MadeUp, ...]:
    fillers = {p.name: p for p in s.parts if p.room == "fill"}
    return tuple(MadeUp(a.name, a.px, _trained(fillers.get(a.name))) for a in s.totals.invented)


def _trained(part: PartUse | None) -> bool:
    return part is None or bool(part.read or part.code)


def _source(source: Source, prints: tuple[Fingerprint, ...]) -> Thing:
    pictures = digest_of(source_text(prints, source.rate))
    kind = " ".join(filter(None, (source.container if source.kind == "video" else "", source.codec)))
    return Thing(
        Path(source.path).name, _id("source", source.sha256), max(1, len(source.files)), len(prints),
        prints[0].frame if prints else 0, kind, pictures, source.sha256, source.byte_count,
    )


def _output(
    path: Path, source: Thing, prints: tuple[Fingerprint, ...], joined: Stamp, film: Source, inside: bool
) -> Thing:
    pictures = digest_of(output_text(prints, film.rate))
    encoder = joined.parts[0]["name"]
    many = encoder == "sequence" and not path.suffix
    return Thing(
        "" if inside else path.name, _id("output", source.sha256, pictures, encoder),
        len(prints) if many else 1, len(prints), source.first_frame,
        f"{path.suffix.lstrip('.') or 'pictures'} {encoder}", pictures,
        "" if inside else str(joined.facts.get("sha256", "")), 0 if inside else int(joined.facts.get("bytes", 0)),
    )


def _id(*words: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(("lacuna", *words))))
