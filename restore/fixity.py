"""A source, an output and the masks in, the proof that nothing outside the masks changed out.

Both files are decoded again, frame by frame side by side, and every sample of every plane is compared. For lossless
outputs that proves the claim; for lossy ones it says that the proof ends at the encoder, and how far off
the picture is.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import numpy as np

from restore import colour, stills
from restore.decode import open_decoder
from restore.errors import OutputError, SourceError
from restore.frames import Bits, Picture, differs, support
from restore.probe import probe
from restore.source import Source
from restore.span import Span


class Verdict(StrEnum):
    """What the comparison proves."""

    IDENTICAL = "identical outside the mask"
    VIOLATED = "violated"
    LOSSY = "ends at the encoder"


@dataclass(frozen=True)
class Violation:
    """A sample that changed though no mask covers it."""

    frame: int
    plane: int
    y: int
    """Row in the plane's own grid."""
    x: int
    source: float
    output: float


@dataclass(frozen=True)
class FrameDigest:
    """One frame's fingerprints: MD5 of all planes one after the other, as FFmpeg's framemd5 takes planar formats."""

    frame: int
    source_md5: str
    output_md5: str


@dataclass(frozen=True)
class Proof:
    """What was compared and what was found."""

    verdict: Verdict
    lossless: bool
    frames: int
    """How many frames were compared."""
    identical_frames: int
    """Frames in which no sample changed at all."""
    changed_samples: int
    """Samples of all planes that differ, inside and outside the masks (0 for lossy outputs: they are not counted)."""
    samples_outside_mask: int
    """Samples of all planes that no mask covers: what the proof speaks of."""
    samples_outside_mask_changed: int
    first_violation: Violation | None
    disagreements: tuple[str, ...]
    """Facts in which the files differ that must agree: size, number of frames, rate, times, pixel format."""
    digests: tuple[FrameDigest, ...]
    faults: tuple[tuple[int, str], ...] = ()
    """Output frames that the decoder does not vouch for."""
    psnr_db: float | None = None
    """For lossy outputs, of RGB outside the masks over all frames; infinite where nothing differs."""

    @property
    def holds(self) -> bool:
        """Tell whether nothing speaks against the output; for lossy ones, that its facts agree."""
        return self.verdict is not Verdict.VIOLATED


@dataclass
class _Tally:
    """Sums over the frames seen so far."""

    identical_frames: int = 0
    changed: int = 0
    outside: int = 0
    outside_changed: int = 0
    first: Violation | None = None
    squared_error: float = 0.0
    values: int = 0


def verify(
    source: Source, output_path: Path | str, mask_of: Callable[[int], Bits], lossless: bool,
    progress: Callable[[int], None] | None = None, frames: Span | None = None,
) -> Proof:
    """Compare an output with its source, one pass over both, two pictures in memory at a time.

    `mask_of` gives the (H, W) mask of a source frame: what was allowed to change there, and with it every chroma sample
    it touches (`frames.support`); alpha never. `frames` are the source frames the output stands for, all by default.
    `progress` is told each frame number when it is done. Raises OutputError where the output cannot be read.
    """
    span = frames if frames is not None else source.span
    written = probed(output_path, source)
    disagreements = tuple(_disagreements(source, written, span, lossless))
    tally, digests, faults = _Tally(), [], []
    if source.size == written.size:
        for before, after in _pairs(source, written, span):
            digests.append(FrameDigest(before.index, md5_of(before), md5_of(after)))
            if after.fault and not before.fault:
                faults.append((before.index, after.fault))
            mask = mask_of(before.index)
            if lossless and source.pixels.name == written.pixels.name:
                _compare(tally, before, after, mask, source)
            elif not lossless:
                _measure(tally, before, after, mask, source, written)
            if progress is not None:
                progress(before.index)
    return _proof(lossless, tally, disagreements, tuple(digests), tuple(faults))


def framemd5(proof: Proof, rate: Fraction, which: str = "output") -> str:
    """Return the fingerprints as text: frame number and MD5, with a head that says what they are of."""
    return listed([(d.frame, d.output_md5 if which == "output" else d.source_md5) for d in proof.digests], rate)


def listed(fingerprints: Sequence[tuple[int, str]], rate: Fraction) -> str:
    """Return (frame, MD5) pairs as text: the body of `ffmpeg -f framemd5`, cut down to what never changes."""
    lines = [f"#frames: {len(fingerprints)}", f"#rate: {rate}"]
    lines += ["#hash: MD5 of all planes, native samples, little endian"]
    lines += [f"{frame}, {md5}" for frame, md5 in fingerprints]
    return "\n".join(lines) + "\n"


