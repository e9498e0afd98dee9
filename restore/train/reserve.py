"""Footage in, crops and shapes of damage to learn from out, and what is held back of both frame and place.

What fills a hole on a film is mostly seen on no other frame, or it would have been copied from there. So a place that
is judged is never learnt, on no frame, and a frame that is judged is never learnt, at no place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.errors import MaskError
from restore.fill import _rgb
from restore.frames import Bits
from restore.nets import inference
from restore.scenes.leaves import Rng
from restore.train.footage import Footage, Shown
from restore.train.pieces import holes, liveliness

CELLS, LEAST_CELL_PX, ONE_IN = 120, 32, 5
"""The picture is divided into about so many squares, of which one in five is held back, ..."""
BLOCKS, LEAST_FRAMES = 20, 8
"""... and the film into so many stretches, of which one in five is, too; shorter than this, it is not divided."""
FRAMES, HELD_FRAMES, PIECES = 64, 24, 800
"""No more frames are learnt from and judged on, and no more pieces are kept: memory does not grow with the film."""
PIECE_PX, LEAST_PX, ALIGN_PX = 96, 64, 4
TRIES, LIVELY, UNSURE_FRAC, TARGET_FRAC = 24, 3, 0.25, 0.4
"""Of so many lively places one is taken; at most such a share of it may be unsure, at least such a one be learnt."""
GIVEN = 0.7
"""Share of pieces that lie around something a person restored, where there is any."""
SHAPE_PX, SHAPES, SHAPES_A_FRAME, FEW_SHAPES = 64, 256, 8, 64
"""Windows of the film's own masks; where there are fewer, drawn ones come in addition, and some always do."""
DRAWN, MOST_FRAC = 0.25, 0.5
SHEET_PX, SHEET_FRAC = 512, 0.08
COVER, PLANTED, LEAST_HOLE_PX = (0.04, 0.22), 8, 24
"""Share of a crop, or of a place, that becomes holes, in no more than so many plantings."""
OnFrame = Callable[[int, int], None]


@dataclass(frozen=True)
class Split:
    """What is learnt from and what is held back."""

    size: tuple[int, int]
    frames: tuple[int, ...]

    def _is_held(self, n: int) -> bool:
        return n // max(1, len(self.frames) // BLOCKS) % ONE_IN == ONE_IN // 2

    @property
    def learnt(self) -> tuple[int, ...]:
        """Return frames to learn from, no more than FRAMES, spread over the film."""
        if len(self.frames) < LEAST_FRAMES:
            return self.frames
        return spread([t for n, t in enumerate(self.frames) if not self._is_held(n)], FRAMES)

    @property
    def held(self) -> tuple[int, ...]:
        """Return frames to judge on; for a few pictures they are all of them, and only places are held back."""
        if len(self.frames) < LEAST_FRAMES:
            return self.frames
        return spread([t for n, t in enumerate(self.frames) if self._is_held(n)], HELD_FRAMES)

    @cached_property
    def places(self) -> tuple[tuple[slice, slice], ...]:
        """Return the squares (rows, columns) that are held back, a knight's move apart."""
        h, w = self.size
        side = max(LEAST_CELL_PX, round((h * w / CELLS) ** 0.5))
        return tuple(
            (slice(y, min(y + side, h)), slice(x, min(x + side, w)))
            for r, y in enumerate(range(0, h, side)) for c, x in enumerate(range(0, w, side))
            if (2 * r + c) % ONE_IN == 0
        )

    @cached_property
    def closed(self) -> Bits:
        """Return where nothing is learnt (H, W)."""
        out = np.zeros(self.size, bool)
        for place in self.places:
            out[place] = True
        return out


