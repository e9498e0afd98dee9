"""Clips and fillers in, how well each fills each kind of known damage out, with crops to look at; and how fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from restore.benchmark import EDGE_FRAMES
from restore.errors import RecipeError
from restore.measure.bench import Clip
from restore.measure.csv_rows import to_csv
from restore.measure.filling.candidates import BASELINE, NOT_INSTALLED, Entrant, entrant, entrants
from restore.measure.filling.cost import Cost, costs
from restore.measure.filling.damage import KINDS, Holes
from restore.measure.filling.pieces import materials
from restore.measure.filling.rows import FillingRow
from restore.measure.filling.scene import Fill, Scene, busiest, fills, missing, row
from restore.measure.filling.sheet import Strip, crop, sheet, side_px
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT
from restore.scenes.sheet import Picture, save_sheet

MOST_PX = 400_000
SIZE_2K_PX = (1556, 2048)
SPEED_FRAMES = 3
SPEED_SHARE = 0.01
PICTURES = (".png", ".jpg", ".jpeg")
STRIPS, STRIPS_OF_ALL = 8, 3
"""So many of a kind of damage are on a sheet of its own, and on a sheet of all kinds."""


@dataclass(frozen=True)
class FillTrial:
    """What the benchmark of fillers is run with."""

    fillers: tuple[str, ...] = ()
    """Names or files; none for all there are."""
    workflows: tuple[str, ...] = ("film",)
    """Recipes whose whole ladder is a row of its own."""
    kinds: tuple[str, ...] = KINDS
    seed: int = 1
    """Of the damage, and of the scenes where no clips are given."""
    frames: int = 4
    """Judged in each clip."""
    most_px: int = MOST_PX
    """Of larger pictures the middle is judged."""
    memory: bool = True
    """Whether each filler fills a frame of the first clip in a process of its own, to see what memory it takes."""

    def __post_init__(self) -> None:
        """Refuse kinds of damage that do not exist."""
        if unknown := sorted(set(self.kinds) - set(KINDS)):
            raise RecipeError(f"bench fill: there is no kind of damage {unknown[0]!r}; there are {', '.join(KINDS)}.")


@dataclass(frozen=True)
class Verdict:
    """Everything the benchmark found."""

    rows: tuple[FillingRow, ...]
    strips: tuple[Strip, ...]
    """Crops, one for each clip and kind."""
    ladders: Mapping[str, str]
    """The recipes judged, and what they fill with."""


def run(
    paths: Sequence[Path], trial: FillTrial, on_frame: Callable[[int, int], None] = lambda *_: None
) -> Verdict:
    """Damage clips (scenes of our own where none are given), let every filler fill them, and judge what came of it.

    `on_frame` is told how many frames were filled and judged, and how many there are in all. Raises PartError,
    RecipeError or SourceError for what cannot be judged.
    """
    some = entrants(trial.fillers, trial.workflows)
    things = materials(paths, trial.frames, trial.seed, max(e.reach_frames for e in some))
    total, done = sum(m.frames for m in things) * len(some) * len(trial.kinds), 0
    rows: list[FillingRow] = []
    strips: list[Strip] = []
    weights: dict[str, dict[str, Cost]] = {}

    def tick(frames: int) -> None:
        nonlocal done
        done += frames
        on_frame(done, total)

    with one_thread():
        for number, thing in enumerate(things):
            clip = thing.open(trial.most_px)
            for kind in trial.kinds:
                holes = Holes(kind, trial.seed + number, clip.size, first=max(0, thing.judged.start - EDGE_FRAMES))
                scene = Scene(clip, holes, thing.judged)
                found, strip = judge(scene, some, tick)
                if trial.memory and thing.is_clip == things[0].is_clip:
                    weights[kind] = weights.get(kind) or weigh(scene, some)
                    found = [weighed(r, weights[kind]) for r in found]
                rows += found
                strips.append(strip)
    return Verdict(tuple(rows), tuple(strips), {e.name: e.about for e in some if e.about})


def judge(
    scene: Scene, some: Sequence[Entrant], tick: Callable[[int], None]
) -> tuple[list[FillingRow], Strip]:
    """Let every entrant fill a scene, and return a row for each and crops of the frame in the middle."""
    t, kind = scene.middle, scene.holes.kind
    corner = busiest(scene.masks[t], side_px(kind))
    baseline = entrant(BASELINE)
    assert baseline.restore is not None
    plain = fills(scene, baseline.restore)
    rows, shown = [], [("damaged", scene.damaged[t])]
    for one in some:
        made = made_by(scene, one, plain)
        rows.append(row(scene, one.name, made, plain) if made else missing(scene, one.name, NOT_INSTALLED))
        if made:
            # What was left open is seen as it was: damaged.
            left = scene.masks[t] & ~made[t].mask
            shown.append((one.name, scene.holes.painted(made[t].planes, left, scene.clip.pixels)))
        tick(len(scene.frames))
    shown.append(("truth", scene.clip.pictures[t]))
    crops = tuple(crop(scene.rgb(planes), corner, kind) for _, planes in shown)
    return rows, Strip(f"{scene.clip.name} {kind}", kind, tuple(name for name, _ in shown), crops)


def made_by(scene: Scene, one: Entrant, plain: dict[int, Fill]) -> dict[int, Fill]:
    """Return an entrant's fills of a scene; none where it is not installed."""
    if one.restore is None:
        return {}
    return plain if one.spec == BASELINE else fills(scene, one.restore)


