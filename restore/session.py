"""Session: one process's open project: its decoder, its caches, and the windows its steps look through."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from restore import colour, fields
from restore.cache import Cache
from restore.decode import Decoder, open_decoder
from restore.edits import Edits
from restore.frames import Bits, Packed, Patch, Picture, empty_patch, pack, under, unpack
from restore.parts import Part
from restore.recipe import Recipe, loads
from restore.span import Span
from restore.store import ORIGINAL, Store
from restore.window import Window


@dataclass(frozen=True)
class Job:
    """All a worker is told. Small, plain, the same for every step of a run."""

    project: Path
    recipe_toml: str
    """The complete recipe: text, so that parts are made afresh in whichever process works."""
    revision: int
    """How many edits count."""
    frames: Span
    """The frames the output holds."""
    output: Path
    encoder: str
    picture_cache_bytes: int
    work_cache_bytes: int
    fact_cache_bytes: int
    overwrite: bool = False
    """Whether an output that is not this project's latest may be replaced."""
    decode_threads: int = 0
    memory_bytes: int = 0
    """What one process may hold; 0 for no limit."""
    keep_originals: bool = True
    """Whether the samples that are replaced are kept with the project, for `lacuna undo`."""
    operator: str = ""
    """Who restores, for the record."""


class Session:
    """What the steps of one job share within one process."""

    def __init__(self, job: Job) -> None:
        """Open the job's project; the source is opened when the first picture is asked for."""
        cv2.setNumThreads(1)  # the graph is what runs in parallel; two levels of it only compete
        self.job = job
        self.store = Store.open(job.project)
        self.recipe: Recipe = loads(job.recipe_toml, str(job.project / "recipe.toml"))
        self.encoder: Part = self.recipe.encoder(job.encoder)
        self.edits = Edits(job.project / "edits")
        self.pictures = Cache(job.picture_cache_bytes)
        self.work = Cache(job.work_cache_bytes)
        self.facts = Cache(job.fact_cache_bytes)
        self.patches = Cache(max(64 << 20, job.picture_cache_bytes // 8))
        self._decoder: Decoder | None = None
        self._decoding = threading.Lock()

    @property
    def decoded_frames(self) -> int:
        """How many frames this process has decoded for the job."""
        return self._decoder.decoded_frames if self._decoder else 0

    @property
    def by_field(self) -> bool:
        """Whether the film's fields are restored each on its own."""
        return self.store.source.pixels.fields

    def picture(self, t: int) -> Picture:
        """Return frame t, decoding what is not held."""
        held = self._frame(t)
        if isinstance(held, Picture):
            return held
        return fields.picture_of(held, self.store.source.pixels, self.store.source.size)

    def field(self, t: int, parity: int) -> Picture:
        """Return one field of frame t of interlaced material."""
        held = self._frame(t)
        return (fields.pair_of(held) if isinstance(held, Picture) else held).fields[parity]

    def fault(self, t: int) -> str:
        """Return what the decoder says against frame t, "" for a sound one."""
        held = self._frame(t)
        return held.fault if isinstance(held, Picture) else held.fields[0].fault

    def _frame(self, t: int) -> Picture | fields.Pair:
        """Return frame t as it is held: in its fields where those are looked at."""
        if (held := self.pictures.peek(t)) is not None:
            return held
        with self._decoding:
            if (held := self.pictures.peek(t)) is not None:
                return held
            if self._decoder is None:
                self._decoder = open_decoder(self.store.source, self.job.decode_threads)
            read = self._decoder.read(t)
            kept = [fields.pair_of(picture) if self.by_field else picture for picture in read]
            for picture, frame in zip(read, kept, strict=True):
                self.pictures.put(picture.index, frame)
            return kept[-1]

    def view(self, t: int) -> Picture:
        """Return frame t as stages see it."""
        pixels = self.store.source.pixels
        if not pixels.sample:
            return self.picture(t)

        def make() -> Picture:
            native = self.picture(t)
            return replace(native, planes=tuple(colour.to_working(p, pixels) for p in native.planes))

        return self.work.get(("view", t), make)

    def void(self, t: int) -> Bits | None:
        """Return the pixels (H, W) of frame t that are no picture (padding of a scan); None where all of them are."""
        pixels = self.store.source.pixels
        if pixels.void_from is None or pixels.void_to is None:
            return None
        planes = self.picture(t).planes[: pixels.colour_planes]
        return np.all([(p >= pixels.void_from) & (p <= pixels.void_to) for p in planes], 0)

    def detected(self, t: int) -> Bits:
        """Return the union (H, W) of the recipe's detectors for frame t, as stored."""
        mask = np.zeros(self.store.source.size, bool)
        for part in self.recipe.detect:
            mask |= self.store.mask(part.layer, t)
        return mask

    def mask(self, t: int) -> Bits:
        """Return what is to be filled in frame t: detection and edits; nothing where the frame itself is at fault."""
        def make() -> Bits:
            if self.fault(t):
                return np.zeros(self.store.source.size, bool)
            mask = self.edits.apply(self.detected(t), t, self.job.revision)
            void = self.void(t)
            return mask if void is None else mask & ~void

        return self.work.get(("mask", t), make)

    def hidden(self, t: int) -> Bits:
        """Return what no one may copy from frame t: its mask and what is no picture, or all where it is at fault."""
        if self.fault(t):
            return np.ones(self.store.source.size, bool)
        void = self.void(t)
        return self.mask(t) if void is None else self.work.get(("hidden", t), lambda: self.mask(t) | void)

    def window(self, hiding: bool) -> Window:
        """Return the view of a stage: with nothing hidden for detection, with the masks hidden afterwards."""
        source = self.store.source
        nothing = np.zeros(source.size, bool)
        nothing.flags.writeable = False
        return Window(
            colour.working(source.pixels), source.size, source.span, self.view,
            self.hidden if hiding else lambda _t: nothing,
            self.work, self.facts, "film", self.recipe.motion.preset, "masks" if hiding else "nothing",
            frozenset(source.breaks),
        )

    def field_window(self, hiding: bool, parity: int) -> Window:
        """Return the same view of the fields of one parity: a film of its own, with frames of half the height."""
        source = self.store.source
        size = fields.field_size(source.size)
        nothing = np.zeros(size, bool)
        nothing.flags.writeable = False
        return Window(
            fields.field_pixels(source.pixels), size, source.span, lambda t: self.field(t, parity),
            (lambda t: self._hidden_field(t, parity)) if hiding else lambda _t: nothing,
            self.work, self.facts, f"field-{parity}", self.recipe.motion.preset, "masks" if hiding else "nothing",
        )

    def _hidden_field(self, t: int, parity: int) -> Bits:
        return self.work.get(("hidden", t, parity), lambda: fields.field_of(self.hidden(t), parity))

    def patch(self, layer: str, t: int) -> Patch:
        """Return a stored patch of frame t in native values, from memory where it was made here lately."""
        source = self.store.source
        return unpack(self.packed(layer, t), source.pixels, source.size)

    def draft(self, layer: str, t: int) -> Patch:
        """Return the same as stages see it."""
        source = self.store.source
        packed = self.packed(layer, t)
        if source.pixels.sample:
            packed = packed.turned(lambda values: colour.to_working(values, source.pixels))
        return unpack(packed, colour.working(source.pixels), source.size)

    def filled(self, t: int) -> Bits:
        """Return the pixels (H, W) that were replaced in frame t, whatever has been masked or unmasked since."""
        mask = np.zeros(self.store.source.size, bool)
        mask.ravel()[self.packed("fill", t).where] = True
        return mask

    def packed(self, layer: str, t: int) -> Packed:
        """Return the same as it is held."""
        return self.patches.get((layer, t), lambda: self.store.patch(layer, t))

    def keep(self, layer: str, span: Span, patches: Iterable[Patch]) -> dict[int, str]:
        """Store patches fresh from a stage and hold them for the steps that follow; return their digests."""
        pixels = self.store.source.pixels
        packed = [pack(patch, colour.working(pixels)) for patch in patches]
        if pixels.sample:
            packed = [one.turned(lambda values: colour.to_native(values, pixels)) for one in packed]
        below = [self.packed("fill", t) for t in span] if layer != "fill" else []
        self.store.write_patches(layer, span, packed, below)
        for one in packed:
            self.patches.put((layer, one.index), one)
        return {one.index: one.digest for one in packed}

    def keep_originals(self, span: Span) -> None:
        """Store the source's own samples under the span's filled ones, so that they can be put back without it."""
        originals = [under(self.picture(t), self.packed("fill", t)) for t in span]
        self.store.write_patches(ORIGINAL, span, originals)

    def empty(self, t: int) -> Patch:
        """Return a patch that changes nothing in frame t."""
        return empty_patch(t, colour.working(self.store.source.pixels), self.store.source.size)

    def close(self) -> None:
        """Let go of the source."""
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None


_sessions: dict[Job, Session] = {}
_opening = threading.Lock()


def session(job: Job) -> Session:
    """Return this process's session for a job. A process works for one job at a time; the last one's is closed."""
    with _opening:
        if job not in _sessions:
            close_all()
            _sessions[job] = Session(job)
        return _sessions[job]


def close_all() -> None:
    """Close this process's sessions."""
    for opened in _sessions.values():
        opened.close()
    _sessions.clear()
