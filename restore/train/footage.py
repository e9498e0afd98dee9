"""A project, or a damaged film and the same restored by hand, in; single frames with what is known of them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from restore.colour import Float
from restore.decisions import standing
from restore.decode import Decoder, open_decoder
from restore.errors import MaskError, StoreError
from restore.fill import _rgb
from restore.frames import Bits, Picture
from restore.motion.points import grow
from restore.probe import probe, refuse
from restore.session import Session
from restore.source import PixelFormat, Source
from restore.span import Span
from restore.window import Window

GUARD_PX = 3
"""What was found has faint rims: so much around it is not learnt from."""
LEAST_LEVELS, TIMES_USUAL = 6.0, 5.0
"""A restored pixel is one that differs by more 8-bit levels than this, and than so many times what pixels usually
differ by, which is what the codec of a delivery does."""
SMALLEST_PX, CLOSED_PX = 4, 1
"""Fewer pixels together are the codec's; gaps of so much within what was restored are part of it, and so is its rim."""
MOST_FRAC = 0.3
"""Where more of a frame differs it was not retouched but graded, denoised or moved."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One frame, as far as its truth is known."""

    planes: tuple[Float, ...] = field(repr=False)
    """Colour planes (h, w) float32, code values."""
    damage: Bits = field(repr=False)
    """(H, W): what damage of this film looks like."""
    unsure: Bits = field(repr=False)
    """(H, W): where the planes are, or may be, damaged: they say nothing of the truth."""
    given: Bits = field(repr=False)
    """(H, W): damage whose truth the planes hold, for a person restored it."""

    @property
    def in_the_way(self) -> Bits:
        """Return the damage (H, W) that lies in the planes, and is filled together with anything planted."""
        return self.damage & self.unsure


class Footage(Protocol):
    """What a tuning learns from."""

    pixels: PixelFormat
    size: tuple[int, int]
    """(H, W)."""
    frames: tuple[int, ...]
    """Numbers of the frames that may be asked for."""
    name: str

    def shown(self, t: int) -> Shown | None:
        """Return frame t; None where nothing can be learnt from it."""

    def window(self) -> Window:
        """Return a window for fillers that look at a frame alone."""


class ProjectFootage:
    """The film of a project, with all that was found on it."""

    def __init__(self, session: Session) -> None:
        """Use an open project. Raises StoreError where no frame of it was searched yet."""
        source, stamps = session.store.source, session.store.ledger.stamps(("detect",))
        searched = [s for s in stamps if not s.failed]
        faulty = {int(t) for s in searched for t in s.facts.get("faults", {})}
        self.session, self.pixels, self.size, self.name = session, source.pixels, source.size, source.path
        self.frames = tuple(sorted({t for s in searched for t in range(*s.span)} - faulty))
        if not self.frames:
            raise StoreError(
                f"{session.store.folder} holds no frame that was searched for damage; what is clean is not known "
                "before. Run `lacuna run` with the project first (--until detect is enough)."
            )
        self.decided = session.edits.decided(session.job.revision)
        self._span: Span | None = None
        self._doubts: dict[int, list[tuple[int, int, int, int]]] = {}

    def shown(self, t: int) -> Shown | None:
        """Return frame t; everything found there, decided or not, is unsure."""
        picture, damage = self.session.picture(t), self.session.mask(t)
        if picture.fault:
            return None
        unsure = damage.copy()
        for y0, x0, y1, x1 in self._doubtful(t):
            unsure[y0:y1, x0:x1] = True
        colour = picture.planes[: self.pixels.colour_planes]
        nothing = np.zeros(self.size, bool)
        return Shown(tuple(p.astype(np.float32) for p in colour), damage, grow(unsure, GUARD_PX), nothing)

    def window(self) -> Window:
        """Return the project's window."""
        return self.session.window(hiding=True)

    def _doubtful(self, t: int) -> list[tuple[int, int, int, int]]:
        """Return the boxes of what was found on frame t and neither filled nor rejected by a person."""
        store = self.session.store
        (span,) = store.grid(Span(t, t + 1))
        if span != self._span:
            self._span, self._doubts = span, {}
            for d in standing(store, span, self.decided):
                if d.status == "undecided":
                    self._doubts.setdefault(d.frame, []).append(d.box)
        return self._doubts.get(t, [])


class RestoredFootage:
    """A film as it was, and as a person restored it: where they differ the truth about damage is known."""

    def __init__(self, damaged: str, restored: str) -> None:
        """Read what both files are.

        Raises SourceError for a file that cannot be read, MaskError where they are not of one size and length.
        """
        self.sources = probe(damaged), probe(restored)
        for source in self.sources:
            refuse(source)
        a, b = self.sources
        if (a.size, a.frames) != (b.size, b.frames):
            raise MaskError(f"{damaged} has {_facts(a)} and {restored} {_facts(b)}; needed are two of one size and "
                            "length, frame by frame the same. Give the file that was restored, and its restoration.")
        self.pixels, self.size, self.name = b.pixels, b.size, restored
        self.frames = tuple(b.span)
        self.decoders: list[Decoder] = [open_decoder(s) for s in self.sources]

    def pictures(self, t: int) -> tuple[Picture, Picture]:
        """Return frame t before and after."""
        before, after = (d.read(t)[-1] for d in self.decoders)
        return before, after

    def shown(self, t: int) -> Shown | None:
        """Return the restored frame t; None where it differs from the damaged one all over."""
        pictures = self.pictures(t)
        if any(p.fault for p in pictures):
            return None
        before, after = (colour_of(p, s) for p, s in zip(pictures, self.sources, strict=True))
        mask = changed(_rgb.to_rgb(before, self.sources[0].pixels), _rgb.to_rgb(after, self.sources[1].pixels))
        if mask.mean() > MOST_FRAC:
            return None
        return Shown(after, mask, np.zeros(self.size, bool), mask)

    def window(self) -> Window:
        """Return a window over the restored film."""
        nothing = np.zeros(self.size, bool)
        return Window(self.pixels, self.size, self.sources[1].span, lambda t: self.pictures(t)[1], lambda _t: nothing)

    def close(self) -> None:
        """Let go of both files."""
        for decoder in self.decoders:
            decoder.close()


def colour_of(picture: Picture, source: Source) -> tuple[Float, ...]:
    """Return the colour planes of a picture, float32 code values."""
    return tuple(p.astype(np.float32) for p in picture.planes[: source.pixels.colour_planes])


def changed(before: Float, after: Float) -> Bits:
    """Return where a picture (3, H, W) was retouched: where it differs by more than a codec explains, cleaned."""
    apart = 255 * np.abs(before - after).max(0)
    usual = float(np.median(apart))
    bits = (apart > max(LEAST_LEVELS, TIMES_USUAL * usual)).astype(np.uint8)
    block = np.ones((2 * CLOSED_PX + 1, 2 * CLOSED_PX + 1), np.uint8)
    bits = cv2.morphologyEx(bits, cv2.MORPH_CLOSE, block)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bits)
    large = stats[:, cv2.CC_STAT_AREA] >= SMALLEST_PX
    large[0] = False
    return grow(large[labels], CLOSED_PX)


def _facts(source: Source) -> str:
    return f"{source.frames} frames of {source.size[1]}x{source.size[0]}"


def project_footage(project: Path) -> ProjectFootage:
    """Open a project to learn from. Raises StoreError where it is none, or no frame of it was searched."""
    from restore.restoration import open_session

    return ProjectFootage(open_session(project))
