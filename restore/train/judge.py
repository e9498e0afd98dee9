"""Clean clips, photographs ridden over and generated films in, a judge out: what damage looks like beside all else.

Every piece is damaged in a known way and looked at as a detector looks at it (`dirt` here, `scratch` in `line_judge`);
each thing that stands out is then damage or not. Pieces that are left clean show what is none. What was seen of a piece
is kept in the folder, so that a collection that was killed goes on; the same plan gives the same judge on the same
machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from restore.benchmark import pieces
from restore.detect import _dirt_judge
from restore.detect._look import candidates
from restore.detect._network import FAR, Network, Table, probability
from restore.detect.dirt import Dirt
from restore.errors import RestoreError
from restore.frames import Bits
from restore.measure.bench import Clip, damage_clip
from restore.scenes.damage import Damage
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT
from restore.scenes.rides import Ride
from restore.window import Window
from restore.written import counted

FRAMES, LOOKED_AT = 8, (2, 3, 5)
"""Frames of a piece, and those of them that are looked at."""
FILM_SIZES = ((576, 768), (720, 960), (480, 640), (1080, 1440), (576, 720))
RIDES_FROM = 5 * 10**5
"""What the seeds of rides begin with, past those of films."""
ALL, LARGE = ("dust", "dirt", "short_hair", "long_hair", "blotch"), ("blotch", "long_hair", "dirt")
WORN_FRAC, BLOTCHED_FRAC = (0.002, 0.004, 0.01), (0.02, 0.03, 0.04)
GRAINY, GRAIN_LEVELS = 3, (2.5, 4.0, 7.0, 10.0)
"""Every so many pieces are shown a second time, with grain of these deviations added."""
DIRT_FROM, CLEAN_TO = 0.4, 0.1
"""A thing is dirt if this share of it is damaged, and none if less than that; what is between teaches nothing."""
KEPT = 0.03
"""Of the many small things that are none, this share is kept, and counts that much more."""
DULL_PX = 25
"""Clean things of no more pixels than this are thinned out so."""
SIZE_POWER, SIZE_MOST = 0.5, 60.0
"""A thing of so many pixels counts by this power of them: pixels are what is filled."""
HIDDEN, BATCH, PEAK_RATE = 24, 2048, 2e-2
Report = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Finds:
    """N things that stood out, and what they were."""

    values: Table
    """(n, 21) as `_dirt_judge.measure` gives them."""
    share: Table
    """(n,) how much of each is damaged, 0 to 1."""
    area_px: Table
    weight: Table
    """(n,) how many things each stands for."""

    def save(self, path: Path) -> None:
        """Write them, whole or not at all."""
        fresh = path.with_name(path.name + ".part")
        with fresh.open("wb") as file:
            np.savez(file, values=self.values, share=self.share, area_px=self.area_px, weight=self.weight)
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> Finds:
        """Read them again."""
        with np.load(path) as held:
            return cls(held["values"], held["share"], held["area_px"], held["weight"])

    @classmethod
    def of(cls, some: Iterable[Finds]) -> Finds:
        """Join some."""
        every = list(some)
        return cls(*(np.concatenate([getattr(f, name) for f in every]) for name in
                     ("values", "share", "area_px", "weight")))


@dataclass(frozen=True)
class Schooling:
    """How a judge is fitted to what was seen."""

    care: float = 3.0
    """Good picture counts so much more than damage: doing no harm comes first."""
    nets: int = 4
    """Their mean is the judge."""
    epochs: int = 10
    decay: float = 1e-3
    """Of the weights: the more, the less of single clips is learnt."""


USUAL = Schooling()


@dataclass(frozen=True)
class Trade:
    """What a judge is to know."""

    name: str
    """That of its file."""
    names: tuple[str, ...]
    """What is measured."""
    frames: int
    """Of a piece."""
    see: Callable[[Clip, int, int], Finds]
    """A clip, a seed and the number of the piece to what stands out on it, damaged and clean."""
    used: str
    """How a recipe is told of it."""
    schooling: Schooling = USUAL
    yes: str = ""
    """What it says yes to, where its name does not say so."""

    @property
    def sought(self) -> str:
        """Return what it says yes to."""
        return self.yes or self.name


@dataclass(frozen=True)
class Plan:
    """What to look at."""

    clips: tuple[Path, ...] = ()
    """Clean footage."""
    seed: int = 1
    pieces: int = 16
    """Of each clip."""
    films: int = 60
    """Generated ones."""
    photographs: Path | None = None
    """A folder of them, to be ridden over."""
    rides: int = 48
    """Shots over them, where there are any."""
    workers: int = 2
    """Processes; with 0 all is done in this one."""


def looked(window: Window, truth: dict[int, Bits], rng: np.random.Generator) -> Iterable[Finds]:
    """Yield what stands out on some frames of a window; `truth` is the damage (H, W) on each."""
    part = Dirt(**Dirt.sensitivity["thorough"])  # type: ignore[arg-type]
    for t, damage in truth.items():
        seen = candidates(part, window, t)
        if seen is None:
            continue
        (h, w), scale = seen.size, seen.scale
        room = ((0, h * scale - damage.shape[0]), (0, w * scale - damage.shape[1]))
        small = np.pad(damage, room).reshape(h, scale, w, scale).any((1, 3))
        share = seen.things.total(small.ravel()[seen.things.at].astype(np.float32)) / seen.things.area
        area = (seen.things.area * scale**2).astype(np.float64)
        dull = (share < CLEAN_TO) & (area <= DULL_PX)
        keep = ~dull | (rng.random(len(share)) < KEPT)
        yield Finds(seen.values[keep], share[keep], area[keep], np.where(dull, 1 / KEPT, 1.0)[keep])


def shown(clip: Clip, seed: int, n: int) -> Iterable[Finds]:
    """Yield what stands out on a piece: worn, blotched, and as it is."""
    rng = np.random.default_rng((seed, 60))
    for kinds, shares in ((ALL, WORN_FRAC), (LARGE, BLOTCHED_FRAC)):
        wear = Damage(seed, clip.size, kinds=kinds, film_frames=FRAMES, damaged_frac=shares[n % 3])
        damaged = damage_clip(clip, wear)
        window = Window.of([d.planes for d in damaged], clip.pixels)
        yield from looked(window, {t: damaged[t].mask for t in LOOKED_AT}, rng)
    clean = np.zeros(clip.size, bool)
    yield from looked(Window.of(clip.pictures, clip.pixels), dict.fromkeys(LOOKED_AT, clean), rng)


def grainy(clip: Clip, levels: float, seed: int) -> Clip:
    """Return a clip with grain on its luma."""
    peak = clip.pixels.peak
    out = []
    for t, (luma, *rest) in enumerate(clip.pictures):
        rng = np.random.default_rng((seed, 61, t))
        noise = cv2.GaussianBlur(rng.normal(0, 1, luma.shape).astype(np.float32), (0, 0), 0.6 + 0.3 * (seed % 3))
        noise *= np.float32(levels * peak / 255) / noise.std()
        out.append((np.clip(np.rint(luma + noise), 0, peak).astype(luma.dtype), *rest))
    return Clip(clip.name, out, clip.pixels)


def seen_of(clip: Clip, seed: int, n: int) -> Finds:
    """Return what stands out on piece n of a clip."""
    some = list(shown(clip, seed, n))
    if n % GRAINY == 0:
        some += shown(grainy(clip, GRAIN_LEVELS[n // GRAINY % len(GRAIN_LEVELS)], seed), seed + 10**5, n)
    return Finds.of(some)


DIRT = Trade("dirt", _dirt_judge.NAMES, FRAMES, seen_of, "detect.dirt.judge")


def film_of(seed: int, n: int, frames: int) -> Clip:
    """Return generated film n."""
    film = Film(seed, FILM_SIZES[n % len(FILM_SIZES)], frames)
    return Clip(f"film {seed}", [film.planes(t, FILM_10BIT) for t in range(frames)], FILM_10BIT)


def ridden(ride: Ride) -> Clip:
    """Return the shot of a ride over a photograph."""
    return Clip(f"ride {ride.seed}", [ride.planes(t, FILM_10BIT) for t in range(ride.frames)], FILM_10BIT)


Task = Path | int | Ride
"""A clip, the number of a generated film, or a ride over a photograph."""


def said_of(task: Task) -> str:
    """Return what a task is called."""
    if isinstance(task, Ride):
        return f"ride {task.number}"
    return f"film {task}" if isinstance(task, int) else task.name


def tasks_of(plan: Plan, trade: Trade) -> list[Task]:
    """Return what there is to look at. Raises RestoreError where that is nothing."""
    tasks: list[Task] = [*plan.clips, *range(plan.films)]
    if plan.photographs:
        first = plan.seed * 10**6 + RIDES_FROM
        tasks += [Ride(plan.photographs, first + n, n, trade.frames) for n in range(plan.rides)]
    if not tasks:
        raise RestoreError("the judge has nothing to learn from: give clean clips, --photographs DIR or --films 1.")
    return tasks


def look(plan: Plan, trade: Trade, folder: Path, task: Task) -> list[Path]:
    """Look at all pieces of a clip, or at one generated shot, keep what was seen, and return the files it is in."""
    if not isinstance(task, Path):
        path = folder / f"{said_of(task).replace(' ', '-')}.npz"
        if not path.is_file():
            seed, n = (task.seed, task.number) if isinstance(task, Ride) else (plan.seed * 10**6 + task, task)
            clip = ridden(task) if isinstance(task, Ride) else film_of(seed, n, trade.frames)
            trade.see(clip, seed, n).save(path)
        return [path]
    out = []
    for clip, n in pieces((task,), trade.frames, range(plan.pieces), 0):
        path = folder / f"{task.stem}-{n}.npz"
        if not path.is_file():
            trade.see(clip, plan.seed * 10**6 + n, n).save(path)
        out.append(path)
    return out


def collect(plan: Plan, trade: Trade, folder: Path, say: Report) -> Finds:
    """Return what stands out on all there is to look at; what an earlier call has kept is not looked at again.

    Raises SourceError where a clip cannot be read or is too short.
    """
    tasks = tasks_of(plan, trade)
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    with ExitStack() as stack:
        run: Callable[..., Iterable[list[Path]]] = map
        if plan.workers:
            run = stack.enter_context(ProcessPoolExecutor(plan.workers, mp_context=get_context("spawn"))).map
        for task, some in zip(tasks, run(partial(look, plan, trade, folder), tasks), strict=True):
            files += some
            say(f"looked at {said_of(task)}, {counted(len(some), 'piece')}")
    return Finds.of(Finds.load(path) for path in files)


def fit(finds: Finds, seed: int, schooling: Schooling = USUAL) -> Network:
    """Return a judge: the mean of a few small networks, which is one of more hidden units."""
    some = (finds.share > DIRT_FROM) | (finds.share < CLEAN_TO)
    values, dirt = finds.values[some], finds.share[some] > DIRT_FROM
    weight = np.clip(finds.area_px[some] ** SIZE_POWER, 1.5, SIZE_MOST) * finds.weight[some]
    weight[~dirt] *= schooling.care
    weight = np.minimum(weight / weight.mean(), 20)
    mean, spread = values.mean(0), values.std(0) + 1e-3
    z = torch.from_numpy(np.clip((values - mean) / spread, -FAR, FAR).astype(np.float32))
    target, heavy = (torch.from_numpy(v.astype(np.float32)) for v in (dirt, weight))
    nets = [_fitted(z, target, heavy, 1000 * seed + k, schooling) for k in range(schooling.nets)]
    inner, outer = np.concatenate([n[0] for n in nets], 1), np.concatenate([n[2] for n in nets]) / len(nets)
    bias = float(np.mean([n[3] for n in nets]))
    plain = Network(mean, spread, inner, np.concatenate([n[1] for n in nets]), outer, bias)
    slope, offset = calibrated(plain.score(values), dirt, finds.weight[some])
    return replace(plain, outer=outer * slope, outer_bias=bias * slope + offset)


def _fitted(
    z: Tensor, target: Tensor, weight: Tensor, seed: int, schooling: Schooling
) -> tuple[Table, Table, Table, float]:
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    inner, outer = torch.nn.Linear(z.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    n = max(1, len(z) // BATCH)
    adam = torch.optim.AdamW([*inner.parameters(), *outer.parameters()], PEAK_RATE, weight_decay=schooling.decay)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, PEAK_RATE, total_steps=n * schooling.epochs)
    for _ in range(schooling.epochs):
        for batch in torch.randperm(len(z)).tensor_split(n):
            score = outer(torch.tanh(inner(z[batch])))[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(score, target[batch], weight[batch])
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            rate.step()
    return (
        inner.weight.detach().numpy().T.astype(np.float64), inner.bias.detach().numpy().astype(np.float64),
        outer.weight.detach().numpy()[0].astype(np.float64), float(outer.bias.detach()),
    )


def calibrated(score: Table, dirt: Bits, weight: Table) -> tuple[float, float]:
    """Return the slope and offset that make a probability of log-odds (Platt, 1999), by Newton's method."""
    x = np.stack([score, np.ones_like(score)], 1)
    line = np.array([1.0, 0.0])
    for _ in range(50):
        p = probability(x @ line)
        slope = x.T @ (weight * (p - dirt)) + 1e-3 * (line - (1, 0))
        line -= np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(2), slope)
    return float(line[0]), float(line[1])


