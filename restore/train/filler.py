"""A plan in, a filler's weights out: trained on crops of photographs and generated scenes with holes in them."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from restore.colour import Float
from restore.errors import RestoreError
from restore.nets import files
from restore.nets.smooth import OverSmooth
from restore.train import sheets
from restore.train.events import Events
from restore.train.lines import Line, Phase
from restore.train.muon import Muon
from restore.train.pieces import Batch, batch, gather
from restore.train.state import Mean, State, pace, settle

WARM_UP, LAST = 0.02, 0.01
PATIENCE_FRAC = 0.25
CRITIC_RATE, CRITIC_MOMENTA = 2e-4, (0.5, 0.9)
KEPT_S = 30
"""A training that is killed has lost no more than so many seconds, and the step it was at."""
HELD, HELD_CROPS, HELD_SEED = 6, 16, 9
"""Batches of crops that no step learns from, though from the same pictures."""
Report = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How to train. The same plan gives the same weights on the same machine."""

    line: Line
    seed: int = 1
    steps: int = 0
    """0 for as many as the line has by itself."""
    photographs: Path | None = None
    """A folder of photographs to learn texture from, beside generated scenes."""
    features: Path | None = None
    """Weights of a VGG-19 to compare textures by, where the line has a texture loss."""
    painted: int = 12
    """Generated scenes that crops are cut out of."""
    device: str = "cpu"
    threads: int = 1
    check_every: int = 250
    """Steps between two validations and sample sheets."""
    patience: int = 6
    """A phase without critics ends when this many validations in a row brought nothing, and a quarter of all steps with
    them: while the rate is high, a long training stands still for long. 0 for never."""
    minutes: float = 0
    """Stop after so many minutes, to be resumed; 0 for no limit."""

    def __post_init__(self) -> None:
        """Take the line's number of steps where none was given."""
        object.__setattr__(self, "steps", self.steps or self.line.steps)

    def record(self) -> dict[str, object]:
        """Return what makes the weights what they are."""
        names = ("seed", "steps", "painted", "device", "check_every", "patience")
        own = {"line": self.line.name, "crops": self.line.crops, "side_px": self.line.side_px}
        return own | {k: getattr(self, k) for k in names} | {"photographs": self.photographs is not None}


def rate_at(step: int, steps: int, peak: float) -> float:
    """Return the learning rate: a short climb, then a straight way down to almost nothing."""
    share = step / max(steps, 1)
    return peak * (share / WARM_UP + 0.02 if share < WARM_UP else max(1 - share, LAST) / (1 - WARM_UP))


@dataclass(frozen=True, eq=False)
class Lesson:
    """A batch where the network is."""

    seen: Tensor
    clean: Tensor
    known: Tensor

    @classmethod
    def of(cls, shown: Batch, device: str) -> Lesson:
        """Take a batch to a device."""
        return cls(*(torch.from_numpy(a).to(device) for a in (shown.seen, shown.clean, shown.known)))


