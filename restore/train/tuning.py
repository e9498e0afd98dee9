"""Somebody's own footage in, weights of `thin` tuned to it out, where a hold-out says that they fill it better.

Needs no clean copy: holes are made where nothing was detected, in the shapes of what was, and filled again. A quarter
of each batch is painted scenes that the shipped weights were trained on, too, so that they do not forget them.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from restore import __version__
from restore.errors import RestoreError
from restore.fill import Filler
from restore.fill.thin import Thin
from restore.ledger import now, write_atomic
from restore.nets import files, inference, shelf
from restore.train import pieces
from restore.train.footage import Footage
from restore.train.holdout import Verdict, draws, holes_of, judge
from restore.train.lines import line
from restore.train.reserve import LEAST_PX, OnFrame, Own, Split, gather, lessons
from restore.train.state import FILE, Mean, State, pace, settle
from restore.written import counted

NAME, SHIPPED = "thin", "shipped"
RATE, WARM_UP_STEPS = 1e-3, 50
"""Constant: the running mean of the weights takes the place of a way down, so that any moment is one to stop at."""
REPLAYED, REPLAY_FRAC = 4, 0.25
"""Painted scenes, and the share of a batch that is cut out of them."""
CHECK_EVERY, SAVE_EVERY_S = 100, 20.0
"""Steps between two looks at the loss, and seconds between two states kept, with a word each."""
PROBES, PROBE_SEED = 4, 10**6
"""Batches of fixed holes in the pieces that are learnt, whose loss tells how the learning goes."""
CANDIDATE, WEIGHTS = "candidate.safetensors", "thin.safetensors"
CARD, VERDICT, SHEET, LOG = "thin.json", "verdict.json", "sheet.png", "log.jsonl"
Say = Callable[[str], None]
Gauge = Callable[[str], AbstractContextManager[OnFrame]]
"""What is done with frames to what is told (frames done, frames in all) of it."""


def untold(_label: str) -> AbstractContextManager[OnFrame]:
    """Tell nobody."""
    return nullcontext(lambda done, total: None)


@dataclass(frozen=True)
class Plan:
    """How to tune. The same plan, footage and number of steps give the same weights on the same machine."""

    seed: int = 1
    minutes: float = 10.0
    """Of learning, those of runs that were stopped counted."""
    steps: int = 0
    """Stop after so many, whatever the time; 0 for no such limit."""
    crops: int = 16
    side_px: int = LEAST_PX
    device: str = "cpu"
    threads: int = 1
    rate: float = RATE


@dataclass(frozen=True)
class Tuned:
    """What came of a tuning."""

    kept: bool
    why: str
    steps: int
    seconds: float
    """Of learning."""
    loss: tuple[float, float]
    """On fixed holes in what was learnt, of the shipped weights and of the tuned ones."""
    verdict: Verdict
    seed: int
    data: str
    """Sha256 of all that was learnt from."""
    frames: int
    pieces: int
    shapes: int
    """Shapes of damage cut out of the footage's own masks."""
    made: str
    version: str = __version__
    weights: str = ""
    """Sha256 of the weights, kept or not."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON can write it; what is not known is null."""
        return {k: _plain(v) for k, v in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and value != value else value


class Run:
    """A tuning under way."""

    def __init__(self, plan: Plan, folder: Path, own: Own) -> None:
        """Begin from the shipped weights, or go on from what `folder` holds."""
        self.plan, self.own, self.line = plan, own, line(NAME)
        settle(plan.device, plan.seed, plan.threads)
        path = shelf.shipped(NAME)
        self.net = copy.deepcopy(inference.filler(NAME, path, shelf.sha256(path))).requires_grad_(True).to(plan.device)
        self.mean = Mean(self.net)
        self.optimiser = torch.optim.Adam(self.net.parameters(), plan.rate, betas=(0.9, 0.99))
        facts = {"data": own.digest, "from": shelf.sha256(path), "seed": plan.seed, "crops": plan.crops,
                 "side_px": plan.side_px, "rate": plan.rate, "device": plan.device}
        self.state = State(folder, facts, {NAME: self.net}, {"adam": self.optimiser}, {NAME: self.mean},
                           {"done": 0, "seconds": 0.0, "loss": 0.0})
        self.resume()
        self.generic = pieces.gather(plan.seed, None, REPLAYED)

    def resume(self) -> None:
        """Go on from what is on disk. Raises RestoreError where that is another tuning's."""
        try:
            self.state.resume()
        except RestoreError as error:
            raise RestoreError(
                f"{error} Masks that were edited since, another seed or another version make it another tuning; with "
                "--anew it is forgotten and begun again."
            ) from error

    @property
    def done(self) -> int:
        """Return how many steps were learnt."""
        return int(self.state.counters["done"])

    @property
    def seconds(self) -> float:
        """Return how long that took."""
        return float(self.state.counters["seconds"])

    @property
    def over(self) -> bool:
        """Return whether the time, or the number of steps, is reached."""
        if self.plan.steps:
            return self.done >= self.plan.steps
        return self.seconds >= 60 * self.plan.minutes

    def batch(self, n: int, seed: int) -> tuple[Tensor, ...]:
        """Return batch n as (seen, clean, known, judged) on the device; a share of it is generic."""
        old = round(REPLAY_FRAC * self.plan.crops)
        new = lessons(self.own, seed, n, self.plan.crops - old, self.plan.side_px)
        gone = pieces.batch(self.generic, seed, n, old, self.plan.side_px, self.line.damage)
        arrays = ((new.seen, gone.seen), (new.seen, gone.clean), (new.known, gone.known), (new.judged, 1 - gone.known))
        return tuple(torch.from_numpy(np.concatenate(a)).to(self.plan.device) for a in arrays)

    def loss(self, net: torch.nn.Module, seen: Tensor, clean: Tensor, known: Tensor, judged: Tensor) -> Tensor:
        """Return what is wrong in the holes; what is not known and no hole does not count."""
        with torch.autocast(self.plan.device.partition(":")[0], torch.bfloat16):
            out = net(seen, known)
        return self.line.rebuilding(torch.where(judged > 0, out.float(), clean), clean, 1 - judged)

    def learn(self) -> None:
        """Learn one batch."""
        began = time.monotonic()
        pace(self.optimiser, self.plan.rate * min(1.0, (self.done + 1) / WARM_UP_STEPS))
        loss = self.loss(self.net, *self.batch(self.done, self.plan.seed))
        self.net.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.state.counters["done"] += 1
        self.mean.follow(self.done)
        self.state.counters["seconds"] += time.monotonic() - began

    def averaged(self) -> torch.nn.Module:
        """Return the network with the mean of its weights."""
        net = copy.deepcopy(self.net)
        net.load_state_dict(self.mean.weights)
        return net

    def probe(self) -> float:
        """Return the loss of the averaged weights on fixed holes."""
        net = self.averaged()
        with torch.inference_mode():
            return float(np.mean([
                float(self.loss(net, *self.batch(n, self.plan.seed + PROBE_SEED))) for n in range(PROBES)
            ]))


def tune(
    footage: Footage, plan: Plan, folder: Path, rivals: Mapping[str, Filler] | None = None, say: Say = lambda _: None,
    gauge: Gauge = untold,
) -> Tuned:
    """Tune the weights of `thin` to footage; keep them as `folder`/thin.safetensors where the hold-out improves.

    They are judged beside the shipped ones and any `rivals`, each by name. `folder` also holds the state that a
    stopped tuning goes on from, log.jsonl, verdict.json, and sheet.png: places that were held back, with their holes,
    as each filler fills them, and as they are. Raises RestoreError where the folder holds a tuning of other footage,
    MaskError where there is nothing to learn from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    split = Split(footage.size, footage.frames)
    with gauge("look") as on_frame:
        own = gather(footage, split, plan.seed, on_frame)
    say(about(own, split))
    run = Run(plan, folder, own)
    losses = learn(run, folder, say)
    facts = {"net": NAME, "steps": run.done, "plan": run.state.plan, "footage": footage.name}
    files.write(folder / CANDIDATE, run.mean.weights, facts, half=True)
    fillers: dict[str, Filler] = {SHIPPED: Thin(), "tuned": Thin(str(folder / CANDIDATE)), **(rivals or {})}
    say(f"judging places held back on {counted(len(split.held), 'frame')}")
    held, total = holes_of(footage, split, own, plan.seed), len(split.held) * draws(split)
    with gauge("judge") as on_frame:
        verdict, sheet = judge(footage, held, total, fillers, "tuned", on_frame)
    if sheet is not None:
        cv2.imwrite(str(folder / SHEET), sheet[..., ::-1])
    result = Tuned(
        verdict.kept, reason(verdict), run.done, round(run.seconds, 1), losses, verdict, plan.seed, own.digest,
        own.frames, len(own.pieces), own.own_shapes, now(), weights=shelf.sha256(folder / CANDIDATE),
    )
    keep(result, folder)
    return result


def about(own: Own, split: Split) -> str:
    """Return what there is to learn from."""
    return (
        f"{counted(own.frames, 'frame')} looked at: {counted(len(own.pieces), 'piece')} to learn from, "
        f"{counted(own.own_shapes, 'shape')} of its own damage and {len(own.shapes) - own.own_shapes} drawn; "
        f"{counted(len(split.held), 'frame')} and {counted(len(split.places), 'place')} held back"
    )


def learn(run: Run, folder: Path, say: Say) -> tuple[float, float]:
    """Learn until the time is over; return the loss before and after."""
    counters = run.state.counters
    if not run.done:
        counters["loss"] = run.probe()
        run.state.save()
    loss, saved = counters["loss"], time.monotonic()
    say(f"step {run.done}, {run.seconds:.0f} s learnt; loss of the shipped weights {counters['loss']:.5f}")
    while not run.over:
        run.learn()
        looked = run.done % CHECK_EVERY == 0 or run.over
        if time.monotonic() - saved > SAVE_EVERY_S or run.over:
            run.state.save()
            saved = time.monotonic()
            if not looked:
                say(f"step {run.done}, {run.seconds:.0f} s learnt{limit(run.plan)}")
        if looked:
            loss = run.probe()
            with (folder / LOG).open("a") as log:
                log.write(json.dumps({"step": run.done, "seconds": round(run.seconds, 1), "loss": loss}) + "\n")
            say(f"step {run.done}, {run.seconds:.0f} s learnt; loss {loss:.5f}")
    return counters["loss"], run.probe() if loss == counters["loss"] else loss


def limit(plan: Plan) -> str:
    """Say how long it goes on."""
    return f", to step {plan.steps}" if plan.steps else f" of {60 * plan.minutes:.0f} s"


def reason(verdict: Verdict) -> str:
    """Return why weights are kept or not."""
    if not verdict.gains or all(np.isnan(v) for g in verdict.gains for v in (g.by_frame[1], g.by_place[1])):
        return "hold-out: too few frames and places to tell whether it improves"
    worse = [g for g in verdict.gains if not g.sure]
    if not worse:
        return "the hold-out improves, by more than twice its standard error"
    return f"hold-out: {worse[0].decibels:+.2f} dB over {worse[0].over} is no gain that is large and sure enough"


def keep(result: Tuned, folder: Path) -> None:
    """Put weights that are to be kept in their place, and write down the verdict in any case."""
    card = json.dumps(result.plain(), indent=1)
    write_atomic(folder / VERDICT, card)
    if result.kept:
        (folder / CANDIDATE).replace(folder / WEIGHTS)
        write_atomic(folder / CARD, card)
    else:
        (folder / CANDIDATE).unlink()


def forget(folder: Path) -> None:
    """Remove the state of an earlier tuning, so that the next one begins anew; what was kept stays."""
    (folder / FILE).unlink(missing_ok=True)
    (folder / LOG).unlink(missing_ok=True)
