"""A plan in, a detector's weights out: trained on generated lessons; held-back ones decide what is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from restore.nets import files
from restore.nets.detector import Detector
from restore.train.course import Course, Samples, batches, rounds
from restore.train.state import Mean, State, pace, settle
from restore.train.subjects import FAINT_BIT, Subject

SIDE_PX = 128
VALIDATION_SEED, VALIDATION_LESSONS = 7, 96
PEAK_RATE, WEIGHT_DECAY = 2e-3, 1e-4
WARM_UP = 0.05
Report = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How to train. The same plan gives the same weights on the same machine."""

    subject: Subject
    course: Course
    device: str = "cpu"
    threads: int = 1
    workers: int = 1
    check_every: int = 10
    """Rounds between two validations."""
    minutes: float = 0
    """Stop after so many minutes, to be resumed; 0 for no limit."""

    def record(self) -> dict[str, object]:
        """Return what makes the weights what they are."""
        what = {"subject": self.subject.name, "side_px": SIDE_PX, "device": self.device} | asdict(self.course)
        return what | ({"textures": self.subject.textures} if self.subject.textures else {})


def targets(what: Tensor, kinds: int) -> Tensor:
    """Return (n, kinds, h, w) of 0 and 1."""
    return torch.stack([(what >> bit) & 1 for bit in range(kinds)], 1).float()


def loss_of(scores: Tensor, what: Tensor, faint_weight: float = 0.25) -> Tensor:
    """Return cross-entropy and soft Dice (Milletari, Navab and Ahmadi, 3DV 2016), damage counted more than good."""
    truth = targets(what, scores.shape[1])
    sure = 1 - (1 - faint_weight) * ((what >> FAINT_BIT) & 1).float()[:, None]
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(scores, truth, sure * (1 + 2 * truth))
    chance = torch.sigmoid(scores)
    both, either = (sure * chance * truth).sum((0, 2, 3)), (sure * (chance + truth)).sum((0, 2, 3))
    dice = 1 - (2 * both + 20) / (either + 20)
    return 4 * entropy + 0.5 * dice.mean()


def focal_loss_of(scores: Tensor, what: Tensor, faint_weight: float = 0.0) -> Tensor:
    """Return the focal loss (Lin, Goyal, Girshick, He and Dollar, ICCV 2017) over the damaged pixels, and soft Dice."""
    truth = targets(what, scores.shape[1])
    sure = 1 - (1 - faint_weight) * ((what >> FAINT_BIT) & 1).float()[:, None]
    chance = torch.sigmoid(scores)
    wrong = (chance - truth).abs()
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(scores, truth, reduction="none")
    focal = (sure * (1 + truth) * wrong.square() * entropy).sum((0, 2, 3)) / (sure * truth).sum((0, 2, 3)).clamp(300)
    both, either = (sure * chance * truth).sum((0, 2, 3)), (sure * (chance + truth)).sum((0, 2, 3))
    return focal.mean() + 0.25 * (1 - (2 * both + 20) / (either + 20)).mean()


def rate_at(step: int, steps: int) -> float:
    """Return the learning rate: a short climb, then half a cosine."""
    share = step / max(steps, 1)
    if share < WARM_UP:
        return PEAK_RATE * (share / WARM_UP + 0.02)
    return float(PEAK_RATE * (0.5 + 0.5 * np.cos(np.pi * (share - WARM_UP) / (1 - WARM_UP))) + 1e-5)


def made(subject: Subject) -> Detector:
    """Return a network for a subject, untrained."""
    net = Detector(len(subject.channels), len(subject.kinds), subject.widths, subject.fold)
    for module in net.modules() if subject.rare else ():
        if isinstance(module, torch.nn.Conv2d) and module is not net.out:
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return net


class Run:
    """A training under way."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Begin, or go on from what `folder` holds."""
        self.plan, self.folder = plan, folder
        settle(plan.device, plan.course.seed, plan.threads)
        # This layout and 16-bit products more than halve the time of a step, on processors too.
        self.net = made(plan.subject).to(plan.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.mean = Mean(self.net)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), PEAK_RATE, weight_decay=WEIGHT_DECAY)
        nets, means, optimisers = {"detector": self.net}, {"detector": self.mean}, {"adam": self.optimiser}
        self.state = State(folder, plan.record(), nets, optimisers, means, {"done": 0, "best": 0.0})
        self.state.resume()

    @property
    def done(self) -> int:
        """Return how many rounds were learnt."""
        return int(self.state.counters["done"])

    def learn(self, n: int, kept: list[Samples]) -> float:
        """Learn one round; return its mean loss."""
        course, losses = self.plan.course, []
        self.net.train()
        for i, (seen, what) in enumerate(batches(course, n, kept)):
            pace(self.optimiser, rate_at(n * course.steps + i, course.rounds * course.steps))
            x = torch.from_numpy(np.ascontiguousarray(seen)).to(self.plan.device).float()
            with torch.autocast(self.plan.device.partition(":")[0], torch.bfloat16):
                scores = self.net(x.contiguous(memory_format=torch.channels_last))
            truth = torch.from_numpy(np.ascontiguousarray(what)).to(self.plan.device)
            subject = self.plan.subject
            loss = (focal_loss_of if subject.rare else loss_of)(scores.float(), truth, subject.faint_weight)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.optimiser.step()
            self.mean.follow(n * course.steps + i + 1)
            losses.append(float(loss.detach()))
        self.state.counters["done"] = n + 1
        return float(np.mean(losses))