class Run:
    """A training under way."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Begin, or go on from what `folder` holds."""
        self.plan, self.line, self.folder = plan, plan.line, folder
        settle(plan.device, plan.seed, plan.threads)
        self.net = self.made()
        self.mean = Mean(self.net, self.line.keep_frac)
        last = {id(p) for p in self.net.out.parameters()}
        layers = [p for p in self.net.parameters() if p.ndim > 1 and id(p) not in last]
        rest = [p for p in self.net.parameters() if p.ndim == 1 or id(p) in last]
        peak = self.line.peak_rate
        self.optimisers: dict[str, torch.optim.Optimizer] = (
            {"muon": Muon(layers, peak), "adam": torch.optim.Adam(rest, peak)} if self.line.muon
            else {"adam": torch.optim.Adam(self.net.parameters(), peak)}
        )
        self.critic = self.line.critic().to(plan.device) if self.line.critic else None
        judges = {}
        if self.critic:
            judges["critic"] = torch.optim.Adam(self.critic.parameters(), CRITIC_RATE, CRITIC_MOMENTA)
        self.judges = judges
        self.texture = self.line.texture(plan.features) if self.line.texture else None
        self.losses = defaultdict[str, list[float]](list)
        nets = {"filler": self.net} | ({"critic": self.critic} if self.critic else {})
        counters = {"done": 0, "crops": self.line.crops, "best": -1e9, "stale": 0}
        record = plan.record() | ({"features": self.texture.origin} if self.texture else {})
        self.state = State(folder, record, nets, self.optimisers | judges, {"filler": self.mean}, counters)
        self.state.resume()

    def made(self) -> OverSmooth:
        """Return a network of the line."""
        return self.line.net().to(self.plan.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def done(self) -> int:
        """Return how many steps were learnt."""
        return int(self.state.counters["done"])

    @property
    def crops(self) -> int:
        """Return how many crops a batch has."""
        return int(self.state.counters["crops"])

    def phase(self) -> tuple[Phase, int]:
        """Return the phase of the next step, and the number of the step after it."""
        ends = self.line.ends(self.plan.steps)
        return next((p, end) for p, end in zip(self.line.phases, ends, strict=True) if self.done < end)

    def learn(self, shown: Batch) -> None:
        """Learn one batch: first the critics, then the filler."""
        phase, _ = self.phase()
        lesson = Lesson.of(shown, self.plan.device)
        with torch.autocast(self.plan.device.partition(":")[0], torch.bfloat16), torch.set_grad_enabled(phase.fills):
            out = self.net(lesson.seen, lesson.known).float()
        made = torch.where(lesson.known > 0, lesson.clean, out)
        if phase.judges:
            self.judge(made.detach(), lesson)
        if phase.fills:
            self.fill(out, made, lesson, phase)
        self.state.counters["done"] += 1
        self.mean.follow(self.done)

    def judge(self, made: Tensor, lesson: Lesson) -> None:
        """Let the critics learn."""
        assert self.critic is not None  # a line with such phases has one; it sees to that
        assert self.line.game is not None
        rng = np.random.default_rng((self.plan.seed, 72, self.done))
        self.critic.requires_grad_(True)
        loss = self.line.game.judge(self.critic, made, lesson.clean, lesson.known, rng)
        self.critic.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.judges["critic"].step()
        self.critic.requires_grad_(False)
        self.losses["critic loss"].append(float(loss.detach()))

    def fill(self, out: Tensor, made: Tensor, lesson: Lesson, phase: Phase) -> None:
        """Let the filler learn."""
        rate = rate_at(self.done, self.plan.steps, self.line.peak_rate)
        loss = self.line.rebuilding(out, lesson.clean, lesson.known)
        self.losses["loss"].append(float(loss.detach()))
        if phase.adversarial and self.critic and self.line.game:
            fooled = self.line.game.fool(self.critic, made, lesson.known)
            self.losses["fool loss"].append(float(fooled.detach()))
            loss = loss + phase.adversarial * fooled
        if phase.texture and self.texture:
            unlike = self.texture(made, lesson.clean, lesson.known)
            self.losses["texture loss"].append(float(unlike.detach()))
            loss = loss + phase.texture * unlike
        self.net.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        for optimiser in self.optimisers.values():
            pace(optimiser, rate)
            optimiser.step()

    def halve(self) -> None:
        """Go on with half as many crops a batch. Raises RestoreError where there is but one."""
        if self.crops < 2:
            raise RestoreError(
                f"the memory of {self.plan.device} is too small for one crop of {self.line.side_px} px: free some, or "
                "give another --device. What was learnt is kept, and the same command goes on from there."
            )
        self.state.counters["crops"] = self.crops // 2
        self.net.zero_grad()

    def watch(self, score: float) -> bool:
        """Take note of a validation; where a phase brings nothing any more, leave it, and return True."""
        phase, end = self.phase()
        counters = self.state.counters
        better = score > counters["best"]
        counters["best"], counters["stale"] = max(score, counters["best"]), 0 if better else counters["stale"] + 1
        long = max(self.plan.patience, PATIENCE_FRAC * self.plan.steps / self.plan.check_every)
        if phase.judges or not self.plan.patience or counters["stale"] < long:
            return False
        counters["done"], counters["best"], counters["stale"] = end, -1e9, 0
        return True


def train(plan: Plan, folder: Path, say: Report = lambda _: None) -> dict[str, float]:
    """Train a filler in `folder`, going on from what is there; return what its weights score.

    `folder` holds state.safetensors, log.jsonl, events for TensorBoard, the weights (16-bit, averaged) and sheets: each
    row a crop with holes, Telea's fill, the network's and the truth. Raises RestoreError for another plan's folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run, began = Run(plan, folder), time.monotonic()
    say(f"{sum(p.numel() for p in run.net.parameters()):,} weights; step {run.done} of {plan.steps}")
    pictures, line = gather(plan.seed, plan.photographs, plan.painted), plan.line
    held = [
        batch(pictures, plan.seed + 10**6 * HELD_SEED, n, HELD_CROPS, line.held_side_px, line.damage)
        for n in range(HELD)
    ]
    events, scores, kept = Events(folder, run.done), dict[str, float](), time.monotonic()
    while run.done < plan.steps:
        try:
            run.learn(batch(pictures, plan.seed, run.done, run.crops, line.side_px, line.damage))
        except torch.OutOfMemoryError:
            run.halve()
            say(f"step {run.done}: out of memory; going on with {run.crops} crops a batch")
            continue
        late = bool(plan.minutes) and time.monotonic() - began > 60 * plan.minutes
        if late or run.done % plan.check_every == 0 or run.done == plan.steps:
            scores = check(run, held, time.monotonic() - began, events, say)
            kept = time.monotonic()
        elif time.monotonic() - kept >= KEPT_S:
            run.state.save()
            kept = time.monotonic()
        if late:
            say(f"stopped after {plan.minutes:g} minutes; the same command goes on from step {run.done}")
            break
    return scores


def check(run: Run, held: list[Batch], seconds: float, events: Events, say: Report) -> dict[str, float]:
    """Score the averaged weights on held-back crops, and write weights, state, log, events and a sheet down."""
    step = run.done
    fills, rivals = answers(run, held), sheets.telea(held)
    scores = {"dB": sheets.decibels(held, fills), "telea dB": sheets.decibels(held, rivals)}
    scores |= {name: float(np.mean(values)) for name, values in run.losses.items()}
    run.losses.clear()
    facts = {"net": run.line.name, "steps": step, "plan": run.state.plan, "scores": scores}
    files.write(run.folder / f"{run.line.name}.safetensors", run.mean.weights, facts, half=True)
    left = step < run.plan.steps and run.watch(scores["dB"])
    run.state.save()
    with (run.folder / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": step, "seconds": round(seconds, 1)} | scores) + "\n")
    events.add(step, scores)
    cv2.imwrite(str(run.folder / f"sheet-{step:06d}.png"), sheets.sheet(held[0], rivals[0], fills[0])[..., ::-1])
    say(f"step {step}, {seconds:.0f} s: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))
    if left:
        say(f"nothing came of {run.plan.patience} validations: this phase ends here, at step {run.done} of the plan")
    return scores


def answers(run: Run, held: list[Batch]) -> list[Float]:
    """Return what the averaged weights make of held-back crops (n, 3, s, s)."""
    net = run.made()
    net.load_state_dict(run.mean.weights)
    with torch.inference_mode():
        outs = [net(*(torch.from_numpy(a).to(run.plan.device) for a in (h.seen, h.known))).cpu().numpy() for h in held]
    return [np.where(h.known > 0, h.clean, o) for h, o in zip(held, outs, strict=True)]
