"""What each setting found and touched of a reel in, a table and a recommendation with its reason out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite, isnan, log10
from typing import Any

from restore.measure.bench import FillRow
from restore.measure.detection import Score
from restore.measure.findings import average
from restore.measure.own_reel import Attempt, Count
from restore.written import counted, duration

SPECKS, WITH_LINES = "specks", "with lines"
HARM_FRAC = 0.0002
"""More of a clean picture than this may not be touched: the bar this program's defaults are held to."""
SAME = 0.02
"""Settings whose F1 differs by less are as good as each other on so few frames: then the recipe as it is, or else the
one that touches least."""


@dataclass(frozen=True)
class Tried:
    """What one recipe did at one setting."""

    workflow: str
    setting: str
    set: tuple[str, ...]
    """What to add to `lacuna run`, each after a `--set`; empty for the recipe as it is."""
    found_frac: float
    """Share of the planted damage's pixels that was found; of recipes that find no lines, lines left out."""
    specks_frac: float
    """Share of the planted specks, hairs and blotches a good part of which was found."""
    lines_frac: float
    """Share of the length of planted line scratches that was found; NaN for recipes that find no lines."""
    precision_least: float
    """Share of all that was found that was planted: too low where the reel has damage of its own."""
    f1: float
    """What the reel had before is left out."""
    touched_frac: float
    """Share of the reel as it is that would be filled: damage of its own, and at most so much harm."""
    beyond_frac: float
    """The part of it that cannot be damage like the planted, for a more cautious setting would have found that too."""
    recommended: bool = False


@dataclass(frozen=True)
class Mended:
    """How well one recipe filled the planted damage, its true masks given."""

    workflow: str
    what: str
    """Which of the planted damage: SPECKS, or WITH_LINES for recipes that find line scratches too."""
    psnr: float
    """Of what was filled, against the reel's own pixels, dB; infinite where all are given back exactly."""
    psnr_telea: float
    fine_match: float
    """High-frequency energy over that of what was covered; 1 is as sharp and grainy as the reel."""
    donor_frac: float
    left_frac: float
    """Share of the damage that was left as it was."""
    seconds_a_frame: float
    """Detection and filling, one frame after the other; 0 where another row of the recipe has it."""

    @property
    def gain(self) -> float:
        """DB above Telea."""
        return self.psnr - self.psnr_telea


@dataclass(frozen=True)
class OwnReel:
    """Everything the benchmark says of one reel."""

    source: str
    frames: int
    """Of the whole reel."""
    judged: tuple[tuple[int, int], ...]
    """First frame and one past the last of each stretch judged."""
    seed: int
    severity: tuple[float, ...]
    """Of the damage planted on each stretch, 0 to 1."""
    planted_things: int
    """Specks, hairs and blotches, all frames judged together."""
    planted_lines: int
    """Line scratches; each lies on several frames."""
    usual: bool
    """Whether it was the usual one for want of damage to go by, on every stretch."""
    own_objects_a_frame: float
    """What the first recipe finds on the reel as it is."""
    left_out_frac: float
    """Share of the picture that may have damage of its own and was left out of the judging."""
    tried: tuple[Tried, ...]
    mended: tuple[Mended, ...]
    advice: tuple[tuple[str, ...], ...] = ()
    """For each recipe what to type, and sentences that say why."""


def tried(attempts: Sequence[Attempt], counts: Sequence[Count]) -> tuple[Tried, ...]:
    """Write the counts of one recipe's attempts as figures, and mark the one recommended.

    On the reel as it is a setting touches own damage D times the share r it finds, and harm H >= 0. So D is at most
    the least touched/r of all settings, and what is touched beyond r times that is harm, if own damage is as easy to
    find as the planted.
    """
    lines = any(c.says_lines for c in counts)
    scores = [(c.judged, c.every) if lines else (c.dirt, c.every_dirt) for c in counts]
    own = min((c.touched_px / s.recall for c, (s, _) in zip(counts, scores, strict=True) if s.found), default=0.0)
    rows = [row(a, c, *s, own) for a, c, s in zip(attempts, counts, scores, strict=True)]
    rows = rows if lines else [replace(r, lines_frac=float("nan")) for r in rows]
    rows.sort(key=lambda r: (r.touched_frac, r.found_frac))
    best = chosen(rows)
    return tuple(replace(r, recommended=r is best) for r in rows)