def _proof(
    lossless: bool, tally: _Tally, disagreements: tuple[str, ...], digests: tuple[FrameDigest, ...],
    faults: tuple[tuple[int, str], ...],
) -> Proof:
    """Come to the verdict."""
    broken = bool(disagreements or faults or tally.outside_changed)
    verdict = Verdict.VIOLATED if broken else Verdict.IDENTICAL if lossless else Verdict.LOSSY
    return Proof(
        verdict, lossless, len(digests), tally.identical_frames, tally.changed, tally.outside, tally.outside_changed,
        tally.first, disagreements, digests, faults, None if lossless else _psnr_db(tally),
    )


def probed(output_path: Path | str, source: Source) -> Source:
    """Describe the output; a folder of pictures takes the source's rate, having none of its own."""
    path = Path(output_path)
    if not path.exists():
        raise OutputError(f"{path}: there is no such output; run the restoration first, or check the path")
    try:
        return probe(path, rate=source.rate) if stills.is_sequence(path) else probe(path)
    except SourceError as error:
        raise OutputError(f"{path}: the output cannot be read again: {error}") from error


def _disagreements(source: Source, written: Source, span: Span, lossless: bool) -> Iterator[str]:
    """Name the facts in which the files differ though they must not."""
    if source.size != written.size:
        yield f"size: source {source.size[1]}x{source.size[0]}, output {written.size[1]}x{written.size[0]}"
    if len(span) != written.frames:
        yield f"frames: source {len(span)}, output {written.frames}"
    if lossless and source.pixels.name != written.pixels.name:
        yield f"pixel format: source {source.pixels.name}, output {written.pixels.name}"
    if written.kind == "video":
        yield from _as_films(source, written, span)


def _as_films(source: Source, written: Source, span: Span) -> Iterator[str]:
    """Name the facts of films in which they differ: pictures in a folder say nothing of them."""
    if source.rate != written.rate and not (source.variable_rate and written.variable_rate):
        yield f"rate: source {source.rate}, output {written.rate}"
    late = _late(source, written, span)
    if late is not None:
        yield f"times: frame {late} is shown at another time than in the source"
    for what, a, b in (
        ("field order", source.field_order, written.field_order),
        ("pixel shape", source.sample_aspect, written.sample_aspect),
    ):
        if a != b:
            yield f"{what}: source {a}, output {b}"


def _late(source: Source, written: Source, span: Span) -> int | None:
    """Return the first frame whose distance from the first one differs by more than the units can tell."""
    tolerance = source.time_base + written.time_base
    for out, (t, u) in enumerate(zip(span, range(written.frames), strict=False)):
        before = (source.pts[t] - source.pts[span.start]) * source.time_base
        after = (written.pts[u] - written.pts[0]) * written.time_base
        if abs(before - after) > tolerance:
            return out + span.start
    return None


def _pairs(source: Source, written: Source, span: Span) -> Iterator[tuple[Picture, Picture]]:
    """Yield the frames of both files side by side, as far as both go."""
    with closing(open_decoder(source)) as one, closing(open_decoder(written)) as two:
        for t in list(span)[: written.frames]:
            yield one.read(t)[-1], two.read(t - span.start)[-1]


def md5_of(picture: Picture) -> str:
    """Return the MD5 of the planes, one after the other."""
    h = hashlib.md5(usedforsecurity=False)
    for plane in picture.planes:
        h.update(np.ascontiguousarray(plane.astype(plane.dtype.newbyteorder("<"), copy=False)).data)
    return h.hexdigest()


def _compare(tally: _Tally, before: Picture, after: Picture, mask: Bits, source: Source) -> None:
    """Count the samples of one frame that changed, and those among them that no mask covers."""
    identical = True
    for p, (a, b) in enumerate(zip(before.planes, after.planes, strict=True)):
        allowed = support(mask, source.pixels, p) if p < source.pixels.colour_planes else np.zeros(a.shape, bool)
        tally.outside += int(allowed.size - np.count_nonzero(allowed))
        unlike = differs(a, b)
        if not unlike.any():
            continue
        identical = False
        tally.changed += int(np.count_nonzero(unlike))
        wrong = unlike & ~allowed
        tally.outside_changed += int(np.count_nonzero(wrong))
        if tally.first is None and wrong.any():
            y, x = (int(v) for v in np.unravel_index(int(wrong.argmax()), wrong.shape))
            tally.first = Violation(before.index, p, y, x, float(a[y, x]), float(b[y, x]))
    tally.identical_frames += identical


def _measure(tally: _Tally, before: Picture, after: Picture, mask: Bits, source: Source, written: Source) -> None:
    """Add one frame's squared error of RGB in [0, 1] outside the mask."""
    a, b = colour.to_rgb(before.planes, source.pixels), colour.to_rgb(after.planes, written.pixels)
    error = np.square(a - b, dtype=np.float64)[~mask]
    tally.squared_error += float(error.sum())
    tally.values += error.size


def _psnr_db(tally: _Tally) -> float | None:
    """Return the peak signal-to-noise ratio, None where nothing was compared."""
    if not tally.values:
        return None
    return math.inf if not tally.squared_error else -10 * math.log10(tally.squared_error / tally.values)
