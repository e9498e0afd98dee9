"""What may lie in a folder that a model is read from, and what its digest says; no library is needed to know."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from restore import parts
from restore.errors import PartError
from restore.fill.diffusion import Diffusion
from restore.nets import folder
from restore.testing import LAYOUTS, film
from restore.window import Window


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model"
    (path / "unet").mkdir(parents=True)
    (path / folder.INDEX).write_text("{}")
    (path / "unet" / "weights.safetensors").write_bytes(b"weights")
    (path / ".cache").mkdir()
    (path / ".cache" / "left.lock").write_text("")
    return path


@pytest.mark.parametrize("name", ["unet/diffusion_pytorch_model.bin", "model.ckpt", "pipeline.py", "vae/v.pt", "x.pkl"])
def test_files_that_could_hold_a_program_are_refused(model, name):
    assert folder.contents(model)
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).write_bytes(b"")
    with pytest.raises(PartError, match=r"was found; only weights in safetensors .* safe_serialization=True"):
        Diffusion(model=str(model)).fingerprint()


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(PartError, match=r"holds no model_index\.json; a folder in the layout of diffusers is needed"):
        Diffusion(model=str(tmp_path)).fingerprint()


def test_every_file_counts_in_the_digest(model):
    first = parts.make("fill", "diffusion", {"model": str(model)}).digest
    assert parts.make("fill", "diffusion", {"model": str(model)}).digest == first
    (model / "unet" / "weights.safetensors").write_bytes(b"WEIGHTS!")
    second = parts.make("fill", "diffusion", {"model": str(model)}).digest
    (model / "README.md").write_text("words")
    assert len({first, second, parts.make("fill", "diffusion", {"model": str(model)}).digest}) == 3


def test_where_the_library_is_not_installed_people_are_told_how_to_install_it(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    hole = np.zeros((16, 16), bool)
    hole[4:8, 4:8] = True
    planes = film(LAYOUTS["gray"], (16, 16), 1)[0]
    window = Window.of([planes], LAYOUTS["gray"], [hole])
    with pytest.raises(PartError, match=r"there is no diffusers here\. Install .*: pip install 'lacuna\[diffusion\]'"):
        Diffusion(model=str(model), side_px=64).fill(window, 0, tuple(p.astype(np.float32) for p in planes), hole)
