"""A project, or two files of which a person restored one, in; weights tuned to it, kept beside it and recorded, out."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from restore.errors import RecipeError
from restore.fill import Filler
from restore.ledger import Stamp, key_of, now, write_atomic
from restore.parts import make
from restore.probe import probe
from restore.recipe import Recipe, load
from restore.restoration import last_run, open_session, report
from restore.session import Session
from restore.source import Source
from restore.store import Store
from restore.train.footage import Footage, ProjectFootage, RestoredFootage
from restore.train.reserve import Split, gather
from restore.train.tuning import NAME, SHEET, SHIPPED, WEIGHTS, Gauge, Plan, Tuned, about, forget, tune, untold
from restore.written import counted

FOLDER, RECIPE, SUFFIX = "tuned", "recipe.toml", ".tuned"
BEFORE = "harmonic"
"""The filler that `thin` is put before, and has to be better than, in recipes without it."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What a person wants tuned."""

    project: Path | None = None
    restored: tuple[str, str] | None = None
    """A damaged film and the same restored by hand, to learn from instead of what looks clean."""
    output: Path | None = None
    """Where the result is kept; None for PROJECT/tuned, or RESTORED.tuned where there is no project."""
    plan: Plan = field(default_factory=Plan)
    anew: bool = False
    """Whether to forget what an earlier tuning learnt."""
    dry_run: bool = False

    @property
    def folder(self) -> Path:
        """Return where the result is kept."""
        if self.output is not None:
            return self.output
        if self.project is not None:
            return self.project / FOLDER
        damaged_restored = self.restored or ("", "")
        path = Path(damaged_restored[1])
        return path.with_name(path.name + SUFFIX)


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    wish: Wish
    tuned: Tuned | None
    """None for a dry run."""
    use: tuple[str, ...] = ()
    """What to type to use the weights that are there now, and the setting alone; empty where there are none."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON can write it."""
        tuned = self.tuned.plain() if self.tuned else {"kept": False, "why": "dry run"}
        return tuned | {"folder": str(self.wish.folder), "use": list(self.use)}

    def told(self) -> Iterator[str]:
        """Yield it as people read it."""
        if self.tuned is None:
            return
        verdict = self.tuned.verdict
        yield (f"loss {self.tuned.loss[0]:.5f} -> {self.tuned.loss[1]:.5f} in {self.tuned.steps} steps, "
               f"{self.tuned.seconds:.0f} s")
        yield (f"hold-out: {counted(verdict.frames, 'frame')}, {counted(verdict.places, 'place')}, "
               f"{verdict.holes_px:,} pixels in holes")
        for name, decibels in verdict.psnr.items():
            yield f"{name:>10}  {decibels:6.2f} dB"
        for g in verdict.gains:
            yield (f"tuned over {g.over}: {g.decibels:+.2f} dB; mean and standard error over frames "
                   f"{spelled(g.by_frame)}, over places {spelled(g.by_place)}")
        yield f"{'kept' if self.tuned.kept else 'refused'}: {self.tuned.why}"
        yield f"see {self.wish.folder / SHEET}"
        if self.use:
            yield f"{'' if self.tuned.kept else 'weights of an earlier tuning are there; '}to use it: {self.use[0]}"
            yield f"or, with any recipe that has thin: --set {self.use[1]}"


def spelled(gain: tuple[float, float]) -> str:
    """Write a mean and its error."""
    return "not known, too few" if gain[1] != gain[1] else f"{gain[0]:+.3f} ± {gain[1]:.3f}"


def carry_out(wish: Wish, say: Say = lambda _: None, gauge: Gauge = untold) -> Outcome:
    """Tune, keep what is better, and record it in the project's ledger and report, where there is a project.

    Raises StoreError for what is no project, was not searched or is in use, RecipeError where its recipe would not use
    the result, SourceError for files that cannot be read or do not fit each other, RestoreError where the folder holds
    a tuning of other footage.
    """
    with ExitStack() as stack:
        session = stack.enter_context(_opened(wish.project, wish.dry_run)) if wish.project else None
        recipe = _recipe(wish, session)
        footage: Footage
        if wish.restored:
            footage = pair = RestoredFootage(*wish.restored)
            stack.callback(pair.close)
        else:
            footage = ProjectFootage(_needed(session))
        if wish.dry_run:
            split = Split(footage.size, footage.frames)
            with gauge("look") as on_frame:
                say(about(gather(footage, split, wish.plan.seed, on_frame), split))
            return Outcome(wish, None)
        if wish.anew:
            forget(wish.folder)
        tuned = tune(footage, wish.plan, wish.folder, rivals(recipe), say, gauge)
        use = _use(wish, recipe, session.store.source if session else None)
        if session is not None:
            session.store.ledger.write(stamp_of(tuned, session.store.source, wish))
            report(session.store.folder)
    return Outcome(wish, tuned, use)