def row(attempt: Attempt, count: Count, judged: Score, every: Score, own_px: float) -> Tried:
    """Write the counts of one attempt as figures; `own_px`: the most damage the reel can have of its own."""
    area, beyond_px = max(judged.area_px, 1), max(count.touched_px - own_px * judged.recall, 0.0)
    return Tried(
        attempt.workflow, attempt.step.name, attempt.settings, judged.recall, count.dirt.object_recall,
        count.lines.recall, every.precision, judged.f1, count.touched_px / area, beyond_px / area,
    )


def chosen(rows: Sequence[Tried]) -> Tried:
    """Return the setting to recommend, of rows from the least to the most that is touched.

    The best F1 of those that touch no more than HARM_FRAC; where the reel has more damage than that, of those that
    touch no more beyond it; then the most cautious.
    """
    for measure in ("touched_frac", "beyond_frac"):
        safe = [r for r in rows if getattr(r, measure) <= HARM_FRAC and not isnan(r.f1)]
        if safe:
            best = max(r.f1 for r in safe)
            good = [r for r in safe if r.f1 >= best - SAME]
            return next((r for r in good if not r.set), good[0])
    return rows[0]


def mended(workflow: str, what: str, rows: Sequence[FillRow], seconds_a_frame: float) -> Mended:
    """Join the rows of one recipe's stretches: errors are pooled, the other shares averaged."""
    return Mended(
        workflow, what, pooled([(r.psnr, r.damaged_frac * r.frames) for r in rows]),
        pooled([(r.psnr_telea, r.damaged_frac * r.frames) for r in rows]), average([r.fine_match for r in rows]),
        average([r.donor_frac for r in rows]), average([r.unfilled_frac for r in rows]), seconds_a_frame,
    )


def pooled(parts: Sequence[tuple[float, float]]) -> float:
    """Return the PSNR of several parts together, given each one's and its size; NaN for no pixels at all."""
    weight = sum(w for _, w in parts)
    if not weight:
        return float("nan")
    error = sum(w * 10 ** (-p / 10) for p, w in parts if w) / weight
    return -10 * log10(error) if error else float("inf")


def advice(workflow: str, rows: Sequence[Tried]) -> tuple[str, ...]:
    """Return what to do with one recipe on this reel, and why: a line of what to type, and sentences."""
    best = next(r for r in rows if r.recommended)
    found, touched = f"{100 * best.found_frac:.0f} %", percent(best.touched_frac)
    use = f"{workflow}: --workflow {workflow}" + "".join(f" --set {s}" for s in best.set)
    at = f"At `{best.setting}`" if best.set else "As it is"
    if best.touched_frac <= HARM_FRAC:
        return (use, f"{at}, {found} of the planted damage was found and at most {touched} of clean picture touched.",
                beside(best, rows))
    if best.beyond_frac <= HARM_FRAC:
        return (use, f"{at}, {found} of the planted damage was found.",
                f"Of the reel as it is {touched} is touched: damage of its own, or harm.",
                "Only a person can tell which: look at what is found before you trust it.", beside(best, rows))
    return (use, f"{at}, {found} of the planted damage was found, and {touched} of the reel as it is touched.",
            "No setting touches less than a clean picture may lose. Look at what is found before you trust it.")


def beside(best: Tried, rows: Sequence[Tried]) -> str:
    """Return what speaks against the recipe as it is or, where that is recommended, against the next bolder setting."""
    others = [r for r in rows if not r.set] if best.set else rows[rows.index(best) + 1 :]
    if not others:
        return "No bolder setting was tried."
    other = others[0]
    name = f"`{other.setting}`" if other.set else "As it is, the recipe"
    would = f"{name} would find {100 * other.found_frac:.0f} % and touch {percent(other.touched_frac)}: "
    if other.touched_frac < best.touched_frac:
        return f"{would}this reel can bear a bolder setting (F1 {two(best.f1)} for {two(other.f1)})."
    if best.touched_frac <= HARM_FRAC < other.touched_frac:
        return f"{would}more than the {percent(HARM_FRAC)} that a clean picture may lose."
    if best.beyond_frac <= HARM_FRAC < other.beyond_frac:
        return f"{would}what is touched grows faster than what is found."
    return f"{would}no better on balance (F1 {two(other.f1)} for {two(best.f1)})."


