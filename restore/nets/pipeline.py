"""A folder with an inpainting model of the Stable Diffusion family and squares with holes in, filled squares out.

The folder is one that `save_pretrained` of diffusers writes; diffusers and transformers, an optional extra, run it.
Nothing is fetched from anywhere, and no file is read that could hold a program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from restore.colour import Float
from restore.errors import PartError
from restore.frames import Bits
from restore.nets.folder import contents
from restore.nets.smooth import smooth_fill

CHANNELS = (4, 9)
"""Of the denoiser: noisy latents alone, or with the mask and the latents of what is known."""


@lru_cache(maxsize=1)
def load(folder: Path, digest: str) -> Any:
    """Return the pipeline of diffusers; `digest` is the folder's, so that another model is read anew.

    Raises PartError where diffusers is not installed, or where it makes no inpainting model of the folder.
    """
    contents(folder)
    try:
        from diffusers import StableDiffusionInpaintPipeline as Pipeline
        from diffusers.utils import logging as spoken
        from transformers.utils import logging as told
    except ImportError as error:
        raise PartError(
            f"{folder} needs diffusers and transformers to run, and there is no {error.name} here. "
            "Install them: pip install 'lacuna[diffusion]'."
        ) from error
    for library in (spoken, told):
        library.disable_progress_bar()
    try:
        made = Pipeline.from_pretrained(
            str(folder), use_safetensors=True, local_files_only=True, dtype=torch.float32,
            low_cpu_mem_usage=False, safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError) as error:
        raise PartError(
            f"diffusers makes no inpainting model of {folder}: {error}. A Stable Diffusion model with safetensors "
            "weights is needed; give another folder."
        ) from error
    return _checked(made, folder)


def _checked(made: Any, folder: Path) -> Any:
    channels = made.unet.config.in_channels
    if channels not in CHANNELS:
        raise PartError(
            f"the denoiser in {folder} takes {channels} channels; 9 (inpainting) or 4 (any other) are needed. "
            "Give another folder."
        )
    made.set_progress_bar_config(disable=True)
    return made


def pictures(
    made: Any, steps: int, strength: float, squares: Iterable[tuple[Float, Bits, int]]
) -> Iterator[Float]:
    """Yield pictures (3, h, w), in whole 65535ths, from squares (3, h, w) in [0, 1], their holes and their seeds.

    No words, no guidance. What lies in a hole is smoothly filled first, so that a model of four channels, which looks
    there, sees no damage. One at a time, on one thread.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for crop, hole, seed in squares:
            seen = torch.from_numpy(np.ascontiguousarray(crop, np.float32))[None]
            mask = torch.from_numpy(hole[None, None].astype(np.float32))
            out = made(
                prompt="", image=smooth_fill(seen, 1 - mask).clamp(0, 1), mask_image=mask, height=hole.shape[0],
                width=hole.shape[1], guidance_scale=1.0, num_inference_steps=steps, strength=strength,
                generator=torch.Generator("cpu").manual_seed(seed), output_type="np",
            ).images[0]
            yield np.rint(out.transpose(2, 0, 1).astype(np.float32) * np.float32(65535)) / np.float32(65535)
    finally:
        torch.set_num_threads(threads)
