"""Session: one process's open project: its decoder, its caches, and the windows its steps look through."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

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

    def picture(self, t: int) -> Picture:
        """Return frame t, decoding what is not held."""
        if (held := self.pictures.peek(t)) is not None:
            return held
        with self._decoding:
            if (held := self.pictures.peek(t)) is not None:
                return held
            if self._decoder is None:
                self._decoder = open_decoder(self.store.source, self.job.decode_threads)
            read = self._decoder.read(t)
            for picture in read:
                self.pictures.put(picture.index, picture)
            return read[-1]

    def detected(self, t: int) -> Bits:
        """Return the union (H, W) of the recipe's detectors for frame t, as stored."""
        mask = np.zeros(self.store.source.size, bool)
        for part in self.recipe.detect:
            mask |= self.store.mask(part.layer, t)
        return mask

    def mask(self, t: int) -> Bits:
        """Return what is to be filled in frame t: detection and edits; nothing where the frame itself is at fault."""
        def make() -> Bits:
            if self.picture(t).fault:
                return np.zeros(self.store.source.size, bool)
            return self.edits.apply(self.detected(t), t, self.job.revision)

        return self.work.get(("mask", t), make)

    def hidden(self, t: int) -> Bits:
        """Return what no one may copy from frame t: its mask, or all of it where the frame is at fault."""
        return np.ones(self.store.source.size, bool) if self.picture(t).fault else self.mask(t)

    def window(self, hiding: bool) -> Window:
        """Return the view of a stage: with nothing hidden for detection, with the masks hidden afterwards."""
        source = self.store.source
        nothing = np.zeros(source.size, bool)
        nothing.flags.writeable = False
        return Window(
            source.pixels, source.size, source.span, self.picture,
            self.hidden if hiding else lambda _t: nothing,
            self.work, self.facts, "film", self.recipe.motion.preset, "masks" if hiding else "nothing",
        )

    def patch(self, layer: str, t: int) -> Patch:
        """Return a stored patch of frame t, from memory where it was made here lately."""
        source = self.store.source
        return unpack(self.packed(layer, t), source.pixels, source.size)

    def filled(self, t: int) -> Bits:
        """Return the pixels (H, W) that were replaced in frame t, whatever has been masked or unmasked since."""
        mask = np.zeros(self.store.source.size, bool)
        mask.ravel()[self.packed("fill", t).where] = True
        return mask

    def packed(self, layer: str, t: int) -> Packed:
        """Return the same as it is held."""
        return self.patches.get((layer, t), lambda: self.store.patch(layer, t))

    def keep(self, layer: str, span: Span, patches: Iterable[Patch]) -> dict[int, str]:
        """Store fresh patches and hold them for the steps that follow; return their digests."""
        packed = [pack(patch, self.store.source.pixels) for patch in patches]
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
        return empty_patch(t, self.store.source.pixels, self.store.source.size)

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
