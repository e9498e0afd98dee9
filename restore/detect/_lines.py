"""One luma picture in, its near-vertical thin lines out, each with the number of times chance would make one as good.

A contrario detection after Newson, Almansa, Gousseau and Perez (IEEE Trans. Image Processing 23(3), 2014), changed in
four ways: ridges of several widths and either sign, tested against the noise of this picture; rows averaged in strips;
lines found by adding up sheared columns exactly, coarse to fine (Brady, SIAM J. Computing 27(1), 1998), in place of a
Hough vote; and the best segment of a line by a running sum of log-likelihood ratios.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits

STRIPS = 256
"""Rows are averaged into at most this many strips; lines of a few degrees lose nothing."""
BANDS = 8
"""Sums start in this many bands and are joined two by two."""
WIDTHS_2K_PX = (3, 5, 9, 15)
WIDE_2K_PX = 2048
SLOPE = 0.105
"""Columns a row: 6 degrees."""
SIDES_LEVELS = 25.0
"""A line has the same brightness on both sides, give or take this."""
NOISE_FACTOR = 1.5
LEAST_LEVELS = 1.5
HIT_SHARE = 0.75
"""Share of its strips in which a line shows."""
WEAK_NFA = 2.0
"""log10 of the number of false alarms up to which a line is kept for others to vouch for."""
MOST = 24
"""Lines tried in a picture, best first."""


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

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.columns.nbytes + self.shows.nbytes

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


@dataclass(frozen=True)
class Ridges:
    """A picture averaged in strips, and where it has thin vertical ridges."""

    strips: Float
    """(s, W) 8-bit levels."""
    rows: int
    """Rows a strip."""
    response: tuple[Float, Float]
    """(s, W) by how many levels a bright (dark) ridge stands out from both sides; the best of all widths."""
    hits: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]
    """(s, W) 1 where that is more than noise."""
    chance: tuple[Float, Float]
    """(s, W) local density of hits."""


def widths(width: int) -> tuple[int, ...]:
    """Return the odd widths in pixels that are looked for in a picture this wide.

    Small pictures come from narrower film, on which the same scratch is wider.
    """
    scale = max((width / WIDE_2K_PX) ** 0.8, 0.35)
    return tuple(sorted({max(1, round(w * scale)) | 1 for w in WIDTHS_2K_PX}))


def ridges(grey: Float) -> Ridges:
    """Return the ridges of luma (H, W) float32 in 8-bit levels."""
    h, w = grey.shape
    rows = -(-h // STRIPS)
    strips = cv2.resize(grey[: h // rows * rows], (w, h // rows), interpolation=cv2.INTER_AREA)
    best = [np.zeros_like(strips), np.zeros_like(strips)]
    hits = [np.zeros(strips.shape, np.uint8), np.zeros(strips.shape, np.uint8)]
    for px in widths(w):
        for found, total, response in zip(hits, best, _ridge(strips, px), strict=True):
            noise = _noise(response)
            cv2.bitwise_or(found, cv2.compare(response, max(LEAST_LEVELS, NOISE_FACTOR * noise), cv2.CMP_GT), dst=found)
            cv2.max(total, response, dst=total)
    ones = [cv2.min(v, 1) for v in hits]
    dense = [_density(v, max(8, w // 30)) for v in ones]
    return Ridges(strips, rows, (best[0], best[1]), (ones[0], ones[1]), (dense[0], dense[1]))


def _ridge(strips: Float, px: int) -> tuple[Float, Float]:
    """Return by how much the mean over `px` columns is above (below) the means on both sides of it."""
    mean = cv2.blur(strips, (px, 1))
    step = px + 1
    edge = cv2.copyMakeBorder(mean, 0, 0, step, step, cv2.BORDER_REPLICATE)
    left, right = edge[:, : -2 * step], edge[:, 2 * step :]
    above = cv2.min(cv2.subtract(mean, left), cv2.subtract(mean, right))
    below = cv2.min(cv2.subtract(left, mean), cv2.subtract(right, mean))
    uneven = cv2.compare(cv2.absdiff(left, right), SIDES_LEVELS, cv2.CMP_GT)
    for side in (above, below):
        side[uneven > 0] = -1
        side[:, :step] = -1
        side[:, -step:] = -1
    return above, below


def _noise(response: Float) -> float:
    """Return the spread of responses that mean nothing; the lesser of two differences is seldom positive by chance."""
    some = response[::3, ::7]
    return 1.4826 * float(np.median(np.abs(some - np.median(some)))) if some.size else 0.0


def _density(hits: npt.NDArray[np.uint8], side: int) -> Float:
    """Return the greatest share of hits in the four squares that have a pixel as their corner."""
    tall = max(2, side * hits.shape[0] // max(hits.shape[0], 256))
    mean = cv2.boxFilter(hits, cv2.CV_32F, (side, tall))
    dx, dy = side // 2, tall // 2
    edge = cv2.copyMakeBorder(mean, dy, dy, dx, dx, cv2.BORDER_REPLICATE)
    h, w = hits.shape
    corners = [edge[y : y + h, x : x + w] for y in (0, 2 * dy) for x in (0, 2 * dx)]
    return cv2.max(cv2.max(corners[0], corners[1]), cv2.max(corners[2], corners[3]))


def sheared(hits: npt.NDArray[np.uint8], reach: int) -> list[Float]:
    """Return sums along slanted columns: per level (bands, 2d+1, W), of 8, 4, 2 and 1 bands.

    Entry [b, d + k, x] is the sum down a line that enters band b at column x and leaves it k columns to the right;
    `reach` is the greatest k over the whole height.
    """
    s, w = hits.shape
    n = s // BANDS
    d = -(-reach // BANDS)
    pad = reach + 2
    wide = np.zeros((s, w + 2 * pad), np.float32)
    wide[:, pad : pad + w] = hits
    level = np.zeros((BANDS, 2 * d + 1, w + 2 * pad), np.float32)
    for i in range(n):
        row = wide[i : n * BANDS : n]
        for k in range(-d, d + 1):
            shift = round(k * i / max(n - 1, 1))
            level[:, d + k, pad:-pad] += row[:, pad + shift : pad + shift + w]
    levels = [level]
    while level.shape[0] > 1:
        level = _joined(level, pad)
        levels.append(level)
    return [v[:, :, pad:-pad] for v in levels]


def _joined(level: Float, pad: int) -> Float:
    """Return the sums over pairs of bands: the upper leaves where the lower enters."""
    d = level.shape[1] // 2
    out = np.zeros((level.shape[0] // 2, 4 * d + 1, level.shape[2]), np.float32)
    for k in range(-2 * d, 2 * d + 1):
        upper = k // 2
        lower = k - upper
        lower = min(max(lower, -d), d)
        moved = np.roll(level[1::2, d + lower], -upper, 1)
        if upper > 0:
            moved[:, -upper:] = 0
        elif upper < 0:
            moved[:, :-upper] = 0
        out[:, 2 * d + k] = level[0::2, d + upper] + moved
    return out


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
        p = np.clip(np.stack([chance[b * n : (b + 1) * n].mean(0) for b in range(bands)]), 0.02, 0.7)
        best = sums.max(1)
        r = best / n
        score = np.where(r > p, n * _divergence(r, p), 0)
        for b, x in _peaks(score, 6 + MOST // bands, w):
            k = int(sums[b, :, x].argmax()) - slants // 2
            slope = k / max(n - 1, 1)
            out.append(Lead(float(score[b, x]), x - slope * b * n, slope))
    out.sort(key=lambda lead: (-lead.score, lead.top, lead.slope))
    return out[: 2 * MOST]


def _divergence(r: Float, p: Float) -> Float:
    """Return how surprising a share r of hits is where p is expected, nats a trial (Hoeffding's bound)."""
    r = np.clip(r, 1e-6, 1 - 1e-6)
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
    h, w = grey.shape
    if h < 4 * BANDS or w < 32:
        return ()
    found = ridges(grey)
    out: list[Line] = []
    for which, sign in ((0, 1), (1, -1)):
        free = found.hits[which].copy()
        for lead in leads(found, which):
            line = trace(found, free, which, sign, lead)
            if line is not None:
                out.append(line)
                _block(free, line)
            if len(out) >= MOST:
                break
    return tuple(sorted(out, key=lambda v: (v.log_nfa, v.first, v.columns[0])))


def _block(free: npt.NDArray[np.uint8], line: Line) -> None:
    """Take the hits of a line away from worse ones (the exclusion principle)."""
    for i, x in enumerate(line.columns):
        a, b = int(x - line.left_px - 3), int(x + line.right_px + 4)
        free[line.first + i, max(a, 0) : max(b, 0)] = 0


def trace(found: Ridges, free: npt.NDArray[np.uint8], which: int, sign: int, lead: Lead) -> Line | None:
    """Return the best segment along a lead, or None where chance would make it too."""
    s, w = free.shape
    at = np.arange(s)
    path = _path(found.response[which] * free, lead.top + lead.slope * at)
    column = np.clip(np.rint(path).astype(int), 0, w - 1)
    inside = (path >= 0) & (path <= w - 1)
    hit = (free[at, column] > 0) & inside
    chance = np.clip(found.chance[which][at, column], 0.02, HIT_SHARE - 0.05)
    first, stop = _segment(hit, chance)
    length = stop - first
    if length < max(6, s // 20):
        return None
    r = min(float(hit[first:stop].mean()), 1 - 1e-9)
    p = float(chance[first:stop].mean())
    if r <= p:
        return None
    tests = 0.5 * s**2 * w * 2 * SLOPE * s * found.rows
    # The path may bend by a pixel or two every BEND strips; each bend is a choice, and choices are tests.
    tests *= 3.0 ** (length / BEND)
    gain = length * (r * np.log(r / p) + (1 - r) * np.log((1 - r) / (1 - p)))
    log_nfa = float((np.log(tests) - gain) / np.log(10))
    if log_nfa > WEAK_NFA:
        return None
    return _finished(found, sign, first, path[first:stop].astype(np.float32), log_nfa)


BEND = 16
"""A scratch's column is followed in runs of this many strips."""


def _path(response: Float, straight: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the column (s,) near a straight line along which the ridge is strongest: it may bend, but slowly."""
    s, w = response.shape
    room = max(2, round(3 * w / WIDE_2K_PX))
    offsets = np.arange(-room, room + 1)
    column = np.rint(straight[:, None] + offsets).astype(int)
    seen = np.where((column >= 0) & (column < w), response[np.arange(s)[:, None], np.clip(column, 0, w - 1)], 0)
    seen = cv2.blur(np.minimum(np.maximum(seen, 0), 12).astype(np.float32), (1, 2 * BEND + 1))
    weight = np.maximum(seen - 0.6 * seen.max(1, keepdims=True), 0) + 1e-6
    shift = (weight * offsets).sum(1) / weight.sum(1)
    return straight + cv2.blur(shift.astype(np.float32)[:, None], (1, BEND + 1))[:, 0]


def _segment(hit: Bits, chance: Float) -> tuple[int, int]:
    """Return [first, stop) of the run of strips that most favours a line over chance."""
    gain = np.where(hit, np.log(HIT_SHARE / chance), np.log((1 - HIT_SHARE) / (1 - chance)))
    total = np.concatenate([[0], np.cumsum(gain)])
    lowest = np.minimum.accumulate(total)
    stop = int((total - lowest).argmax())
    first = int(total[: stop + 1].argmin())
    return first, stop


def _finished(found: Ridges, sign: int, first: int, columns: Float, log_nfa: float) -> Line | None:
    """Return the line with its width, contrast and gaps, from the straightened picture."""
    w = found.strips.shape[1]
    room = 2 * max(widths(w)) + 4
    xs = columns[:, None] + np.arange(-room, room + 1, dtype=np.float32)
    ys = np.broadcast_to(np.arange(first, first + columns.size, dtype=np.float32)[:, None], xs.shape)
    flat = cv2.remap(found.strips, np.ascontiguousarray(xs), np.ascontiguousarray(ys), cv2.INTER_LINEAR)
    left, right, contrast = _extent(sign * np.median(flat, 0), room)
    if contrast < LEAST_LEVELS:
        return None
    before, after = flat[:, max(0, room - left - 4) : room - left - 1], flat[:, room + right + 2 : room + right + 5]
    sides = 0.5 * (before.mean(1) + after.mean(1))
    level = sign * (flat[:, room - left // 2 : room + right // 2 + 1].mean(1) - sides)
    seen = cv2.blur(level[:, None].astype(np.float32), (1, 9))[:, 0]
    shows = seen > 0.25 * contrast
    return Line(sign, first, columns, float(left), float(right), contrast, shows, log_nfa)


def _extent(profile: Float, room: int) -> tuple[int, int, float]:
    """Return how far left and right of the middle a profile stays above a quarter of its peak, and the peak."""
    base = float(np.median(profile))
    middle = room + int(profile[room - 2 : room + 3].argmax()) - 2
    peak = float(profile[middle]) - base
    above = profile - base > 0.25 * peak
    left = right = middle
    while left > 3 and above[left - 1]:
        left -= 1
    while right < 2 * room - 4 and above[right + 1]:
        right += 1
    return max(room - left, 0), max(right - room, 0), peak
