"""A source, an output and the project between them in, the proof that nothing else changed out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from restore.errors import StoreError
from restore.fixity import Proof, Verdict, framemd5, verify
from restore.ledger import write_atomic
from restore.probe import probe
from restore.restoration import last_run, open_session, report
from restore.source import Source
from restore.span import Span


def prove(
    source: str, output: str, project: Path, on_frame: Callable[[int, int], None] = lambda done, total: None
) -> Proof:
    """Compare `source` and `output` sample by sample outside what the project filled; record the proof in the project.

    What was masked but could not be filled must be the source's own as well, and edits made since do not count.
    `on_frame` is told how many frames were compared, of how many.

    Raises StoreError where the project was made from another file.
    """
    session = open_session(project)
    try:
        known = session.store.source
        found = _same_source(source, known, project)
        last = last_run(project)
        frames = Span(*last.frames) if last else known.span
        joined = session.store.ledger.read("join", frames)
        lossless = bool(joined.facts.get("lossless", True)) if joined else True
        proof = verify(
            found, output, session.filled, lossless, lambda t: on_frame(t - frames.start + 1, len(frames)), frames
        )
    finally:
        session.close()
    facts = {k: v for k, v in asdict(proof).items() if k != "digests"}
    write_atomic(project / "verify.json", json.dumps({"output": output, **facts}, indent=1, default=str))
    for which in ("source", "output"):
        write_atomic(project / f"{which}.framemd5", framemd5(proof, known.rate, which))
    report(project)  # the page says whether its statement was checked
    return proof


def sentence(proof: Proof) -> str:
    """Return the proof in words."""
    if proof.verdict is Verdict.IDENTICAL:
        return (
            f"proved: {proof.frames:,} frames, {proof.samples_outside_mask:,} samples outside the masks are identical "
            f"to the source; {proof.changed_samples:,} samples inside them were replaced; "
            f"{proof.identical_frames:,} frames are untouched altogether."
        )
    if proof.verdict is Verdict.LOSSY:
        return (
            f"the proof ends at the encoder: this output is lossy. {proof.frames:,} frames, size, rate and times "
            f"agree; PSNR outside the masks is {proof.psnr_db:.1f} dB. Make a .mkv (FFV1) for a proof to the last bit."
        )
    return (
        "VIOLATED: " + "; ".join(_complaints(proof)) + ". Check that this is the output the project made; if it is, "
        "have it made again: the same `lacuna run` with --overwrite."
    )


def _complaints(proof: Proof) -> list[str]:
    out = list(proof.disagreements) + [f"frame {t} does not decode ({fault})" for t, fault in proof.faults]
    if proof.first_violation:
        v = proof.first_violation
        out.append(
            f"{proof.samples_outside_mask_changed:,} samples outside the masks changed, the first in frame {v.frame}, "
            f"plane {v.plane}, row {v.y}, column {v.x}: {v.source:g} became {v.output:g}"
        )
    return out


def _same_source(path: str, known: Source, project: Path) -> Source:
    found = probe(path, known.rate if known.kind == "sequence" else None)
    if found.sha256 != known.sha256:
        raise StoreError(
            f"{project} was made from a file with sha256 {known.sha256[:12]}, and {path} has {found.sha256[:12]}. "
            "Give the source that the project was made from."
        )
    return replace(found, pixels=replace(found.pixels, fields=known.pixels.fields))
