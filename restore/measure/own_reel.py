"""A clean-looking stretch of somebody's reel, recipes and settings in, what each finds, touches and mends there out.

Nobody knows the truth about a reel: what lies on it is unknown, and so is what a detector finds of it rightly. Damage
that is planted is known. It is kept away from what the least certain detectors find on the reel as it is, and that is
left out of the judging; what they touch of the reel as it is bounds the harm from above.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from statistics import median

import numpy as np

from restore.detect import Detection
from restore.errors import RecipeError
from restore.frames import Bits, Patch
from restore.measure.bench import Clip, Restore
from restore.measure.detection import Labels, Score, grow, score, score_transient
from restore.measure.finding import LEAST_CERTAIN, said_lines
from restore.measure.lines import Length, length
from restore.measure.planted import GUARD_PX, Own, Planted, own_damage
from restore.parts import Part
from restore.recipe import Recipe, load
from restore.window import Window


@dataclass(frozen=True)
class Step:
    """One position of the knob that is to be recommended."""

    name: str
    settings: tuple[str, ...] = ()
    """As `--set` has them; `*.field=value` stands for every detector that has the field. None: as the recipe is."""


SHIPPED = "as it is"
STEPS = (Step(SHIPPED), *(Step(s, (f"policy.sensitivity={s}",)) for s in ("cautious", "normal", "thorough")))
"""What is tried of each recipe, the recipe itself first: what a recommendation can name. The one place to change it."""


@dataclass(frozen=True)
class Attempt:
    """A recipe at one step."""

    workflow: str
    step: Step
    settings: tuple[str, ...]
    """Written out, as they are typed after `--set`."""
    parts: tuple[Part, ...]
    """Its detectors."""


@dataclass(frozen=True)
class Count:
    """What one attempt found on one or many frames."""

    judged: Score = field(default_factory=Score)
    """Of planted damage; what was known before it was planted is left out."""
    every: Score = field(default_factory=Score)
    """The same with all that was found counted, as if the reel had no damage of its own."""
    dirt: Score = field(default_factory=Score)
    every_dirt: Score = field(default_factory=Score)
    """Both again, of what lasts a frame."""
    lines: Length = field(default_factory=Length)
    touched_px: int = 0
    """Pixels of the reel as it is that would be filled."""

    @property
    def says_lines(self) -> bool:
        """Whether anything was said to be a line scratch."""
        return self.lines.claimed > 0

    def __add__(self, other: Count) -> Count:
        """Join two counts."""
        joined = (getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        return Count(*joined)


@dataclass(frozen=True, eq=False)
class AsItIs:
    """What there is to say of a stretch before anything is planted on it."""

    known: Mapping[int, Bits]
    """Frame to what was found there with hardly any certainty, guard included (H, W)."""
    touched_px: tuple[int, ...]
    """For each attempt, over all frames."""
    own: Own

    @property
    def known_frac(self) -> float:
        """Share of the picture that is left out of the judging."""
        return float(np.mean([m.mean() for m in self.known.values()]))


class Clock:
    """Seconds a frame by name. The median counts: the first frame of a stretch pays for its neighbours as well."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def of(self, name: str) -> float:
        """Return the median of what was measured under a name; 0 for nothing."""
        return median(self.seconds[name]) if self.seconds[name] else 0.0

    def timed(self, name: str, restore: Restore) -> Restore:
        """Return a function that does what `restore` does and notes how long it takes."""

        def noted(window: Window, t: int) -> Patch:
            began = time.perf_counter()
            patch = restore(window, t)
            self.seconds[name].append(time.perf_counter() - began)
            return patch

        return noted


def attempts(workflow: str, steps: Sequence[Step] = ()) -> list[Attempt]:
    """Return a recipe at every step (STEPS where none are given) that changes its detectors.

    Raises RecipeError where the recipe does not both find and fill, or finds by reading files, which know nothing of
    what is planted.
    """
    recipe = load(workflow)
    reading = [p.name for p in recipe.detect if hasattr(p.made, "check")]
    if not recipe.detect or not recipe.fill or reading:
        have = f"takes its masks from files ({reading[0]})" if reading else (
            f"has {len(recipe.detect)} detectors and {len(recipe.fill)} fillers")
        raise RecipeError(
            f"the recipe {workflow} {have}; needed to judge it: detectors that look at the picture, and fillers. "
            "Choose another --workflow."
        )
    out: dict[tuple[str, ...], Attempt] = {}
    for step in steps or STEPS:
        settings = spelled(step, recipe)
        if settings or not step.settings:
            parts = load(workflow, settings).detect
            out.setdefault(tuple(p.digest for p in parts), Attempt(workflow, step, settings, parts))
    return list(out.values())


