"""An output and its project in, the source's pictures out again, bit for bit; the source itself is not needed.

The samples that were replaced lie in the project as they were. They are put back, the film is encoded as the output
was, and the new file is decoded once more: every frame must have the fingerprint that the source's had.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from restore.compose import compose
from restore.decode import open_decoder
from restore.encode import choose
from restore.encode.carry import Papers
from restore.encode.whole import discard
from restore.errors import OutputError, StoreError
from restore.fingerprints import Fingerprint, fingerprints
from restore.fixity import md5_of, probed
from restore.frames import Picture, unpack
from restore.ledger import Stamp
from restore.outputs import intact, sha256_of
from restore.parts import Part, make
from restore.source import Source
from restore.span import Span
from restore.store import ORIGINAL, Store

Heard = Callable[[int, int], None]
"""Is told how many frames are done, of how many."""


@dataclass(frozen=True)
class Undone:
    """What came of it."""

    file: str
    frames: int
    """All of them proved: each has the fingerprint of the source's."""
    frames_put_back: int
    """How many frames anything was put back in."""
    samples_put_back: int
    same_file: bool
    """Whether the file is the source's to the last byte, and not only in every sample."""


@dataclass(frozen=True)
class _Written:
    """The output, as it is found."""

    source: Source
    joined: Stamp
    encoder: Part
    prints: tuple[Fingerprint, ...]


def undo(
    output: str, project: Path, file: str, overwrite: bool = False, on_frame: Heard = lambda done, total: None
) -> Undone:
    """Write into `file` the pictures that `output` was made from, by the samples kept in `project`.

    Sound and everything else that is not picture comes from the output, which has it from the source.
    Raises OutputError for an output that is lossy or not the project's, or a place that cannot be written to;
    StoreError where the project holds no originals, or others than the output was made with.
    """
    store, place = Store.open(project), Path(file)
    written = _written(store, Path(output))
    _require_originals(store, Span(*written.joined.span))
    _check_place(file, written, overwrite)
    total = 2 * len(written.prints)
    tally = [0, 0]
    with TemporaryDirectory(prefix=".lacuna-undo-", dir=place.absolute().parent) as folder:
        fresh = Path(folder) / place.name
        pictures = _put_back(store, written, tally, lambda done: on_frame(done, total))
        _encode(written, Path(folder) / "segment", fresh, pictures)
        _prove(fresh, written, lambda done: on_frame(len(written.prints) + done, total))
        whole = len(written.prints) == store.source.frames
        same = whole and sha256_of(fresh) == store.source.sha256
        if place.is_dir():
            discard(place)
        os.replace(fresh, place)
    return Undone(file, len(written.prints), tally[0], tally[1], same)


def sentence(undone: Undone) -> str:
    """Return what came of it in words."""
    tail = " The file is the source's to the last byte." if undone.same_file else ""
    return (
        f"{undone.file}: {undone.frames:,} frames, {undone.samples_put_back:,} samples put back in "
        f"{undone.frames_put_back:,} of them; proved: every frame has the fingerprint of the source's.{tail}"
    )


def _written(store: Store, output: Path) -> _Written:
    """Find out which of the project's outputs this is, and how it was encoded."""
    stamps = [s for s in store.ledger.stamps(("join",)) if not s.failed]
    if not stamps:
        raise StoreError(f"{store.folder} has not written an output yet; there is nothing to undo.")
    found = probed(output, store.source)
    fitting = [s for s in stamps if len(Span(*s.span)) == found.frames and found.size == store.source.size]
    ours = [s for s in fitting if intact(s, output)] or sorted(fitting, key=lambda s: s.started, reverse=True)
    if not ours:
        size = f"{found.frames} frames of {found.size[1]}x{found.size[0]}"
        raise OutputError(f"{output} is not an output of {store.folder}: it has {size}. Give the file that it wrote.")
    joined = ours[0]
    if not joined.facts.get("lossless"):
        raise OutputError(
            f"{output} is lossy: its encoder changed every sample, and what it threw away is kept nowhere. "
            "Undo needs a lossless output (.mkv, or pictures)."
        )
    record = joined.parts[0]
    encoder = make("encode", record["name"], record["params"], str(store.folder))
    return _Written(found, joined, encoder, fingerprints(store.ledger, joined))


