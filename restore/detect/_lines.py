"""One luma picture in, its near-vertical thin lines out, each with the number of times chance would make one as good.

A contrario detection after Newson, Almansa, Gousseau and Perez (IEEE Trans. Image Processing 23(3), 2014), changed in
four ways: ridges of several widths and either sign, tested against the noise of this picture; rows averaged in strips;
lines found by adding up sheared columns exactly, coarse to fine (Brady, SIAM J. Computing 27(1), 1998), in place of a
Hough vote; and the best segment of a line by a running sum of log-likelihood ratios. All lines of a picture are
followed at once, in arrays whose first axis is the strip.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.detect._profile import extent, shown
from restore.detect._shear import BANDS, Hits, sheared
from restore.frames import Bits

STRIPS = 256
"""Rows are averaged into at most this many strips; lines of a few degrees lose nothing."""
WIDTHS_2K_PX = (3, 5, 9, 15)
WIDE_2K_PX = 2048
SLOPE = 0.105
"""Columns a row: 6 degrees."""
SIDES_LEVELS = 25.0
"""A line has the same brightness on both sides, give or take this, or as much as it stands out."""
NOISE_FACTOR = 1.5
LEAST_LEVELS = 1.5
HIT_SHARE = 0.75
"""Share of its strips in which a line shows."""
WEAK_NFA = 2.0
"""log10 of the number of false alarms up to which a line is kept for others to vouch for."""
MOST = 32
"""Lines kept of a picture, best first: weaker ones are never confirmed."""
TRIED = 40
"""Leads of either sign that are traced."""
ROUNDS = 3
"""How often lines that lost hits to better ones are traced anew."""
FINE = 32
"""Steps a level in which strips are held as whole numbers: exact, and half the work of floats."""
PROFILE_PX = 3
"""So much of its sides is kept with a line's cross-section."""
BEND = 16
"""A scratch's column is followed in runs of this many strips."""
Strips = npt.NDArray[np.uint8]
"""(s, W) luma averaged over the rows of each strip."""


@dataclass(frozen=True)
class Line:
    """One line of one frame; its column is given for each strip."""

    sign: int
    """1 brighter than its sides, -1 darker."""
    first: int
    """First strip."""
    columns: Float
    """(n,) its column in luma pixels in strips first ... first + n - 1."""
    left_px: float
    right_px: float
    """How far it reaches to either side of its column."""
    contrast: float
    """8-bit levels."""
    shows: Bits
    """(n,) where it is to be seen."""
    log_nfa: float
    """log10 of the expected number of false alarms as good as this in one picture."""
    profile: Float = field(default_factory=lambda: np.zeros(1, np.float32))
    """(2 k + 1,) its mean cross-section against its sides, 8-bit levels, its own column in the middle."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.columns.nbytes + self.shows.nbytes + self.profile.nbytes

    @property
    def stop(self) -> int:
        """Strip after its last."""
        return self.first + self.columns.size

    def at(self, strip: float) -> float:
        """Return its column at a strip, carried on straight beyond its ends."""
        i = strip - self.first
        n = self.columns.size
        tilt = float(self.columns[-1] - self.columns[0]) / max(n - 1, 1)
        if i < 0:
            return float(self.columns[0]) + tilt * i
        if i > n - 1:
            return float(self.columns[-1]) + tilt * (i - n + 1)
        return float(self.columns[round(i)])


Fine = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Ridges:
    """A picture averaged in strips, and where it has thin vertical ridges."""

    strips: Float
    """(s, W) 8-bit levels."""
    rows: int
    """Rows a strip."""
    response: tuple[Fine, Fine]
    """(s, W) by how much a bright (dark) ridge stands out from both sides, FINE steps a level; the best width's."""
    hits: tuple[Hits, Hits]
    """(s, W) 1 where that is more than noise."""
    chance: tuple[Hits, Hits]
    """(s, W) local density of hits, 255 everywhere."""


def widths(width: int) -> tuple[int, ...]:
    """Return the odd widths in pixels that are looked for in a picture this wide.

    Small pictures come from narrower film, on which the same scratch is wider. Single columns are always looked for:
    a fine scratch between two, or beside the edge of something, stands out in nothing wider.
    """
    scale = max((width / WIDE_2K_PX) ** 0.8, 0.35)
    return tuple(sorted({1, *(max(1, round(w * scale)) | 1 for w in WIDTHS_2K_PX)}))