def validation(subject: Subject, side_px: int) -> Samples:
    """Return the lessons that decide what is kept; no course deals them out."""
    made = [subject.sample(side_px, VALIDATION_SEED * 10**9 + i) for i in range(VALIDATION_LESSONS)]
    return np.stack([a for a, _ in made]), np.stack([b for _, b in made])


@torch.no_grad()
def chances(net: Detector, seen: npt.NDArray[np.float16], device: str = "cpu") -> Iterator[Tensor]:
    """Yield the probabilities (kinds, h, w) of each sample."""
    net.eval()
    for one in seen:
        yield torch.sigmoid(net(torch.from_numpy(one)[None].to(device).float()))[0].cpu()


def scored(net: Detector, held: Samples, kinds: tuple[str, ...], device: str = "cpu") -> dict[str, float]:
    """Return for each kind the best F1 over thresholds and the average precision, pixels pooled over all lessons."""
    bins = 256
    good, bad = np.zeros((len(kinds), bins)), np.zeros((len(kinds), bins))
    for chance, what in zip(chances(net, held[0], device), held[1], strict=True):
        level = (chance * (bins - 1)).round().long().numpy()
        for k in range(len(kinds)):
            truth = (what >> k & 1).astype(bool)
            # What is faint may be found or not.
            judged = what >> FAINT_BIT == 0
            level_k, truth = level[k][judged], truth[judged]
            good[k] += np.bincount(level_k[truth], minlength=bins)
            bad[k] += np.bincount(level_k[~truth], minlength=bins)
    out = {}
    for k, kind in enumerate(kinds):
        hits, false = good[k][::-1].cumsum(), bad[k][::-1].cumsum()
        recall, precision = hits / max(hits[-1], 1), hits / np.maximum(hits + false, 1)
        out[f"{kind} F1"] = float((2 * hits / np.maximum(hits + false + hits[-1], 1)).max())
        out[f"{kind} AP"] = float((np.diff(recall, prepend=0) * precision).sum())
    return out


def train(plan: Plan, folder: Path, say: Report = lambda _: None) -> dict[str, float]:
    """Train a detector in `folder`, going on from what is there; return what the kept weights score.

    `folder` holds state.safetensors, log.jsonl and the weights that were best so far (16-bit).
    """
    folder.mkdir(parents=True, exist_ok=True)
    run, began = Run(plan, folder), time.monotonic()
    say(f"{sum(p.numel() for p in run.net.parameters()):,} weights; round {run.done} of {plan.course.rounds}")
    if run.done == plan.course.rounds:
        say(f"nothing is left to be learnt; the weights are in {folder}")
        return {}
    held = validation(plan.subject, SIDE_PX)
    scores: dict[str, float] = {}
    for n, kept in rounds(plan.course, partial(plan.subject.sample, SIDE_PX), run.done, plan.workers):
        loss = run.learn(n, kept)
        if run.done % plan.check_every == 0 or run.done == plan.course.rounds:
            scores = check(run, held, n, loss, time.monotonic() - began, say)
        if plan.minutes and time.monotonic() - began > 60 * plan.minutes:
            run.state.save()
            say(f"stopped after {plan.minutes:g} minutes; the same command goes on from round {run.done}")
            break
    return scores


def check(run: Run, held: Samples, n: int, loss: float, seconds: float, say: Report) -> dict[str, float]:
    """Score the averaged weights, keep them if they are the best so far, and write the state down."""
    subject = run.plan.subject
    net = made(subject).to(run.plan.device)
    net.load_state_dict(run.mean.weights)
    scores = scored(net, held, subject.kinds, run.plan.device)
    overall = float(np.mean([scores[f"{kind} AP"] for kind in subject.kinds]))
    if overall >= run.state.counters["best"]:
        run.state.counters["best"] = overall
        facts = {"net": subject.name, "fold": subject.fold, "rounds": n + 1}
        facts |= {"plan": run.plan.record(), "scores": scores}
        files.write(run.folder / f"{subject.name}.safetensors", run.mean.weights, facts, half=True)
    run.state.save()
    with (run.folder / "log.jsonl").open("a") as log:
        log.write(json.dumps({"round": n + 1, "loss": loss, "seconds": round(seconds, 1)} | scores) + "\n")
    say(f"round {n + 1}: loss {loss:.4f}, " + ", ".join(f"{k} {v:.3f}" for k, v in scores.items()))
    return scores
