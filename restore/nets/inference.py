"""Weights and crops in, probabilities out: the one place in the pipeline where networks are run.

Crops are run one at a time on one thread: then a crop's result depends on nothing but the crop, and the same bytes come
out of any chunking and any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from restore.colour import Float
from restore.errors import PartError
from restore.frames import Bits
from restore.nets import files
from restore.nets.detector import Detector
from restore.nets.smooth import OverSmooth

FAINT, MOST_GAIN = 0.1, 64.0
"""Crops whose known pixels deviate by less than this from their mean are shown at more contrast."""


@lru_cache(maxsize=4)
def detector(path: Path, digest: str) -> Detector:
    """Return the detector whose weights are at `path`; `digest` is the file's, so that another file is read anew.

    Raises PartError where the file is not what it should be.
    """
    tensors, facts = files.read(path)
    fold = int(facts.get("fold", 1))
    folded, kinds = int(tensors["down.0.first.weight"].shape[1]), int(tensors["out.weight"].shape[0])
    widths = tuple(int(tensors[f"down.{i}.second.weight"].shape[0]) for i in range(depth(tensors)))
    net = Detector(folded // fold**2, kinds // fold**2, widths, fold)
    files.fill(net, tensors, path)
    layout = torch.channels_last if fold > 1 else torch.contiguous_format
    return net.eval().requires_grad_(False).to(memory_format=layout)  # type: ignore[call-overload]


def depth(tensors: dict[str, torch.Tensor]) -> int:
    """Return how many levels the weights of a detector have."""
    return sum(1 for k in tensors if k.startswith("down.") and k.endswith(".second.weight"))


def probabilities(net: Detector, crops: Iterable[Float]) -> Iterator[Float]:
    """Yield (kinds, h, w) probabilities in 255ths, whole numbers, of crops (channels, h, w).

    Whole numbers, so that the last bit of a convolution, which differs between processors, decides nothing.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            for crop in crops:
                chance = torch.sigmoid(net(torch.from_numpy(np.ascontiguousarray(crop))[None]))[0]
                yield np.rint(chance.numpy() * np.float32(255))
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=8)
def filler(name: str, path: Path, digest: str) -> OverSmooth:
    """Return the filler network of a name (`nets/NAME.py` holds it as `NET`) whose weights are at `path`.

    `digest` is the file's, so that another file is read anew. Raises PartError where the file is not what it should be.
    """
    kind = import_module(f"restore.nets.{name}").NET
    tensors, _ = files.read(path)
    try:
        net = kind.sized(tensors)
    except KeyError as error:
        raise PartError(
            f"{path} holds no weights of {kind.__name__}: it has no {error.args[0]}. Give weights made for it."
        ) from error
    files.fill(net, tensors, path)
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def contrast(crop: Float, hole: Bits) -> np.float32:
    """Return what a crop (3, h, w) is multiplied by: networks learn from lively pictures and overlook faint ones."""
    spread = float(crop[:, ~hole].std(1).max()) if not hole.all() else 1.0
    return np.float32(min(max(FAINT / max(spread, 1e-6), 1), MOST_GAIN))


def pictures(net: OverSmooth, crops: Iterable[tuple[Float, Bits]]) -> Iterator[Float]:
    """Yield pictures (3, h, w), in whole 65535ths, from crops (3, h, w) in [0, 1] and their holes (h, w).

    Raises PartError where a crop is not what the network takes.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            for crop, hole in crops:
                net.needs.check(crop.shape)
                known = torch.from_numpy(~hole)[None, None].float()
                gain = contrast(crop, hole)
                out = net(torch.from_numpy(np.ascontiguousarray(crop * gain))[None], known)[0]
                yield np.rint(out.numpy() / gain * np.float32(65535)) / np.float32(65535)
    finally:
        torch.set_num_threads(threads)