def ridges(grey: Float) -> Ridges:
    """Return the ridges of luma (H, W) float32 in 8-bit levels."""
    h, w = grey.shape
    rows = -(-h // STRIPS)
    strips = cv2.resize(grey[: h // rows * rows], (w, h // rows), interpolation=cv2.INTER_AREA)
    fine = np.rint(strips * np.float32(FINE)).astype(np.int16)
    best = [np.zeros_like(fine), np.zeros_like(fine)]
    hits = [np.zeros(fine.shape, np.uint8), np.zeros(fine.shape, np.uint8)]
    for px in widths(w):
        for found, total, response in zip(hits, best, _ridge(fine, px), strict=True):
            least = max(LEAST_LEVELS * FINE, NOISE_FACTOR * _noise(response))
            cv2.bitwise_or(found, cv2.compare(response, least, cv2.CMP_GT), dst=found)
            cv2.max(total, response, dst=total)
    ones = [cv2.min(v, 1) for v in hits]
    dense = [_density(v, max(8, w // 30)) for v in ones]
    return Ridges(strips, rows, (best[0], best[1]), (ones[0], ones[1]), (dense[0], dense[1]))


def _ridge(fine: Fine, px: int) -> tuple[Fine, Fine]:
    """Return by how much the mean over `px` columns is above (below) the means on both sides of it."""
    mean = cv2.blur(fine, (px, 1))
    step = px + 1
    w = mean.shape[1]
    if w <= 2 * step:
        return np.full_like(mean, -FINE), np.full_like(mean, -FINE)
    middle, left, right = mean[:, step : w - step], mean[:, : w - 2 * step], mean[:, 2 * step :]
    low, high = cv2.min(left, right), cv2.max(left, right)
    step_fine = cv2.subtract(high, low)
    out = []
    for side in (cv2.subtract(middle, high), cv2.subtract(low, middle)):
        # Where the sides differ by more than the line stands out there is an edge and no line: no response at all.
        even = cv2.compare(step_fine, cv2.max(side, SIDES_LEVELS * FINE), cv2.CMP_LE)
        kept = cv2.bitwise_and(side, side, mask=even)
        out.append(cv2.copyMakeBorder(kept, 0, 0, step, step, cv2.BORDER_CONSTANT, value=-FINE))
    return out[0], out[1]


def _noise(response: Fine) -> float:
    """Return the spread of responses that mean nothing; the lesser of two differences is seldom positive by chance."""
    some = response[::5, ::11].astype(np.float32)
    return 1.4826 * float(np.median(np.abs(some - np.median(some)))) if some.size else 0.0


def _density(hits: Hits, side: int) -> Hits:
    """Return the greatest share of hits, in 255ths, in the four squares that have a pixel as their corner."""
    tall = max(2, side * hits.shape[0] // max(hits.shape[0], 256))
    mean = cv2.blur(cv2.multiply(hits, 255), (side, tall))
    dx, dy = side // 2, tall // 2
    edge = cv2.copyMakeBorder(mean, dy, dy, dx, dx, cv2.BORDER_REPLICATE)
    h, w = hits.shape
    wide = cv2.max(edge[:, :w], edge[:, 2 * dx : 2 * dx + w])
    return cv2.max(wide[:h], wide[2 * dy : 2 * dy + h])


@dataclass(frozen=True)
class Lead:
    """A straight line worth a closer look."""

    score: float
    top: float
    """Column at the first strip, carried on."""
    slope: float
    """Columns a strip."""


def leads(found: Ridges, which: int) -> list[Lead]:
    """Return the lines of one sign whose sums stand out most, best first, none close to a better one."""
    hits, chance = found.hits[which], found.chance[which]
    s, w = hits.shape
    reach = max(BANDS, int(np.ceil(SLOPE * s * found.rows)))
    out: list[Lead] = []
    for sums in sheared(hits, reach):
        bands, slants, _ = sums.shape
        n = s // BANDS * (BANDS // bands)
        mean = [cv2.reduce(chance[b * n : (b + 1) * n], 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[0] for b in range(bands)]
        p: Float = np.clip(np.stack(mean) / np.float32(255), 0.02, 0.7).astype(np.float32)
        r = sums.max(1) * np.float32(1 / n)
        score = np.where(r > p, n * _divergence(r, p), 0)
        for b, x in _peaks(score, 6 + TRIED // (2 * bands), w):
            k = int(sums[b, :, x].argmax()) - slants // 2
            slope = k / max(n - 1, 1)
            out.append(Lead(float(score[b, x]), x - slope * b * n, slope))
    out.sort(key=lambda lead: (-lead.score, lead.top, lead.slope))
    return out[:TRIED]


def _divergence(r: Float, p: Float) -> Float:
    """Return how surprising a share r of hits is where p is expected, nats a trial (Hoeffding's bound)."""
    r = np.clip(r, np.float32(1e-6), np.float32(1 - 1e-6))
    return np.asarray(r * np.log(r / p) + (1 - r) * np.log((1 - r) / (1 - p)), np.float32)


def _peaks(score: Float, most: int, width: int) -> list[tuple[int, int]]:
    """Return the (band, column) of the highest scores of each band that are highest around."""
    around = cv2.dilate(np.ascontiguousarray(score, np.float32), np.ones((1, max(3, width // 200) | 1), np.uint8))
    top = (score >= around) & (score > np.log(1e4))
    out: list[tuple[int, int]] = []
    for b in range(score.shape[0]):
        xs = np.flatnonzero(top[b])
        out += [(b, int(x)) for x in xs[np.argsort(-score[b, xs], kind="stable")][:most]]
    return out


def lines(grey: Float) -> tuple[Line, ...]:
    """Return the thin near-vertical lines of luma (H, W) float32 in 8-bit levels, best first."""
    return lines_in(ridges(grey)) if is_large(grey.shape[0], grey.shape[1]) else ()


def is_large(h: int, w: int) -> bool:
    """Tell whether a picture is large enough for lines to be looked for."""
    return h >= 4 * BANDS and w >= 32


def lines_in(found: Ridges) -> tuple[Line, ...]:
    """Return the lines of a picture's ridges, best first, at most MOST."""
    out = [line for which, sign in ((0, 1), (1, -1)) for line in _of_sign(found, which, sign)]
    return tuple(sorted(out, key=lambda v: (v.log_nfa, v.first, v.columns[0]))[:MOST])


def _of_sign(found: Ridges, which: int, sign: int) -> list[Line]:
    """Return the lines of one sign: best first, and what is left is traced again without the hits they took."""
    free = found.hits[which].copy()
    todo = leads(found, which)
    out: list[Line] = []
    for _ in range(ROUNDS):
        if not todo:
            break
        again: list[Lead] = []
        taken = np.zeros(free.shape, bool)
        for lead, trace in sorted(zip(todo, traces(found, free, which, todo), strict=True), key=lambda v: v[1].log_nfa):
            if trace.log_nfa > WEAK_NFA:
                continue
            at = np.arange(trace.first, trace.first + trace.columns.size)
            column = np.clip(np.rint(trace.columns), 0, free.shape[1] - 1).astype(int)
            if taken[at, column].mean() > 0.1:
                again.append(lead)
                continue
            line = _finished(found, sign, trace)
            if line is not None:
                out.append(line)
                _block(taken, line)
        free[taken] = 0
        todo = again
    return out


def _block(taken: Bits, line: Line) -> None:
    """Mark the hits of a line as its own: worse ones do without (the exclusion principle)."""
    for i, x in enumerate(line.columns.tolist()):
        a, b = int(x - line.left_px - 3), int(x + line.right_px + 4)
        taken[line.first + i, max(a, 0) : max(b, 0)] = True


@dataclass(frozen=True)
class Trace:
    """The best segment along a lead."""

    first: int
    columns: Float
    log_nfa: float


def traces(found: Ridges, free: Hits, which: int, todo: list[Lead]) -> list[Trace]:
    """Return the best segment along each lead; its log_nfa is infinite where there is nothing like a line."""
    s, w = free.shape
    at = np.arange(s, dtype=np.float32)[:, None]
    straight = np.array([v.top for v in todo], np.float32) + np.array([v.slope for v in todo], np.float32) * at
    path = _paths(found.response[which], free, straight)
    column = np.clip(np.rint(path), 0, w - 1).astype(np.intp)
    strip = np.arange(s)[:, None]
    hit = (free[strip, column] > 0) & (path >= 0) & (path <= w - 1)
    density = found.chance[which][strip, column] / np.float32(255)
    chance: Float = np.clip(density, 0.02, HIT_SHARE - 0.05).astype(np.float32)
    first, stop = _segments(hit, chance)
    ends = (stop, first), np.arange(len(todo))
    k, p = (np.subtract(*(_sums(v)[e, ends[1]] for e in ends[0])) for v in (hit, chance))
    nfa = _log_nfa(stop - first, k, p, found)
    return [
        Trace(int(a), np.ascontiguousarray(path[a:b, i]), float(nfa[i]))
        for i, (a, b) in enumerate(zip(first, stop, strict=True))
    ]


def _sums(values: Float | Bits) -> npt.NDArray[np.float64]:
    """Return running sums (s + 1, n) down the strips, 0 first."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0, dtype=np.float64)])


def _log_nfa(
    length: npt.NDArray[np.intp], hits: npt.NDArray[np.float64], chances: npt.NDArray[np.float64], found: Ridges
) -> npt.NDArray[np.float64]:
    """Return log10 of the number of false alarms (n,) of segments with so many hits where so many are expected."""
    s, w = found.strips.shape
    n = np.maximum(length, 1)
    r, p = np.clip(hits / n, 1e-9, 1 - 1e-9), np.clip(chances / n, 1e-9, 1 - 1e-9)
    gain = n * (r * np.log(r / p) + (1 - r) * np.log((1 - r) / (1 - p)))
    # The path may bend by a pixel or two every BEND strips; each bend is a choice, and choices are tests.
    tests = np.log(0.5 * s**2 * w * 2 * SLOPE * s * found.rows) + np.log(3.0) * n / BEND
    return np.where((length >= max(6, s // 20)) & (r > p), (tests - gain) / np.log(10), np.inf)


def _paths(response: Fine, free: Hits, straight: Float) -> Float:
    """Return the columns (s, n) near straight lines along which the ridge is strongest: they may bend, but slowly."""
    s, w = response.shape
    room = max(2, round(3 * w / WIDE_2K_PX))
    offsets = np.arange(-room, room + 1, dtype=np.float32)
    column = np.rint(straight[..., None] + offsets).astype(np.intp)
    outside = (column < 0) | (column >= w)
    flat = np.clip(column, 0, w - 1) + (np.arange(s) * w)[:, None, None]
    seen = np.clip(response.ravel()[flat], 0, 12 * FINE).astype(np.float32)
    seen[outside | (free.ravel()[flat] == 0)] = 0
    seen = cv2.blur(seen.reshape(s, -1), (1, 2 * BEND + 1)).reshape(seen.shape)
    weight = np.maximum(seen - np.float32(0.6) * seen.max(2, keepdims=True), 0) + np.float32(1e-6)
    shift = (weight @ offsets) / weight.sum(2)
    return straight + cv2.blur(shift, (1, BEND + 1)).reshape(straight.shape)


def _segments(hit: Bits, chance: Float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return [first, stop) (n,) of the run of strips that most favours a line over chance, for each column."""
    share = np.float32(HIT_SHARE)
    total = _sums(np.where(hit, np.log(share / chance), np.log((1 - share) / (1 - chance))))
    stop = (total - np.minimum.accumulate(total)).argmax(0)
    before = np.where(np.arange(len(total))[:, None] <= stop, total, np.inf)
    return before.argmin(0), stop


def _finished(found: Ridges, sign: int, trace: Trace) -> Line | None:
    """Return the line with its width, contrast and gaps, from the straightened picture."""
    columns, w = trace.columns, found.strips.shape[1]
    room = 2 * max(widths(w)) + 4
    xs = columns[:, None] + np.arange(-room, room + 1, dtype=np.float32)
    ys = np.repeat(np.arange(trace.first, trace.first + columns.size, dtype=np.float32)[:, None], xs.shape[1], 1)
    flat = cv2.remap(found.strips, xs, ys, cv2.INTER_LINEAR)
    middle = np.median(flat[:: columns.size // 64 + 1], 0)
    left, right, contrast = extent(sign * middle, room)
    if contrast < LEAST_LEVELS:
        return None
    shows = shown(sign * flat, room, (left, right), contrast)
    wide = max(left, right) + PROFILE_PX
    profile = (middle - np.median(middle))[room - wide : room + wide + 1].astype(np.float32)
    return Line(sign, trace.first, columns, float(left), float(right), contrast, shows, trace.log_nfa, profile)