def spelled(step: Step, recipe: Recipe) -> tuple[str, ...]:
    """Return a step's settings for one recipe, every detector named."""
    out = []
    for setting in step.settings:
        star, _, rest = setting.partition(".")
        name = rest.partition("=")[0]
        out += [f"{p.name}.{rest}" for p in recipe.detect if name in p.params] if star == "*" else [setting]
    return tuple(out)


def least_certain(tried: Sequence[Attempt]) -> list[Part]:
    """Return the detectors of all attempts, each with hardly any certainty where it has one."""
    parts = {p.name: p for a in tried for p in a.parts}.values()
    return [
        replace(p, made=replace(p.made, certainty=LEAST_CERTAIN)) if "certainty" in p.params else p for p in parts
    ]


def ask(parts: Iterable[Part], window: Window, t: int, clock: Clock | None = None) -> dict[str, Detection]:
    """Return what each part finds on frame t, by its digest; the same part is asked once."""
    out: dict[str, Detection] = {}
    for part in parts:
        if part.digest not in out:
            began = time.perf_counter()
            out[part.digest] = part.made.detect(window, t)
            if clock:
                clock.seconds[part.digest].append(time.perf_counter() - began)
    return out


def union(found: Mapping[str, Detection], parts: Iterable[Part]) -> Bits:
    """Return what some parts found together (H, W)."""
    masks = [found[p.digest].mask for p in parts]
    return np.asarray(np.logical_or.reduce(masks))


def as_it_is(clip: Clip, frames: Sequence[int], tried: Sequence[Attempt], tick: Callable[[], None]) -> AsItIs:
    """Run every attempt on a stretch as it is. The first one's finds tell what damage the reel has of its own."""
    window, wary = Window.of(clip.pictures, clip.pixels), least_certain(tried)
    known, touched = {}, [0] * len(tried)
    own = []
    for t in frames:
        found = ask([*(p for a in tried for p in a.parts), *wary], window, t)
        masks = [union(found, a.parts) for a in tried]
        touched = [n + int(m.sum()) for n, m in zip(touched, masks, strict=True)]
        known[t] = grow(np.logical_or.reduce([union(found, wary), *masks]), GUARD_PX)
        things = tuple(f for p in tried[0].parts for f in found[p.digest].objects)
        own.append((window.grey(t), masks[0], things))
        tick()
    return AsItIs(known, tuple(touched), own_damage(own))


def judge(
    clip: Clip, planted: Planted, before: AsItIs, frames: Sequence[int], tried: Sequence[Attempt], clock: Clock,
    tick: Callable[[], None],
) -> list[Count]:
    """Run every attempt on a stretch with planted damage and count what it finds of it."""
    window = Window.of([d.planes for d in planted.frames], clip.pixels)
    counts = [Count(touched_px=n) for n in before.touched_px]
    for t in frames:
        found = ask([p for a in tried for p in a.parts], window, t, clock)
        for k, attempt in enumerate(tried):
            counts[k] += counted([found[p.digest] for p in attempt.parts], planted.frames[t].labels, before.known[t])
        tick()
    return counts


def counted(found: Sequence[Detection], labels: Labels, known: Bits) -> Count:
    """Compare what some detectors found together on a frame with the labels of what was planted (H, W).

    As everywhere in `measure`, what is said to be a line is judged as one, and the rest as dirt.
    """
    mask = np.logical_or.reduce([d.mask for d in found])
    said = np.logical_or.reduce([said_lines(d) for d in found])
    rest = np.logical_or.reduce([d.mask & ~said_lines(d) for d in found])
    return Count(
        score(mask & ~known, labels > 0), score(mask, labels > 0), score_transient(rest & ~known, labels),
        score_transient(rest, labels), length(mask & ~known, said & ~known, labels),
    )
