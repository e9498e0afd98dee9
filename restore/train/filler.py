"""A plan in, a filler's weights out: trained on crops of photographs and generated scenes with holes in them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from restore.colour import Float
from restore.nets import files
from restore.nets.thin import BLOCKS, WIDTH, ThinNet
from restore.train.muon import Muon
from restore.train.pieces import Batch, Pixels8, batch, gather
from restore.train.state import Mean, State, pace, settle

NAME = "thin"
PEAK_RATE, WARM_UP, LAST = 8e-3, 0.02, 0.01
SOFT = 0.04
"""Errors below this (in [0, 1]) count by their square, larger ones as they are (Charbonnier et al., ICIP 1994)."""
SLOPES = 0.25
"""Weight of errors of slope beside errors of value."""
HELD, HELD_CROPS, HELD_SIDE_PX, HELD_SEED = 6, 16, 96, 9
"""Batches of crops that no step learns from, though from the same pictures."""
SHOWN = 5
"""Rows of a sample sheet."""
Report = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How to train. The same plan gives the same weights on the same machine."""

    seed: int = 1
    steps: int = 8000
    photographs: Path | None = None
    """A folder of photographs to learn texture from, beside generated scenes."""
    crops: int = 16
    """Of a batch."""
    side_px: int = 64
    width: int = WIDTH
    blocks: int = BLOCKS
    painted: int = 12
    """Generated scenes that crops are cut out of."""
    device: str = "cpu"
    threads: int = 1
    check_every: int = 500
    """Steps between two validations, sample sheets and states kept."""
    minutes: float = 0
    """Stop after so many minutes, to be resumed; 0 for no limit."""

    def record(self) -> dict[str, object]:
        """Return what makes the weights what they are."""
        names = ("seed", "steps", "crops", "side_px", "width", "blocks", "painted", "device")
        return {k: getattr(self, k) for k in names} | {"photographs": self.photographs is not None}


def rate_at(step: int, steps: int) -> float:
    """Return the learning rate: a short climb, then a straight way down to almost nothing."""
    share = step / max(steps, 1)
    return PEAK_RATE * (share / WARM_UP + 0.02 if share < WARM_UP else max(1 - share, LAST) / (1 - WARM_UP))


def loss_of(out: Tensor, clean: Tensor, known: Tensor) -> Tensor:
    """Return the mean error in the holes, of values and of the slopes into and within them."""
    hole = 1 - known
    error = (out - clean) * hole
    value = ((error.square() + SOFT**2).sqrt() - SOFT).sum()
    steep_x = (error[..., 1:] - error[..., :-1]).abs().sum()
    steep_y = (error[..., 1:, :] - error[..., :-1, :]).abs().sum()
    return (value + SLOPES * (steep_x + steep_y)) / (out.shape[1] * hole.sum()).clamp(min=1)


