"""Window: all that a part may see: pictures around a frame, never across a cut, with motion and what is hidden.

Everything is made on demand and kept in the process's one Cache, so a part asks for what it needs and pays once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from restore import colour, cuts, motion, noise
from restore.cache import Cache
from restore.frames import Bits, Picture, digest
from restore.motion.dense import Dense
from restore.motion.drift import WideHole, drift, murky, together, wide
from restore.motion.flow import vectors
from restore.motion.inward import Course, Shore, inward
from restore.motion.proxy import Proxy, scale_of, shrink
from restore.motion.trip import Trip
from restore.source import PixelFormat, Plane
from restore.span import Span

T = TypeVar("T")
UNVEILED = "-"
"""The digest of nothing."""
NEAR_FRAMES = 2
"""Of frames so near each other all motion is wanted, and more than once; of others what surrounds wide holes, once."""


@dataclass(frozen=True)
class Window:
    """A view of one film for one stage. `picture` and `hidden` may be asked for any frame of `film`."""

    pixels: PixelFormat
    size: tuple[int, int]
    film: Span
    """All frames there are."""
    picture: Callable[[int], Picture]
    """Frame number to decoded picture."""
    hidden: Callable[[int], Bits]
    """Frame number to the (H, W) mask of what is damaged there; all False while detecting."""
    cache: Cache = field(default_factory=lambda: Cache(1 << 28), compare=False)
    """Pictures and fields."""
    facts: Cache = field(default_factory=lambda: Cache(1 << 28), compare=False)
    """What is known of frames, apart: one sweep over a window makes pictures enough to push all of it out, and the next
    frame asks for it again."""
    name: str = ""
    """Tells apart the films that share a cache."""
    preset: str = "fast"
    """DIS preset for flow."""
    veil: str = ""
    """Tells apart windows that share a cache and a film but hide different things."""
    breaks: frozenset[int] = frozenset()
    """Frames that begin a new shot whatever they look like."""
    _digests: dict[int, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls, pictures: Sequence[tuple[Plane, ...]], pixels: PixelFormat, hidden: Sequence[Bits] | None = None
    ) -> Window:
        """Return a window over pictures in memory: the door for tests and for use without files."""
        size = (pictures[0][0].shape[0], pictures[0][0].shape[1])
        nothing = np.zeros(size, bool)
        return cls(
            pixels, size, Span(0, len(pictures)),
            lambda t: Picture(t, pictures[t]),
            lambda t: nothing if hidden is None else hidden[t],
        )

    def memo(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """Return a picture or field that a part derives from pictures: `kind` and `key` must name it fully."""
        return self.cache.get((self.name, kind, key), make)

    def fact(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """Return something small that is known of a frame and is asked for from all the frames around; as `memo`."""
        return self.facts.get((self.name, kind, key), make)

    def grey(self, t: int) -> colour.Float:
        """Return luma (H, W) float32 in 8-bit levels."""
        return self.memo("grey", t, lambda: colour.grey(self.picture(t).planes, self.pixels))

    def grain(self, t: int) -> float:
        """Return the grain's standard deviation in 8-bit levels, measured on the frame itself."""
        return self.fact("grain", t, lambda: noise.grain_sigma(*self._luma(t)))

    def proxy(self, t: int) -> Proxy:
        """Return the small 8-bit picture (h, w), what is hidden replaced by a smooth guess."""
        if (veil := self.hidden_digest(t)) == UNVEILED:
            return self._plain(t)
        return self.fact("proxy-filled", (t, veil), lambda: motion.prefill(self._plain(t), self._small(t)))

    def _luma(self, t: int) -> tuple[Plane, float]:
        """Return luma (H, W) as it is at hand, and how many 8-bit levels one of its values is."""
        if self.pixels.family == "rgb":
            return self.grey(t), 1.0
        return self.picture(t).planes[0], 255.0 / self.pixels.peak

    def _plain(self, t: int) -> Proxy:
        """Return the proxy (h, w) of the picture with its damage."""
        return self.fact("proxy", t, lambda: motion.proxy(*self._luma(t)))

    def hidden_digest(self, t: int) -> str:
        """Return the digest of what is hidden in frame t (`hidden` must not change its mind)."""
        if t not in self._digests:
            self._digests[t] = digest(self.hidden(t))
        return self._digests[t]

    def is_cut(self, t: int) -> bool:
        """Tell whether frame t begins a new shot."""
        def of(u: int) -> cuts.Signature:
            return self.fact("signature", u, lambda: cuts.signature(self._plain(u)))

        return t in self.breaks or self.fact("cut", t, lambda: cuts.is_cut(t, self.film, of))

    def shot(self, t: int, reach: int) -> Span:
        """Return the frames within `reach` of t that belong to its shot, t included."""
        start = stop = t
        while start > max(self.film.start, t - reach) and not self.is_cut(start):
            start -= 1
        while stop + 1 < min(self.film.stop, t + reach + 1) and not self.is_cut(stop + 1):
            stop += 1
        return Span(start, stop + 1)

    def vectors(self, t: int, u: int) -> colour.Float:
        """Return the raw displacement field t to u (h, w, 2), in proxy pixels."""
        return self.memo("vectors", self._between(t, u), lambda: vectors(self.proxy(t), self.proxy(u), self.preset))

    def course(self, t: int, u: int) -> Course:
        """Return the motion from frame t to frame u in and near what is hidden in t. Ask only within one shot."""
        return self._trip(t, u).course

    def in_wide(self, t: int) -> Bits:
        """Return the wide holes of frame t (h, w), on the proxy."""
        return together(self._wide(t), self._small(t).shape)

    def drift(self, t: int, u: int) -> Dense:
        """Return how what surrounds the wide holes of frame t moves as a whole to frame u. Ask only within one shot."""
        if not self._wide(t):
            return Dense.nowhere(self._small(t).shape)
        if abs(t - u) <= NEAR_FRAMES:
            return self._trip(t, u).drift
        return self.memo("drifts", self._between(t, u), lambda: self._drift(t, u, *self._fields(t, u)))

    def fields(self, t: int, u: int) -> tuple[colour.Float, colour.Float]:
        """Return the raw motion both ways, (h, w, 2) each, which nothing keeps: they are large.

        Of frames near each other what others will ask is remembered on the occasion.
        """
        there, back = self._fields(t, u)
        if 0 < u - t <= NEAR_FRAMES:
            self.fact("trips", self._between(t, u), lambda: self._trips(t, u, there, back))
        return there, back

    def _trip(self, t: int, u: int) -> Trip:
        a, b = min(t, u), max(t, u)
        return self.fact("trips", self._between(a, b), lambda: self._trips(a, b, *self._fields(a, b)))[int(t > u)]

    def _trips(self, a: int, b: int, there: colour.Float, back: colour.Float) -> tuple[Trip, Trip]:
        """Return what is kept of the motion both ways: it is made of the same two fields."""
        return (Trip.of(inward(there, back, self._shore(a)), self._drift(a, b, there, back)),
                Trip.of(inward(back, there, self._shore(b)), self._drift(b, a, back, there)))

    def _drift(self, t: int, u: int, there: colour.Float, back: colour.Float) -> Dense:
        holes = self._wide(t)
        return drift(there, back, holes, (self._murk(t), self._murk(u))) if holes else Dense.nowhere(there.shape[:2])

    def _between(self, t: int, u: int) -> tuple[Hashable, ...]:
        """Return what the motion between two frames hangs on."""
        return t, u, self.hidden_digest(t), self.hidden_digest(u), self.preset

    def _murk(self, t: int) -> Bits:
        return self.memo("murk", (t, self.hidden_digest(t)), lambda: murky(self._small(t)))

    def _wide(self, t: int) -> tuple[WideHole, ...]:
        return self.memo("holes-wide", (t, self.hidden_digest(t)), lambda: wide(self._small(t)))

    def _fields(self, t: int, u: int) -> tuple[colour.Float, colour.Float]:
        return vectors(self.proxy(t), self.proxy(u), self.preset), vectors(self.proxy(u), self.proxy(t), self.preset)

    def _small(self, t: int) -> Bits:
        """Return what is hidden in frame t, on the proxy."""
        return shrink(self.hidden(t), scale_of(self.size))

    def _shore(self, t: int) -> Shore:
        return self.memo(
            "shore", (t, self.hidden_digest(t)), lambda: Shore.of(self._small(t))
        )

    def flow(self, t: int, u: int) -> motion.Flow:
        """Return the motion from frame t to frame u with its validity. Ask only within one shot."""
        there, back, scale = self.vectors(t, u), self.vectors(u, t), scale_of(self.size)
        # The displacements are held once, under their own name; only the small verdict on them is held beside.
        valid = self.memo("valid", self._between(t, u), lambda: motion.estimate(there, back, scale).valid)
        return motion.Flow(there, valid, scale)