class _opened:
    """A project, open and held."""

    def __init__(self, project: Path, look_only: bool) -> None:
        self.project, self.stack, self.look_only = project, ExitStack(), look_only

    def __enter__(self) -> Session:
        store = Store.open(self.project)
        if not self.look_only:
            self.stack.enter_context(store.locked())
        session = open_session(self.project)
        self.stack.callback(session.close)
        return session

    def __exit__(self, *_: object) -> None:
        self.stack.close()


def _needed(session: Session | None) -> Session:
    if session is None:
        raise RecipeError("nothing was given to tune on: give a PROJECT, or --restored DAMAGED RESTORED.")
    return session


def _recipe(wish: Wish, session: Session | None) -> Recipe:
    """Return the recipe that is to use the result. Raises RecipeError where it never would."""
    if session is None:
        return load("stills" if wish.restored and probe(wish.restored[1]).frames == 1 else "film")
    recipe = session.recipe
    if not recipe.policy.invent or not recipe.fill:
        raise RecipeError(
            f"the recipe {recipe.name!r} of {wish.project} fills nothing from within a frame (policy.invent is "
            f"{str(recipe.policy.invent).lower()}, {len(recipe.fill)} fillers), so nothing would use what is tuned. "
            "Run the project with another recipe (film, masks, stills) first; --until detect is enough."
        )
    return recipe


def rivals(recipe: Recipe) -> dict[str, Filler]:
    """Return what else than the shipped weights a recipe would fill with: its smooth filler, where it has no `thin`."""
    if any(p.name == NAME for p in recipe.fill):
        return {}
    return {p.name: p.made for p in recipe.fill if p.name == BEFORE}


def using(recipe: Recipe, weights: Path) -> Recipe:
    """Return a recipe that fills with weights: in its `thin`, or in one put before its smooth filler."""
    part = make("fill", NAME, {"weights": str(weights.resolve())})
    names = [p.name for p in recipe.fill]
    if NAME in names:
        return replace(recipe, fill=tuple(part if p.name == NAME else p for p in recipe.fill))
    at = names.index(BEFORE) if BEFORE in names else len(names)
    return replace(recipe, fill=(*recipe.fill[:at], part, *recipe.fill[at:]))


def _use(wish: Wish, recipe: Recipe, source: Source | None) -> tuple[str, ...]:
    """Write the recipe that uses the weights that are there now, and return what to type; nothing without any."""
    weights = wish.folder / WEIGHTS
    if not weights.is_file():
        return ()
    write_atomic(wish.folder / RECIPE, using(recipe, weights).to_toml())
    film, output, more = "FILM", "OUTPUT", list[str]()
    if source is not None and wish.project is not None:
        last = last_run(wish.project)
        film, output = source.path, last.output if last else "OUTPUT"
        rate = ["--rate", str(source.rate)] if source.kind == "sequence" and source.frames > 1 else []
        more = [*rate, "--project", str(wish.project), "--overwrite"]
    words = ["lacuna", "run", film, "-o", output, "--workflow", str(wish.folder / RECIPE), *more]
    return (shlex.join(words), f"thin.weights={shlex.quote(str(weights.resolve()))}")


def stamp_of(tuned: Tuned, source: Source, wish: Wish) -> Stamp:
    """Return what the ledger keeps: the verdict, and which weights are in force after it."""
    from restore.nets.shelf import sha256

    weights = wish.folder / WEIGHTS
    facts = tuned.plain() | {
        "against": SHIPPED, "restored": list(wish.restored or ()),
        "in_force": sha256(weights) if weights.is_file() else "",
    }
    key = key_of("tune", source.sha256, tuned.data, tuned.seed, tuned.steps)
    return Stamp("tune", (0, source.frames), key, facts=facts, started=now(), seconds=tuned.seconds)