def percent(frac: float) -> str:
    """Write a share that is never rounded to nothing; a bound is rounded up, for it is a bound."""
    thousandths = -int(-frac * 100_000 // 1)
    return f"{thousandths / 1000:.3f} %" if thousandths else "nothing"


HEADS = ("recipe", "setting", "found %", "specks %", "lines %", "precision >=", "F1", "touched % <=", "")
FILL_HEADS = ("recipe", "planted", "over Telea dB", "HF", "from frames %", "left %", "s/frame", "whole reel")


def cells(reel: OwnReel) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the lines of both tables, for HEADS and FILL_HEADS."""
    finds: list[tuple[str, ...]] = [
        (r.workflow, r.setting, part(r.found_frac), part(r.specks_frac), part(r.lines_frac),
         two(r.precision_least), two(r.f1), percent(r.touched_frac).removesuffix(" %").replace("nothing", "0"),
         "recommended" if r.recommended else "")
        for r in reel.tried
    ]
    fills: list[tuple[str, ...]] = [
        (m.workflow, m.what, f"{m.gain:+.1f}", two(m.fine_match), part(m.donor_frac), part(m.left_frac),
         *((f"{m.seconds_a_frame:.2f}", duration(m.seconds_a_frame * reel.frames)) if m.seconds_a_frame else ("", "")))
        for m in reel.mended
    ]
    return finds, fills


def part(value: float) -> str:
    """Write a share in per cent, a dash for nothing measured."""
    return "-" if isnan(value) else f"{100 * value:.0f}"


def two(value: float) -> str:
    """Write a number with two figures, a dash for nothing measured."""
    return "-" if isnan(value) else f"{value:.2f}"


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as lines, names to the left and numbers to the right."""
    lines = [heads, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    left = [i for i, h in enumerate(heads) if h in ("recipe", "setting", "planted", "")]
    return [
        "  ".join(c.ljust(w) if i in left else c.rjust(w)
                  for i, (c, w) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines
    ]


LEGEND = (
    "found: pixels of the planted damage that the recipe is for. specks: planted specks, hairs and blotches, counted.",
    "lines: length of planted scratches. precision: as if the reel had no damage of its own; the truth is higher where",
    "it has. F1: the reel's own left out. touched: share of the reel as it is that would be filled; what of that is no",
    "damage is harm.",
)
FILL_LEGEND = (
    "True masks given; dB and HF of what was filled, against the reel's own pixels. HF: fineness, 1 = the reel's.",
    "left: not filled, for the recipe would have to invent it. Time: one frame after the other, writing not counted.",
)


def planted_as(reel: OwnReel) -> str:
    """Say in a sentence what was planted, and why so much."""
    least, most = min(reel.severity), max(reel.severity)
    span = f"{least:.2f}" if most - least < 0.005 else f"{least:.2f} to {most:.2f}"
    why = ("the usual amount, for hardly any was found on the reel" if reel.usual
           else f"after the {reel.own_objects_a_frame:.1f} things a frame found on the reel")
    lines = counted(reel.planted_lines, "line scratch", "line scratches")
    return f"{counted(reel.planted_things, 'speck')} and {lines}, severity {span} ({why}), seed {reel.seed}"


def told(reel: OwnReel) -> list[str]:
    """Return all of it as lines for people."""
    finds, fills = cells(reel)
    places = ", ".join(f"{a}-{b - 1}" for a, b in reel.judged)
    frames = sum(b - a for a, b in reel.judged)
    return [
        f"{reel.source}: {counted(reel.frames, 'frame')}, of which {frames} were judged ({places})",
        f"planted   {planted_as(reel)}",
        f"left out  {100 * reel.left_out_frac:.1f} % of the picture, where the reel may have damage of its own", "",
        "Finding", *grid(HEADS, finds), *LEGEND, "",
        "Filling", *grid(FILL_HEADS, fills), *FILL_LEGEND, "",
        "Recommended", *("\n  ".join(lines) for lines in reel.advice),
    ]


def plain(reel: OwnReel) -> dict[str, Any]:
    """Return all figures as plain values, None for what was not there to be measured: JSON has no NaN."""
    return {key: _plain(value) for key, value in asdict(reel).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not isfinite(value) else value
