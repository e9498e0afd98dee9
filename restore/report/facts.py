"""Summary: everything a report says about a project, as plain frozen data; JSON can write all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SourceFacts:
    """What was restored."""

    path: str
    kind: str
    sha256: str
    byte_count: int
    container: str
    codec: str
    height_px: int
    width_px: int
    pixels: str
    depth_bits: int
    colour: str
    """Range, matrix, primaries and transfer, as far as the file says."""
    rate: str
    """Frames a second, exact: "24000/1001"."""
    variable_rate: bool
    frames: int
    seconds: float
    field_order: str
    sample_aspect: str
    streams: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class OutputFacts:
    """What was made; there is none before a run has joined its segments."""

    path: str
    byte_count: int
    modified_ns: int
    """When the file was written, nanoseconds since 1970; a comparison made before that is of another file."""
    encoder: str
    lossless: bool
    start: int
    """First frame of the source that the output holds."""
    stop: int
    started: str
    """When the joining began, UTC."""
    notes: tuple[str, ...]
    stale_frames: int
    """Frames whose repairs in the project differ from those the output was encoded with."""


@dataclass(frozen=True)
class Amount:
    """Pixels that one filler made up."""

    name: str
    px: int


@dataclass(frozen=True)
class Totals:
    """Sums over the frames in question, counted on the luma grid."""

    frames: int
    """Frames in question: those of the output, or the whole film before there is one."""
    frames_filled: int
    """Frames that the filling is done with, whether or not they needed any."""
    frames_touched: int
    """Frames in which at least one pixel was replaced."""
    masked_px: int
    """What was to be filled: detection and people's edits together, in the frames that filling is done with."""
    share_frac: float
    """`masked_px` as a part of all pixels of the frames that filling is done with."""
    donors_px: int
    """Copied from other frames."""
    invented_px: int
    invented: tuple[Amount, ...]
    """The same by filler, in the order of the ladder."""
    unfilled_px: int
    """Wanted, but left as it was."""

    @property
    def changed_px(self) -> int:
        """Return how many pixels were replaced."""
        return self.donors_px + self.invented_px


@dataclass(frozen=True)
class Series:
    """Pixels a frame, one number for every frame in question; 0 where nothing was done or it is not done yet."""

    masked_px: tuple[int, ...]
    donors_px: tuple[int, ...]
    invented_px: tuple[tuple[int, ...], ...]
    """One series for each of `Totals.invented`."""
    unfilled_px: tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """What one detector, or a folder of masks, found."""

    name: str
    frames: int
    """Frames in which it marked something."""
    masked_px: int
    confirmed: int
    undecided: int
    kinds: tuple[tuple[str, int], ...] = ()
    """What is confirmed, by kind."""


@dataclass(frozen=True)
class Undecided:
    """A find that the detector did not dare to call a loss; it was left alone."""

    layer: str
    frame: int
    kind: str
    box: tuple[int, ...]
    """(y0, x0, y1, x1), half-open, luma pixels."""
    area_px: int
    confidence: float
    why: str
    id: str = ""
    """What `lacuna defects` calls it."""


@dataclass(frozen=True)
class Fault:
    """A frame that the decoder does not vouch for; it was not searched and not changed."""

    frame: int
    why: str


@dataclass(frozen=True)
class Failure:
    """A step that did not succeed."""

    step: str
    why: str
    started: str


@dataclass(frozen=True)
class StageDone:
    """How far one stage has come."""

    stage: str
    steps: int
    failed: int
    frames: int
    """Frames in question that it is done with."""
    seconds: float
    """Time its steps took, all added up whether or not they ran side by side."""


@dataclass(frozen=True)
class PartUse:
    """One part, exactly as it worked."""

    room: str
    name: str
    version: str
    code: str
    """sha256 of a part that is not the program's own."""
    params: dict[str, Any]
    steps: int
    read: str = ""
    """sha256 of the files it read: weights, masks."""


@dataclass(frozen=True)
class EditMade:
    """One decision a person made about the masks."""

    number: int
    verb: str
    frames: int
    first: int
    last: int
    by: str
    made: str
    note: str


@dataclass(frozen=True)
class SelfTest:
    """What the benchmark on the reel itself said: tables as people read them, headings first."""

    made: str
    planted: str
    finding: tuple[tuple[str, ...], ...]
    filling: tuple[tuple[str, ...], ...]
    advice: tuple[tuple[str, ...], ...]
    """For each recipe what to type, and sentences that say why."""


@dataclass(frozen=True)
class Tuning:
    """What the latest tuning of the filler `thin` to this film came to."""

    made: str
    kept: bool
    why: str
    steps: int
    seconds: float
    seed: int
    data: str
    """Sha256 of what was learnt from."""
    in_force: str
    """Sha256 of the weights that are kept with the project; empty for none."""
    psnr: tuple[tuple[str, float], ...]
    """Filler to dB in the holes of the hold-out."""


@dataclass(frozen=True)
class Summary:
    """Everything a report says."""

    source: SourceFacts
    output: OutputFacts | None
    start: int
    """First frame in question."""
    stop: int
    finished: bool
    """Whether an output is there that holds every repair of the project."""
    recipe: str
    """Complete text with every default; empty where the project does not hold it."""
    recipe_sha256: str
    invent: bool | None
    """Whether the recipe allows fillers that make samples up; None where it is not known."""
    ladder: tuple[str, ...]
    """The fillers in order; a pixel of origin 2 + k was made by `ladder[k]`."""
    totals: Totals
    series: Series
    filled_spans: tuple[tuple[int, int], ...]
    """Where the filling is done."""
    layers: tuple[Layer, ...]
    undecided: tuple[Undecided, ...]
    faults: tuple[Fault, ...]
    failures: tuple[Failure, ...]
    cuts: tuple[int, ...]
    """First frames of new shots."""
    stages: tuple[StageDone, ...]
    parts: tuple[PartUse, ...]
    edits: tuple[EditMade, ...]
    code: tuple[str, ...]
    """Versions of this program and of the libraries that touch samples."""
    hosts: tuple[str, ...]
    first_started: str
    last_started: str
    ledger_digest: str
    """Digest of every stamp's key and results: two projects with the same one did the same to the same frames."""
    self_test: SelfTest | None = None
    tuning: Tuning | None = None
