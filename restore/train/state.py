"""A training's networks, optimisers, means and counters in, one file that it goes on from out: whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from restore.errors import RestoreError
from restore.nets import files

KEEP = 0.998
FILE = "state.safetensors"


def settle(device: str, seed: int, threads: int) -> None:
    """Make ready for a training: the weights drawn next follow from the seed.

    Raises RestoreError where the device is not there.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise RestoreError(f"--device {device}: torch {torch.__version__} sees no CUDA device here. Use --device cpu.")
    torch.manual_seed(seed)
    torch.set_num_threads(threads)


def pace(optimiser: Optimizer, rate: float) -> None:
    """Give all groups of an optimiser a learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate


class Mean:
    """The running mean of a network's weights (Polyak and Juditsky, SIAM J. Control Optim. 1992), as it decays."""

    def __init__(self, net: nn.Module, keep: float = KEEP) -> None:
        """Begin with the weights as they are."""
        self.net, self.keep = net, keep
        self.weights = {k: v.detach().clone() for k, v in net.state_dict().items()}

    def follow(self, steps: int) -> None:
        """Take in the weights after so many steps; early ones, which are far off, are soon forgotten."""
        keep = min(self.keep, steps / (steps + 9))
        for k, v in self.net.state_dict().items():
            self.weights[k].mul_(keep).add_(v.detach(), alpha=1 - keep)


@dataclass
class State:
    """All that a training has to keep to go on as if it had never been stopped.

    Random numbers are not kept: batches and what else is drawn follow from the seed and the number of the step.
    """

    folder: Path
    plan: Mapping[str, object]
    """What makes the weights what they are."""
    nets: Mapping[str, nn.Module]
    optimisers: Mapping[str, Optimizer]
    means: Mapping[str, Mean] = field(default_factory=dict)
    counters: dict[str, float] = field(default_factory=dict)
    """Numbers by name, with their values at the start."""

    @property
    def path(self) -> Path:
        """Return where it is kept."""
        return self.folder / FILE

    def save(self) -> None:
        """Write it down, so that a killed training goes on from here."""
        tensors = self._weights() | {
            f"optimiser.{name}.{i}.{k}": torch.as_tensor(v)
            for name, optimiser in self.optimisers.items()
            for i, parameter in enumerate(parameters(optimiser))
            for k, v in optimiser.state.get(parameter, {}).items()
        }
        files.write(self.path, tensors, {"plan": self.plan, **self.counters})

    def resume(self) -> bool:
        """Go on from what is on disk; return whether there was anything.

        Raises RestoreError where it is another plan's or was not written by this class, PartError where it is damaged.
        """
        if not self.path.is_file():
            return False
        tensors, facts = files.read(self.path)
        self._check(tensors, facts)
        with torch.no_grad():
            for k, v in self._weights().items():
                v.copy_(tensors[k])
        for name, optimiser in self.optimisers.items():
            for i, parameter in enumerate(parameters(optimiser)):
                start = f"optimiser.{name}.{i}."
                found = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
                if found:
                    optimiser.state[parameter] = {k: like(v, parameter) for k, v in found.items()}
        self.counters.update({k: json.loads(facts[k]) for k in self.counters})
        return True

    def _weights(self) -> dict[str, Tensor]:
        nets = {f"net.{name}.{k}": v for name, net in self.nets.items() for k, v in net.state_dict().items()}
        return nets | {f"mean.{name}.{k}": v for name, mean in self.means.items() for k, v in mean.weights.items()}

    def _check(self, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
        asked = json.dumps(self.plan)
        if json.loads(facts.get("plan", "null")) != json.loads(asked):
            raise RestoreError(
                f"{self.folder} holds a training by another plan: {facts.get('plan', 'none')}; asked for was "
                f"{asked}. Give the same options, or another folder."
            )
        starts = tuple(f"optimiser.{name}." for name in self.optimisers)
        needed = {k: v.shape for k, v in self._weights().items()}
        found = {k: v.shape for k, v in tensors.items() if not k.startswith(starts)}
        if found != needed or not set(self.counters) <= set(facts):
            odd = sorted({k for k in needed | found if needed.get(k) != found.get(k)} | set(self.counters) - set(facts))
            raise RestoreError(
                f"{self.path} was kept by another version of this training: {len(odd)} entries differ, the first is "
                f"{odd[0]}. Give another folder."
            )


def parameters(optimiser: Optimizer) -> list[nn.Parameter]:
    """Return what an optimiser changes, in its order."""
    return [p for group in optimiser.param_groups for p in group["params"]]


def like(kept: Tensor, parameter: nn.Parameter) -> Tensor:
    """Return a kept tensor where its weight is and laid out in memory like it; counts of steps stay as they are."""
    return torch.zeros_like(parameter).copy_(kept) if kept.shape == parameter.shape else kept