def train(plan: Plan, folder: Path, say: Report = lambda _: None, trade: Trade = DIRT) -> Path:
    """Look, fit, and return the judge's file."""
    began = time.monotonic()
    finds = collect(plan, trade, folder, say)
    path = folder / f"{trade.name}.json"
    facts = {
        "seed": plan.seed, "clips": [p.name for p in plan.clips], "pieces": plan.pieces, "films": plan.films,
        "rides": plan.rides if plan.photographs else 0,
        "things": len(finds.share), trade.sought: int((finds.share > DIRT_FROM).sum()),
    }
    rounded(fit(finds, plan.seed, trade.schooling)).write(path, trade.names, facts)
    say(f"{path}: fitted on {facts['things']:,} things, {facts[trade.sought]:,} of them {trade.sought}, "
        f"in {time.monotonic() - began:.0f} s; use it with --set {trade.used}={path}")
    return path


def rounded(net: Network) -> Network:
    """Return a network with six digits of each number, which is all that counts."""
    def short(values: Table | float) -> Table:
        return np.asarray(np.vectorize(lambda v: float(f"{v:.6g}"))(values), np.float64)

    return Network(short(net.mean), short(net.spread), short(net.inner), short(net.inner_bias), short(net.outer),
                   float(short(net.outer_bias)))
