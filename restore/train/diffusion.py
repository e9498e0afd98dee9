"""A plan in, the weights of the small diffusion model out: first its autoencoder, then its denoiser.

Batches, times and noise follow from the seed and the number of the step, so a training that was stopped goes on as if
it had not been.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from restore.colour import Float
from restore.frames import Bits
from restore.nets import files
from restore.nets.autoencoder import COARSE, FACTOR, FINE, LATENTS
from restore.nets.diffusion import RANGE, WIDTHS, DiffusionNet, schedule
from restore.nets.smooth import smooth_fill
from restore.scenes.leaves import Rng
from restore.train.muon import Muon
from restore.train.pieces import Pictures, Pixels8, blotch, crop, gather, scratch
from restore.train.state import Mean, State, pace, settle

NAME = "diffusion"
PEAK_RATE, WARM_UP, LAST = 6e-3, 0.02, 0.01
WIDTH_PX, SHARE, STROKES = (8.0, 64.0), (0.1, 0.4), 0.2
"""Least and greatest width of a hole, of a crop how much is holes, and how many of them are thick scratches."""
BLUR = 0.1
"""Deviation of the noise on latents while the autoencoder learns: what is near in them shall look alike."""
SMALL = 1e-3
"""What large latents cost, or noise would mean nothing."""
SOFT, SLOPES = 0.02, 0.5
"""Errors below the first count by their square; weight of errors of slope beside errors of value."""
SPREAD_BATCHES = 8
"""Batches that the deviation of what is diffused is measured on."""
HELD, HELD_SEED = 2, 9
"""Batches of crops that no step learns from, though from the same pictures."""
STEPS = 10
"""From noise to a fill, when fills are shown."""
SHOWN = 6
"""Rows of a sample sheet."""
Report = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How to train. The same plan gives the same weights on the same machine."""

    seed: int = 1
    coder_steps: int = 3000
    """Of the autoencoder."""
    steps: int = 4000
    """Of the denoiser, after that."""
    photographs: Path | None = None
    """A folder of photographs to learn texture from, beside generated scenes."""
    crops: int = 16
    """Of a batch."""
    side_px: int = 128
    coder_side_px: int = 64
    fine: int = FINE
    coarse: int = COARSE
    widths: tuple[int, ...] = WIDTHS
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
        names = ("seed", "coder_steps", "steps", "crops", "side_px", "coder_side_px", "fine", "coarse", "painted",
                 "device")
        return {k: getattr(self, k) for k in names} | {
            "widths": list(self.widths), "photographs": self.photographs is not None
        }


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step learns from: float32 arrays with leading axis n."""

    clean: Float
    """(n, 3, s, s)"""
    known: Float
    """(n, 1, s, s): 0 in the holes, 1 outside."""
    noise: Float
    """(n, 4, s / 4, s / 4)"""
    times: Float
    """(n,): spread evenly from 0 to 1."""


def wide_holes(side_px: int, rng: Rng) -> Bits:
    """Return wide holes of a crop (side, side): some more, some less of it."""
    sheet, share = np.zeros((side_px, side_px), np.uint8), rng.uniform(*SHARE)
    while sheet.mean() < share:
        width = float(np.exp(rng.uniform(*np.log(WIDTH_PX))))
        if rng.random() < STROKES:
            scratch(sheet, width / 3, rng)
        else:
            blotch(sheet, width, rng)
    return sheet.astype(bool)


def batch(pictures: Pictures, seed: int, n: int, count: int, side_px: int) -> Batch:
    """Return the n-th batch of `count` crops of a side of `side_px`."""
    rng = np.random.default_rng((seed, 72, n))
    clean = np.stack([crop(pictures.one(side_px, rng), rng) for _ in range(count)])
    known = np.stack([~wide_holes(side_px, rng) for _ in range(count)])[:, None].astype(np.float32)
    noise = rng.standard_normal((count, LATENTS, side_px // FACTOR, side_px // FACTOR), np.float32)
    return Batch(clean, known, noise, ((np.arange(count) + rng.random(count)) / count).astype(np.float32))


def rate_at(step: int, steps: int) -> float:
    """Return the learning rate: a short climb, then a straight way down to almost nothing."""
    share = step / max(steps, 1)
    return PEAK_RATE * (share / WARM_UP + 0.02 if share < WARM_UP else max(1 - share, LAST) / (1 - WARM_UP))


def coding_loss(out: Tensor, clean: Tensor) -> Tensor:
    """Return the mean error (Charbonnier et al., ICIP 1994) of values and of slopes."""
    error = out - clean
    steep = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return (error.square() + SOFT**2).sqrt().mean() - SOFT + SLOPES * steep


def optimisers(net: nn.Module, plain: Iterable[nn.Module]) -> dict[str, Optimizer]:
    """Return what changes the weights of a network: layers by Muon, the `plain` ones and single numbers by Adam."""
    apart = {id(p) for layer in plain for p in layer.parameters()}
    layers = [p for p in net.parameters() if p.ndim > 1 and id(p) not in apart]
    rest = [p for p in net.parameters() if p.ndim == 1 or id(p) in apart]
    return {"muon": Muon(layers, PEAK_RATE), "adam": torch.optim.Adam(rest, PEAK_RATE)}


class Run:
    """A training under way."""

    def __init__(self, plan: Plan, folder: Path, pictures: Pictures) -> None:
        """Begin, or go on from what `folder` holds."""
        self.plan, self.folder, self.pictures = plan, folder, pictures
        settle(plan.device, plan.seed, plan.threads)
        self.net = self.made()
        self.mean = Mean(self.net)
        coder, denoiser = self.net.codec, self.net.denoiser
        self.of_coder = optimisers(coder, (coder.inward[-1], coder.outward[-2]))
        self.of_denoiser = optimisers(denoiser, (denoiser.out,))
        both = {f"coder-{k}": v for k, v in self.of_coder.items()} | {
            f"denoiser-{k}": v for k, v in self.of_denoiser.items()
        }
        self.losses = list[float]()
        self.state = State(folder, plan.record(), {NAME: self.net}, both, {NAME: self.mean}, {"done": 0})
        self.state.resume()

    def made(self) -> DiffusionNet:
        """Return a network of the plan's size."""
        net = DiffusionNet(self.plan.fine, self.plan.coarse, self.plan.widths)
        return net.to(self.plan.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def done(self) -> int:
        """Return how many steps were learnt, of both networks together."""
        return int(self.state.counters["done"])

    @property
    def whole(self) -> int:
        """Return how many steps there are."""
        return self.plan.coder_steps + self.plan.steps

    @property
    def coding(self) -> bool:
        """Tell whether it is still the autoencoder that learns."""
        return self.done < self.plan.coder_steps

    def batch(self, seed: int, n: int) -> Batch:
        """Return a batch for the network whose turn it is."""
        side_px = self.plan.coder_side_px if self.coding else self.plan.side_px
        return batch(self.pictures, seed, n, self.plan.crops, side_px)

    def learn(self) -> None:
        """Learn one batch."""
        if self.done == self.plan.coder_steps:
            self.turn()
        shown, coding, plan = self.batch(self.plan.seed, self.done), self.coding, self.plan
        step = self.done if coding else self.done - plan.coder_steps
        using = self.of_coder if coding else self.of_denoiser
        with torch.autocast(plan.device.partition(":")[0], torch.bfloat16):
            loss = self.coder_loss(shown) if coding else self.denoiser_loss(shown)
        self.net.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_((self.net.codec if coding else self.net.denoiser).parameters(), 1.0)
        for optimiser in using.values():
            pace(optimiser, rate_at(step, plan.coder_steps if coding else plan.steps))
            optimiser.step()
        self.state.counters["done"] += 1
        self.mean.follow(step + 1)
        self.losses.append(float(loss.detach()))

    def tensors(self, shown: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return a batch where the network is."""
        clean, known, noise, times = (
            torch.from_numpy(a).to(self.plan.device) for a in (shown.clean, shown.known, shown.noise, shown.times)
        )
        return clean, known, noise, times

    def coder_loss(self, shown: Batch) -> Tensor:
        """Return what the autoencoder gets wrong."""
        clean, _, noise, _ = self.tensors(shown)
        seen = (clean - clean.mean((1, 2, 3), keepdim=True)) * RANGE
        latents = self.net.codec.encode(seen.contiguous(memory_format=torch.channels_last)).float()
        out = self.net.codec.decode(latents + BLUR * noise).float()
        return coding_loss(out, seen) + SMALL * latents.square().mean()

    @torch.no_grad()
    def diffused(self, clean: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (what a smooth fill gets wrong in latents, the latents of the smooth fill, where the holes are)."""
        centre, smooth, hole = self.net.condition(clean, known)
        true = self.net.codec.encode(((clean - centre) * RANGE).contiguous(memory_format=torch.channels_last))
        return (true.float() - smooth.float()) * hole, smooth.float(), hole

    def denoiser_loss(self, shown: Batch) -> Tensor:
        """Return what the denoiser gets wrong where there are holes."""
        clean, known, noise, times = self.tensors(shown)
        wrong, smooth, hole = self.diffused(clean, known)
        signal, share = schedule(times[:, None, None, None])
        wrong = wrong / self.net.spread
        said = self.net.v(signal * wrong + share * noise, smooth, hole, times).float()
        error = (said - (signal * noise - share * wrong)).square() * hole
        return error.sum() / (LATENTS * hole.sum())

    def turn(self) -> None:
        """Go on from the autoencoder, as it is on the mean, to the denoiser."""
        self.net.load_state_dict(self.mean.weights)
        squares, cells = torch.zeros_like(self.net.spread), 0.0
        for n in range(SPREAD_BATCHES):
            clean, known, _, _ = self.tensors(self.batch(self.plan.seed + 10**6 * (HELD_SEED + 1), n))
            wrong, _, hole = self.diffused(clean, known)
            squares += wrong.square().sum((0, 2, 3))[:, None, None]
            cells += float(hole.sum())
        self.net.spread.copy_((squares / cells).sqrt())
        self.mean.weights["spread"].copy_(self.net.spread)


def train(plan: Plan, folder: Path, say: Report = lambda _: None) -> dict[str, float]:
    """Train both networks in `folder`, going on from what is there; return what the weights score.

    `folder` holds state.safetensors, log.jsonl, diffusion.safetensors (16-bit, averaged) and sheets: each row a crop,
    what was made of it, and the truth. Raises RestoreError for another plan's folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run, began = Run(plan, folder, gather(plan.seed, plan.photographs, plan.painted)), time.monotonic()
    say(f"{sum(p.numel() for p in run.net.parameters()):,} weights; step {run.done} of {run.whole}")
    scores: dict[str, float] = {}
    held = [batch(run.pictures, plan.seed + 10**6 * HELD_SEED, n, plan.crops, plan.side_px) for n in range(HELD)]
    while run.done < run.whole:
        run.learn()
        late = bool(plan.minutes) and time.monotonic() - began > 60 * plan.minutes
        if late or run.done % plan.check_every == 0 or run.done in (plan.coder_steps, run.whole):
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
        rows = [drawn(net, *run.tensors(h)[:3], run.done > run.plan.coder_steps) for h in held]
    scores = {
        name: float(np.mean([decibels(h, row[k], k > 0) for h, row in zip(held, rows, strict=True)]))
        for k, name in enumerate(("coded dB", "smooth dB", "drawn dB"))
    } | {"loss": float(np.mean(run.losses))}
    run.losses.clear()
    facts = {"net": NAME, "steps": run.done, "plan": run.plan.record(), "scores": scores}
    files.write(run.folder / f"{NAME}.safetensors", run.mean.weights, facts, half=True)
    run.state.save()
    with (run.folder / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": run.done, "seconds": round(seconds, 1)} | scores) + "\n")
    cv2.imwrite(str(run.folder / f"sheet-{run.done:06d}.png"), sheet(held[0], rows[0])[..., ::-1])
    say(f"step {run.done}, {seconds:.0f} s: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))
    return scores


def drawn(net: DiffusionNet, clean: Tensor, known: Tensor, noise: Tensor, diffuse: bool) -> tuple[Float, Float, Float]:
    """Return a batch after the autoencoder, smoothly filled, and filled by the network, (n, 3, s, s) each."""
    centre = clean.mean((1, 2, 3), keepdim=True)
    coded = net.codec.decode(net.codec.encode((clean - centre) * RANGE)) / RANGE + centre
    smooth = smooth_fill(clean, known)
    full = net(clean, known, noise, STEPS) if diffuse else smooth
    a, b, c = (x.cpu().numpy() for x in (coded, smooth, full))
    return a, b, c


def decibels(held: Batch, fill: Float, in_holes: bool) -> float:
    """Return the PSNR, in the holes or of all, the mean over crops."""
    counted = 1 - held.known if in_holes else np.ones_like(held.known)
    error = (np.square(fill - held.clean) * counted).sum((1, 2, 3)) / (3 * counted.sum((1, 2, 3)))
    return float((-10 * np.log10(np.maximum(error, 1e-7))).mean())


def sheet(held: Batch, row: tuple[Float, Float, Float]) -> Pixels8:
    """Return a picture (H, W, 3): crops with holes, coded, smoothly filled, filled by the network, and the truth."""
    fills = [np.where(held.known > 0, held.clean, fill) for fill in row[1:]]
    across = [held.clean * held.known, row[0], *fills, held.clean]
    whole = np.concatenate([np.concatenate(list(x[:SHOWN]), 1) for x in across], 2).transpose(1, 2, 0)
    return (np.clip(whole, 0, 1) * 255).astype(np.uint8)
