"""Weights and crops in, probabilities out: the one place in the pipeline where networks are run.

Crops are run one at a time on one thread: then a crop's result depends on nothing but the crop, and the same bytes come
out of any chunking and any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from restore.colour import Float
from restore.nets import files
from restore.nets.detector import Detector


@lru_cache(maxsize=4)
def detector(path: Path, digest: str) -> Detector:
    """Return the detector whose weights are at `path`; `digest` is the file's, so that another file is read anew.

    Raises PartError where the file is not what it should be.
    """
    tensors, _ = files.read(path)
    channels = int(tensors["down.0.first.weight"].shape[1])
    widths = tuple(int(tensors[f"down.{i}.second.weight"].shape[0]) for i in range(depth(tensors)))
    net = Detector(channels, int(tensors["out.weight"].shape[0]), widths)
    files.fill(net, tensors, path)
    return net.eval().requires_grad_(False)


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
