"""A weights file in, a network's tensors out: safetensors only.

Pickles are never loaded: they run code. What a file holds, how it was trained and how well it does is in the card (.md)
beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from restore.errors import PartError


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return (tensors as float32, the facts written beside them) of a safetensors file.

    Raises PartError where it is not one.
    """
    try:
        with safe_open(path, "pt") as file:
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118  a safetensors file is no mapping
            return {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise PartError(f"{path} is no safetensors file that can be read: {error}. Give another one.") from error


def write(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, object], half: bool = False) -> None:
    """Write tensors, as 16-bit floats where `half`, and facts, atomically."""
    kept = {
        k: (v.half() if half and v.is_floating_point() else v).detach().cpu().contiguous() for k, v in tensors.items()
    }
    fresh = path.with_name(path.name + ".part")
    save_file(kept, fresh, {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()})
    fresh.replace(path)


def fill(net: torch.nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put tensors into a network. Raises PartError where they do not fit."""
    try:
        net.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise PartError(f"{path} does not fit {type(net).__name__}: {error}. Give weights made for it.") from error
