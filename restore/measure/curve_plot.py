"""Verdicts in, an SVG out: precision over recall at every threshold, moving and static shots side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from xml.sax.saxutils import escape

import numpy as np

from restore.measure.curve import Curve
from restore.measure.finding import Tally, Verdict

PANEL, LEFT, TOP, BOTTOM, BETWEEN, RIGHT = 400, 64, 64, 60, 76, 180
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
COLOURS = ("#0b3d91", "#d1495b", "#e08e0b", "#2a9d8f", "#7b5ea7", "#6b7280", "#111111", "#8c564b")
"""The first is the strongest: what is judged comes first, what it is compared with after it."""
NOTES = ("line: any threshold", "dot: as it is set", "line detectors: scratches,", "their dot by length;",
         "all others: other damage")
STEPS = 200
"""Points a curve is drawn with, at most."""
TITLES = {"moving": "Camera moves", "static": "Camera stands still"}
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}text.small{font-size:12px;fill:#555}"
    "text.title{font-size:15px;font-weight:600}"
    ".grid{stroke:#e3e6ea}.axis{stroke:#444}.iso{stroke:#c9ced6;stroke-dasharray:3 4;fill:none}"
    ".curve{fill:none;stroke-width:2;stroke-linejoin:round}"
)


@dataclass(frozen=True)
class Trace:
    """One candidate in one panel."""

    name: str
    colour: str
    curve: Curve | None
    point: tuple[float, float]
    """(recall, precision) as it is set; NaN where there is none."""


def drawing(verdicts: Sequence[Verdict]) -> str:
    """Return the drawing: a curve for each candidate with a threshold to move, a dot where each of them is set.

    Pixels of all clips of a panel are pooled. Detectors of lines alone are judged by line scratches, all others by all
    other damage.
    """
    names = list(dict.fromkeys(v.row.part for v in verdicts))
    cameras = [c for c in TITLES if any(v.row.camera == c for v in verdicts)]
    width = LEFT + len(cameras) * (PANEL + BETWEEN) + RIGHT
    height = TOP + PANEL + BOTTOM
    body: list[str] = []
    for i, camera in enumerate(cameras):
        here = [v for v in verdicts if v.row.camera == camera]
        some = [trace(n, here, COLOURS[k % len(COLOURS)]) for k, n in enumerate(names)]
        clips = len({v.row.clip for v in here})
        body += panel(LEFT + i * (PANEL + BETWEEN), f"{TITLES[camera]} ({clips} clip{'s' * (clips > 1)})", some)
    body += legend(LEFT + len(cameras) * (PANEL + BETWEEN), names)
    about = "Precision over recall of pixels, of several detectors of film damage."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img"><title>{about}</title><style>{STYLE}</style><rect width="{width}" height="{height}" fill="#fff"/>'
        f"{''.join(body)}</svg>\n"
    )


def trace(name: str, verdicts: Sequence[Verdict], colour: str) -> Trace:
    """Pool what one candidate did on some clips."""
    tallies = [v.tally for v in verdicts if v.row.part == name]
    if not tallies:
        return Trace(name, colour, None, (float("nan"), float("nan")))
    total: Tally = reduce(add, tallies)
    if total.only_lines:
        return Trace(name, colour, total.line_curve, (total.scratches.recall, total.scratches.precision))
    return Trace(name, colour, total.curve, (total.transient.recall, total.transient.precision))


def panel(x0: float, title: str, traces: Sequence[Trace]) -> Iterator[str]:
    """Yield the axes, the lines of equal F1, the curves and the dots of one panel."""
    yield text(x0, TOP - 16, title, "title")
    for v in TICKS:
        x, y = place(x0, v, v)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{TOP + PANEL}M{x0} {y:.1f}H{x0 + PANEL}"/>'
        yield text(x, TOP + PANEL + 18, f"{v:.1f}", "small", "middle")
        yield text(x0 - 8, y + 4, f"{v:.1f}", "small", "end")
    for f1 in (0.2, 0.4, 0.6, 0.8):
        recall = np.linspace(f1 / (2 - f1), 1, 40)
        yield f'<path class="iso" d="{path(x0, recall, f1 * recall / (2 * recall - f1))}"/>'
        x, y = place(x0, 1, f1 / (2 - f1))
        yield text(x - 4, y - 4, f"F1 {f1}", "small", "end")
    yield f'<path class="axis" fill="none" d="M{x0} {TOP}V{TOP + PANEL}H{x0 + PANEL}"/>'
    yield text(x0 + PANEL / 2, TOP + PANEL + 42, "recall", "", "middle")
    upright = f"translate({x0 - 44} {TOP + PANEL / 2}) rotate(-90)"
    yield f'<g transform="{upright}">{text(0, 0, "precision", "", "middle")}</g>'
    # What comes first lies on top.
    for one in reversed(traces):
        yield from drawn(x0, one)


def drawn(x0: float, one: Trace) -> Iterator[str]:
    """Yield a curve and its dot."""
    if one.curve is not None and one.curve.damaged:
        recall, precision = one.curve.points()
        keep = np.unique(np.linspace(0, recall.size - 1, min(recall.size, STEPS)).astype(int))
        yield f'<path class="curve" stroke="{one.colour}" d="{path(x0, recall[keep], precision[keep])}"/>'
    if np.isfinite(one.point).all():
        x, y = place(x0, *one.point)
        name = escape(f"{one.name}: recall {one.point[0]:.2f}, precision {one.point[1]:.2f}")
        yield dot(x, y, one.colour, f"<title>{name}</title>")


def legend(x0: float, names: Sequence[str]) -> Iterator[str]:
    """Yield which colour is whose."""
    for k, name in enumerate(names):
        y = TOP + 12 + 24 * k
        colour = COLOURS[k % len(COLOURS)]
        yield f'<path class="curve" stroke="{colour}" d="M{x0} {y}h28"/>'
        yield dot(x0 + 14, y, colour)
        yield text(x0 + 38, y + 4, name, "")
    y = TOP + 30 + 24 * len(names)
    for k, line in enumerate(NOTES):
        yield text(x0, y + 17 * k, line, "small")


def dot(x: float, y: float, colour: str, inside: str = "") -> str:
    """Return the mark of a setting."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" fill="{colour}" stroke="#fff">{inside}</circle>'


def place(x0: float, recall: float, precision: float) -> tuple[float, float]:
    """Return where a point of a panel lies."""
    return x0 + recall * PANEL, TOP + (1 - precision) * PANEL


def path(x0: float, recall: np.ndarray[tuple[int], np.dtype[np.float64]],
         precision: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    """Return points of a panel (n,) as the data of a path."""
    points = (place(x0, float(r), float(p)) for r, p in zip(recall, precision, strict=True))
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """Return a line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
