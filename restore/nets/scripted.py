"""A TorchScript archive of the user's and crops with holes in, what the model makes of them out.

TorchScript is a program in a small language of torch's own, with its tensors; it is no pickle of Python objects and
cannot import Python modules, but it is a program all the same, and loading and running it runs it. So it is only ever
loaded where a recipe names its file.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from restore.colour import Float
from restore.errors import PartError
from restore.frames import Bits


@dataclass(frozen=True)
class Manner:
    """How a model wants to be asked."""

    channels: int
    """1 for grey, 3 for red, green and blue."""
    low: float
    high: float
    """What black and white are, in what it takes and in what it gives."""
    mask: str
    """Where it takes the holes: "argument", or as a channel "before" or "after" those of the picture."""
    hole: float
    known: float
    """What the mask says where there is a hole, and elsewhere."""
    blank: float
    """What the picture shows in holes, in [0, 1]."""


@lru_cache(maxsize=2)
def model(path: Path, digest: str) -> torch.jit.ScriptModule:
    """Return the model at `path`; `digest` is the file's, so that another file is read anew.

    Raises PartError where the file is no TorchScript archive.
    """
    try:
        with warnings.catch_warnings():
            # Files that people have are TorchScript, and will be long after torch stopped recommending it.
            warnings.filterwarnings("ignore", "`torch.jit.load` is deprecated", DeprecationWarning)
            loaded = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise PartError(
            f"{path} was found, but is no TorchScript archive ({first_line(error)}). A model saved by torch.jit.save "
            "is needed; export yours so, or give another file."
        ) from error
    return loaded.eval()


def pictures(made: torch.jit.ScriptModule, manner: Manner, crops: Iterable[tuple[Float, Bits]]) -> Iterator[Float]:
    """Yield pictures (3, h, w), in whole 65535ths, from crops (3, h, w) in [0, 1] and their holes (h, w).

    One at a time, on one thread, and without what the interpreter learns from run to run: so a crop's result depends on
    nothing but the crop. Raises PartError where the model fails, or answers with something that is no such picture.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode(), torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            for crop, hole in crops:
                yield np.rint(answer(made, manner, crop, hole) * np.float32(65535)) / np.float32(65535)
    finally:
        torch.set_num_threads(threads)


def answer(made: torch.jit.ScriptModule, manner: Manner, crop: Float, hole: Bits) -> Float:
    """Return what a model makes of one crop, (3, h, w) in [0, 1]."""
    reach = manner.high - manner.low
    shown = np.clip(np.where(hole, np.float32(manner.blank), crop), 0, 1) * np.float32(reach) + np.float32(manner.low)
    shown = shown.mean(0, keepdims=True) if manner.channels == 1 else shown
    mask = np.where(hole, np.float32(manner.hole), np.float32(manner.known))[None]
    out = asked(made, manner, *(torch.from_numpy(np.ascontiguousarray(a, np.float32))[None] for a in (shown, mask)))
    picture = (out - np.float32(manner.low)) / np.float32(reach)
    return np.clip(np.broadcast_to(picture, (3, *hole.shape)), 0, 1)


def asked(made: torch.jit.ScriptModule, manner: Manner, shown: Tensor, mask: Tensor) -> Float:
    """Return what a model says of a picture (1, c, h, w) and its mask (1, 1, h, w), checked: (c, h, w)."""
    arguments = {"argument": (shown, mask)}.get(manner.mask) or (
        torch.cat((mask, shown) if manner.mask == "before" else (shown, mask), 1),
    )
    told = " and ".join(str(tuple(a.shape)) for a in arguments)
    try:
        out = made(*arguments)
    except (RuntimeError, ValueError, torch.jit.Error) as error:
        raise PartError(
            f"the model failed on {told}: {last_line(error)}. Declare in the recipe what it takes: side_px, "
            "multiple_px, channels and mask."
        ) from error
    if not isinstance(out, Tensor) or out.shape != shown.shape:
        found = f"with shape {tuple(out.shape)}" if isinstance(out, Tensor) else f"with a {type(out).__name__}"
        raise PartError(
            f"the model was given {told} and answered {found}; one picture {tuple(shown.shape)} is needed. "
            "Export it with a forward that returns the filled picture alone, or correct `channels`."
        )
    if not torch.isfinite(out).all():
        raise PartError(
            f"the model was given {told} and answered with values that are no numbers; a filled picture is needed. "
            "Check low, high and mask in the recipe, or give another model."
        )
    return out[0].float().numpy()


def first_line(error: Exception) -> str:
    """Return the beginning of what torch says."""
    return str(error).strip().splitlines()[0].partition(". ")[0]


def last_line(error: Exception) -> str:
    """Return the end of what torch says of a program that failed: what came before is where."""
    return re.sub(r"^[\w.]*Error: ", "", str(error).strip().splitlines()[-1]).rstrip(".")
