"""Pixels a frame in, an SVG drawing out: copied, made up and left, stacked; binned so that a long film stays small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from restore.report.facts import Summary
from restore.report.markup import Markup, Piece, el, join
from restore.report.palette import COPIED, made
from restore.report.palette import LEFT as LEFT_SHADE
from restore.report.words import percent, share
from restore.written import counted

COLUMNS = 600
"""Most columns of the plot; a longer film shares them."""
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1000, 300, 74, 44, 12
SECTIONS = 10


@dataclass(frozen=True)
class Band:
    """One kind of pixel in the plot and in every picture."""

    name: str
    label: str
    shade: str
    """CSS class that colours it."""
    px: tuple[int, ...]


@dataclass(frozen=True)
class Bins:
    """The film cut into columns."""

    edges: tuple[int, ...]
    """Offsets from the first frame; one more than there are columns."""

    def mean(self, px: Sequence[int]) -> list[float]:
        """Return pixels a frame, averaged over each column."""
        sums = [0, *accumulate(px)]
        return [(sums[b] - sums[a]) / max(1, b - a) for a, b in zip(self.edges, self.edges[1:], strict=False)]


def bins(frames: int, most: int = COLUMNS) -> Bins:
    """Cut `frames` into at most `most` columns of nearly one length."""
    n = max(1, min(frames, most))
    return Bins(tuple(frames * k // n for k in range(n + 1)))


def bands(s: Summary) -> tuple[Band, ...]:
    """Return the kinds of pixel that occur, from the bottom of the plot to its top."""
    t = s.totals
    found = [Band("donors", "copied from other frames", COPIED, s.series.donors_px)] if t.donors_px else []
    for k, (amount, px) in enumerate(zip(t.invented, s.series.invented_px, strict=True)):
        found.append(Band(amount.name, f"made up by {amount.name}", made(k), px))
    if t.unfilled_px:
        found.append(Band("unfilled", "wanted filling, left as it was", LEFT_SHADE, s.series.unfilled_px))
    return tuple(found)


def legend(s: Summary, sums: bool = True) -> Markup:
    """Return what the colours mean, each with its sum if wanted."""
    t = s.totals
    items = []
    for band in bands(s):
        swatch = el("span", "", class_=f"swatch {band.shade}", aria_hidden="true")
        total = sum(band.px)
        number = el("span", f"{total:,} px, {share(total, t.masked_px)}", class_="quiet")
        items.append(el("li", swatch, " ", band.label, *((" ", number) if sums else ())))
    return el("ul", *items, class_="legend")


def plot(s: Summary) -> Markup:
    """Return the drawing with its title and description; its numbers stand in `sections` too."""
    cut = bins(s.totals.frames)
    area = s.source.height_px * s.source.width_px
    levels = [[v / area for v in cut.mean(b.px)] for b in bands(s)]
    stacked = [[sum(column) for column in zip(*levels[: k + 1], strict=True)] for k in range(len(levels))]
    top, _ = _top(stacked[-1] if stacked else [])
    scale = _Scale(s.start, s.totals.frames, top)
    arrows = _arrows(cut, stacked[-1] if stacked else [], scale)
    shapes = [
        el("path", d=_area(cut, stacked[k - 1] if k else None, upper, scale), class_=f"band {band.shade}")
        for k, (band, upper) in enumerate(zip(bands(s), stacked, strict=True))
    ]
    title, about = el("title", "Repaired pixels a frame", id="plot-title"), el("desc", _about(s, cut), id="plot-about")
    return el(
        "svg", title, about, _hatch(), *_axes(scale), *_open_ends(s, scale), *shapes, *arrows, *_marks(s, scale),
        viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_labelledby="plot-title plot-about", class_="plot",
    )


def beyond(s: Summary) -> float:
    """Return the share of the highest column where it goes beyond the plot, else 0."""
    area = s.source.height_px * s.source.width_px
    return _top([v / area for v in bins(s.totals.frames).mean(s.series.masked_px)])[1]


def sections(s: Summary) -> Iterator[list[Piece]]:
    """Yield the plot in numbers: for each tenth of the film its frames, then every band's pixels."""
    cut = bins(s.totals.frames, SECTIONS)
    for a, b in zip(cut.edges, cut.edges[1:], strict=False):
        name = f"{s.start + a:,} to {s.start + b - 1:,}" if b - a > 1 else f"{s.start + a:,}"
        begun = any(start < s.start + b and s.start + a < stop for start, stop in s.filled_spans)
        yield [name, *(f"{sum(band.px[a:b]):,}" if begun else "not yet" for band in bands(s))]


@dataclass(frozen=True)
class _Scale:
    start: int
    frames: int
    top: float
    """Share of the picture at the plot's upper edge."""

    def x(self, offset: float) -> float:
        return round(LEFT + (WIDTH - LEFT) * offset / max(1, self.frames), 1)

    def y(self, frac: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(1.0, frac / self.top)), 1)