def weigh(scene: Scene, some: Sequence[Entrant]) -> dict[str, Cost]:
    """Return what each entrant takes for the first judged frame of a scene, by its name."""
    there = {e.spec: e.name for e in some if e.restore is not None}
    damaged = Clip(scene.clip.name, scene.damaged, scene.clip.pixels)
    first = range(scene.frames.start, scene.frames.start + 1)
    return {there[spec]: cost for spec, cost in costs(damaged, scene.masks, list(there), first).items()}


def weighed(found: FillingRow, by: dict[str, Cost]) -> FillingRow:
    """Return a row with the memory its filler takes."""
    return replace(found, peak_mb=by[found.filler].peak_mb) if found.filler in by else found


@dataclass(frozen=True)
class Pace:
    """What one filler takes for frames of 2K size."""

    filler: str
    cost: Cost | None
    """None where it is not installed."""


def paces(
    trial: FillTrial, size: tuple[int, int] = SIZE_2K_PX, on_filler: Callable[[int, int], None] = lambda *_: None
) -> list[Pace]:
    """Return what each filler takes on a generated film with thin damage on one per cent of it, on one thread."""
    some, out = entrants(trial.fillers, trial.workflows), []
    film = Film(trial.seed, size, SPEED_FRAMES + 2 * EDGE_FRAMES)
    holes = Holes("thin", trial.seed, size, SPEED_SHARE)
    pictures = [holes.damage(film.planes(t, FILM_10BIT), t, FILM_10BIT) for t in range(film.frames)]
    clip, masks = Clip("2K", pictures, FILM_10BIT), [holes.mask(t) for t in range(film.frames)]
    frames = range(EDGE_FRAMES, EDGE_FRAMES + SPEED_FRAMES)
    for n, one in enumerate(some):
        known = one.restore is not None
        out.append(Pace(one.name, costs(clip, masks, [one.spec], frames)[one.spec] if known else None))
        on_filler(n + 1, len(some))
    return out


def pace_table(some: Sequence[Pace]) -> Iterator[str]:
    """Yield lines on what each filler takes."""
    yield f"2048x1556, {100 * SPEED_SHARE:g} % thin damage, one thread; seconds of the processor a frame:"
    yield f"{'filler':24}{'CPU s':>9}{'first':>9}{'wall s':>9}{'peak MB':>9}"
    for one in some:
        cost = one.cost
        yield f"{one.filler:24}" + (f"  {NOT_INSTALLED}" if cost is None else (
            f"{cost.seconds_a_frame:>9.3f}{cost.first_s:>9.3f}{cost.wall_s_a_frame:>9.3f}{cost.peak_mb:>9.0f}"
        ))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenCV work on one thread, so that seconds can be compared."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def drawn(strips: Sequence[Strip]) -> Picture:
    """Return one sheet of the first few strips of each kind of damage, one kind below the other."""
    return sheet([s for kind in KINDS for s in [s for s in strips if s.kind == kind][:STRIPS_OF_ALL]])


def drawn_by_kind(strips: Sequence[Strip]) -> Iterator[tuple[str, Picture]]:
    """Yield each kind of damage with a sheet of its own, of more strips."""
    for kind in dict.fromkeys(s.kind for s in strips):
        yield kind, sheet([s for s in strips if s.kind == kind][:STRIPS])


def require_writable(table: Path | None, picture: Path | None) -> None:
    """Raise RecipeError for names that could not be written to: that is to be known before the work."""
    if picture is not None and picture.suffix.lower() not in PICTURES:
        raise RecipeError(f"bench fill: {picture} is no picture; needed: a name that ends in {', '.join(PICTURES)}.")
    for path in filter(None, (table, picture)):
        if not path.absolute().parent.is_dir():
            raise RecipeError(f"bench fill: {path} has no folder to lie in; needed: one that exists. Make it first.")


def written(verdict: Verdict, table: Path | None, picture: Path | None, folder: Path | None) -> Iterator[Path]:
    """Write the figures and a sheet to the files named, and to fill.csv and a fill-KIND.png a kind in a folder.

    Yields the paths written.
    """
    sheets = [(picture, drawn(verdict.strips))] if picture else []
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        sheets += [(folder / f"fill-{kind}.png", shown) for kind, shown in drawn_by_kind(verdict.strips)]
    for path in filter(None, (table, folder and folder / "fill.csv")):
        path.write_text(to_csv(verdict.rows), encoding="utf-8")
        yield path
    yield from (save_sheet(path, shown) for path, shown in sheets)
