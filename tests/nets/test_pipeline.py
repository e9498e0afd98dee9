"""A model in the layout of diffusers, tiny and random but real: run as it is meant to be, the same bytes every time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from restore.errors import PartError
from restore.fill import Filler
from restore.fill.diffusion import Diffusion, seed_of
from restore.fill.ladder import fill_frame
from restore.frames import support
from restore.nets import folder, pipeline
from restore.testing import LAYOUTS, FillerSuite, film
from restore.window import Window

pytest.importorskip("diffusers", reason="the extra lacuna[diffusion] is not installed: make test-diffusion")
pytest.importorskip("transformers", reason="the extra lacuna[diffusion] is not installed: make test-diffusion")

SIZE = (70, 90)


def tiny(path: Path, channels: int) -> Path:
    """A model of the Stable Diffusion family with a few thousand random weights, as diffusers itself saves it."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionInpaintPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(channels)
    words = path / "words"
    words.mkdir(parents=True)
    (words / "vocab.json").write_text(json.dumps({"<|startoftext|>": 0, "<|endoftext|>": 1, "a": 2, "a</w>": 3}))
    (words / "merges.txt").write_text("#version: 0.2\n")
    made = StableDiffusionInpaintPipeline(
        vae=AutoencoderKL(
            block_out_channels=(8, 16), down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=4, sample_size=32,
        ),
        text_encoder=CLIPTextModel(CLIPTextConfig(
            vocab_size=8, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
            max_position_embeddings=8, bos_token_id=0, eos_token_id=1,
        )),
        tokenizer=CLIPTokenizer(str(words / "vocab.json"), str(words / "merges.txt"), model_max_length=8),
        unet=UNet2DConditionModel(
            sample_size=16, in_channels=channels, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=16, attention_head_dim=4,
            norm_num_groups=4,
        ),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False), safety_checker=None, feature_extractor=None,
        image_encoder=None, requires_safety_checker=False,
    )
    made.save_pretrained(str(path / "model"), safe_serialization=True)
    return path / "model"


@pytest.fixture(scope="module", params=[9, 4], ids=["inpainting", "any other"])
def model(request, tmp_path_factory) -> Path:
    return tiny(tmp_path_factory.mktemp("diffusion"), request.param)


@pytest.fixture(scope="module")
def nine(tmp_path_factory) -> Path:
    return tiny(tmp_path_factory.mktemp("nine"), 9)


class TestFolder(FillerSuite):
    fills_all = True

    @pytest.fixture(autouse=True)
    def model(self, nine):
        self.path = str(nine)

    def make(self) -> Filler:
        return Diffusion(model=self.path, side_px=64, steps=2)


def holed():
    hole = np.zeros(SIZE, bool)
    hole[20:40, 30:60] = True
    return hole


def fill(part, layout="yuv420p", t=0, planes=None):
    pixels, hole = LAYOUTS[layout], holed()
    shown = [planes or film(pixels, SIZE, 1)[0]] * (t + 1)
    window = Window.of(shown, pixels, [hole] * (t + 1))
    return part.fill(window, t, tuple(p.astype(np.float32) for p in shown[t]), hole)


def test_only_the_mask_changes_and_what_lies_under_it_is_not_looked_at(model):
    part, pixels, hole = Diffusion(model=str(model), side_px=64, steps=2), LAYOUTS["yuv420p"], holed()
    clean = film(pixels, SIZE, 1)[0]
    damaged = tuple(np.where(support(hole, pixels, k), 255, p).astype(p.dtype) for k, p in enumerate(clean))
    a, b = (fill_frame([part], Window.of([planes], pixels, [hole]), 0) for planes in (clean, damaged))
    assert np.array_equal(a.mask, hole)
    for k, (x, y) in enumerate(zip(a.planes, b.planes, strict=True)):
        np.testing.assert_array_equal(x, y)
        assert not x[~support(hole, pixels, k)].any()


def test_what_is_drawn_follows_from_seed_and_frame_alone(model):
    part = Diffusion(model=str(model), side_px=64, steps=2)
    hole, before, outs = holed(), torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            torch.manual_seed(threads)
            outs.append(fill(part).planes)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for a, b in zip(*outs, strict=True):
        np.testing.assert_array_equal(a, b)
    other = fill(Diffusion(model=str(model), side_px=64, steps=2, seed=2)).planes[0]
    later = fill(part, t=1).planes[0]
    assert not np.array_equal(other[hole], outs[0][0][hole])
    assert not np.array_equal(later[hole], outs[0][0][hole])


def test_squares_have_seeds_of_their_own():
    seeds = {seed_of(s, t, (y, x)) for s in (0, 1) for t in (0, 1) for y in (0, 48) for x in (0, 48)}
    assert len(seeds) == 16
    assert max(seeds) < 2**63


def test_a_denoiser_of_other_channels_is_refused(tmp_path):
    path = tiny(tmp_path, 5)
    with pytest.raises(PartError, match=r"takes 5 channels; 9 \(inpainting\) or 4"):
        fill(Diffusion(model=str(path), side_px=64, steps=2))


def test_a_folder_that_lacks_a_part_is_refused(nine, tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / folder.INDEX).write_text((nine / folder.INDEX).read_text())
    with pytest.raises(PartError, match=r"diffusers makes no inpainting model of .*A Stable Diffusion model"):
        pipeline.load(path, folder.fingerprint(path))