def _area(cut: Bins, lower: Sequence[float] | None, upper: Sequence[float], scale: _Scale) -> str:
    """Return the outline of a band: along its upper steps, and back along its lower ones."""
    floor = lower or [0.0] * len(upper)
    columns = list(zip(cut.edges, cut.edges[1:], upper, floor, strict=False))
    there = "".join(f"V{scale.y(u):g}H{scale.x(b):g}" for _, b, u, _ in columns)
    back = "".join(f"V{scale.y(low):g}H{scale.x(a):g}" for a, _, _, low in reversed(columns))
    return f"M{scale.x(0):g} {scale.y(floor[0]):g}{there}{back}Z"


def _axes(scale: _Scale) -> Iterator[Markup]:
    for k in range(3):
        frac = scale.top * k / 2
        y = scale.y(frac)
        yield el("line", x1=LEFT, x2=WIDTH, y1=f"{y:g}", y2=f"{y:g}", class_="rule")
        yield el("text", percent(frac), x=LEFT - 10, y=f"{y + 5:g}", class_="tick end")
    for offset in sorted({0, scale.frames // 4, scale.frames // 2, 3 * scale.frames // 4, scale.frames - 1}):
        place = "start" if offset == 0 else "end" if offset == scale.frames - 1 else "middle"
        at = scale.x(offset + 0.5) if place == "middle" else LEFT if place == "start" else WIDTH
        yield el("text", f"{scale.start + offset:,}", x=f"{at:g}", y=HEIGHT - 6, class_=f"tick {place}")


def _arrows(cut: Bins, columns: Sequence[float], scale: _Scale) -> Iterator[Markup]:
    """Point out the columns that go beyond the plot."""
    for a, b, value in zip(cut.edges, cut.edges[1:], columns, strict=False):
        if value > scale.top:
            yield el("path", d=f"M{scale.x((a + b) / 2) - 5:g} {TOP - 2}l5 -8l5 8z", class_="arrow")


def _marks(s: Summary, scale: _Scale) -> Iterator[Markup]:
    """Draw cuts as short ticks under the plot, and frames at fault as crosses; no more than can be told apart."""
    y = HEIGHT - BOTTOM
    for x in sorted({round(scale.x(t - s.start)) for t in s.cuts}):
        yield el("line", x1=x, x2=x, y1=y + 3, y2=y + 11, class_="cut")
    for x in sorted({round(scale.x(f.frame - s.start + 0.5)) for f in s.faults}):
        yield el("path", d=f"M{x - 4} {y + 3}l8 8m0-8l-8 8", class_="fault")


def _open_ends(s: Summary, scale: _Scale) -> Iterator[Markup]:
    """Hatch what the filling has not come to yet."""
    begin = s.start
    for start, stop in (*s.filled_spans, (s.stop, s.stop)):
        if start > begin:
            x = scale.x(begin - s.start)
            width = scale.x(start - s.start) - x
            yield el("rect", x=f"{x:g}", y=TOP, width=f"{width:g}", height=HEIGHT - TOP - BOTTOM, class_="open")
        begin = stop


def _hatch() -> Markup:
    def pattern(name: str, step: int) -> Markup:
        line = el("line", x1=0, y1=0, x2=0, y2=step, class_="hatch")
        return el("pattern", line, id=name, width=step, height=step, patternUnits="userSpaceOnUse",
                  patternTransform="rotate(45)")

    return el("defs", pattern("hatch-left", 4), pattern("hatch-open", 9))


def _about(s: Summary, cut: Bins) -> str:
    """Describe the plot for those who do not see it."""
    widest = max(b - a for a, b in zip(cut.edges, cut.edges[1:], strict=False))
    column = "one frame" if widest == 1 else f"up to {counted(widest, 'frame')}, averaged"
    amounts = join((f"{b.label}: {sum(b.px):,} pixels" for b in bands(s)), "; ")
    return f"Stacked columns from frame {s.start} to {s.stop - 1}, each {column}. {amounts or 'No pixels'}."


def _top(columns: Sequence[float]) -> tuple[float, float]:
    """Return the share at the plot's upper edge and, where that cuts columns off, the share of the highest.

    A few columns far above all others (a torn frame, a splice) must not press the rest flat.
    """
    there = sorted(v for v in columns if v > 0)
    if not there:
        return _round_up(0.0), 0.0
    usual = there[int(0.97 * (len(there) - 1))]
    if there[-1] <= 5 * usual:
        return _round_up(there[-1]), 0.0
    return _round_up(1.3 * usual), there[-1]


def _round_up(frac: float) -> float:
    """Return the next round number, so that the axis reads well."""
    if frac <= 0:
        return 1e-4
    power = 1e-12
    while power * 10 <= frac:
        power *= 10
    return min(1.0, next(power * m for m in (1, 2, 3, 4, 6, 8, 10) if power * m >= frac * 0.999999))
