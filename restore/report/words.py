"""A Summary in, sentences a curator understands out: numbers, shares, times, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from restore.report.facts import Summary, Undecided
from restore.source import Source
from restore.written import counted

NBSP = "\u00a0"
KNOWN = {
    "rows": "by joining the picture on both sides, row by row (rows)",
    "patchmatch": "by copying pieces of the same picture that fit (patchmatch)",
    "harmonic": "by a smooth membrane across the hole (harmonic)",
    "telea": "by Telea's method (telea)",
    "navier_stokes": "by the Navier-Stokes method (navier_stokes)",
}
"""How a filler makes samples up, where we know it."""


@dataclass(frozen=True)
class Verdict:
    """What the page says first."""

    headline: str
    sentences: tuple[str, ...]
    urgent: tuple[str, ...]
    """What needs a person."""


def percent(frac: float) -> str:
    """Return a share that is never rounded to nothing or to everything."""
    if frac <= 0 or frac >= 1:
        return f"0{NBSP}%" if frac <= 0 else f"100{NBSP}%"
    if frac < 1e-5:
        return f"less than 0.001{NBSP}%"
    if frac >= 0.9995:
        return f"more than 99.9{NBSP}%"
    value = 100 * frac
    return f"{value:.3f}{NBSP}%" if value < 0.1 else f"{value:.2f}{NBSP}%" if value < 1 else f"{value:.1f}{NBSP}%"


def share(part: int, whole: int) -> str:
    """Return part of whole in per cent."""
    return percent(part / whole if whole else 0.0)


def size_of(n: int) -> str:
    """Return a number of bytes, exactly and in the unit that reads best."""
    for unit, power in (("GB", 9), ("MB", 6), ("kB", 3)):
        if n >= 10**power:
            return f"{n / 10**power:,.1f} {unit} ({n:,} bytes)"
    return counted(n, "byte")


def clock(seconds: Fraction | float) -> str:
    """Return 0:01:02.500."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def time_of(source: Source, t: int) -> str:
    """Return when frame t is shown, counted from the first frame."""
    return clock((source.pts[t] - source.pts[0]) * source.time_base)


def likeliest(undecided: Sequence[Undecided], most: int) -> list[Undecided]:
    """Return the finds most likely to be losses, every detector having its turn; detector by detector, in that order.

    A scratch detector that is sure of nothing must not vanish behind a dirt detector that is nearly sure of all.
    """
    layers: dict[str, list[Undecided]] = {}
    for find in sorted(undecided, key=lambda u: (-u.confidence, -u.area_px, u.frame, u.box)):
        layers.setdefault(find.layer, []).append(find)
    turns = sorted((rank, layer) for layer, finds in layers.items() for rank in range(len(finds)))[:most]
    return [layers[layer][rank] for rank, layer in sorted(turns, key=lambda turn: (turn[1], turn[0]))]


def verdict(s: Summary, compared: str = "none") -> Verdict:
    """Return the verdict: what was changed, how much, what was left alone, what a person has to decide.

    `compared` is the state of the comparison of output and source, as `comparison.State` has it.
    """
    sentences, urgent = list(_sentences(s)), list(_urgent(s))
    if compared == "identical":
        sentences.append("Source and output were compared afterwards: outside the repairs no sample was changed.")
    if compared == "violated":
        urgent.insert(0, "Source and output were compared, and they differ where they must not. Do not use this "
                         "output before it is clear why; see the proof below.")
    return Verdict(_headline(s), tuple(sentences), tuple(urgent))


def _headline(s: Summary) -> str:
    t = s.totals
    if not s.stages:
        return "Nothing has been done yet."
    if t.frames_filled < t.frames:
        return f"Unfinished: repairs are settled for {t.frames_filled:,} of {counted(t.frames, 'frame')}."
    if not t.changed_px:
        sound = not (t.masked_px or s.undecided or s.faults or any(la.masked_px for la in s.layers))
        return "Nothing here needed repair." if sound else "Nothing was changed."
    if t.frames == 1:
        return f"{percent(t.changed_px * t.share_frac / t.masked_px)} of the picture was repaired."
    frames = "every frame" if t.frames_touched == t.frames else f"{t.frames_touched:,} of {t.frames:,} frames"
    return f"{percent(t.changed_px * t.share_frac / t.masked_px)} of the picture was repaired, in {frames}."


def _sentences(s: Summary) -> Iterator[str]:
    t = s.totals
    if not s.stages:
        yield f"The project is set up for {counted(t.frames, 'frame')}; the ledger holds no step."
        return
    if not t.masked_px and t.frames_filled == t.frames:
        yield _nothing(s)
    if t.frames_filled < t.frames:
        searched = next((d.frames for d in s.stages if d.stage == "detect"), 0)
        yield f"{searched:,} of {counted(t.frames, 'frame')} have been searched so far. What follows is what is done."
    if t.changed_px:
        yield from _origins(s)
    if t.unfilled_px:
        yield f"{counted(t.unfilled_px, 'pixel')} wanted filling and could not be filled; they are as they were."
    if t.changed_px:
        yield "Everything outside the repairs is passed on as it came."


def _nothing(s: Summary) -> str:
    """Say why nothing was to be filled."""
    if any(la.masked_px for la in s.layers):
        return ("What was found was taken out of the masks again by people. Every sample is passed on exactly as it "
                "came.")
    searched = f"All {s.totals.frames:,} frames were" if s.totals.frames > 1 else "The picture was"
    found = "no loss was certain enough to be filled" if s.undecided else "no loss was found"
    return f"{searched} searched, and {found}. Every sample is passed on exactly as it came."


def _origins(s: Summary) -> Iterator[str]:
    t = s.totals
    if not t.invented_px:
        yield (f"All {counted(t.changed_px, 'repaired pixel')} were copied from other frames of the same film. "
               "Nothing was made up.")
        return
    made = ", ".join(f"{a.px:,} {KNOWN.get(a.name, f'by {a.name}')}" for a in t.invented)
    yield (f"Of {counted(t.changed_px, 'repaired pixel')}, {t.donors_px:,} ({share(t.donors_px, t.changed_px)}) were "
           f"copied from other frames of the same film and {t.invented_px:,} "
           f"({share(t.invented_px, t.changed_px)}) were made up: {made}.")


def _urgent(s: Summary) -> Iterator[str]:
    if s.failures:
        yield f"{counted(len(s.failures), 'step')} failed. Run the same command again; it does only what is missing."
    if s.stages and s.totals.frames_filled == s.totals.frames and s.output is None:
        yield "The repairs are settled, but no output has been made from them yet."
    if s.output and s.output.stale_frames:
        yield (f"The output is older than the project: {counted(s.output.stale_frames, 'frame')} would come out "
               "differently now. Run again to renew it.")
    if s.undecided:
        by = ", ".join(f"{n:,} {layer}" for layer, n in Counter(u.layer for u in s.undecided).items())
        yield (f"{counted(len(s.undecided), 'find')} ({by}) could not be decided by the program. They were left alone; "
               "a person needs to look at them.")
    if s.faults:
        yield f"{counted(len(s.faults), 'frame')} did not decode soundly and were not searched." if len(s.faults) > 1 \
            else "1 frame did not decode soundly and was not searched."
    late = [e for e in s.edits if s.output and e.made > s.output.started]
    if late:
        yield f"{counted(len(late), 'edit')} came after the output was made and may not be in it."
    if s.output and not s.output.lossless:
        yield ("The output format is lossy: the encoder may have altered any sample, repaired or not. What this page "
               "says of untouched samples ends at the encoder.")
