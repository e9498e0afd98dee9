"""Masks and defect maps that were made elsewhere in, masks out: painted pictures, alpha channels, infrared passes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from restore import colour, maps
from restore.detect import Detection, Found, _defect_map
from restore.detect._defect_map import Survey, Terms, scaled, whole
from restore.detect._deviation import grown, without_small
from restore.detect._passes import SUREST_CHANCE_SIGMA, Shift
from restore.errors import MaskError, PartError
from restore.frames import Bits
from restore.source import PixelFormat
from restore.window import Window

LATER = {"later": True}
"""Parameters that came later: at their defaults a mask is read as it always was (see `parts.Part.digest`)."""
NOT_PLAIN = (".exr", ".dpx")
MOST_FRAC = 0.5
"""A map that marks more than this share of a frame is being read the wrong way round, or is no defect map."""


@dataclass(frozen=True)
class Matte:
    """Good at using masks and infrared or alpha defect maps as they are; it judges no picture and finds nothing itself.

    By itself: white is to be filled, black is kept. Pictures in a folder belong to the frames in the order of the
    numbers in their names; a single one serves for all frames. They are never scaled: a mask of another size is an
    error.

    An infrared pass shows dust dark on an uneven ground, in places with a faint ghost of the scene, and may lie a
    little off the picture. It is read with, for example:

        [[detect]]
        part = "matte"
        folder = "scans/ir_%06d.tif"   # or channel = "alpha" alone, where the film's own pictures hold the map
        polarity = "dark"
        threshold = "auto"
        flatten_px = 128
        register = "film"
        smallest_px = 4
        dilate_px = 1.5

    What a map cannot say (which side its defects are on, where it lies) is an error and never guessed.
    """

    whole_frames: ClassVar[bool] = True
    """Its pictures belong to frames of the file: of interlaced material it is shown those, and not their fields."""
    version: ClassVar[int] = 1
    folder: str = ""
    """A folder of mask pictures, a glob, a printf pattern (ir_%06d.tif), or one mask picture; PNG, TIFF, DPX, EXR."""
    threshold: float | str = 0.5
    """Share of full white from which a pixel is to be filled (with flatten_px: of the level around it); or "auto"."""
    channel: int | str = field(default="", metadata=LATER)
    """Which channel is the map: "alpha", a number from 0 (R, G, B, alpha), a name; without folder, of the film's."""
    polarity: str = field(default="bright", metadata=LATER)
    """Which side defects are on: "bright", "dark" (infrared passes), or "auto" (the one that stands out further)."""
    auto_sigmas: float = field(default=6.0, metadata=LATER)
    """With threshold "auto": how many robust standard deviations of the map's own noise a defect stands out by."""
    flatten_px: float = field(default=0.0, metadata=LATER)
    """Side of the blocks whose median is divided out, with the scene's ghost, in pixels of a 2K scan; 0 is off."""
    register: str = field(default="off", metadata=LATER)
    """Whether maps are moved onto their pictures: "off", "film" (all by one shift) or "frame" (each by its own)."""
    register_px: float = field(default=8.0, metadata=LATER)
    """The largest shift looked for, in pixels of a 2K scan."""
    smallest_px: float = field(default=0.0, metadata=LATER)
    """Marks of a smaller area are left out, in pixels of a 2K scan."""
    dilate_px: float = field(default=0.0, metadata=LATER)
    """By how much marks are widened on all sides, in pixels of a 2K scan."""

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        allowed = self.threshold == "auto" if isinstance(self.threshold, str) else 0 < self.threshold <= 1
        if not allowed:
            raise PartError(f'matte: threshold is {self.threshold!r}; it needs a value above 0 and up to 1, or "auto".')
        for name, choices in (("polarity", ("bright", "dark", "auto")), ("register", ("off", "film", "frame"))):
            if getattr(self, name) not in choices:
                raise PartError(f"matte: {name} is {getattr(self, name)!r}; it needs one of {', '.join(choices)}.")
        for name in ("auto_sigmas", "register_px", "flatten_px", "smallest_px", "dilate_px"):
            value, above = getattr(self, name), name in ("auto_sigmas", "register_px")
            if not (value > 0 or (value == 0 and not above)):
                raise PartError(f"matte: {name} is {value}; it needs {'a value above 0' if above else '0 or more'}.")

    @property
    def reach_frames(self) -> int:
        """No other frame is looked at to judge one; what holds for a film is a property of the film."""
        return 0

    @property
    def _plain(self) -> bool:
        """Whether masks are taken as they are: white or black."""
        as_is = (self._channel, self.polarity, self.flatten_px, self.register) == ("", "bright", 0, "off")
        return as_is and self.threshold != "auto"

    @property
    def _channel(self) -> str:
        return str(self.channel)

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The mask pictures in the order of their frames; none where the film's own channel is the map.

        Raises MaskError where there should be some.
        """
        if not self.folder and self._channel:
            return ()
        if not self.folder:
            raise MaskError(
                'matte: no masks were named; set folder = "path/to/masks" to a folder or a picture, or '
                'channel = "alpha" where the film itself holds them.'
            )
        return maps.members(self.folder)

    def fingerprint(self) -> str:
        """Return the digest of all masks, so that a mask that is changed changes the part."""
        each = (f"{p.name} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in (self.files if self.folder else ()))
        return hashlib.sha256("\n".join(each).encode()).hexdigest()

    def check(self, size: tuple[int, int], frames: int) -> None:
        """Raise MaskError unless the masks are `frames` in number, or one, and each of `size` (H, W).

        Maps that take long to read are looked at in a few places; the others when their frame is due.
        """
        if self.register != "off" and not _defect_map.fits(size, self._terms(size).reach_px):
            raise MaskError(
                f"matte: the film is {size[1]}x{size[0]}, too small to look for a shift of up to "
                f'{self._terms(size).reach_px} px. Set a smaller register_px, or register = "off".'
            )
        if not self.files:
            return
        if len(self.files) not in (1, frames):
            raise MaskError(
                f"matte: {self.folder} holds {len(self.files)} masks and the film has {frames} frames; "
                f"give one mask a frame, counted from the first, or one mask for all."
            )
        if not self._plain:
            for k in _defect_map.surveyed(len(self.files)):
                self._map(self.files[k], size)
            return
        for path in self.files:
            if png_size(path) != size:  # a picture of the right size is read when its frame is due, not twice
                self.read(path, size)

    def check_pixels(self, pixels: PixelFormat) -> None:
        """Raise MaskError where the film's own pictures are to hold the map and have no such channel."""
        if self._channel and not self.folder:
            maps.own_plane(pixels, self._channel)

    def read(self, path: Path, size: tuple[int, int]) -> Bits:
        """Return one mask (H, W) bool; raise MaskError where it cannot be read or is of another size."""
        if path.suffix.lower() in NOT_PLAIN:
            return self._map(path, size).share >= float(self.threshold)
        data = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else np.zeros(0, np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if picture is None:
            raise MaskError(f"matte: {path} cannot be read as a picture; write it again as an 8 or 16-bit grey PNG.")
        require_size(path, picture.shape[:2], size)
        white = float(np.iinfo(picture.dtype).max) if picture.dtype.kind == "u" else 1.0
        levels = picture if picture.ndim == 2 else picture[..., :3].max(-1)
        return levels >= float(self.threshold) * white

    def detect(self, window: Window, t: int) -> Detection:
        """Return the mask of frame t. Raises MaskError where masks do not fit the film."""
        if len(self.files) > 1 and len(self.files) != len(window.film):
            self.check(window.size, len(window.film))
        if self._plain:
            mask, note = self.read(self._file(window, t), window.size), ""
        else:
            mask, note = self._marked(window, t)
        mask = without_small(mask, self.smallest_px * scaled(1, window.size[1]) ** 2)
        mask = grown(mask, scaled(self.dilate_px, window.size[1]))
        if not mask.any():
            return Detection(mask, note=note)
        return Detection(mask, (_found(mask, t),) if self._plain else _things(mask, t), note)

    def _file(self, window: Window, t: int) -> Path:
        return self.files[0] if len(self.files) == 1 else self.files[t - window.film.start]

    def _terms(self, size: tuple[int, int]) -> Terms:
        return Terms(
            None if isinstance(self.threshold, str) else float(self.threshold), self.auto_sigmas, self.polarity,
            whole(self.flatten_px, size[1], 8), 0 if self.register == "off" else whole(self.register_px, size[1], 2),
        )

    def _map(self, path: Path, size: tuple[int, int]) -> maps.Level:
        level = maps.read(path, self._channel)
        require_size(path, level.share.shape, size)
        return level

    def _level(self, window: Window, t: int) -> maps.Level:
        if self.files:
            return self._map(self._file(window, t), window.size)
        return maps.own(window.picture(t).planes, window.pixels, self._channel)

    def _marked(self, window: Window, t: int) -> tuple[Bits, str]:
        """Return the (H, W) mask that a measured map gives, and what to know about it."""
        terms, level = self._terms(window.size), self._level(window, t)
        film = window.memo("matte", self, lambda: self._survey(window, terms))
        if level.share.min() == level.share.max():
            return np.zeros(window.size, bool), f"the map is of one value, {float(level.share.flat[0]):.3f}: no marks"
        shift, words = self._shift(window, t, level, terms, film)
        mask = _defect_map.marked(level, lambda: _rgb(window, t), terms, film.bright, shift)
        if mask.mean() > MOST_FRAC:
            side = "dark" if film.bright else "bright"
            raise MaskError(
                f"matte: the map of frame {t} marks {100 * mask.mean():.0f} % of it, and at most {100 * MOST_FRAC:.0f} "
                f'% can be filled sensibly. Try polarity = "{side}", a higher threshold, or flatten_px = 128.'
            )
        return mask, words

    def _survey(self, window: Window, terms: Terms) -> Survey:
        frames = [window.film.start + k for k in _defect_map.surveyed(len(window.film))]
        return _defect_map.survey([self._level(window, t) for t in frames], lambda k: window.grey(frames[k]), terms)

    def _shift(
        self, window: Window, t: int, level: maps.Level, terms: Terms, film: Survey
    ) -> tuple[Shift | None, str]:
        """Return by what to move the map of frame t, None for nothing, and what to know about that."""
        if film.shift is None:
            return None, ""
        own = _defect_map.place(level, window.grey(t), terms) if self.register == "frame" else film.shift
        if own.plausible:
            return own, f"the map was moved by {own}"
        if film.shift.plausible:
            return film.shift, f"the map was moved as over the film, by {film.shift}: this frame alone shows {own}"
        if not _defect_map.marked(level, lambda: _rgb(window, t), terms, film.bright, None).any():
            return None, "the map marks nothing, wherever it lies"
        raise _nowhere(t, own, terms)


def _nowhere(t: int, shift: Shift, terms: Terms) -> MaskError:
    return MaskError(
        f"matte: the map of frame {t} was not found to lie on its picture: the best shift within {terms.reach_px} px "
        f"is {shift}, and a sure one stands out {SUREST_CHANCE_SIGMA:.0f}. See that maps and pictures are of the same "
        'frames; then set a larger register_px, or register = "off" where they are known to lie on each other.'
    )


def _rgb(window: Window, t: int) -> colour.Float:
    return colour.to_rgb(window.picture(t).planes, window.pixels)


def require_size(path: Path, found: Any, needed: tuple[int, int]) -> None:
    """Raise MaskError where a mask is of another size (H, W) than the film."""
    if tuple(found) != needed:
        (h, w), (need_h, need_w) = found, needed
        raise MaskError(
            f"matte: {path} is {w}x{h} and the film {need_w}x{need_h}; "
            f"masks are not scaled: make it anew at {need_w}x{need_h}."
        )


def _found(mask: Bits, t: int) -> Found:
    """Return the whole mask of a frame as one thing."""
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = (int(ys[0]), int(xs[0]), int(ys[-1]) + 1, int(xs[-1]) + 1)
    return Found(t, "matte", box, int(mask.sum()), 1.0)


def _things(mask: Bits, t: int) -> tuple[Found, ...]:
    """Return each connected thing (8 neighbours) of a mask."""
    _, _, facts, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return tuple(
        Found(t, "matte", (int(y), int(x), int(y + h), int(x + w)), int(area), 1.0) for x, y, w, h, area in facts[1:]
    )


def png_size(path: Path) -> tuple[int, int] | None:
    """Return the (H, W) that a PNG's header states; None for anything that does not begin like a PNG."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or head[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    return int.from_bytes(head[20:24], "big"), int.from_bytes(head[16:20], "big")