def spread(frames: list[int], most: int) -> tuple[int, ...]:
    """Return no more than so many of some frames, evenly."""
    n = len(frames)
    return tuple(frames) if n <= most else tuple(frames[(2 * k + 1) * n // (2 * most)] for k in range(most))


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of a frame, (s, s)."""

    rgb: npt.NDArray[np.float16] = field(repr=False)
    """(3, s, s)."""
    target: Bits = field(repr=False)
    """Where holes may be."""
    unsure: Bits = field(repr=False)
    given: Bits = field(repr=False)


@dataclass(frozen=True, eq=False)
class Own:
    """All that is learnt from a film."""

    pieces: tuple[Piece, ...]
    shapes: tuple[Bits, ...]
    """Windows (SHAPE_PX, SHAPE_PX): the film's own first, then drawn ones."""
    own_shapes: int
    frames: int
    """So many frames were looked at."""

    @property
    def digest(self) -> str:
        """Return the sha256 of all of it."""
        out = hashlib.sha256()
        for piece in self.pieces:
            for array in (piece.rgb, piece.target, piece.unsure, piece.given):
                out.update(np.ascontiguousarray(array).data)
        for shape in self.shapes:
            out.update(np.ascontiguousarray(shape).data)
        return out.hexdigest()


@dataclass(frozen=True, eq=False)
class Lessons:
    """A batch to learn from: float32 arrays with leading axis n."""

    seen: Float = field(repr=False)
    """(n, 3, s, s)."""
    known: Float = field(repr=False)
    """(n, 1, s, s): 0 in the holes and where nothing is known, else 1."""
    judged: Float = field(repr=False)
    """(n, 1, s, s): 1 in the holes, else 0."""


def gather(footage: Footage, split: Split, seed: int, on_frame: OnFrame = lambda *_: None) -> Own:
    """Look at frames, one at a time, and keep pieces and shapes of damage.

    Raises MaskError where the pictures are too small, or hold nothing to learn from.
    """
    if min(footage.size) < LEAST_PX:
        raise MaskError(f"{footage.name} is {footage.size[1]}x{footage.size[0]} pixels; needed to learn from it are "
                        f"{LEAST_PX} px either way. Tune on larger pictures.")
    pieces, shapes = list[Piece](), list[Bits]()
    a_frame = -(-PIECES // len(split.learnt))
    for n, t in enumerate(split.learnt):
        rng = np.random.default_rng((seed, 80, t))
        if (shown := footage.shown(t)) is not None:
            pieces += cut(shown, footage, split.closed, a_frame, rng)
            shapes += windows(shown.damage, rng)
        on_frame(n + 1, len(split.learnt))
    if not pieces:
        raise MaskError(
            f"{footage.name} has nothing to learn from: of {len(split.learnt)} frames looked at, each is damaged, "
            "doubtful or changed almost everywhere. Clean areas of 64x64 px are needed; decide about what is doubtful "
            "(`lacuna defects`), or tune on other footage."
        )
    rng = np.random.default_rng((seed, 81))
    own = [shapes[int(k)] for k in np.sort(rng.permutation(len(shapes))[:SHAPES])]
    drawn = list(drawn_shapes(max(FEW_SHAPES - len(own), round(DRAWN * len(own))), rng))
    return Own(tuple(pieces), (*own, *drawn), len(own), len(split.learnt))


def cut(shown: Shown, footage: Footage, closed: Bits, count: int, rng: Rng) -> Iterator[Piece]:
    """Yield pieces of a frame, rather lively ones; fewer where little of it is clean."""
    h, w = footage.size
    side = min(PIECE_PX, h // ALIGN_PX * ALIGN_PX, w // ALIGN_PX * ALIGN_PX)
    for _ in range(count):
        found = [p for _ in range(LIVELY) if (p := one(shown, footage, closed, side, rng)) is not None]
        if found:
            yield max(found, key=lambda p: liveliness(np.clip(255 * p.rgb.transpose(1, 2, 0), 0, 255).astype(np.uint8)))


def one(shown: Shown, footage: Footage, closed: Bits, side: int, rng: Rng) -> Piece | None:
    """Return a piece of a frame that something can be learnt from, None where none is found soon."""
    given = np.flatnonzero(shown.given & ~closed)
    for _ in range(TRIES):
        y, x = (int(rng.integers(0, (n - side) // ALIGN_PX + 1)) * ALIGN_PX for n in footage.size)
        if given.size and rng.random() < GIVEN:
            y, x = around(divmod(int(given[int(rng.integers(given.size))]), footage.size[1]), footage.size, side)
        here = np.s_[y : y + side, x : x + side]
        unsure, shut = shown.unsure[here], closed[here]
        if unsure.mean() <= UNSURE_FRAC and (~unsure & ~shut).mean() >= TARGET_FRAC:
            shifts = [footage.pixels.shift(k) for k in range(len(shown.planes))]
            parts = tuple(p[y >> sy : y + side >> sy, x >> sx : x + side >> sx]
                          for p, (sy, sx) in zip(shown.planes, shifts, strict=True))
            rgb = _rgb.to_rgb(parts, footage.pixels).astype(np.float16)
            return Piece(rgb, ~unsure & ~shut, unsure.copy(), shown.given[here] & ~shut)
    return None


def around(centre: tuple[int, int], size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return the upper left corner of a piece around a pixel, within the picture and where all planes have samples."""
    y, x = (min(max(c - side // 2, 0), n - side) // ALIGN_PX * ALIGN_PX for c, n in zip(centre, size, strict=True))
    return y, x


def windows(damage: Bits, rng: Rng, most: int = SHAPES_A_FRAME) -> Iterator[Bits]:
    """Yield windows around some of the things of a mask (H, W), small and large ones alike."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(damage.astype(np.uint8))
    around = np.pad(damage, SHAPE_PX // 2)
    for label in 1 + rng.permutation(count - 1)[:most]:
        x, y, w, h = (int(v) for v in stats[label, :4])
        ys, xs = np.nonzero(labels[y : y + h, x : x + w] == label)
        k = int(rng.integers(len(ys)))
        window = around[y + ys[k] : y + ys[k] + SHAPE_PX, x + xs[k] : x + xs[k] + SHAPE_PX]
        if window.mean() <= MOST_FRAC:
            yield window.copy()


def drawn_shapes(count: int, rng: Rng) -> Iterator[Bits]:
    """Yield windows of drawn damage."""
    sheet = holes(SHEET_PX, SHEET_FRAC, rng)
    ys, xs = np.nonzero(sheet[: SHEET_PX - SHAPE_PX, : SHEET_PX - SHAPE_PX])
    for k in rng.integers(0, len(ys), count):
        yield sheet[ys[k] : ys[k] + SHAPE_PX, xs[k] : xs[k] + SHAPE_PX].copy()


def plant(shapes: tuple[Bits, ...], size: tuple[int, int], cover: float, rng: Rng) -> Bits:
    """Return holes (h, w): shapes at any places, mirrored by chance, until about a share is covered."""
    h, w = size
    room = np.zeros((h + 2 * SHAPE_PX, w + 2 * SHAPE_PX), bool)
    inner = room[SHAPE_PX:-SHAPE_PX, SHAPE_PX:-SHAPE_PX]
    for _ in range(PLANTED):
        shape = shapes[int(rng.integers(len(shapes)))][:: int(rng.choice((-1, 1))), :: int(rng.choice((-1, 1)))]
        y, x = int(rng.integers(SHAPE_PX // 2, h + SHAPE_PX // 2)), int(rng.integers(SHAPE_PX // 2, w + SHAPE_PX // 2))
        room[y : y + SHAPE_PX, x : x + SHAPE_PX] |= shape
        if inner.mean() >= cover:
            break
    return inner.copy()


def lessons(own: Own, seed: int, n: int, count: int, side_px: int) -> Lessons:
    """Return the n-th batch; it follows from the seed and its number alone."""
    rng = np.random.default_rng((seed, 82, n))
    made = [lesson(own, side_px, rng) for _ in range(count)]
    seen, known, judged = (np.stack([m[k] for m in made]).astype(np.float32) for k in range(3))
    return Lessons(seen, known[:, None], judged[:, None])


def lesson(own: Own, side_px: int, rng: Rng) -> tuple[Float, Bits, Bits]:
    """Return (picture (3, s, s), what is known of it, its holes), by chance what a person restored among them.

    The picture keeps its grain, as what is to be learnt, too: what nothing tells of averages out (Lehtinen et al.,
    Noise2Noise, ICML 2018), so the picture under the grain is learnt without anybody having to take it off.
    """
    piece = own.pieces[int(rng.integers(len(own.pieces)))]
    y, x = (int(rng.integers(0, n - side_px + 1)) for n in piece.target.shape)
    turn = int(rng.choice((-1, 1)))
    here = np.s_[..., y : y + side_px, x : x + side_px]
    target, unsure, given = (a[here][:, ::turn] for a in (piece.target, piece.unsure, piece.given))
    rgb = piece.rgb[here][..., ::turn].astype(np.float32)
    planted = plant(own.shapes, (side_px, side_px), rng.uniform(*COVER), rng)
    hole = (given if given.any() and rng.random() < 0.5 else planted | given) & target
    known = ~(hole | unsure)
    return rgb * inference.contrast(rgb, ~known), known, hole