def _require_originals(store: Store, frames: Span) -> None:
    for stamp in store.ledger.stamps(("fill",)):
        if Span(*stamp.span).touches(frames) and stamp.facts.get("pixels") and not stamp.facts.get("originals"):
            raise StoreError(
                f"{store.folder} holds no originals of frames {stamp.span[0]} to {stamp.span[1] - 1}: it was run with "
                "--no-keep-originals, or by an earlier version. While the source is there, the same `lacuna run` "
                "without that option adds them."
            )


def _check_place(file: str, written: _Written, overwrite: bool) -> None:
    place, encoder = Path(file), written.encoder
    if not place.absolute().parent.is_dir():
        raise OutputError(f"the folder {place.absolute().parent} for {file} does not exist. Make it first.")
    if place.exists() and not overwrite:
        raise OutputError(f"{file} exists and is not overwritten. Choose another -o, or add --overwrite.")
    if place.exists() and os.path.samefile(place, written.source.path):
        raise OutputError(f"{file} is the output itself, which is not written to. Choose another -o.")
    if (name := choose(file, written.source)) != encoder.name:
        raise OutputError(f"{file} would be written by {name}, and the output was by {encoder.name}. Give it the same "
                          "kind of name as the output has.")
    encoder.made.check(written.source, place)


def _put_back(store: Store, written: _Written, tally: list[int], on_frame: Callable[[int], None]) -> Iterator[Picture]:
    """Yield the source's pictures, each of them checked, counting frames and samples put back."""
    with closing(open_decoder(written.source)) as decoder:
        for place, known in enumerate(written.prints):
            picture = decoder.read(place)[-1]
            if picture.fault or md5_of(picture) != known.output_md5:
                raise OutputError(
                    f"{written.source.path}: frame {place} is not what the project wrote ("
                    f"{picture.fault or 'its fingerprint is another'}). Give the project's own, undamaged output."
                )
            back = _original(store, picture, known)
            tally[0] += back is not picture
            tally[1] += sum(int(np.count_nonzero(a != b)) for a, b in zip(picture.planes, back.planes, strict=True))
            yield back
            on_frame(place + 1)


def _original(store: Store, picture: Picture, known: Fingerprint) -> Picture:
    """Return the source's picture in place of the output's."""
    pixels, size = store.source.pixels, store.source.size
    kept = unpack(store.patch(ORIGINAL, known.frame), pixels, size)
    back = replace(compose(picture, kept, pixels), index=picture.index) if kept.mask.any() else picture
    if md5_of(back) != known.source_md5:
        raise StoreError(
            f"{store.folder}: with the originals put back, frame {known.frame} is not the source's. The project was "
            "filled anew since the output was written, or is damaged: do the same `lacuna run` again with "
            "--overwrite, or give the project as it was."
        )
    return back


def _encode(written: _Written, segment: Path, fresh: Path, pictures: Iterator[Picture]) -> None:
    """Encode the film as the output was; its own record of the restoration is not attached again."""
    made, span = written.encoder.made, written.source.span
    made.write_segment(segment, written.source, span, pictures)
    pieces: Sequence[tuple[Span, Path]] = [(span, segment)]
    if getattr(made, "attaches", False):
        dropped = frozenset(written.joined.facts.get("attached", {}).values())
        made.join(fresh, written.source, pieces, papers=Papers(dropped=dropped))
    else:
        made.join(fresh, written.source, pieces)


def _prove(fresh: Path, written: _Written, on_frame: Callable[[int], None]) -> None:
    """Decode what was written; raise OutputError where a frame is not the source's."""
    found = probed(fresh, written.source)
    if found.frames != len(written.prints):
        raise OutputError(f"{fresh.name}: {found.frames} frames were written of {len(written.prints)}; try again.")
    with closing(open_decoder(found)) as decoder:
        for place, known in enumerate(written.prints):
            if md5_of(decoder.read(place)[-1]) != known.source_md5:
                raise OutputError(f"{fresh.name}: frame {place} did not arrive as it was; check the disk, try again.")
            on_frame(place + 1)