class Run:
    """A training under way."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Begin, or go on from what `folder` holds."""
        self.plan, self.folder = plan, folder
        settle(plan.device, plan.seed, plan.threads)
        self.net = self.made()
        self.mean = Mean(self.net)
        last = {id(p) for p in self.net.out.parameters()}
        layers = [p for p in self.net.parameters() if p.ndim > 1 and id(p) not in last]
        rest = [p for p in self.net.parameters() if p.ndim == 1 or id(p) in last]
        self.optimisers = {"muon": Muon(layers, PEAK_RATE), "adam": torch.optim.Adam(rest, PEAK_RATE)}
        self.losses = list[float]()
        nets, means = {"filler": self.net}, {"filler": self.mean}
        self.state = State(folder, plan.record(), nets, self.optimisers, means, {"done": 0})
        self.state.resume()

    @property
    def done(self) -> int:
        """Return how many steps were learnt."""
        return int(self.state.counters["done"])

    def made(self) -> ThinNet:
        """Return a network of the plan's size."""
        net = ThinNet(self.plan.width, self.plan.blocks)
        return net.to(self.plan.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def learn(self, shown: Batch) -> None:
        """Learn one batch."""
        seen, clean, known = (torch.from_numpy(a).to(self.plan.device) for a in (shown.seen, shown.clean, shown.known))
        rate = rate_at(self.done, self.plan.steps)
        for optimiser in self.optimisers.values():
            pace(optimiser, rate)
        with torch.autocast(self.plan.device.partition(":")[0], torch.bfloat16):
            out = self.net(seen, known)
        loss = loss_of(out.float(), clean, known)
        self.net.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        for optimiser in self.optimisers.values():
            optimiser.step()
        self.state.counters["done"] += 1
        self.mean.follow(self.done)
        self.losses.append(float(loss.detach()))


def train(plan: Plan, folder: Path, say: Report = lambda _: None) -> dict[str, float]:
    """Train a filler in `folder`, going on from what is there; return what its weights score.

    `folder` holds state.safetensors, log.jsonl, thin.safetensors (16-bit, averaged) and sheets: each row a crop with
    holes, Telea's fill, the network's and the truth. Raises RestoreError for another plan's folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run, began = Run(plan, folder), time.monotonic()
    say(f"{sum(p.numel() for p in run.net.parameters()):,} weights; step {run.done} of {plan.steps}")
    pictures = gather(plan.seed, plan.photographs, plan.painted)
    held = [batch(pictures, plan.seed + 10**6 * HELD_SEED, n, HELD_CROPS, HELD_SIDE_PX) for n in range(HELD)]
    scores: dict[str, float] = {}
    while run.done < plan.steps:
        run.learn(batch(pictures, plan.seed, run.done, plan.crops, plan.side_px))
        late = bool(plan.minutes) and time.monotonic() - began > 60 * plan.minutes
        if late or run.done % plan.check_every == 0 or run.done == plan.steps:
            scores = check(run, held, time.monotonic() - began, say)
        if late:
            say(f"stopped after {plan.minutes:g} minutes; the same command goes on from step {run.done}")
            break
    return scores


def check(run: Run, held: list[Batch], seconds: float, say: Report) -> dict[str, float]:
    """Score the averaged weights on held-back crops, and write weights, state, log and a sheet down."""
    net = run.made()
    net.load_state_dict(run.mean.weights)
    with torch.inference_mode():
        outs = [net(*(torch.from_numpy(a).to(run.plan.device) for a in (h.seen, h.known))).cpu().numpy() for h in held]
    fills = [np.where(h.known > 0, h.clean, o) for h, o in zip(held, outs, strict=True)]
    rivals = [np.stack([telea(s, k[0]) for s, k in zip(h.seen, h.known, strict=True)]) for h in held]
    scores = {"dB": decibels(held, fills), "telea dB": decibels(held, rivals), "loss": float(np.mean(run.losses))}
    run.losses.clear()
    facts = {"net": NAME, "steps": run.done, "plan": run.plan.record(), "scores": scores}
    files.write(run.folder / f"{NAME}.safetensors", run.mean.weights, facts, half=True)
    run.state.save()
    with (run.folder / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": run.done, "seconds": round(seconds, 1)} | scores) + "\n")
    cv2.imwrite(str(run.folder / f"sheet-{run.done:06d}.png"), sheet(held[0], rivals[0], fills[0])[..., ::-1])
    say(f"step {run.done}, {seconds:.0f} s: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))
    return scores


def telea(seen: Float, known: Float) -> Float:
    """Return a crop (3, s, s) filled by OpenCV's Telea, to compare with."""
    levels = np.clip(np.rint(seen * 255), 0, 255).astype(np.uint8).transpose(1, 2, 0)
    done = cv2.inpaint(np.ascontiguousarray(levels), (known < 0.5).astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return np.where(known > 0, seen, done.transpose(2, 0, 1).astype(np.float32) / 255)


def decibels(held: list[Batch], fills: list[Float]) -> float:
    """Return the PSNR in the holes, the mean over crops that have any."""
    out = []
    for h, fill in zip(held, fills, strict=True):
        for clean, one, known in zip(h.clean, fill, h.known, strict=True):
            hole = known[0] < 0.5
            if hole.any():
                out.append(-10 * np.log10(max(float(np.square(one - clean)[:, hole].mean()), 1e-7)))
    return float(np.mean(out))


def sheet(held: Batch, rival: Float, fill: Float) -> Pixels8:
    """Return a picture (H, W, 3): what was seen, Telea's fill, the network's and the truth, side by side."""
    rows = [np.concatenate([s * k, t, f, c], 2)
            for s, k, t, f, c in zip(held.seen, held.known, rival, fill, held.clean, strict=True)][:SHOWN]
    whole = np.concatenate(rows, 1).transpose(1, 2, 0)
    return cv2.resize((np.clip(whole, 0, 1) * 255).astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)

