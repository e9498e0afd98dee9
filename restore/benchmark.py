"""Clips or nothing in, tables of quality and speed out: the README's figures, by the commands that made them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore.blend.chain import blend_frame
from restore.decode import open_decoder
from restore.errors import RecipeError, SourceError
from restore.fill.ladder import fill_frame
from restore.frames import Bits, Patch
from restore.measure import speed
from restore.measure.bench import Clip, DetectRow, FillRow, Wearing, bench_detect, bench_fill
from restore.measure.csv_rows import to_csv
from restore.measure.curve_plot import drawing
from restore.measure.finding import Candidate, Verdict, judge
from restore.measure.overlays import Overlays
from restore.parts import make
from restore.probe import probe
from restore.recipe import Recipe, load
from restore.scenes.damage import Damage
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT, Reel, make_reel
from restore.scenes.wear import EXTRA_KINDS, KINDS
from restore.span import Span
from restore.window import Window

EDGE_FRAMES = 4
"""Frames at either end of a piece that lend to others but are not judged: inside a film all frames have neighbours."""


BASELINES = ("sdip", "rod", "srod", "sdip_agreed", "line_median")
"""Detectors from the literature that ours are compared with."""


@dataclass(frozen=True)
class Trial:
    """What the benchmark of detectors is run with."""

    frames: int = 12
    """Judged in each piece."""
    seeds: tuple[int, ...] = (21, 22, 23, 24)
    """Of the damage, and of the scenes where no clips are given; one piece a clip and seed."""
    parts: tuple[str, ...] = ()
    """Detectors, each a candidate; "dirt+scratch" is two of them together."""
    kinds: tuple[str, ...] = KINDS
    overlays: tuple[Path, ...] = ()
    """Folders of real damage to use in place of generated damage."""
    severity: float = 0.4
    """Of the damage, 0 to 1. Precision is the higher the more damage there is to be found."""
    workflow: str = "film"

    def __post_init__(self) -> None:
        """Refuse kinds of damage that do not exist, and nothing to judge."""
        known = KINDS if self.overlays else (*KINDS, *EXTRA_KINDS)
        if unknown := sorted(set(self.kinds) - set(known)):
            raise RecipeError(f"benchmark: there is no kind of damage {unknown[0]!r}; there are {', '.join(known)}.")
        if self.frames < 1 or not 0 <= self.severity <= 1:
            raise RecipeError(
                f"benchmark: frames is {self.frames} and severity {self.severity}; 1 or more and 0 to 1 are needed."
            )


@dataclass(frozen=True)
class Speed:
    """What the speed benchmark is run on."""

    size: tuple[int, int] = (1080, 1920)
    frames: int = 48
    long_repeats: int = 10
    """How many times longer the reel is on which memory is compared; 0 leaves it out."""
    damaged_frac: float = 0.008
    seed: int = 2024


def quality(
    clips: Sequence[Path], frames: int = 16, seeds: Sequence[int] = (101, 102, 103), workflow: str = "film",
    kinds: Sequence[str] = KINDS, on_row: Callable[[FillRow | DetectRow], None] = lambda _: None,
) -> tuple[list[FillRow], list[DetectRow]]:
    """Damage pieces of clean clips (generated scenes where none are given) and judge filling and finding on them.

    One piece of `frames` judged frames a clip and seed, spread over the clip's length. `kinds` are the kinds of
    damage: scratches and hairs in the gate stay where they are, dust, dirt, hairs and blotches last a frame.
    """
    recipe = load(workflow)
    if not recipe.detect or not recipe.fill:
        raise RecipeError(
            f"the recipe {workflow} has {len(recipe.detect)} detectors and {len(recipe.fill)} fillers; needed to judge "
            "both: one of each. Choose another --workflow."
        )
    fills, finds = [], []
    for clip, seed in pieces(clips, frames, seeds):
        damage = Damage(seed, clip.size, kinds=tuple(kinds), film_frames=len(clip.pictures))
        judged = range(EDGE_FRAMES, len(clip.pictures) - EDGE_FRAMES)
        fills.append(bench_fill(clip, damage, filler(recipe), judged))
        on_row(fills[-1])
        finds.append(bench_detect(clip, damage, finder(recipe), judged))
        on_row(finds[-1])
    return fills, finds


def pieces(
    clips: Sequence[Path], frames: int, seeds: Sequence[int], edge_frames: int = EDGE_FRAMES
) -> Iterator[tuple[Clip, int]]:
    """Yield each piece with the seed of its damage."""
    length = frames + 2 * edge_frames
    for path in clips:
        source = probe(path)
        if source.frames <= 2 * EDGE_FRAMES:
            raise SourceError(
                f"{path} has {source.frames} frames; needed: more than {2 * EDGE_FRAMES}, for {EDGE_FRAMES} at either "
                "end are not judged. Give a longer clip."
            )
        for k, seed in enumerate(seeds):
            room = max(0, source.frames - length)
            start = room * (k + 1) // (len(seeds) + 1)
            decoder = open_decoder(source)
            span = Span(start, min(source.frames, start + length))
            pictures = [decoder.read(t)[-1].planes for t in span]
            decoder.close()
            yield Clip(f"{path.stem} {start}", pictures, source.pixels), seed
    if not clips:
        for seed in seeds:
            film = Film(seed, (576, 768), length)
            yield Clip(
                f"scene {seed}", [film.planes(t, FILM_10BIT) for t in range(length)], FILM_10BIT, step_px(film)
            ), seed


def step_px(film: Film) -> float:
    """Return the median motion of a film from one frame to the next, as it was made."""
    pairs = [t for t in range(0, film.frames - 1, 4) if t + 1 not in film.cuts]
    return float(np.median([np.median(np.hypot(*np.moveaxis(film.flow(t, t + 1), -1, 0))) for t in pairs]))


def findings(
    clips: Sequence[Path], trial: Trial, on_piece: Callable[[str], None] = lambda _: None
) -> list[Verdict]:
    """Damage pieces of clean clips (generated scenes where none are given) and judge detectors on them.

    Frames at either end of a piece are not judged, as many as the detectors look to either side. Raises PartError where
    there is no such detector, RecipeError where there is no such workflow, SourceError where a clip is too short.
    """
    chosen = candidates(trial)
    edge = max(EDGE_FRAMES, *(d.reach_frames for c in chosen for d in c.detectors))
    out = []
    for clip, seed in pieces(clips, trial.frames, trial.seeds, edge):
        on_piece(f"{clip.name}, damage {seed}")
        n = len(clip.pictures)
        if n <= 2 * edge:
            raise SourceError(
                f"{clip.name} has {n} frames; {2 * edge + 1} are needed, for the detectors look {edge} to either side."
            )
        out += judge(clip, wear_of(trial, seed, clip), chosen, range(edge, n - edge))
    return out


def wear_of(trial: Trial, seed: int, clip: Clip) -> Wearing:
    """Return the damage of one piece: of real shapes where there are any."""
    n = len(clip.pictures)
    if trial.overlays:
        return Overlays(seed, clip.size, trial.overlays, trial.severity, trial.kinds, n)
    return Damage(seed, clip.size, trial.severity, trial.kinds, n)


def candidates(trial: Trial) -> list[Candidate]:
    """Return what is to be judged: the parts named, or the workflow's detectors together and every baseline."""
    if not trial.parts:
        recipe = load(trial.workflow)
        together = Candidate(trial.workflow, tuple(p.made for p in recipe.detect))
        return [together, *(Candidate(n, (make("detect", n, {}).made,)) for n in BASELINES)]
    return [Candidate(n, tuple(make("detect", one, {}).made for one in n.split("+"))) for n in trial.parts]


