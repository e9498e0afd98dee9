from __future__ import annotations

import pickle

import pytest
import torch

from restore.errors import PartError
from restore.nets import files
from restore.nets.detector import Detector


def test_what_is_written_is_read_again_with_its_facts(tmp_path):
    path = tmp_path / "a.safetensors"
    files.write(path, {"w": torch.arange(4.0)}, {"seed": 3, "scores": {"F1": 0.5}})
    tensors, facts = files.read(path)
    assert torch.equal(tensors["w"], torch.arange(4.0))
    assert facts == {"seed": "3", "scores": '{"F1": 0.5}'}
    assert list(tmp_path.iterdir()) == [path]


def test_half_precision_halves_the_file_and_comes_back_as_float32(tmp_path):
    wide, narrow = tmp_path / "wide.safetensors", tmp_path / "narrow.safetensors"
    tensors = {"w": torch.randn(5000, generator=torch.Generator().manual_seed(1))}
    files.write(wide, tensors, {})
    files.write(narrow, tensors, {}, half=True)
    assert narrow.stat().st_size < 0.6 * wide.stat().st_size
    back = files.read(narrow)[0]["w"]
    assert back.dtype == torch.float32
    assert torch.allclose(back, tensors["w"], atol=2e-3)


@pytest.mark.parametrize("content", [b"", b"not weights", pickle.dumps({"w": [1.0]})])
def test_what_is_no_safetensors_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(PartError, match=r"bad\.safetensors is no safetensors file"):
        files.read(path)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(PartError, match="does not fit Detector"):
        files.fill(Detector(3, 3), Detector(4, 3).state_dict(), tmp_path / "other.safetensors")
