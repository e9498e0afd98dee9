"""What fillers made of known damage in, the tables for people and the CSV and JSON for programs out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import isnan
from typing import Any, Literal

from restore.measure.filling.damage import ABOUT, KINDS
from restore.measure.findings import average

Material = Literal["still", "static", "moving"]
MATERIALS: dict[str, str] = {
    "moving": "moving camera or scene", "static": "clips that stand nearly still", "still": "single pictures"
}
GAIN_DB, RESTLESS = 6.0, 1.1
"""What is asked of a ladder on moving clips: so much above Telea, and at most so much of the truth's own flicker."""
TRUTH = "(the truth)"


@dataclass(frozen=True)
class FillingRow:
    """How one filler filled one kind of damage on one clip. NaN where there was nothing to measure.

    Figures are of the pixels it filled; what it left open counts in `filled_frac` alone.
    """

    filler: str
    clip: str
    material: Material
    kind: str
    frames: int
    hidden_frac: float
    """Share of the picture that was damaged."""
    filled_frac: float = float("nan")
    """Share of that which it filled."""
    psnr: float = float("nan")
    """DB, luma, in the mask."""
    gain: float = float("nan")
    """DB above Telea on the very same pixels."""
    ssim: float = float("nan")
    flicker: float = float("nan")
    """Change between frames beyond motion, over the truth's own: 1 is right, more flickers."""
    seam: float = float("nan")
    """Steps across the border of the mask, over the truth's: 1 is right, more shows."""
    grain: float = float("nan")
    """Deviation of the finest detail over that of a ring around: `grain_truth` is right, less is blurred."""
    grain_truth: float = float("nan")
    features: float = float("nan")
    """How different it looks to this program's own network: less is better, comparable within one table only."""
    seconds_a_frame: float = float("nan")
    """Median seconds of the processor on one thread, the motion of the neighbours included."""
    peak_mb: float = float("nan")
    """Memory that a process of its own takes to fill one frame of this, above what it held before."""
    note: str = ""


HEADINGS = {
    "filler": "filler", "filled_frac": "filled %", "psnr": "PSNR dB", "gain": "gain dB", "ssim": "SSIM",
    "flicker": "flicker", "seam": "seam", "grain": "grain", "features": "features", "seconds_a_frame": "CPU s",
    "peak_mb": "MB",
}
DIGITS = {"filled_frac": 1, "psnr": 2, "gain": 2, "seconds_a_frame": 3, "peak_mb": 0}


def mean(rows: Sequence[FillingRow]) -> FillingRow:
    """Return the mean over clips of one filler's rows of one kind; what a clip has no figure of is left out of its."""
    names = [f.name for f in fields(FillingRow) if f.type == "float"]
    numbers: dict[str, Any] = {n: average([getattr(r, n) for r in rows]) for n in names}
    return replace(rows[0], clip="mean", frames=sum(r.frames for r in rows), **numbers)


def means(rows: Sequence[FillingRow]) -> list[FillingRow]:
    """Return the mean over clips for each material, kind and filler, in this order."""
    keys = dict.fromkeys((r.material, r.kind, r.filler) for r in rows)
    order = sorted(keys, key=lambda k: (list(MATERIALS).index(k[0]), KINDS.index(k[1])))
    return [mean([r for r in rows if (r.material, r.kind, r.filler) == key]) for key in order]


def tables(rows: Sequence[FillingRow]) -> Iterable[str]:
    """Yield a table for each material and kind of damage, what is judged in its first line."""
    averaged = means(rows)
    for material, kind in dict.fromkeys((r.material, r.kind) for r in averaged):
        mine = [r for r in averaged if (r.material, r.kind) == (material, kind)]
        clips = len({r.clip for r in rows if (r.material, r.kind) == (material, kind)})
        yield (
            f"{kind} ({ABOUT[kind]}; {100 * mine[0].hidden_frac:.1f} % of the picture), {MATERIALS[material]}: "
            f"{clips} of them, {mine[0].frames} frames"
        )
        yield table(mine)
        yield ""


def table(rows: Sequence[FillingRow]) -> str:
    """Write mean rows of one kind as a Markdown table, what the truth would get last; empty columns are left out."""
    right = FillingRow(TRUTH, "", rows[0].material, rows[0].kind, 0, 0.0, flicker=1.0, seam=1.0,
                       grain=average([r.grain_truth for r in rows]))
    shown = [n for n in HEADINGS if n == "filler" or any(not isnan(getattr(r, n)) for r in rows)]
    lines = [[HEADINGS[n] for n in shown], *([cell(n, r) for n in shown] for r in [*rows, right])]
    widths = [max(len(line[i]) for line in lines) for i in range(len(shown))]
    lines.insert(1, ["-" * w for w in widths])
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines)


def cell(name: str, row: FillingRow) -> str:
    """Write one value; a dash for what was not there to be measured."""
    value = getattr(row, name)
    if name == "filler":
        return f"{value}: {row.note}" if row.note else str(value)
    if isnan(value):
        return "-"
    return f"{100 * value if name.endswith('_frac') else value:.{DIGITS.get(name, 3)}f}"


def told(rows: Sequence[FillingRow], ladders: Mapping[str, str]) -> Iterable[str]:
    """Yield all there is to say to people; `ladders` are the recipes judged and what they fill with."""
    yield from tables(rows)
    yield from (f"{name}: {parts}" for name, parts in ladders.items())
    yield from asked(rows, list(ladders))


def asked(rows: Sequence[FillingRow], workflows: Sequence[str]) -> Iterable[str]:
    """Yield how each recipe's whole ladder stands to what is asked of it on moving clips, kind by kind and in all."""
    for workflow in workflows:
        mine = [r for r in means(rows) if r.filler == workflow and r.material == "moving"]
        yield from (_stands(r, f"{workflow}, {r.kind}") for r in mine)
        if len(mine) > 1:
            yield _stands(mean(mine), f"{workflow}, mean of kinds")


def _stands(row: FillingRow, what: str) -> str:
    gain, calm = ("reached" if good else "missed" for good in (row.gain >= GAIN_DB, row.flicker <= RESTLESS))
    return (
        f"{what}: {row.gain:+.2f} dB above Telea ({GAIN_DB:g} asked: {gain}), "
        f"flicker {row.flicker:.2f} times the truth's (at most {RESTLESS:g} asked: {calm})"
    )


def plain(rows: Sequence[FillingRow]) -> list[dict[str, object]]:
    """Return rows for JSON, which knows no NaN: null stands for it."""
    return [{k: None if isinstance(v, float) and isnan(v) else v for k, v in asdict(r).items()} for r in rows]