def record(verdicts: Sequence[Verdict], folder: Path) -> tuple[Path, Path]:
    """Write `detect.csv` and `detect.svg` into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    table, plot = folder / "detect.csv", folder / "detect.svg"
    table.write_text(to_csv([v.row for v in verdicts]), encoding="utf-8")
    plot.write_text(drawing(verdicts), encoding="utf-8")
    return table, plot


def filler(recipe: Recipe) -> Callable[[Window, int], Patch]:
    """Return the recipe's ladder and blenders as one function."""
    ladder, chain = [p.made for p in recipe.fill], [p.made for p in recipe.blend]

    def raw(window: Window, t: int) -> Patch:
        return window.fact("benched", t, lambda: fill_frame(ladder, window, t, recipe.policy.invent))

    return lambda window, t: blend_frame(chain, window, t, lambda u: raw(window, u))


def finder(recipe: Recipe) -> Callable[[Window, int], Bits]:
    """Return the union of the recipe's detectors as one function."""

    def find(window: Window, t: int) -> Bits:
        masks = [part.made.detect(window, t).mask for part in recipe.detect]
        union: Bits = masks[0]
        for mask in masks[1:]:
            union = union | mask
        return union

    return find


def speeds(folder: Path, what: Speed, say: Callable[[str], None] = lambda _: None) -> list[speed.Row]:
    """Make the reels in `folder` where they are not there yet, and time the program beside a plain transcode."""
    folder.mkdir(parents=True, exist_ok=True)
    reel, masks, long = folder / "reel.mkv", folder / "masks", folder / "long.mkv"
    made = Reel(what.size, what.frames, what.seed, what.damaged_frac)
    if not reel.exists():
        say(f"making a reel of {what.frames} frames")
        make_reel(reel, made, masks)
    if what.long_repeats and not long.exists():
        say(f"making a reel {what.long_repeats} times as long")
        speed.repeat(reel, long, what.long_repeats)
    return speed.measure(reel, masks, long if what.long_repeats else None, folder, say=say)
