"""A project's stamps in, the MD5 of every frame of source and output out, as the run took them while it worked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from restore.errors import StoreError
from restore.fixity import listed
from restore.ledger import Ledger, Stamp
from restore.span import Span


@dataclass(frozen=True)
class Fingerprint:
    """One frame's."""

    frame: int
    """Its number in the source."""
    source_md5: str
    output_md5: str
    """Of a lossless output what its encoder was given, of a lossy one what it decodes to."""


def fingerprints(ledger: Ledger, joined: Stamp) -> tuple[Fingerprint, ...]:
    """Return the fingerprints of the frames of an output, in order; raises StoreError as `encoded` does."""
    out = encoded(ledger, joined.facts.get("segments", {}))
    seen = joined.facts.get("md5")
    if seen is None:
        return out
    return tuple(Fingerprint(f.frame, f.source_md5, md5) for f, md5 in zip(out, seen, strict=True))


def encoded(ledger: Ledger, segments: Mapping[str, str]) -> tuple[Fingerprint, ...]:
    """Return the fingerprints of the pictures before and after restoration, from the stamps of the segments.

    `segments` has a span's name and the key of the step that encoded it. Raises StoreError where the
    segments were encoded anew since, or by a version that took no fingerprints.
    """
    out: list[Fingerprint] = []
    for name, key in sorted(segments.items()):
        span = Span(*map(int, name.split("-")))
        stamp = ledger.read("encode", span)
        if stamp is None or stamp.failed or stamp.key != key or "md5" not in stamp.facts:
            raise StoreError(
                f"{ledger.folder.parent} does not hold the fingerprints of the frames {span.start} to {span.stop - 1} "
                "of this output: they were encoded anew since, or by an earlier version. Do the same `lacuna run` "
                "again, with --overwrite."
            )
        pairs = zip(span, stamp.facts["source_md5"], stamp.facts["md5"], strict=True)
        out += [Fingerprint(t, before, after) for t, before, after in pairs]
    return tuple(out)


def source_text(prints: tuple[Fingerprint, ...], rate: Fraction) -> str:
    """Return the source's fingerprints as `source.framemd5` has them."""
    return listed([(f.frame, f.source_md5) for f in prints], rate)


def output_text(prints: tuple[Fingerprint, ...], rate: Fraction) -> str:
    """Return the output's fingerprints as `output.framemd5` has them."""
    return listed([(f.frame, f.output_md5) for f in prints], rate)


def digest_of(text: str) -> str:
    """Return the sha256 of fingerprints as text: the digest of all pictures, whatever file they lie in."""
    return hashlib.sha256(text.encode()).hexdigest()
