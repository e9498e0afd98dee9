"""Weights, squares with holes and a seed in, pictures of what could lie there out: the small diffusion model at work.

Noise belongs to places of a frame: squares that overlap begin with the same noise where they do, and what a square gets
does not depend on what was asked before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from restore.colour import Float
from restore.errors import PartError
from restore.frames import Bits
from restore.nets import files
from restore.nets.autoencoder import FACTOR, LATENTS
from restore.nets.diffusion import DiffusionNet
from restore.nets.inference import contrast

BLOCK = 16
"""Noise is drawn for so many latents by so many."""


@lru_cache(maxsize=2)
def net(path: Path, digest: str) -> DiffusionNet:
    """Return the model whose weights are at `path`; `digest` is the file's, so that another file is read anew.

    Raises PartError where the file is not what it should be.
    """
    tensors, _ = files.read(path)
    if "denoiser.stem.weight" not in tensors or "codec.inward.1.weight" not in tensors:
        raise PartError(f"{path} holds no weights of DiffusionNet. Give a file that `lacuna train diffusion` wrote.")
    fine, coarse = (int(tensors[f"codec.inward.{i}.weight"].shape[0]) for i in (1, 3))
    halvings = sum(1 for k in tensors if k.startswith("denoiser.less.") and k.endswith(".weight"))
    widths = [int(tensors[f"denoiser.less.{i}.weight"].shape[0]) for i in range(halvings)]
    times = int(tensors["denoiser.clock.0.weight"].shape[0])
    made = DiffusionNet(fine, coarse, (int(tensors["denoiser.stem.weight"].shape[0]), *widths), times)
    files.fill(made, tensors, path)
    return made.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def noise(seed: int, t: int, at_px: tuple[int, int], side_px: int) -> Float:
    """Return the noise (4, side / 4, side / 4) of a square of frame t, whose corner lies at a place of the frame."""
    top, left = (n // FACTOR for n in at_px)
    side = side_px // FACTOR
    rows, columns = (range(n // BLOCK, -(-(n + side) // BLOCK)) for n in (top, left))
    whole = np.concatenate([np.concatenate([_block(seed, t, y, x) for x in columns], 2) for y in rows], 1)
    y, x = top - rows[0] * BLOCK, left - columns[0] * BLOCK
    return whole[:, y : y + side, x : x + side]


def _block(seed: int, t: int, y: int, x: int) -> Float:
    return np.random.default_rng((seed, t, y, x)).standard_normal((LATENTS, BLOCK, BLOCK), np.float32)


def pictures(made: DiffusionNet, steps: int, squares: Iterable[tuple[Float, Bits, Float]]) -> Iterator[Float]:
    """Yield pictures (3, h, w), in whole 65535ths, from squares (3, h, w), their holes (h, w) and their noise.

    One at a time, on one thread: a square's result depends on nothing but the square.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            for crop, hole, begin in squares:
                made.needs.check(crop.shape)
                gain = contrast(crop, hole)
                seen, known, start = (torch.from_numpy(np.ascontiguousarray(a, np.float32))[None] for a in
                                      (crop * gain, ~hole[None], begin))
                out = made(seen, known, start, steps)[0].numpy() / gain
                yield np.rint(out * np.float32(65535)) / np.float32(65535)
    finally:
        torch.set_num_threads(threads)
