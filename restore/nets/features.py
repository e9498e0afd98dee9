"""Two pictures in, how differently they look to a small network that ships with the program out.

There are no weights of a perceptual network (LPIPS; Zhang et al., CVPR 2018) in this program. Its form is used on what
is there: the layers of the filler for thin damage, which never saw a judgement by people. The figure ranks fills of the
same picture, sees blur, streaks and broken edges, and means nothing beside anybody else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from restore.colour import Float
from restore.nets import inference, shelf
from restore.nets.smooth import SCALE
from restore.nets.thin import FOLD_PX, ThinNet

TINY = 1e-6


def own_distance(a: Float, b: Float, weights: Path | None = None) -> Float:
    """Return how differently two pictures (H, W, 3) in [0, 1] look, (H / 2, W / 2) float32, 0 for not at all.

    At each layer each place's features are brought to length one; the squared difference is averaged over layers, so
    the figure is at most 4. H and W are multiples of 2; ValueError where they are not, or differ.
    """
    if a.shape != b.shape or a.shape[0] % FOLD_PX or a.shape[1] % FOLD_PX:
        raise ValueError(f"pictures of one size in multiples of {FOLD_PX} are needed, not {a.shape} and {b.shape}")
    path = weights or shelf.shipped("thin")
    net, centre = cast(ThinNet, inference.filler("thin", path, shelf.sha256(path))), a.mean((0, 1))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            pairs = zip(_layers(net, a, centre), _layers(net, b, centre), strict=True)
            gaps = [(x - y).square().sum(1) for x, y in pairs]
            return np.asarray(torch.stack(gaps).mean(0)[0].numpy(), np.float32)
    finally:
        torch.set_num_threads(threads)


def _layers(net: ThinNet, picture: Float, centre: Float) -> Iterator[Tensor]:
    """Yield each layer's features (1, c, h, w), of length one at each place, with nothing hidden."""
    around = torch.from_numpy(np.ascontiguousarray((picture - centre).transpose(2, 0, 1)))[None] * SCALE
    x = torch.cat([around, torch.zeros_like(around[:, :1])], 1)
    x = functional.silu(net.stem(functional.pixel_unshuffle(x, FOLD_PX)))
    yield functional.normalize(x, dim=1, eps=TINY)
    for block in net.blocks:
        x = block(x)
        yield functional.normalize(x, dim=1, eps=TINY)
