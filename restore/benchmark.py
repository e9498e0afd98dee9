"""Clips or nothing in, tables of quality and speed out: the README's figures, by the commands that made them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from restore.blend.chain import blend_frame
from restore.decode import open_decoder
from restore.errors import RecipeError, SourceError
from restore.fill.ladder import fill_frame
from restore.frames import Bits, Patch
from restore.measure import speed
from restore.measure.bench import Clip, DetectRow, FillRow, bench_detect, bench_fill
from restore.probe import probe
from restore.recipe import Recipe, load
from restore.scenes.damage import Damage
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT, Reel, make_reel
from restore.scenes.wear import KINDS
from restore.span import Span
from restore.window import Window

EDGE_FRAMES = 4
"""Frames at either end of a piece that lend to others but are not judged: inside a film all frames have neighbours."""


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


def pieces(clips: Sequence[Path], frames: int, seeds: Sequence[int]) -> Iterator[tuple[Clip, int]]:
    """Yield each piece with the seed of its damage."""
    length = frames + 2 * EDGE_FRAMES
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
            yield Clip(f"scene {seed}", [film.planes(t, FILM_10BIT) for t in range(length)], FILM_10BIT), seed


def filler(recipe: Recipe) -> Callable[[Window, int], Patch]:
    """Return the recipe's ladder and blenders as one function."""
    ladder, chain = [p.made for p in recipe.fill], [p.made for p in recipe.blend]

    def raw(window: Window, t: int) -> Patch:
        return window.memo("benched", t, lambda: fill_frame(ladder, window, t, recipe.policy.invent))

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
